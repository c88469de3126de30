/**
 * Integers of 0 to 53 bits, packed without gaps, lowest bit first:
 *
 *   width 3, values 5 1 7      bits 101 001 111 →  byte 0  11 001 101   byte 1  0000000 1
 *                                                          ^value 2 (low)              ^ (high)
 *
 * A value is two words: its low 32 bits and, where the width is above 32, the bits above them. Words and not doubles,
 * because shifting is what packing is. Three quarters of all seal time would be here if this made an object a value.
 */
import type { ByteSink } from './byte-sink.ts'
import type { ByteSource } from './byte-source.ts'

const TWO_32 = 0x1_0000_0000
/** As many bits as can be added to seven that wait without leaving 31. */
const PIECE_BITS = 24
const PIECE_MASK = 0xff_ffff
/** Words of this many values are kept for the next call. */
const KEPT_MAX = 1 << 18

/** Unsigned integers below 2^53 as words: the first `count` of each array, of `high` only where `isWide`. */
export interface Words {
  readonly low: Uint32Array
  readonly high: Uint32Array
  readonly count: number
  readonly isWide: boolean
}

let keptLow = new Uint32Array(4096)
let keptHigh = new Uint32Array(4096)

/** Memory of arbitrary content, shared: good until the next call of any function here that answers words. */
export function sharedWords(count: number, isWide: boolean): Words {
  if (count > KEPT_MAX)
    return { low: new Uint32Array(count), high: new Uint32Array(isWide ? count : 0), count, isWide }
  if (count > keptLow.length) keptLow = new Uint32Array(Math.min(KEPT_MAX, count * 2))
  if (isWide && count > keptHigh.length) keptHigh = new Uint32Array(Math.min(KEPT_MAX, count * 2))
  return { low: keptLow, high: keptHigh, count, isWide }
}

/** How many bits an integer from 0 to 2^53 - 1 needs. */
export function bitWidth(value: number): number {
  return value < TWO_32 ? 32 - Math.clz32(value) : 64 - Math.clz32(value / TWO_32)
}

export function packedLength(count: number, width: number): number {
  return Math.ceil((count * width) / 8)
}

/** `numbers - base`, of which all fit into `width` bits. */
export function offsetWords(numbers: Float64Array, base: number, width: number): Words {
  const count = numbers.length
  const words = sharedWords(count, width > 32)
  const { low, high } = words
  if (width <= 32) for (let i = 0; i < count; i++) low[i] = numbers[i] - base
  else for (let i = 0; i < count; i++) splitWord(numbers[i] - base, i, low, high)
  return words
}

/** The difference of each to the one before (the first: 0) as zigzag: 0, -1, 1, -2 become 0, 1, 2, 3. */
export function deltaWords(numbers: Float64Array, width: number): Words {
  const count = numbers.length
  const words = sharedWords(count, width > 32)
  const { low, high } = words
  let previous = numbers[0]
  for (let i = 0; i < count; i++) {
    const delta = numbers[i] - previous
    previous = numbers[i]
    const zigzag = delta < 0 ? -2 * delta - 1 : 2 * delta
    if (width <= 32) low[i] = zigzag
    else splitWord(zigzag, i, low, high)
  }
  return words
}

function splitWord(value: number, i: number, low: Uint32Array, high: Uint32Array): void {
  const top = Math.floor(value / TWO_32)
  high[i] = top
  low[i] = value - top * TWO_32
}

/** Undoes `offsetWords`. */
export function addOffset({ low, high, count, isWide }: Words, base: number): Float64Array {
  const numbers = new Float64Array(count)
  if (!isWide) for (let i = 0; i < count; i++) numbers[i] = low[i] + base
  else for (let i = 0; i < count; i++) numbers[i] = high[i] * TWO_32 + low[i] + base
  return numbers
}

/** Undoes `deltaWords`. */
export function addDeltas({ low, high, count, isWide }: Words, first: number): Float64Array {
  const numbers = new Float64Array(count)
  let sum = first
  if (!isWide) {
    for (let i = 0; i < count; i++) {
      const zigzag = low[i]
      sum += (zigzag >>> 1) ^ -(zigzag & 1)
      numbers[i] = sum
    }
    return numbers
  }
  for (let i = 0; i < count; i++) {
    const half = high[i] * (TWO_32 / 2) + (low[i] >>> 1)
    sum += (low[i] & 1) === 0 ? half : -half - 1
    numbers[i] = sum
  }
  return numbers
}

export function packBits(words: Words, width: number, sink: ByteSink): void {
  const start = sink.reserve(packedLength(words.count, width))
  const out = sink.bytes
  if (width === 8) copyBytes(words, out, start)
  else if (width <= PIECE_BITS) packNarrow(words, width, out, start)
  else packWide(words, width, out, start)
}

function copyBytes({ low, count }: Words, out: Uint8Array, start: number): void {
  for (let i = 0; i < count; i++) out[start + i] = low[i]
}

function packNarrow({ low, count }: Words, width: number, out: Uint8Array, start: number): void {
  let at = start
  let waiting = 0
  let waitingBits = 0
  for (let i = 0; i < count; i++) {
    waiting |= low[i] << waitingBits
    waitingBits += width
    while (waitingBits >= 8) {
      out[at++] = waiting
      waiting >>>= 8
      waitingBits -= 8
    }
  }
  if (waitingBits > 0) out[at] = waiting
}

/** A wide value goes out in pieces: 24 bits, up to 24 more, the rest. */
function packWide({ low, high, count, isWide }: Words, width: number, out: Uint8Array, start: number): void {
  let at = start
  let waiting = 0
  let waitingBits = 0
  for (let i = 0; i < count; i++) {
    const top = isWide ? high[i] : 0
    let piece = low[i] & PIECE_MASK
    for (let from = 0; from < width; from += PIECE_BITS) {
      if (from === PIECE_BITS) piece = ((low[i] >>> PIECE_BITS) | (top << 8)) & PIECE_MASK
      else if (from > PIECE_BITS) piece = top >>> 16
      waiting |= piece << waitingBits
      waitingBits += Math.min(PIECE_BITS, width - from)
      while (waitingBits >= 8) {
        out[at++] = waiting
        waiting >>>= 8
        waitingBits -= 8
      }
    }
  }
  if (waitingBits > 0) out[at] = waiting
}

/** Shared words: good until the next call here. PART_CORRUPT where fewer bytes are left than `count` values need. */
export function unpackBits(source: ByteSource, count: number, width: number): Words {
  const byteCount = packedLength(count, width)
  let at = source.skip(byteCount)
  let bytes = source.bytes
  if (width === 8) {
    const words = sharedWords(count, false)
    const { low } = words
    for (let i = 0; i < count; i++) low[i] = bytes[at + i]
    return words
  }
  if (at + byteCount + WINDOW_BYTES > bytes.length) {
    // Windows of four bytes are read: the last ones would end behind the memory.
    bytes = padded(bytes, at, byteCount)
    at = 0
  }
  const words = sharedWords(count, width > 32)
  if (width <= PIECE_BITS) unpackNarrow(bytes, at, width, words)
  else unpackWide(bytes, at, width, words)
  return words
}

const WINDOW_BYTES = 4
const KEPT_PAD_BYTES = 1 << 16
const keptPad = new Uint8Array(KEPT_PAD_BYTES)

/** A copy with room behind it, good until the next one is made. */
function padded(bytes: Uint8Array, at: number, byteCount: number): Uint8Array {
  const pad = byteCount + WINDOW_BYTES > KEPT_PAD_BYTES ? new Uint8Array(byteCount + WINDOW_BYTES) : keptPad
  if (byteCount < 64) for (let i = 0; i < byteCount; i++) pad[i] = bytes[at + i]
  else pad.set(bytes.subarray(at, at + byteCount))
  return pad
}

function unpackNarrow(bytes: Uint8Array, start: number, width: number, { low, count }: Words): void {
  const mask = 2 ** width - 1
  let bit = 0
  for (let i = 0; i < count; i++) {
    low[i] = (window32(bytes, start + (bit >>> 3)) >>> (bit & 7)) & mask
    bit += width
  }
}

function unpackWide(
  bytes: Uint8Array,
  start: number,
  width: number,
  { low, high, count, isWide }: Words,
): void {
  const secondBits = Math.min(PIECE_BITS, width - PIECE_BITS)
  const secondMask = 2 ** secondBits - 1
  const thirdMask = 2 ** Math.max(0, width - 2 * PIECE_BITS) - 1
  let bit = 0
  for (let i = 0; i < count; i++) {
    const first = (window32(bytes, start + (bit >>> 3)) >>> (bit & 7)) & PIECE_MASK
    bit += PIECE_BITS
    const second = (window32(bytes, start + (bit >>> 3)) >>> (bit & 7)) & secondMask
    bit += secondBits
    low[i] = first | (second << PIECE_BITS)
    if (isWide) high[i] = second >>> 8
    if (width > 2 * PIECE_BITS) {
      const third = (window32(bytes, start + (bit >>> 3)) >>> (bit & 7)) & thirdMask
      high[i] |= third << 16
      bit += width - 2 * PIECE_BITS
    }
  }
}

function window32(bytes: Uint8Array, at: number): number {
  return bytes[at] | (bytes[at + 1] << 8) | (bytes[at + 2] << 16) | (bytes[at + 3] << 24)
}
