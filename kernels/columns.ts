/**
 * Columns of values to bytes, in the encoding that a hint names: what `chooseEncoding` of src/storage/columns does where
 * it takes the hint, for the slots of one template in one call. The files of that folder are the twins and say what the
 * bytes mean; test/kernels.test.ts and src/storage/columns/column-kernel.test.ts hold the two together. This is
 * AssemblyScript: `npm run -s node -- dev/kernels.ts` compiles it.
 *
 *   in memory, written by the caller             in memory, written here
 *    the values of a block, end to end            the facts of each slot that was taken
 *    by slot, the number of each row's value      the bytes of each: how many follow, code, column
 *    by slot, a hint
 *
 * Invariants:
 *  - a column that is taken has the bytes that the twin gives it. Estimates decide, so they are calculated in the same
 *    order, with doubles; logarithms come from the twin.
 *  - a column that is not taken leaves nothing behind; whoever calls encodes it and goes on behind it.
 *  - nothing is allocated; a column that needs more memory than there is, is not taken.
 *
 * Times as text, and columns for which there is no hint yet, are the twin's.
 */

export {
  addHashes,
  addWords,
  attemptFuse,
  clearWords,
  FINGERPRINTS,
  HASHES,
  HASHES_MAX,
  listHashes,
  PLACES_MAX,
  useSeed,
  WORD_BYTES,
  wordCount,
} from './columns/words'
export { CLASSES, STARTS, VALUES } from './columns/layout'
import { CLASSES, SCRATCH, STARTS, VALUES } from './columns/layout'

/** The logarithm to base 2, as the twin's engine calculates it. */
// @ts-ignore: decorator
@external('twin', 'log2')
declare function log2(value: f64): f64

/** `n * log2(n)`, by n; the twin's table. */
export const N_LOG_N: i32 = 0x10000
export const N_LOG_N_COUNT: i32 = 4096
/** By byte: u16, the bit of its class. */
export const CLASS_BITS: i32 = 0x19000
/** By slot: i32 code or -1, i32 detail, f64 bytes of a row. */
export const HINTS: i32 = 0x20000
/**
 * By slot: u32 classes, u32 shortest, u32 longest, u32 how: TAKEN_; of a column that was chosen for: i32 code, i32 detail
 * or -1, f64 bytes that it takes, roughly.
 */
export const FACTS: i32 = 0x24000
/** u32: where the bytes that `encodeSlots` wrote end. */
export const RESULT: i32 = 0x28000
const FACT_BYTES: i32 = 32
export const SLOTS_MAX: i32 = 512
/** Of STARTS: by value, where its bytes begin in VALUES; one more at the end. Of CLASSES: u16, those of its bytes. */
export const VALUES_MAX: i32 = 0x40000
/** By slot and row: the number of the value. */
export const ENTRIES: i32 = 0x2c0000
export const ENTRIES_MAX: i32 = 0x40000
export const ROWS_MAX: i32 = 0x10000
export const VALUE_BYTES: i32 = 0x400000
export const OUT: i32 = 0xed0000
/** The doubles that `encodeNumbers` is given: up to ROWS_MAX. */
export const NUMBERS: i32 = SCRATCH
/** The last 64 KiB of the memory are slack, so that a few bytes may be written behind the end. */
const OUT_END: i32 = 0x10d0000

/** Counts of symbols; all 0 between calls. */
const COUNTS: i32 = 0x18000
/** Shapes of a column: their texts, and that of the value which is looked at. By shape: length, slots, rows, first row. */
const SHAPE_TEXTS: i32 = 0x1a000
const SHAPE_NOW: i32 = 0x1b000
const SHAPE_FACTS: i32 = 0x1b800
/** By position: u16 classes, u8 smallest, u8 largest, u8 kind. */
const POSITIONS: i32 = 0x1c000
const PLANS: i32 = 0x1d000
const CODE_OF: i32 = 0x1c0000
const DISTINCT: i32 = 0x3c0000
const CODES: i32 = 0x400000
const LOW: i32 = 0x440000
const HIGH: i32 = 0x480000

const TAKEN_CONSTANT: i32 = 1
const TAKEN_BY_HINT: i32 = 2
const TAKEN_BY_CHOICE: i32 = 3

const CODE_CONSTANT: i32 = 1
const CODE_PLAIN: i32 = 2
const CODE_INTEGERS: i32 = 3
const CODE_DECIMALS: i32 = 4
const CODE_ADDRESSES: i32 = 5
const CODE_POSITIONS: i32 = 6
const CODE_SHAPES: i32 = 8
const CODE_DICTIONARY: i32 = 9
const CODE_TIMESTAMPS: i32 = 7
/** In the order in which they are tried; from the second on by the number that stands in the detail of a dictionary. */
const CHOICES: usize = memory.data<u8>([9, 3, 4, 5, 7, 2, 6, 8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0])
const CHOICE_COUNT: i32 = 8
const NO_DETAIL: i32 = -1

const HINT_GROWTH_MAX: f64 = 1.2
const HINT_SLACK_BYTES: f64 = 16

const DIGIT: i32 = 1
const LOWER_HEX: i32 = 2
const UPPER_HEX: i32 = 8
const MINUS_SIGN: i32 = 64
const POINT: i32 = 128

const ZERO: i32 = 0x30
const MINUS: i32 = 0x2d
const DOT: i32 = 0x2e
const DIGITS_MAX: i32 = 15
const POWERS: usize = memory.data<f64>([
  1, 10, 100, 1000, 10000, 100000, 1000000, 10000000, 100000000, 1000000000, 10000000000, 100000000000,
  1000000000000, 10000000000000, 100000000000000, 1000000000000000,
])

let rowCount: i32 = 0
let distinctCount: i32 = 0
let changes: i32 = 0
let lengthMin: i32 = 0
let lengthMax: i32 = 0
let distinctBytes: i32 = 0
let classes: i32 = 0

/** What is being encoded: the rows of the column, or the distinct values of its dictionary. */
let rows: i32 = 0
let isIdentity: bool = false
let rowChanges: i32 = 0
/** What that would take, roughly, and the detail of its plan. */
let bytes: f64 = 0
let detailFound: i32 = NO_DETAIL
/** What `putSmallest` chose. */
let codeChosen: i32 = 0
/** The column is for the twin: times, or more than there is room for. What was not put for this has no meaning. */
let isForTwin: bool = false

/** Memory that is taken until the next column. */
let top: i32 = SCRATCH
/** 0: not looked yet, 1: the values are integers, 2: they are not. */
let integersState: i32 = 0
let integers: i32 = 0
let isCanonical: bool = false

/**
 * Encodes the slots from `from` to below `to`, of `count` rows each, until there is one that it does not take; answers
 * which that is.
 */
export function encodeSlots(from: i32, to: i32, count: i32): i32 {
  let at = OUT
  rowCount = count
  let slot = from
  for (; slot < to; slot++) {
    const end = encodeSlot(slot, at)
    if (end === 0) break
    at = end
  }
  store<u32>(RESULT, at)
  return slot
}

/** Encodes the column of slot 0, without its length; answers whether it takes it. */
export function encodeColumn(count: i32): i32 {
  rowCount = count
  const end = putSlot(0, OUT)
  store<u32>(RESULT, end)
  return i32(end !== 0)
}

/** Writes a sequence of the numbers that were given; there is at least one. */
export function encodeNumbers(count: i32): void {
  top = NUMBERS
  take(count * 8)
  store<u32>(RESULT, putSequence(NUMBERS, count, FORM_ANY, OUT))
}

function encodeSlot(slot: i32, at: i32): i32 {
  const end = putSlot(slot, at + 4)
  return end === 0 ? 0 : closeGap(at, at + 4, end)
}

/** Writes code and bytes of the column. */
function putSlot(slot: i32, start: i32): i32 {
  findFacts(ENTRIES + slot * rowCount * 4)
  const facts = FACTS + slot * FACT_BYTES
  store<u32>(facts, classes)
  store<u32>(facts, lengthMin, 4)
  store<u32>(facts, lengthMax, 8)
  if (distinctCount === 1) {
    if (start + lengthMax + 16 > OUT_END) return 0
    store<u8>(start, CODE_CONSTANT)
    store<u32>(facts, TAKEN_CONSTANT, 12)
    return putValue(load<u32>(DISTINCT), start + 1)
  }
  const end = encodeAsHinted(HINTS + slot * 16, start)
  store<u32>(facts, TAKEN_BY_HINT, 12)
  if (end !== 0 || isForTwin) return end
  store<u32>(facts, TAKEN_BY_CHOICE, 12)
  return encodeSmallest(facts, start)
}

/** 0 where there is no hint, or none that fits. */
function encodeAsHinted(hint: i32, start: i32): i32 {
  const code = load<i32>(hint)
  beginRows()
  if (code < 0) return 0
  store<u8>(start, code)
  const detail = load<i32>(hint, 4)
  const end = code === CODE_DICTIONARY ? putDictionary(detail, start + 1) : putDirect(code, detail, start + 1)
  if (end === 0 && code === CODE_TIMESTAMPS) isForTwin = true
  const bytesMax = load<f64>(hint, 8) * f64(rowCount) * HINT_GROWTH_MAX + HINT_SLACK_BYTES
  return bytes > bytesMax ? 0 : end
}

function encodeSmallest(facts: i32, start: i32): i32 {
  beginRows()
  const end = putSmallest(true, start + 1)
  store<u8>(start, codeChosen)
  store<i32>(facts, codeChosen, 16)
  store<i32>(facts, detailFound, 20)
  store<f64>(facts, bytes, 24)
  return end
}

/** Moves the bytes from `start` to `end` to `at`, behind the number of them. There are 4 bytes between at most. */
function closeGap(at: i32, start: i32, end: i32): i32 {
  const length = end - start
  const to = putVarint(length, at)
  memory.copy(to, start, length)
  return to + length
}

function beginRows(): void {
  rows = rowCount
  isIdentity = distinctCount === rowCount
  rowChanges = changes
  top = SCRATCH
  integersState = 0
  isForTwin = false
}

const GAIN_MIN: f64 = 0.98
const TINY_ROWS: i32 = 8
const OFTEN: i32 = 4

/** The encoding that is smallest, of all that take what is being encoded, or of those that hold distinct values. */
function putSmallest(isWhole: bool, at: i32): i32 {
  const isPlainEnough = rows < TINY_ROWS || distinctCount * OFTEN <= rows
  // Whoever comes first would parse them, in memory that is taken back.
  areIntegers()
  const before = top
  let best = 0
  let bestEnd = 0
  let bestBytes: f64 = 0
  let bestDetail = NO_DETAIL
  for (let choice = isWhole ? 0 : 1; choice < CHOICE_COUNT; choice++) {
    const code = i32(load<u8>(i32(CHOICES) + choice))
    if (isPlainEnough && best !== 0 && isText(code)) continue
    const trial = best === 0 ? at : bestEnd + 16
    top = before
    const end = code === CODE_DICTIONARY ? putDictionary(NO_DETAIL, trial) : putDirect(code, FORM_ANY, trial)
    if (code === CODE_TIMESTAMPS && mayBeTimes()) isForTwin = true
    if (isForTwin) return 0
    if (end === 0) continue
    if (best === 0 || bytes < bestBytes * GAIN_MIN) {
      if (trial !== at) memory.copy(at, trial, end - trial)
      bestEnd = at + end - trial
      bestBytes = bytes
      bestDetail = detailFound
      best = code
    }
    if (settles(code)) break
  }
  top = before
  codeChosen = best
  bytes = bestBytes
  detailFound = bestDetail
  return bestEnd
}

function isText(code: i32): bool {
  return code === CODE_PLAIN || code === CODE_POSITIONS || code === CODE_SHAPES
}

function settles(code: i32): bool {
  return code === CODE_INTEGERS || code === CODE_DECIMALS || code === CODE_ADDRESSES
}

const TIME_BYTES: i32 = 19
const TIME_LENGTH_MAX: i32 = 64

/** False where the values are surely no times: their first one is none. */
function mayBeTimes(): bool {
  if (lengthMin !== lengthMax || lengthMin < TIME_BYTES || lengthMin > TIME_LENGTH_MAX) return false
  const start = startOf(load<u32>(DISTINCT))
  for (let at = 0; at < TIME_BYTES; at++) {
    const isFrame = at > 3 && at % 3 === 1
    if (!isFrame && !isDigit(load<u8>(start + at))) return false
  }
  const year = pairAt(start) * 100 + pairAt(start + 2)
  const month = pairAt(start + 5)
  const day = pairAt(start + 8)
  if (year < 1970 || year > 2199 || month < 1 || month > 12 || day < 1 || day > 31) return false
  return pairAt(start + 11) < 24 && pairAt(start + 14) < 60 && pairAt(start + 17) < 60
}

// @ts-ignore: decorator
@inline
function pairAt(at: i32): i32 {
  return (i32(load<u8>(at)) - ZERO) * 10 + i32(load<u8>(at + 1)) - ZERO
}

/** `form` of the sequence, where the encoding has one. */
function putDirect(code: i32, form: i32, at: i32): i32 {
  detailFound = NO_DETAIL
  switch (code) {
    case CODE_PLAIN:
      return putPlain(at)
    case CODE_INTEGERS:
      return putIntegers(form, at)
    case CODE_DECIMALS:
      return putDecimals(at)
    case CODE_ADDRESSES:
      return putAddresses(form, at)
    case CODE_POSITIONS:
      return putPositions(at)
    case CODE_SHAPES:
      return putShapes(at)
    default:
      return 0
  }
}

// ---- facts ----------------------------------------------------------------------------------------------------------

function findFacts(entries: i32): void {
  const first = load<u32>(entries)
  store<u32>(DISTINCT, first)
  distinctCount = 1
  changes = 0
  let equal = countEqual(entries, first)
  if (equal < rowCount) findDistinct(entries, equal)
  lengthMin = 0x7fffffff
  lengthMax = 0
  distinctBytes = 0
  classes = 0
  for (let i = 0; i < distinctCount; i++) {
    const entry = load<u32>(DISTINCT + i * 4)
    const length = lengthOf(entry)
    distinctBytes += length
    if (length < lengthMin) lengthMin = length
    if (length > lengthMax) lengthMax = length
    classes |= load<u16>(CLASSES + entry * 2)
  }
}

/** Rows at the beginning that have the first value. */
function countEqual(entries: i32, first: u32): i32 {
  const all = i32x4.splat(first)
  let row = 0
  for (; row + 4 <= rowCount; row += 4) {
    if (!i32x4.all_true(i32x4.eq(v128.load(entries + row * 4), all))) break
  }
  while (row < rowCount && load<u32>(entries + row * 4) === first) row++
  return row
}

function findDistinct(entries: i32, equal: i32): void {
  memory.fill(CODES, 0, equal * 4)
  let previous = load<u32>(entries)
  store<u32>(CODE_OF + previous * 4, 0)
  let count = 1
  let code = 0
  for (let row = equal; row < rowCount; row++) {
    const entry = load<u32>(entries + row * 4)
    if (entry !== previous) {
      code = load<i32>(CODE_OF + entry * 4)
      if (u32(code) >= u32(count) || load<u32>(DISTINCT + code * 4) !== entry) {
        code = count++
        store<u32>(CODE_OF + entry * 4, code)
        store<u32>(DISTINCT + code * 4, entry)
      }
      changes++
      previous = entry
    }
    store<u32>(CODES + row * 4, code)
  }
  distinctCount = count
}

// @ts-ignore: decorator
@inline
function startOf(entry: u32): i32 {
  return VALUES + load<i32>(STARTS + entry * 4)
}

// @ts-ignore: decorator
@inline
function endOf(entry: u32): i32 {
  return VALUES + load<i32>(STARTS + entry * 4, 4)
}

// @ts-ignore: decorator
@inline
function lengthOf(entry: u32): i32 {
  return load<i32>(STARTS + entry * 4, 4) - load<i32>(STARTS + entry * 4)
}

/** The value of a row of what is being encoded. */
// @ts-ignore: decorator
@inline
function entryOf(row: i32): u32 {
  return load<u32>(DISTINCT + (isIdentity ? row : load<i32>(CODES + row * 4)) * 4)
}

// ---- bytes ----------------------------------------------------------------------------------------------------------

// @ts-ignore: decorator
@inline
function take(byteCount: i32): i32 {
  const at = top
  top = at + ((byteCount + 31) & ~15)
  return at
}

/** Up to 15 bytes more are written than the value has. */
function putValue(entry: u32, at: i32): i32 {
  const start = startOf(entry)
  const length = lengthOf(entry)
  if (length <= 16) v128.store(at, v128.load(start))
  else memory.copy(at, start, length)
  return at + length
}

/** Of an integer from 0 to 2^53 - 1. */
function putVarint(value: i64, start: i32): i32 {
  let at = start
  let rest = value
  while (rest >= 0x80) {
    store<u8>(at++, (rest & 0x7f) | 0x80)
    rest >>= 7
  }
  store<u8>(at++, rest)
  return at
}

function putSignedVarint(value: f64, at: i32): i32 {
  const magnitude = i64(Math.abs(value))
  const low = ((magnitude & 0x3f) << 1) | i64(value < 0)
  const rest = magnitude >> 6
  store<u8>(at, rest === 0 ? low : low | 0x80)
  return rest > 0 ? putVarint(rest, at + 1) : at + 1
}

// @ts-ignore: decorator
@inline
function bitWidth(value: f64): i32 {
  return 64 - i32(clz(i64(value)))
}

// @ts-ignore: decorator
@inline
function numberAt(numbers: i32, i: i32): f64 {
  return load<f64>(numbers + (i << 3))
}

// @ts-ignore: decorator
@inline
function setNumber(numbers: i32, i: i32, value: f64): void {
  store<f64>(numbers + (i << 3), value)
}

/** By row, what stands by distinct value. */
function gather(byDistinct: i32): i32 {
  if (isIdentity) return byDistinct
  const byRow = take(rows * 8)
  for (let row = 0; row < rows; row++)
    store<f64>(byRow + row * 8, load<f64>(byDistinct + load<i32>(CODES + row * 4) * 8))
  return byRow
}

// ---- entropy --------------------------------------------------------------------------------------------------------

const SYMBOL_BITS: f64 = 5
const WALK_BY_VALUE_MAX: i32 = 256
const SAMPLED_WORDS: i32 = 2048
const SAMPLED_VALUES: i32 = 96
const SAMPLED_BYTES: i32 = 64
const LONG_VALUE_BYTES: i32 = 12
const LONG_VALUE_GAIN: f64 = 0.35
const LN2: f64 = 0.6931471805599453

// @ts-ignore: decorator
@inline
function nLogN(n: i32): f64 {
  return n < N_LOG_N_COUNT ? load<f64>(N_LOG_N + n * 8) : f64(n) * log2(f64(n))
}

// @ts-ignore: decorator
@inline
function countSymbol(symbol: i32): void {
  const at = COUNTS + symbol * 4
  store<i32>(at, load<i32>(at) + 1)
}

function planeBits(words: i32, count: i32, shift: i32, width: i32): f64 {
  const mask = (1 << width) - 1
  const step = count < 2 * SAMPLED_WORDS ? 1 : count / SAMPLED_WORDS
  let sampled = 0
  for (let i = 0; i < count; i += step) {
    countSymbol((load<u32>(words + i * 4) >>> shift) & mask)
    sampled++
  }
  let inside: f64 = 0
  let symbols = 0
  if (sampled > WALK_BY_VALUE_MAX) {
    for (let symbol = 0; symbol <= mask; symbol++) {
      const n = load<i32>(COUNTS + symbol * 4)
      if (n === 0) continue
      inside += nLogN(n)
      symbols++
    }
    memory.fill(COUNTS, 0, (mask + 1) * 4)
  } else {
    for (let i = 0; i < count; i += step) {
      const at = COUNTS + ((load<u32>(words + i * 4) >>> shift) & mask) * 4
      const n = load<i32>(at)
      if (n === 0) continue
      inside += nLogN(n)
      symbols++
      store<i32>(at, 0)
    }
  }
  if (symbols <= 1) return 16
  const missing = step === 1 ? 0 : f64(symbols - 1) / (2 * LN2)
  const entropyBits = ((nLogN(sampled) - inside + missing) * f64(count)) / f64(sampled)
  return Math.min(f64(width * count), entropyBits + f64(symbols) * SYMBOL_BITS)
}

/** Bits for a byte of the text of the distinct values. */
function textBits(): f64 {
  let step = distinctCount / SAMPLED_VALUES
  if (step < 1) step = 1
  let sampled = 0
  let values = 0
  for (let i = 0; i < distinctCount; i += step) {
    const entry = load<u32>(DISTINCT + i * 4)
    const start = startOf(entry)
    let end = endOf(entry)
    if (end > start + SAMPLED_BYTES) end = start + SAMPLED_BYTES
    for (let at = start; at < end; at++) countSymbol(load<u8>(at))
    sampled += end - start
    values++
  }
  if (sampled === 0) return 0
  let inside: f64 = 0
  let symbols = 0
  let words = 0
  for (let symbol = 0; symbol < 256; symbol++) {
    const n = load<i32>(COUNTS + symbol * 4)
    if (n === 0) continue
    if ((load<u16>(CLASS_BITS + symbol * 2) & ~(DIGIT | LOWER_HEX | UPPER_HEX)) !== 0) words += n
    inside += nLogN(n)
    symbols++
    store<i32>(COUNTS + symbol * 4, 0)
  }
  const bits = Math.min(8, (nLogN(sampled) - inside + f64(symbols) * SYMBOL_BITS) / f64(sampled))
  return sampled > values * LONG_VALUE_BYTES
    ? bits * (1 - (LONG_VALUE_GAIN * f64(words)) / f64(sampled))
    : bits
}

// ---- sequences ------------------------------------------------------------------------------------------------------

const FORM_ANY: i32 = 0
const FORM_OFFSETS: i32 = 1
const FORM_DELTAS: i32 = 2
const FORM_RUNS: i32 = 3

const KIND_EQUAL: i32 = 0
const KIND_PACKED: i32 = 1
const KIND_PLANES: i32 = 2
const KIND_RUNS: i32 = 3

const TAG_DELTA: i32 = 64
const TAG_PLANES: i32 = 127
const TAG_DELTA_PLANES: i32 = 135
const TAG_RUNS: i32 = 160
const PLANES_GAIN_MIN: f64 = 1.03
const RUN_ROWS_MIN: i32 = 4
const DELTA_GAIN_MIN: f64 = 6
const DELTA_MAX: f64 = 4503599627370496

/** How a sequence is to be written. */
@unmanaged
class Plan {
  kind: i32
  tag: i32
  /** Bits, or planes. */
  width: i32
  isDelta: i32
  isWide: i32
  numbers: i32
  count: i32
  base: f64
  bytes: f64
  form: i32
  /** Of runs: the plans of their values and lengths. */
  values: i32
  lengths: i32
}

const PLAN_BYTES: i32 = 64

let planCount: i32 = 0
/** The plan whose words are the ones that were made last, -1: none. */
let wordsOf: i32 = -1

// What `measure` found.
let least: f64 = 0
let largest: f64 = 0
let deltaMax: f64 = 0
let deltaSum: f64 = 0
let numberChanges: i32 = 0

/** Of the sequence that was put last. */
let sequenceBytes: f64 = 0
let sequenceForm: i32 = FORM_ANY

/** Writes a sequence; answers where it ends, 0 where there is no room. */
function putSequence(numbers: i32, count: i32, form: i32, at: i32): i32 {
  if (at + count * 8 + 64 > OUT_END) return noRoom()
  planCount = 0
  wordsOf = -1
  const before = top
  const plan = planSequence(numbers, count, true, form)
  sequenceBytes = planAt(plan).bytes
  sequenceForm = planAt(plan).form
  const end = writePlan(plan, at)
  top = before
  return end
}

function noRoom(): i32 {
  isForTwin = true
  return 0
}

// @ts-ignore: decorator
@inline
function planAt(plan: i32): Plan {
  return changetype<Plan>(PLANS + plan * PLAN_BYTES)
}

function planSequence(numbers: i32, count: i32, mayHaveRuns: bool, form: i32): i32 {
  measure(numbers, count)
  const min = least
  const max = largest
  const steps = deltaMax
  const runs = numberChanges + 1
  if (min === max) return planEqual(min)
  const isWorthDeltas = steps < DELTA_MAX && deltaSum * DELTA_GAIN_MIN < (max - min) * f64(count)
  const isWorthRuns = mayHaveRuns && runs * RUN_ROWS_MIN <= count
  if (form === FORM_DELTAS && isWorthDeltas) return planDeltas(numbers, count, steps)
  if (form === FORM_RUNS && isWorthRuns) return planRuns(numbers, count, runs)
  let best = planOffsets(numbers, count, min, max)
  if (form === FORM_OFFSETS) return best
  if (isWorthDeltas) best = smaller(best, planDeltas(numbers, count, steps))
  if (isWorthRuns) best = smaller(best, planRuns(numbers, count, runs))
  return best
}

function smaller(one: i32, other: i32): i32 {
  return planAt(other).bytes < planAt(one).bytes ? other : one
}

function measure(numbers: i32, count: i32): void {
  let min = numberAt(numbers, 0)
  let max = min
  let most: f64 = 0
  let sum: f64 = 0
  let changed = 0
  let previous = min
  for (let i = 1; i < count; i++) {
    const value = numberAt(numbers, i)
    if (value === previous) continue
    if (value < min) min = value
    else if (value > max) max = value
    const delta = Math.abs(value - previous)
    if (delta > most) most = delta
    sum += delta
    changed++
    previous = value
  }
  least = min
  largest = max
  deltaMax = most
  deltaSum = sum
  numberChanges = changed
}

function headerLength(base: f64): f64 {
  return f64(1 + (bitWidth(Math.abs(base)) + 1 + 6) / 7)
}

function planEqual(value: f64): i32 {
  const plan = planCount++
  const made = planAt(plan)
  made.kind = KIND_EQUAL
  made.base = value
  made.bytes = headerLength(value)
  made.form = FORM_ANY
  return plan
}

function planOffsets(numbers: i32, count: i32, min: f64, max: f64): i32 {
  const plan = planCount++
  const made = planAt(plan)
  made.base = min
  made.width = bitWidth(max - min)
  made.isDelta = 0
  made.form = FORM_OFFSETS
  return planWords(plan, made, numbers, count)
}

function planDeltas(numbers: i32, count: i32, steps: f64): i32 {
  const plan = planCount++
  const made = planAt(plan)
  made.base = numberAt(numbers, 0)
  made.width = bitWidth(steps * 2)
  made.isDelta = 1
  made.form = FORM_DELTAS
  return planWords(plan, made, numbers, count)
}

function planWords(plan: i32, made: Plan, numbers: i32, count: i32): i32 {
  made.numbers = numbers
  made.count = count
  const width = made.width
  made.isWide = i32(width > 32)
  makeWords(plan, made)
  const header = headerLength(made.base)
  const compressible = compressibleBits(count, width) / 8
  const packed = f64(packedLength(count, width))
  const packedTag = made.isDelta ? TAG_DELTA : 0
  made.kind = KIND_PACKED
  if (width <= 4) {
    if (width === 3 && compressible < packed) made.width = 4
    made.bytes = header + Math.min(packed, compressible)
    made.tag = packedTag + made.width
  } else if (packed < compressible * PLANES_GAIN_MIN) {
    made.bytes = header + packed
    made.tag = packedTag + width
  } else {
    made.kind = KIND_PLANES
    made.width = (width + 7) >> 3
    made.bytes = header + compressible
    made.tag = (made.isDelta ? TAG_DELTA_PLANES : TAG_PLANES) + made.width
  }
  return plan
}

// @ts-ignore: decorator
@inline
function packedLength(count: i32, width: i32): i32 {
  return (count * width + 7) >> 3
}

/** The words of a plan: two for each number where one of 32 bits does not hold it. */
function makeWords(plan: i32, made: Plan): void {
  if (wordsOf === plan) return
  if (made.isDelta) makeDeltas(made.numbers, made.count, made.isWide !== 0)
  else makeOffsets(made.numbers, made.count, made.base, made.isWide !== 0)
  wordsOf = plan
}

function makeOffsets(numbers: i32, count: i32, base: f64, isWide: bool): void {
  if (isWide) {
    for (let i = 0; i < count; i++) putWide(i, i64(numberAt(numbers, i) - base))
    return
  }
  for (let i = 0; i < count; i++) store<u32>(LOW + (i << 2), u32(numberAt(numbers, i) - base))
}

function makeDeltas(numbers: i32, count: i32, isWide: bool): void {
  let previous = numberAt(numbers, 0)
  for (let i = 0; i < count; i++) {
    const value = numberAt(numbers, i)
    const delta = i64(value - previous)
    previous = value
    const zigzag = (delta << 1) ^ (delta >> 63)
    if (isWide) putWide(i, zigzag)
    else store<u32>(LOW + (i << 2), u32(zigzag))
  }
}

// @ts-ignore: decorator
@inline
function putWide(i: i32, value: i64): void {
  store<u32>(LOW + (i << 2), u32(value))
  store<u32>(HIGH + (i << 2), u32(value >> 32))
}

function compressibleBits(count: i32, width: i32): f64 {
  if (width <= 4) return planeBits(LOW, count, 0, 4)
  let bits: f64 = 0
  for (let shift = 0; shift < width && shift < 32; shift += 8) bits += planeBits(LOW, count, shift, 8)
  for (let shift = 0; shift < width - 32; shift += 8) bits += planeBits(HIGH, count, shift, 8)
  return bits
}

function planRuns(numbers: i32, count: i32, runs: i32): i32 {
  const plan = planCount++
  const values = take(runs * 8)
  const lengths = take(runs * 8)
  let run = 0
  let start = 0
  let current = numberAt(numbers, 0)
  for (let i = 1; i < count; i++) {
    const value = numberAt(numbers, i)
    if (value === current) continue
    setNumber(values, run, current)
    setNumber(lengths, run++, f64(i - start - 1))
    current = value
    start = i
  }
  setNumber(values, run, current)
  setNumber(lengths, run, f64(count - start - 1))
  const valuePlan = planSequence(values, runs, false, FORM_ANY)
  const lengthPlan = planSequence(lengths, runs, false, FORM_ANY)
  const made = planAt(plan)
  made.kind = KIND_RUNS
  made.count = runs
  made.values = valuePlan
  made.lengths = lengthPlan
  made.form = FORM_RUNS
  made.bytes = 3 + planAt(valuePlan).bytes + planAt(lengthPlan).bytes
  return plan
}

function writePlan(plan: i32, start: i32): i32 {
  const made = planAt(plan)
  let at = start
  if (made.kind === KIND_RUNS) {
    store<u8>(at, TAG_RUNS)
    at = putVarint(made.count, at + 1)
    at = writePlan(made.values, at)
    return writePlan(made.lengths, at)
  }
  store<u8>(at, made.kind === KIND_EQUAL ? 0 : made.tag)
  at = putSignedVarint(made.base, at + 1)
  if (made.kind === KIND_EQUAL) return at
  makeWords(plan, made)
  return made.kind === KIND_PACKED ? packBits(made.count, made.width, at) : writePlanes(made.count, made.width, at)
}

function writePlanes(count: i32, planes: i32, start: i32): i32 {
  let at = start
  for (let plane = 0; plane < planes; plane++) {
    const words = plane < 4 ? LOW : HIGH
    const shift = (plane & 3) * 8
    for (let i = 0; i < count; i++) store<u8>(at + i, load<u32>(words + (i << 2)) >>> shift)
    at += count
  }
  return at
}

/** Up to 7 bytes more are written. */
function packBits(count: i32, width: i32, start: i32): i32 {
  const end = start + packedLength(count, width)
  let at = start
  let waiting: u64 = 0
  let waitingBits: u64 = 0
  if (width <= 32) {
    for (let i = 0; i < count; i++) {
      waiting |= u64(load<u32>(LOW + (i << 2))) << waitingBits
      waitingBits += width
      if (waitingBits >= 32) {
        store<u32>(at, u32(waiting))
        at += 4
        waiting >>= 32
        waitingBits -= 32
      }
    }
    store<u64>(at, waiting)
    return end
  }
  for (let i = 0; i < count; i++) {
    const value = u64(load<u32>(LOW + (i << 2))) | (u64(load<u32>(HIGH + (i << 2))) << 32)
    waiting |= value << waitingBits
    waitingBits += width
    while (waitingBits >= 8) {
      store<u8>(at++, waiting)
      waiting >>= 8
      waitingBits -= 8
    }
  }
  store<u8>(at, waiting)
  return end
}

// ---- encodings ------------------------------------------------------------------------------------------------------

const PLACES: i32 = 0
const DISTANCES: i32 = 1
const PLACES_ALONE_MAX: i32 = 16
const INNER_MASK: i32 = 15
const WAY_SHIFT: i32 = 4
const FORM_SHIFT: i32 = 5
const DISTINCT_SHARE_MAX: f64 = 0.9
const NARROW: f64 = 255

function putDictionary(detail: i32, start: i32): i32 {
  const count = distinctCount
  if (f64(count) > f64(rowCount) * DISTINCT_SHARE_MAX) return 0
  if (areIntegers() && isNarrow()) return 0
  let at = putVarint(count, start)
  const codeAt = at++
  const inner = at + 4
  rows = count
  isIdentity = true
  rowChanges = count - 1
  const end = putInner(detail, inner)
  rows = rowCount
  isIdentity = false
  rowChanges = changes
  if (end === 0) return 0
  const innerBytes = bytes
  const code = codeChosen
  store<u8>(codeAt, code)
  at = putCodes(detail, closeGap(at, inner, end))
  bytes = 5 + innerBytes + sequenceBytes
  detailFound = innerNumber(code) | (wayChosen << WAY_SHIFT) | (sequenceForm << FORM_SHIFT)
  return at
}

/** The distinct values, as the detail says where that is possible. */
function putInner(detail: i32, at: i32): i32 {
  if (detail !== NO_DETAIL) {
    codeChosen = i32(load<u8>(i32(CHOICES) + (detail & INNER_MASK) + 1))
    const end = putDirect(codeChosen, FORM_ANY, at)
    if (codeChosen === CODE_TIMESTAMPS && mayBeTimes()) isForTwin = true
    if (end !== 0 || isForTwin) return end
  }
  return putSmallest(false, at)
}

function innerNumber(code: i32): i32 {
  let number = 0
  while (i32(load<u8>(i32(CHOICES) + number + 1)) !== code) number++
  return number
}

let wayChosen: i32 = PLACES

function putCodes(detail: i32, at: i32): i32 {
  const numbers = take(rowCount * 8)
  if (detail !== NO_DETAIL) return putWay((detail >> WAY_SHIFT) & 1, numbers, detail >> FORM_SHIFT, at)
  const end = putWay(PLACES, numbers, FORM_ANY, at)
  if (end === 0 || distinctCount <= PLACES_ALONE_MAX) return end
  const placesBytes = sequenceBytes
  const placesForm = sequenceForm
  const trial = end + 16
  const trialEnd = putWay(DISTANCES, numbers, FORM_ANY, trial)
  if (trialEnd === 0) return 0
  if (sequenceBytes < placesBytes) {
    memory.copy(at, trial, trialEnd - trial)
    return at + trialEnd - trial
  }
  wayChosen = PLACES
  sequenceBytes = placesBytes
  sequenceForm = placesForm
  return end
}

function putWay(way: i32, numbers: i32, form: i32, at: i32): i32 {
  wayChosen = way
  store<u8>(at, way)
  if (way === PLACES) placesInto(numbers)
  else distancesInto(numbers)
  return putSequence(numbers, rowCount, form, at + 1)
}

function placesInto(numbers: i32): void {
  for (let row = 0; row < rowCount; row++) setNumber(numbers, row, f64(load<i32>(CODES + row * 4)))
}

function distancesInto(numbers: i32): void {
  let seen = 0
  for (let row = 0; row < rowCount; row++) {
    const code = load<i32>(CODES + row * 4)
    const isNext = code === seen
    setNumber(numbers, row, isNext ? 0 : f64(seen - code))
    seen += i32(isNext)
  }
}

function isNarrow(): bool {
  let min = numberAt(integers, 0)
  let max = min
  for (let i = 1; i < distinctCount; i++) {
    const value = numberAt(integers, i)
    if (value < min) min = value
    else if (value > max) max = value
    if (max - min > NARROW) return false
  }
  return true
}

const REPEAT_BYTES: f64 = 3

function putPlain(start: i32): i32 {
  const lengths = take(rows * 8)
  let rowBytes = 0
  for (let row = 0; row < rows; row++) {
    const length = lengthOf(entryOf(row))
    setNumber(lengths, row, length)
    rowBytes += length
    if (rowBytes > OUT_END - OUT) return noRoom()
  }
  let at = putSequence(lengths, rows, FORM_ANY, start)
  if (at === 0 || at + rowBytes > OUT_END) return noRoom()
  for (let row = 0; row < rows; row++) at = putValue(entryOf(row), at)
  bytes = sequenceBytes + textBytes(rowBytes)
  return at
}

function textBytes(rowBytes: i32): f64 {
  const first = (textBits() / 8) * f64(distinctBytes)
  const perRepeat = Math.min(REPEAT_BYTES, distinctBytes === 0 ? 0 : first / f64(distinctCount))
  const runs = rowChanges + 1 < rows ? rowChanges + 1 : rows
  const repeats = runs - distinctCount
  return Math.min(f64(rowBytes), first + f64(repeats > 0 ? repeats : 0) * perRepeat)
}

function putIntegers(form: i32, at: i32): i32 {
  if (!areIntegers()) return 0
  store<u8>(at, isCanonical ? 0 : lengthMax)
  const end = putSequence(gather(integers), rows, form, at + 1)
  bytes = 1 + sequenceBytes
  detailFound = sequenceForm
  return end
}

function areIntegers(): bool {
  if (integersState === 0) integersState = parseIntegers() ? 1 : 2
  return integersState === 1
}

function parseIntegers(): bool {
  if ((classes & ~(DIGIT | MINUS_SIGN)) !== 0 || lengthMin === 0 || lengthMax > DIGITS_MAX + 1) return false
  const mayBeNegative = (classes & MINUS_SIGN) !== 0
  const isFixed = lengthMin === lengthMax && lengthMax <= DIGITS_MAX && !mayBeNegative
  isCanonical = mayBeNegative ? areSigned() : areUnsigned()
  if (!isFixed && !isCanonical) return false
  integers = take(distinctCount * 8)
  for (let i = 0; i < distinctCount; i++) {
    const entry = load<u32>(DISTINCT + i * 4)
    const start = startOf(entry)
    const end = endOf(entry)
    const number =
      load<u8>(start) === MINUS ? -f64(parseDigits(start + 1, end)) : f64(parseDigits(start, end))
    setNumber(integers, i, number)
  }
  return true
}

function areUnsigned(): bool {
  if (lengthMax > DIGITS_MAX) return false
  for (let i = 0; i < distinctCount; i++) {
    const entry = load<u32>(DISTINCT + i * 4)
    const start = startOf(entry)
    if (load<u8>(start) === ZERO && endOf(entry) > start + 1) return false
  }
  return true
}

function areSigned(): bool {
  for (let i = 0; i < distinctCount; i++) {
    const entry = load<u32>(DISTINCT + i * 4)
    if (!isSigned(startOf(entry), endOf(entry))) return false
  }
  return true
}

function isSigned(start: i32, end: i32): bool {
  const first = load<u8>(start) === MINUS ? start + 1 : start
  if (end === first || end > first + DIGITS_MAX) return false
  if (load<u8>(first) === ZERO && (first > start || end > first + 1)) return false
  for (let at = first; at < end; at++) if (!isDigit(load<u8>(at))) return false
  return true
}

// @ts-ignore: decorator
@inline
function isDigit(byte: i32): bool {
  return u32(byte - ZERO) <= 9
}

/** Of at most 16 digits. */
function parseDigits(start: i32, end: i32): i64 {
  let value: i64 = 0
  for (let at = start; at < end; at++) value = value * 10 + i64(i32(load<u8>(at)) - ZERO)
  return value
}

function putDecimals(start: i32): i32 {
  if ((classes & POINT) === 0 || (classes & ~(DIGIT | MINUS_SIGN | POINT)) !== 0) return 0
  if (lengthMin === 0 || lengthMax > DIGITS_MAX + 2) return 0
  const scaled = take(distinctCount * 8)
  const places = take(distinctCount * 8)
  for (let i = 0; i < distinctCount; i++) {
    const entry = load<u32>(DISTINCT + i * 4)
    if (!parseDecimal(startOf(entry), endOf(entry), scaled + i * 8, places + i * 8)) return 0
  }
  let at = putSequence(gather(scaled), rows, FORM_ANY, start)
  if (at === 0) return 0
  const scaledBytes = sequenceBytes
  at = putSequence(gather(places), rows, FORM_ANY, at)
  bytes = scaledBytes + sequenceBytes
  return at
}

function parseDecimal(start: i32, end: i32, scaled: i32, places: i32): bool {
  const isNegative = start < end && load<u8>(start) === MINUS
  const first = isNegative ? start + 1 : start
  let point = first
  while (point < end && isDigit(load<u8>(point))) point++
  let last = point < end && load<u8>(point) === DOT ? point + 1 : point
  while (last < end && isDigit(load<u8>(last))) last++
  const behind = point < end ? end - point - 1 : 0
  if (last !== end || point === first || (point < end && behind === 0)) return false
  if (point - first + behind > DIGITS_MAX || (load<u8>(first) === ZERO && point - first > 1)) return false
  const whole = parseDigits(first, point)
  const magnitude = behind === 0 ? whole : whole * i64(power(behind)) + parseDigits(point + 1, end)
  if (isNegative && magnitude === 0) return false
  store<f64>(scaled, f64(isNegative ? -magnitude : magnitude))
  store<f64>(places, f64(behind))
  return true
}

// @ts-ignore: decorator
@inline
function power(exponent: i32): f64 {
  return load<f64>(i32(POWERS) + exponent * 8)
}

const ADDRESS_SHORTEST: i32 = 7
const ADDRESS_LONGEST: i32 = 15

function putAddresses(form: i32, at: i32): i32 {
  if (classes !== (DIGIT | POINT) || lengthMin < ADDRESS_SHORTEST || lengthMax > ADDRESS_LONGEST) return 0
  const numbers = take(distinctCount * 8)
  for (let i = 0; i < distinctCount; i++) {
    const entry = load<u32>(DISTINCT + i * 4)
    const address = parseAddress(startOf(entry), endOf(entry))
    if (address < 0) return 0
    setNumber(numbers, i, f64(address))
  }
  const end = putSequence(gather(numbers), rows, form, at)
  bytes = sequenceBytes
  detailFound = sequenceForm
  return end
}

function parseAddress(start: i32, end: i32): i64 {
  let address: i64 = 0
  let at = start
  for (let part = 0; part < 4; part++) {
    if (part > 0 && (at >= end || load<u8>(at++) !== DOT)) return -1
    const first = at
    let value = 0
    while (at < end && at < first + 3 && isDigit(load<u8>(at))) value = value * 10 + i32(load<u8>(at++)) - ZERO
    if (at === first || value > 255 || (load<u8>(first) === ZERO && at > first + 1)) return -1
    address = (address << 8) | i64(value)
  }
  return at === end ? address : -1
}

// ---- positions ------------------------------------------------------------------------------------------------------

const POSITION_LENGTH_MAX: i32 = 64
const POSITION_LENGTH_MIN: i32 = 2
const CONSTANT: i32 = 0
const WHOLE: i32 = 8
const LOWER_NIBBLE: i32 = 9
const UPPER_NIBBLE: i32 = 10
const NIBBLE_BITS: i32 = 4
const KIND_BITS: i32 = 4
/** By position: u16 classes, u8 smallest, u8 largest, u8 kind, 3 nothing. */
const POSITION_BYTES: i32 = 8

function putPositions(start: i32): i32 {
  const length = lengthMax
  if (lengthMin !== length || length < POSITION_LENGTH_MIN || length > POSITION_LENGTH_MAX) return 0
  findRanges(length)
  if (countWide(length) * 2 > length) return 0
  if (start + length * (rows + 16) > OUT_END) return noRoom()
  wordsOf = -1
  const starts = take(rows * 4)
  for (let row = 0; row < rows; row++) store<i32>(starts + row * 4, startOf(entryOf(row)))
  let bits = f64(8 + length * (KIND_BITS + 8))
  for (let at = 0; at < length; at++) bits += planPosition(starts, at)
  bytes = bits / 8
  return writePositions(starts, length, start)
}

function findRanges(length: i32): void {
  for (let at = 0; at < length; at++) store<u64>(POSITIONS + at * POSITION_BYTES, 0xff0000)
  for (let i = 0; i < distinctCount; i++) {
    const start = startOf(load<u32>(DISTINCT + i * 4))
    for (let at = 0; at < length; at++) {
      const byte = load<u8>(start + at)
      const range = POSITIONS + at * POSITION_BYTES
      store<u16>(range, load<u16>(range) | load<u16>(CLASS_BITS + i32(byte) * 2))
      if (byte < load<u8>(range, 2)) store<u8>(range, byte, 2)
      if (byte > load<u8>(range, 3)) store<u8>(range, byte, 3)
    }
  }
}

function positionWidth(at: i32): i32 {
  const range = POSITIONS + at * POSITION_BYTES
  return 32 - clz(i32(load<u8>(range, 3)) - i32(load<u8>(range, 2)))
}

function nibbleKind(at: i32): i32 {
  const found = i32(load<u16>(POSITIONS + at * POSITION_BYTES))
  if ((found & ~(DIGIT | LOWER_HEX)) === 0) return LOWER_NIBBLE
  return (found & ~(DIGIT | UPPER_HEX)) === 0 ? UPPER_NIBBLE : CONSTANT
}

function countWide(length: i32): i32 {
  let count = 0
  for (let at = 0; at < length; at++) {
    if (positionWidth(at) > NIBBLE_BITS && nibbleKind(at) === CONSTANT) count++
  }
  return count
}

/** Decides on the kind of a position; answers the bits that it takes. */
function planPosition(starts: i32, at: i32): f64 {
  const range = POSITIONS + at * POSITION_BYTES
  const width = positionWidth(at)
  if (width === 0) {
    store<u8>(range, CONSTANT, 4)
    return 0
  }
  const nibbles = nibbleKind(at)
  if (width > NIBBLE_BITS && nibbles !== CONSTANT) {
    nibbleWords(starts, at)
    store<u8>(range, nibbles, 4)
    return planeBits(LOW, rows, 0, NIBBLE_BITS)
  }
  positionWords(starts, at, load<u8>(range, 2))
  const aligned = width <= 2 ? width : width <= NIBBLE_BITS ? NIBBLE_BITS : WHOLE
  const bits = planeBits(LOW, rows, 0, aligned)
  const exact = f64(rows * width)
  store<u8>(range, exact < bits ? width : aligned, 4)
  return exact < bits ? exact : bits
}

function nibbleWords(starts: i32, at: i32): void {
  for (let row = 0; row < rows; row++) {
    const byte = i32(load<u8>(load<i32>(starts + row * 4) + at))
    store<u32>(LOW + row * 4, (byte & 0x0f) + (byte >>> 6) * 9)
  }
}

function positionWords(starts: i32, at: i32, base: i32): void {
  for (let row = 0; row < rows; row++)
    store<u32>(LOW + row * 4, i32(load<u8>(load<i32>(starts + row * 4) + at)) - base)
}

function writePositions(starts: i32, length: i32, start: i32): i32 {
  store<u8>(start, length)
  for (let at = 0; at < length; at++)
    store<u32>(LOW + at * 4, load<u8>(POSITIONS + at * POSITION_BYTES, 4))
  let to = packBits(length, KIND_BITS, start + 1)
  for (let at = 0; at < length; at++) {
    const range = POSITIONS + at * POSITION_BYTES
    if (i32(load<u8>(range, 4)) < LOWER_NIBBLE) store<u8>(to++, load<u8>(range, 2))
  }
  for (let at = 0; at < length; at++) {
    const range = POSITIONS + at * POSITION_BYTES
    const kind = i32(load<u8>(range, 4))
    if (kind === CONSTANT) continue
    if (kind >= LOWER_NIBBLE) nibbleWords(starts, at)
    else positionWords(starts, at, load<u8>(range, 2))
    to = packBits(rows, kind < LOWER_NIBBLE ? kind : NIBBLE_BITS, to)
  }
  return to
}

// ---- shapes ---------------------------------------------------------------------------------------------------------

const SHAPES_MAX: i32 = 16
const SHAPE_SLOTS_MAX: i32 = 24
const SHAPE_LENGTH_MAX: i32 = 96
const SHAPE_VALUE_LENGTH_MAX: i32 = 255
const SHAPE_NUMBERS_MAX: i32 = 0x40000
const VARYING: i32 = 16
/** Of a shape's facts: length, slots, rows, where its rows begin. */
const SHAPE_FACT_BYTES: i32 = 16

let shapeCount: i32 = 0
/** Numbers of all slots, and how many digits each has. */
let splitNumbers: i32 = 0
let splitWidths: i32 = 0
let splitCount: i32 = 0
/** By distinct value: where its numbers begin, its shape. */
let splitStarts: i32 = 0
let splitShapes: i32 = 0

function putShapes(start: i32): i32 {
  if ((classes & DIGIT) === 0 || lengthMax > SHAPE_VALUE_LENGTH_MAX) return 0
  if (!splitValues()) return 0
  let at = start
  store<u8>(at++, shapeCount)
  for (let shape = 0; shape < shapeCount; shape++) {
    const length = load<i32>(SHAPE_FACTS + shape * SHAPE_FACT_BYTES)
    store<u8>(at++, length)
    memory.copy(at, SHAPE_TEXTS + shape * SHAPE_LENGTH_MAX, length)
    at += length
  }
  let shapeBytes: f64 = 0
  if (shapeCount > 1) {
    const numbers = take(rows * 8)
    for (let row = 0; row < rows; row++)
      setNumber(numbers, row, f64(load<u8>(splitShapes + codeOf(row))))
    at = putSequence(numbers, rows, FORM_ANY, at)
    if (at === 0) return 0
    shapeBytes = sequenceBytes
  }
  const rowStarts = sortRows()
  let sum: f64 = 1
  for (let shape = 0; shape < shapeCount; shape++) {
    const facts = SHAPE_FACTS + shape * SHAPE_FACT_BYTES
    sum += f64(1 + load<i32>(facts))
    const slots = load<i32>(facts, 4)
    for (let slot = 0; slot < slots; slot++) {
      at = putShapeSlot(rowStarts + load<i32>(facts, 12) * 4, load<i32>(facts, 8), slot, at)
      if (at === 0) return 0
      sum += bytes
    }
  }
  bytes = sum + shapeBytes
  return at
}

// @ts-ignore: decorator
@inline
function codeOf(row: i32): i32 {
  return isIdentity ? row : load<i32>(CODES + row * 4)
}

/** Where the numbers of each row begin, the rows of a shape together. */
function sortRows(): i32 {
  const sorted = take(rows * 4)
  for (let shape = 0; shape < shapeCount; shape++) store<i32>(SHAPE_FACTS + shape * SHAPE_FACT_BYTES, 0, 8)
  for (let row = 0; row < rows; row++) {
    const facts = SHAPE_FACTS + i32(load<u8>(splitShapes + codeOf(row))) * SHAPE_FACT_BYTES
    store<i32>(facts, load<i32>(facts, 8) + 1, 8)
  }
  let first = 0
  for (let shape = 0; shape < shapeCount; shape++) {
    const facts = SHAPE_FACTS + shape * SHAPE_FACT_BYTES
    store<i32>(facts, first, 12)
    first += load<i32>(facts, 8)
    store<i32>(facts, 0, 8)
  }
  for (let row = 0; row < rows; row++) {
    const code = codeOf(row)
    const facts = SHAPE_FACTS + i32(load<u8>(splitShapes + code)) * SHAPE_FACT_BYTES
    const place = load<i32>(facts, 8)
    store<i32>(sorted + (load<i32>(facts, 12) + place) * 4, load<i32>(splitStarts + code * 4))
    store<i32>(facts, place + 1, 8)
  }
  return sorted
}

function putShapeSlot(rowStarts: i32, count: i32, slot: i32, start: i32): i32 {
  const before = top
  const numbers = take(count * 8)
  const firstWidth = i32(load<u8>(splitWidths + load<i32>(rowStarts) + slot))
  let isCanonical = true
  let isFixed = true
  for (let i = 0; i < count; i++) {
    const at = load<i32>(rowStarts + i * 4) + slot
    const value = numberAt(splitNumbers, at)
    const width = i32(load<u8>(splitWidths + at))
    setNumber(numbers, i, value)
    if (width !== firstWidth) isFixed = false
    if (isCanonical && width > 1 && value < power(width - 1)) isCanonical = false
  }
  const isVarying = !isCanonical && !isFixed
  store<u8>(start, isCanonical ? 0 : isFixed ? firstWidth : VARYING)
  let at = start + 1
  let widthBytes: f64 = 0
  if (isVarying) {
    const widths = take(count * 8)
    for (let i = 0; i < count; i++)
      setNumber(widths, i, f64(load<u8>(splitWidths + load<i32>(rowStarts + i * 4) + slot)))
    at = putSequence(widths, count, FORM_ANY, at)
    if (at === 0) return 0
    widthBytes = sequenceBytes
  }
  at = putSequence(numbers, count, FORM_ANY, at)
  bytes = 1 + sequenceBytes + widthBytes
  top = before
  return at
}

function splitValues(): bool {
  splitNumbers = take(SHAPE_NUMBERS_MAX * 8)
  splitWidths = take(SHAPE_NUMBERS_MAX)
  splitStarts = take(distinctCount * 4)
  splitShapes = take(distinctCount)
  splitCount = 0
  shapeCount = 0
  let last = 0
  for (let i = 0; i < distinctCount; i++) {
    const entry = load<u32>(DISTINCT + i * 4)
    store<i32>(splitStarts + i * 4, splitCount)
    last = splitValue(startOf(entry), endOf(entry), last)
    if (last < 0) return false
    store<u8>(splitShapes + i, last)
  }
  return splitCount > 0
}

/** The shape of the value, -1 where it has none. */
function splitValue(start: i32, end: i32, last: i32): i32 {
  if (splitCount + SHAPE_SLOTS_MAX > SHAPE_NUMBERS_MAX) return noRoom() - 1
  const first = splitCount
  let slots = first
  let length = 0
  let at = start
  while (at < end) {
    if (length >= SHAPE_LENGTH_MAX) return -1
    const byte = i32(load<u8>(at))
    if (!isDigit(byte)) {
      store<u8>(SHAPE_NOW + length++, byte)
      at++
      continue
    }
    let runEnd = at + 1
    while (runEnd < end && isDigit(load<u8>(runEnd))) runEnd++
    const odd = (runEnd - at) % DIGITS_MAX
    let chunkEnd = at + (odd === 0 ? DIGITS_MAX : odd)
    while (at < runEnd) {
      if (slots - first >= SHAPE_SLOTS_MAX || length >= SHAPE_LENGTH_MAX) return -1
      store<u8>(SHAPE_NOW + length++, ZERO)
      store<u8>(splitWidths + slots, chunkEnd - at)
      setNumber(splitNumbers, slots++, f64(parseDigits(at, chunkEnd)))
      at = chunkEnd
      chunkEnd += DIGITS_MAX
    }
  }
  splitCount = slots
  return shapeNumber(length, slots - first, last)
}

function shapeNumber(length: i32, slots: i32, last: i32): i32 {
  if (last < shapeCount && isShape(last, length)) return last
  for (let shape = 0; shape < shapeCount; shape++) if (isShape(shape, length)) return shape
  if (shapeCount === SHAPES_MAX) return -1
  const facts = SHAPE_FACTS + shapeCount * SHAPE_FACT_BYTES
  store<i32>(facts, length)
  store<i32>(facts, slots, 4)
  memory.copy(SHAPE_TEXTS + shapeCount * SHAPE_LENGTH_MAX, SHAPE_NOW, length)
  return shapeCount++
}

function isShape(shape: i32, length: i32): bool {
  if (load<i32>(SHAPE_FACTS + shape * SHAPE_FACT_BYTES) !== length) return false
  const text = SHAPE_TEXTS + shape * SHAPE_LENGTH_MAX
  for (let i = 0; i < length; i++) if (load<u8>(text + i) !== load<u8>(SHAPE_NOW + i)) return false
  return true
}
