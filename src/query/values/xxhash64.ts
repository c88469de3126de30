/**
 * xxHash64 with seed 0 (the algorithm of Y. Collet, as its specification says), for values that are hashed by the
 * million: 64-bit numbers are two halves of 32 bits, as a BigInt an operation costs twenty times as much. It is no
 * safe hash: whoever writes the values can make them collide.
 *
 * A step leaves the number that it makes in `high` and `low`.
 */
let high = 0
let low = 0

const P1_HIGH = 0x9e3779b1
const P1_LOW = 0x85ebca87
const P2_HIGH = 0xc2b2ae3d
const P2_LOW = 0x27d4eb4f
const P3_HIGH = 0x165667b1
const P3_LOW = 0x9e3779f9
const P4_HIGH = 0x85ebca77
const P4_LOW = 0xc2b2ae63
const P5_HIGH = 0x27d4eb2f
const P5_LOW = 0x165667c5
const BASE_32 = 0x1_0000_0000
const BASE_16 = 0x1_0000

/** The four sums of a text of 32 bytes and more, halves in turn. */
const sums = new Int32Array(8)
/** P1 + P2, P2, 0 and -P1. */
const SUMS_START = Int32Array.of(0x60ea27ee, 0xadc0b5d6, P2_HIGH, P2_LOW, 0, 0, 0x61c8864e, 0x7a143579)

/** As a decimal number without a sign. */
export function xxHash64Text(bytes: Uint8Array): string {
  hash(bytes)
  return ((BigInt(high >>> 0) << 32n) | BigInt(low >>> 0)).toString()
}

function hash(bytes: Uint8Array): void {
  const { length } = bytes
  let at = 0
  if (length >= 32) at = hashStripes(bytes)
  else set(P5_HIGH, P5_LOW)
  add(Math.floor(length / BASE_32), length | 0)
  for (; at + 8 <= length; at += 8) hashEight(word(bytes, at + 4), word(bytes, at))
  if (at + 4 <= length) {
    hashFour(word(bytes, at))
    at += 4
  }
  for (; at < length; at++) hashOne(bytes[at])
  mixRight(33)
  multiply(P2_HIGH, P2_LOW)
  mixRight(29)
  multiply(P3_HIGH, P3_LOW)
  mixRight(32)
}

/** Stripes of 32 bytes; where they end. */
function hashStripes(bytes: Uint8Array): number {
  const end = bytes.length - (bytes.length % 32)
  sums.set(SUMS_START)
  for (let at = 0; at < end; at += 8) {
    const sum = (at >> 2) & 6
    round(sums[sum], sums[sum + 1], word(bytes, at + 4), word(bytes, at))
    sums[sum] = high
    sums[sum + 1] = low
  }
  joinSums()
  return end
}

function joinSums(): void {
  let joinedHigh = 0
  let joinedLow = 0
  for (let sum = 0; sum < 4; sum++) {
    set(sums[2 * sum], sums[2 * sum + 1])
    rotate(SUM_TURNS[sum])
    add(joinedHigh, joinedLow)
    joinedHigh = high
    joinedLow = low
  }
  for (let sum = 0; sum < 8; sum += 2) {
    round(0, 0, sums[sum], sums[sum + 1])
    set(joinedHigh ^ high, joinedLow ^ low)
    multiply(P1_HIGH, P1_LOW)
    add(P4_HIGH, P4_LOW)
    joinedHigh = high
    joinedLow = low
  }
}

const SUM_TURNS = [1, 7, 12, 18]

function hashEight(inputHigh: number, inputLow: number): void {
  const oldHigh = high
  const oldLow = low
  round(0, 0, inputHigh, inputLow)
  set(oldHigh ^ high, oldLow ^ low)
  rotate(27)
  multiply(P1_HIGH, P1_LOW)
  add(P4_HIGH, P4_LOW)
}

function hashFour(input: number): void {
  const oldHigh = high
  const oldLow = low
  set(0, input)
  multiply(P1_HIGH, P1_LOW)
  set(oldHigh ^ high, oldLow ^ low)
  rotate(23)
  multiply(P2_HIGH, P2_LOW)
  add(P3_HIGH, P3_LOW)
}

function hashOne(input: number): void {
  const oldHigh = high
  const oldLow = low
  set(0, input)
  multiply(P5_HIGH, P5_LOW)
  set(oldHigh ^ high, oldLow ^ low)
  rotate(11)
  multiply(P1_HIGH, P1_LOW)
}

/** Takes eight bytes into a sum. */
function round(sumHigh: number, sumLow: number, inputHigh: number, inputLow: number): void {
  set(inputHigh, inputLow)
  multiply(P2_HIGH, P2_LOW)
  add(sumHigh, sumLow)
  rotate(31)
  multiply(P1_HIGH, P1_LOW)
}

// ---- 64 bits ------------------------------------------------------------------------------------------------

function word(bytes: Uint8Array, at: number): number {
  return bytes[at] | (bytes[at + 1] << 8) | (bytes[at + 2] << 16) | (bytes[at + 3] << 24)
}

function set(toHigh: number, toLow: number): void {
  high = toHigh | 0
  low = toLow | 0
}

function add(moreHigh: number, moreLow: number): void {
  const sum = (low >>> 0) + (moreLow >>> 0)
  high = (high + moreHigh + (sum >= BASE_32 ? 1 : 0)) | 0
  low = sum | 0
}

function multiply(byHigh: number, byLow: number): void {
  const a0 = low & 0xffff
  const a1 = low >>> 16
  const b0 = byLow & 0xffff
  const b1 = byLow >>> 16
  const middle = a0 * b1 + a1 * b0 + Math.floor((a0 * b0) / BASE_16)
  const carried = a1 * b1 + Math.floor(middle / BASE_16)
  high = (carried + Math.imul(high, byLow) + Math.imul(low, byHigh)) | 0
  low = Math.imul(low, byLow)
}

/** To the left, by 1 to 31 bits. */
function rotate(bits: number): void {
  const oldHigh = high
  high = (high << bits) | (low >>> (32 - bits))
  low = (low << bits) | (oldHigh >>> (32 - bits))
}

/** With itself, moved to the right. */
function mixRight(bits: number): void {
  if (bits >= 32) low ^= high >>> (bits - 32)
  else {
    const movedLow = (low >>> bits) | (high << (32 - bits))
    high ^= high >>> bits
    low ^= movedLow
  }
}
