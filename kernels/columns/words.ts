/**
 * The words of the values that the column kernel has, as hashes, and the filter over them: what word-set.ts, word-hash.ts,
 * hash-lanes.ts and fuse-filter.ts of src/storage/filter do. Part of kernels/columns.ts.
 *
 * Invariants: the hashes are those of the twin, in an open table of the same rules, so that they come out in the same
 * order; the filter of the same hashes in the same order has the same bytes. Values with bytes beyond ASCII are the
 * twin's, and so is what comes after the table is full.
 */
import { CLASSES, SCRATCH, STARTS, VALUES } from './layout'

/** By byte: 1 where it is a word character. */
export const WORD_BYTES: i32 = 0x19400
/** u64 hashes, 0: free. */
const SET: i32 = 0x10e0000
const SET_SLOTS_MAX: i32 = 0x80000
const SET_SLOTS_MIN: i32 = 64
/** u64 hashes, one behind the other, where values were. */
export const HASHES: i32 = VALUES
export const HASHES_MAX: i32 = 0x40000
/** Of a filter that is built, where columns were worked out: fingerprints, and what `attemptFuse` needs. */
export const FINGERPRINTS: i32 = SCRATCH
export const PLACES_MAX: i32 = 0x60000
const COUNTS: i32 = FINGERPRINTS + PLACES_MAX
const NUMBERS: i32 = COUNTS + PLACES_MAX
const ALONE: i32 = NUMBERS + PLACES_MAX * 4
const TAKEN: i32 = ALONE + PLACES_MAX * 4
const TAKEN_PLACES: i32 = TAKEN + HASHES_MAX * 4

/** Of the classes of a value. */
const NOT_ASCII: i32 = 0x8000
const HASHES_OF_A_PLACE_MAX: i32 = 255
const FINAL_ROUNDS: i32 = 3
const GOLDEN: i32 = 0x9e3779b9

let seedLow: i32 = 0
let seedHigh: i32 = 0
let wordBytesMin: i32 = 1
let slots: i32 = SET_SLOTS_MIN
let count: i32 = 0

/** Words shorter than `bytesMin` are left out. */
export function useSeed(low: i32, high: i32, bytesMin: i32): void {
  seedLow = low
  seedHigh = high
  wordBytesMin = bytesMin
}

export function clearWords(): void {
  memory.fill(SET, 0, slots * 8)
  count = 0
}

export function wordCount(): i32 {
  return count
}

/**
 * Adds the words of the values from number `from` to below `to`, until there is one that it does not take; answers
 * which that is.
 */
export function addWords(from: i32, to: i32): i32 {
  for (let value = from; value < to; value++) {
    const start = VALUES + load<i32>(STARTS + value * 4)
    const end = VALUES + load<i32>(STARTS + value * 4, 4)
    if (end - start < wordBytesMin) continue
    if ((load<u16>(CLASSES + value * 2) & NOT_ASCII) !== 0 || !addWordsOf(start, end)) return value
  }
  return to
}

function addWordsOf(from: i32, end: i32): bool {
  let at = from
  while (at < end) {
    if (load<u8>(WORD_BYTES + i32(load<u8>(at))) === 0) {
      at++
      continue
    }
    const start = at
    do at++
    while (at < end && load<u8>(WORD_BYTES + i32(load<u8>(at))) !== 0)
    if (at - start >= wordBytesMin && !addHash(hashOf(start, at))) return false
  }
  return true
}

/** Adds hashes that stand in HASHES; answers how many it took. */
export function addHashes(total: i32): i32 {
  for (let i = 0; i < total; i++) if (!addHash(load<u64>(HASHES + i * 8))) return i
  return total
}

/** False where the table is full; the hash 0, which marks a free place, is never taken. */
function addHash(hash: u64): bool {
  if (hash === 0) return false
  const at = placeOf(hash)
  if (load<u64>(at) === hash) return true
  if ((count + 1) * 2 > slots) {
    if (slots === SET_SLOTS_MAX) return false
    store<u64>(at, hash)
    count++
    grow()
    return true
  }
  store<u64>(at, hash)
  count++
  return true
}

function placeOf(hash: u64): i32 {
  const mask = slots - 1
  let slot = i32(hash) & mask
  let found = load<u64>(SET + (slot << 3))
  while (found !== hash && found !== 0) {
    slot = (slot + 1) & mask
    found = load<u64>(SET + (slot << 3))
  }
  return SET + (slot << 3)
}

function grow(): void {
  const total = listInto(SCRATCH)
  slots *= 2
  memory.fill(SET, 0, slots * 8)
  for (let i = 0; i < total; i++) {
    const hash = load<u64>(SCRATCH + i * 8)
    store<u64>(placeOf(hash), hash)
  }
}

/** Writes all hashes to HASHES, in the order of the table; values are gone then. Answers how many they are. */
export function listHashes(): i32 {
  return listInto(HASHES)
}

function listInto(to: i32): i32 {
  let found = 0
  for (let slot = 0; slot < slots; slot++) {
    const hash = load<u64>(SET + slot * 8)
    if (hash !== 0) store<u64>(to + (found++ << 3), hash)
  }
  return found
}

// ---- HalfSipHash-1-3 ------------------------------------------------------------------------------------------------

let v0: i32 = 0
let v1: i32 = 0
let v2: i32 = 0
let v3: i32 = 0

// @ts-ignore: decorator
@inline
function round(taken: i32): void {
  v3 ^= taken
  v0 += v1
  v1 = rotl<i32>(v1, 5) ^ v0
  v0 = rotl<i32>(v0, 16)
  v2 += v3
  v3 = rotl<i32>(v3, 8) ^ v2
  v0 += v3
  v3 = rotl<i32>(v3, 7) ^ v0
  v2 += v1
  v1 = rotl<i32>(v1, 13) ^ v2
  v2 = rotl<i32>(v2, 16)
  v0 ^= taken
}

function hashOf(start: i32, end: i32): u64 {
  v0 = seedLow
  v1 = seedHigh ^ 0xee
  v2 = 0x6c796765 ^ seedLow
  v3 = 0x74656462 ^ seedHigh
  let at = start
  for (; at + 4 <= end; at += 4) round(load<i32>(at))
  const left = end - at
  const last = left === 0 ? 0 : load<i32>(at) & ((1 << (left << 3)) - 1)
  round(((end - start) << 24) | last)
  v2 ^= 0xee
  for (let i = 0; i < FINAL_ROUNDS; i++) round(0)
  const low = u32(v1 ^ v3)
  v1 ^= 0xdd
  for (let i = 0; i < FINAL_ROUNDS; i++) round(0)
  return u64(low) | (u64(u32(v1 ^ v3)) << 32)
}

// ---- binary fuse ----------------------------------------------------------------------------------------------------

let segments: i32 = 0
let segmentBits: i32 = 0
let attemptNumber: i32 = 0
/** What `locate` found last. */
let place0: i32 = 0
let place1: i32 = 0
let place2: i32 = 0
let fingerprint: i32 = 0

function scramble(value: i32): i32 {
  let mixed = value
  mixed = (mixed ^ (mixed >>> 16)) * 0x7feb352d
  mixed = (mixed ^ (mixed >>> 15)) * 0x846ca68b
  return mixed ^ (mixed >>> 16)
}

function locate(number: i32): void {
  const low = load<i32>(HASHES + (number << 3))
  const high = load<i32>(HASHES + (number << 3), 4)
  const first = low + scramble(high + (attemptNumber + 1) * GOLDEN)
  const second = high + scramble(first)
  const third = scramble(second + rotl<i32>(first, 16) + GOLDEN)
  const lane = u64(u32(first + scramble(second)))
  const segment = i32((lane * u64(segments)) >> 32)
  const mask = (1 << segmentBits) - 1
  place0 = (segment << segmentBits) + (second & mask)
  place1 = ((segment + 1) << segmentBits) + (third & mask)
  place2 = ((segment + 2) << segmentBits) + ((third >>> 14) & mask)
  fingerprint = second >>> 24
}

/** Of the hashes in HASHES: 1 where the fingerprints stand in FINGERPRINTS then, 0 where the attempt failed. */
export function attemptFuse(total: i32, ofSegments: i32, bits: i32, attempt: i32): i32 {
  segments = ofSegments
  segmentBits = bits
  attemptNumber = attempt
  const places = (segments + 2) << segmentBits
  memory.fill(FINGERPRINTS, 0, places)
  if (!placeAll(total, places) || !peel(total, places)) return 0
  for (let at = total - 1; at >= 0; at--) {
    locate(load<i32>(TAKEN + at * 4))
    const found =
      fingerprint ^ i32(load<u8>(FINGERPRINTS + place0)) ^ i32(load<u8>(FINGERPRINTS + place1)) ^ i32(load<u8>(FINGERPRINTS + place2))
    store<u8>(FINGERPRINTS + load<i32>(TAKEN_PLACES + at * 4), found)
  }
  return 1
}

function placeAll(total: i32, places: i32): bool {
  memory.fill(COUNTS, 0, places)
  memory.fill(NUMBERS, 0, places * 4)
  for (let number = 0; number < total; number++) {
    locate(number)
    if (!join(place0, number) || !join(place1, number) || !join(place2, number)) return false
  }
  return true
}

// @ts-ignore: decorator
@inline
function join(place: i32, number: i32): bool {
  const hashes = i32(load<u8>(COUNTS + place))
  if (hashes === HASHES_OF_A_PLACE_MAX) return false
  store<u8>(COUNTS + place, hashes + 1)
  const at = NUMBERS + (place << 2)
  store<i32>(at, load<i32>(at) ^ number)
  return true
}

function peel(total: i32, places: i32): bool {
  let waiting = 0
  for (let place = 0; place < places; place++)
    if (load<u8>(COUNTS + place) === 1) store<i32>(ALONE + (waiting++ << 2), place)
  let taken = 0
  while (waiting > 0) {
    const place = load<i32>(ALONE + (--waiting << 2))
    if (load<u8>(COUNTS + place) !== 1) continue
    const number = load<i32>(NUMBERS + (place << 2))
    store<i32>(TAKEN + (taken << 2), number)
    store<i32>(TAKEN_PLACES + (taken++ << 2), place)
    locate(number)
    waiting = leave(place0, number, waiting)
    waiting = leave(place1, number, waiting)
    waiting = leave(place2, number, waiting)
  }
  return taken === total
}

// @ts-ignore: decorator
@inline
function leave(place: i32, number: i32, waiting: i32): i32 {
  const at = NUMBERS + (place << 2)
  store<i32>(at, load<i32>(at) ^ number)
  const left = i32(load<u8>(COUNTS + place)) - 1
  store<u8>(COUNTS + place, left)
  if (left !== 1) return waiting
  store<i32>(ALONE + (waiting << 2), place)
  return waiting + 1
}
