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
/** By place, a u64: the XOR of the traces of its hashes, and above TRACE_BITS how many those are. */
const CELLS: i32 = FINGERPRINTS + PLACES_MAX
const ALONE: i32 = CELLS + PLACES_MAX * 8
const TAKEN: i32 = ALONE + PLACES_MAX * 4
const TAKEN_PLACES: i32 = TAKEN + HASHES_MAX * 8
/** What is asked of a hash: its fingerprint, its third and its second place within their segments, its first place. */
const TRACE_BITS: i32 = 56
const FINGERPRINT_BITS: i32 = 8
const ONE_HASH: u64 = 1 << 56
/** So that traces have room: more than as many hashes as there is room for have. */
const SEGMENT_BITS_MAX: i32 = 14

/** Of the classes of a value. */
const NOT_ASCII: i32 = 0x8000
const HASHES_OF_A_PLACE_MAX: i32 = 255
const FINAL_ROUNDS: i32 = 3
const LANE_BYTES: i32 = 16
const WIDE_BYTES: i32 = 64
const GOLDEN: i32 = 0x9e3779b9

let seedLow: i32 = 0
let seedHigh: i32 = 0
let wordBytesMin: i32 = 1
let slots: i32 = SET_SLOTS_MIN
let count: i32 = 0

/** Of a word character, both halves of its byte: by the low one, a bit for each high one. */
let lowHalves: v128 = i64x2(0, 0)

/** Words shorter than `bytesMin` are left out. WORD_BYTES stands. */
export function useSeed(low: i32, high: i32, bytesMin: i32): void {
  seedLow = low
  seedHigh = high
  wordBytesMin = bytesMin
  memory.fill(SCRATCH, 0, LANE_BYTES)
  for (let byte = 0; byte < 128; byte++) {
    const half = SCRATCH + (byte & 15)
    store<u8>(half, i32(load<u8>(half)) | (i32(load<u8>(WORD_BYTES + byte)) << (byte >>> 4)))
  }
  lowHalves = v128.load(SCRATCH)
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
  return end - from <= WIDE_BYTES ? addWordsOfShort(from, end) : addWordsOfLong(from, end)
}

function addWordsOfLong(from: i32, end: i32): bool {
  let at = from
  while (at < end) {
    const start = at
    while (at < end && load<u8>(WORD_BYTES + i32(load<u8>(at))) !== 0) at++
    if (!addWord(start, at)) return false
    at++
  }
  return true
}

// @ts-ignore: decorator
@inline
function addWord(start: i32, end: i32): bool {
  return end - start < wordBytesMin || start === end || addHash(hashOf(start, end))
}

function addWordsOfShort(from: i32, end: i32): bool {
  let mask = wordMask(from, end - from)
  while (mask !== 0) {
    const skipped = ctz<u64>(mask)
    const gap = ~(mask >> skipped)
    const length = gap === 0 ? u64(WIDE_BYTES) : ctz<u64>(gap)
    const start = from + i32(skipped)
    if (!addWord(start, start + i32(length))) return false
    const stop = skipped + length
    mask = stop >= 64 ? 0 : mask & (u64(-1) << stop)
  }
  return true
}

/** A bit for each of up to 64 bytes, set where it is one of a word. */
function wordMask(from: i32, length: i32): u64 {
  let mask = laneMask(from)
  for (let done = LANE_BYTES; done < length; done += LANE_BYTES) mask |= laneMask(from + done) << done
  return length < WIDE_BYTES ? mask & ((u64(1) << length) - 1) : mask
}

// @ts-ignore: decorator
@inline
function laneMask(at: i32): u64 {
  const bytes = v128.load(at)
  const bits = i8x16.swizzle(lowHalves, v128.and(bytes, i8x16.splat(15)))
  const high = i8x16(1, 2, 4, 8, 16, 32, 64, -128, 0, 0, 0, 0, 0, 0, 0, 0)
  const wanted = i8x16.swizzle(high, i8x16.shr_u(bytes, 4))
  return u64(u32(i8x16.bitmask(i8x16.ne(v128.and(bits, wanted), i8x16.splat(0)))))
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

/** The rounds are written out: a state in variables of the module would be stored and fetched in each. */
function hashOf(start: i32, end: i32): u64 {
  let v0 = seedLow
  let v1 = seedHigh ^ 0xee
  let v2 = 0x6c796765 ^ seedLow
  let v3 = 0x74656462 ^ seedHigh
  const left = (end - start) & 3
  const last = left === 0 ? 0 : load<i32>(end - left) & ((1 << (left << 3)) - 1)
  const whole = end - left
  for (let at = start; at <= whole; at += 4) {
    const taken = at < whole ? load<i32>(at) : ((end - start) << 24) | last
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
  v2 ^= 0xee
  let low: u32 = 0
  for (let i = 0; i < FINAL_ROUNDS * 2; i++) {
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
    if (i === FINAL_ROUNDS - 1) {
      low = u32(v1 ^ v3)
      v1 ^= 0xdd
    }
  }
  return u64(low) | (u64(u32(v1 ^ v3)) << 32)
}

// ---- binary fuse ----------------------------------------------------------------------------------------------------

let segments: i32 = 0
let segmentBits: i32 = 0
let attemptNumber: i32 = 0

// @ts-ignore: decorator
@inline
function scramble(value: i32): i32 {
  let mixed = value
  mixed = (mixed ^ (mixed >>> 16)) * 0x7feb352d
  mixed = (mixed ^ (mixed >>> 15)) * 0x846ca68b
  return mixed ^ (mixed >>> 16)
}

// @ts-ignore: decorator
@inline
function traceOf(number: i32, mask: i32): u64 {
  const low = load<i32>(HASHES + (number << 3))
  const high = load<i32>(HASHES + (number << 3), 4)
  const first = low + scramble(high + (attemptNumber + 1) * GOLDEN)
  const second = high + scramble(first)
  const third = scramble(second + rotl<i32>(first, 16) + GOLDEN)
  const lane = u64(u32(first + scramble(second)))
  const segment = i32((lane * u64(segments)) >> 32)
  const place = (segment << segmentBits) + (second & mask)
  const near = (u64(place) << segmentBits) | u64(third & mask)
  const trace = (near << segmentBits) | u64((third >>> 14) & mask)
  return (trace << FINGERPRINT_BITS) | u64(u32(second) >>> 24)
}

// @ts-ignore: decorator
@inline
function firstPlace(trace: u64): i32 {
  return i32(trace >> (FINGERPRINT_BITS + 2 * segmentBits))
}

// @ts-ignore: decorator
@inline
function secondPlace(trace: u64, segment: i32, mask: i32): i32 {
  return segment + mask + 1 + (i32(trace >> (FINGERPRINT_BITS + segmentBits)) & mask)
}

// @ts-ignore: decorator
@inline
function thirdPlace(trace: u64, segment: i32, mask: i32): i32 {
  return segment + 2 * (mask + 1) + (i32(trace >> FINGERPRINT_BITS) & mask)
}

/**
 * Of the hashes in HASHES: 1 where the fingerprints stand in FINGERPRINTS then, 0 where the attempt failed, or has no
 * room.
 */
export function attemptFuse(total: i32, ofSegments: i32, bits: i32, attempt: i32): i32 {
  if (bits > SEGMENT_BITS_MAX) return 0
  segments = ofSegments
  segmentBits = bits
  attemptNumber = attempt
  const places = (segments + 2) << bits
  if (!placeAll(total, places) || peel(places) !== total) return 0
  memory.fill(FINGERPRINTS, 0, places)
  const mask = (1 << bits) - 1
  for (let at = total - 1; at >= 0; at--) {
    const trace = load<u64>(TAKEN + (at << 3))
    const first = firstPlace(trace)
    const segment = first & ~mask
    const second = secondPlace(trace, segment, mask)
    const third = thirdPlace(trace, segment, mask)
    // Its own place is still 0, so all three may be XORed.
    const found =
      i32(trace) ^
      i32(load<u8>(FINGERPRINTS + first)) ^
      i32(load<u8>(FINGERPRINTS + second)) ^
      i32(load<u8>(FINGERPRINTS + third))
    store<u8>(FINGERPRINTS + load<i32>(TAKEN_PLACES + (at << 2)), found)
  }
  return 1
}

function placeAll(total: i32, places: i32): bool {
  memory.fill(CELLS, 0, places << 3)
  const mask = (1 << segmentBits) - 1
  for (let number = 0; number < total; number++) {
    const trace = traceOf(number, mask)
    const first = firstPlace(trace)
    const segment = first & ~mask
    if (!join(first, trace)) return false
    if (!join(secondPlace(trace, segment, mask), trace)) return false
    if (!join(thirdPlace(trace, segment, mask), trace)) return false
  }
  return true
}

// @ts-ignore: decorator
@inline
function join(place: i32, trace: u64): bool {
  const at = CELLS + (place << 3)
  const cell = load<u64>(at)
  if (cell >> TRACE_BITS === HASHES_OF_A_PLACE_MAX) return false
  store<u64>(at, (cell ^ trace) + ONE_HASH)
  return true
}

/** Takes away hashes that have a place for themselves until none is left that has; answers how many it took. */
function peel(places: i32): i32 {
  let waiting = 0
  for (let place = 0; place < places; place++) {
    store<i32>(ALONE + (waiting << 2), place)
    waiting += i32(load<u8>(CELLS + (place << 3), 7) === 1)
  }
  const mask = (1 << segmentBits) - 1
  let taken = 0
  while (waiting > 0) {
    const place = load<i32>(ALONE + (--waiting << 2))
    const cell = load<u64>(CELLS + (place << 3))
    if (cell >> TRACE_BITS !== 1) continue
    const trace = cell ^ ONE_HASH
    store<u64>(TAKEN + (taken << 3), trace)
    store<i32>(TAKEN_PLACES + (taken++ << 2), place)
    const first = firstPlace(trace)
    const segment = first & ~mask
    waiting = leave(first, trace, waiting)
    waiting = leave(secondPlace(trace, segment, mask), trace, waiting)
    waiting = leave(thirdPlace(trace, segment, mask), trace, waiting)
  }
  return taken
}

// @ts-ignore: decorator
@inline
function leave(place: i32, trace: u64, waiting: i32): i32 {
  const at = CELLS + (place << 3)
  const left = (load<u64>(at) ^ trace) - ONE_HASH
  store<u64>(at, left)
  store<i32>(ALONE + (waiting << 2), place)
  return waiting + i32(left >> TRACE_BITS === 1)
}
