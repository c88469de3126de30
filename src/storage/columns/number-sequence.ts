/**
 * A sequence of integers between -2^53 and 2^53, in the smallest of six forms. Every encoding that has numbers in it
 * (codes, lengths, slots, times) writes them so.
 *
 *   tag       form      after the tag
 *   0         equal     base
 *   1-53      packed    base, each value minus base in `tag` bits
 *   65-117    deltas    first value, each difference as zigzag in `tag - 64` bits
 *   128-134   planes    base, `tag - 127` planes: the low byte of each value minus base, then the next byte of each, ...
 *   136-142   delta planes   first value, `tag - 135` planes of the zigzag differences
 *   160       runs      number of runs, a sequence of their values, a sequence of their lengths minus 1
 *
 * Packed bits are for what general compression cannot make smaller, planes for what it can: bytes that are alike stand
 * together. Widths of 1, 2 and 4 serve both, because no value crosses a byte.
 */
import { assert } from '../../base/base.ts'
import type { RowRuns } from '../../record/record.ts'
import {
  addDeltas,
  addOffset,
  bitWidth,
  deltaWords,
  offsetWords,
  packBits,
  packedLength,
  sharedWords,
  unpackBits,
  type Words,
} from './bit-packing.ts'
import type { ByteSink } from './byte-sink.ts'
import { type ByteSource, partCorrupt } from './byte-source.ts'
import { boundsOf } from './decoded-column.ts'
import { planeBits } from './entropy.ts'
import type { Scratch } from './scratch.ts'

const WIDTH_MAX = 53
const TAG_DELTA = 64
const TAG_PLANES = 127
const TAG_DELTA_PLANES = 135
const PLANES_MAX = 7
const TAG_RUNS = 160

/** Numbers that need no doubles, nor do sums of them that stay below this. */
const SMALL_MAX = 2 ** 31 - 1
/** Shorter runs are written one by one. */
const FILL_MIN = 32

/** Planes that differ share a table of the compressor, so they must promise this much. */
const PLANES_GAIN_MIN = 1.03
/** Runs are tried where rows change their value at most once in this many. */
const RUN_ROWS_MIN = 4
/** For sequences that stand within another one: they have no runs themselves. */
const NO_RUNS = false
/** Differences are tried where they are, on average, this much smaller than the range of the values. */
const DELTA_GAIN_MIN = 6

/** Of a plan: in which of the forms, so that it can be asked for again. */
export const FORM_ANY = 0
const FORM_OFFSETS = 1
const FORM_DELTAS = 2
const FORM_RUNS = 3

export interface SequencePlan {
  /** FORM_ANY where all numbers are equal. */
  readonly form: number
  /** What it takes after compression, roughly. */
  readonly bytes: number
  readonly write: (sink: ByteSink) => void
}

interface Shape {
  readonly min: number
  readonly max: number
  /** Largest difference of neighbours, and the sum of all, without signs. */
  readonly deltaMax: number
  readonly deltaSum: number
  readonly changes: number
}

/**
 * `numbers` must not be empty, nor change before the plan is written; nor may `scratch` be reset. Their range is below
 * 2^53. With the form of another plan no other is tried, unless that one makes no sense for these numbers.
 */
export function planSequence(
  numbers: Float64Array,
  scratch: Scratch,
  mayHaveRuns = true,
  form = FORM_ANY,
): SequencePlan {
  const shape = measure(numbers)
  const { min, max } = shape
  if (min === max) return planEqual(min)
  assert(max - min <= Number.MAX_SAFE_INTEGER, 'the range of a sequence is below 2^53')
  if (form === FORM_DELTAS && isWorthDeltas(shape, numbers.length)) return planDeltas(numbers, shape.deltaMax)
  if (form === FORM_RUNS && mayHaveRuns && (shape.changes + 1) * RUN_ROWS_MIN <= numbers.length)
    return planRuns(numbers, shape.changes + 1, scratch)
  let best = planOffsets(numbers, min, max)
  if (form === FORM_OFFSETS) return best
  if (isWorthDeltas(shape, numbers.length)) best = smaller(best, planDeltas(numbers, shape.deltaMax))
  if (mayHaveRuns && (shape.changes + 1) * RUN_ROWS_MIN <= numbers.length)
    best = smaller(best, planRuns(numbers, shape.changes + 1, scratch))
  return best
}

function measure(numbers: Float64Array): Shape {
  let min = numbers[0]
  let max = min
  let deltaMax = 0
  let deltaSum = 0
  let changes = 0
  let previous = min
  for (let i = 1; i < numbers.length; i++) {
    const value = numbers[i]
    if (value === previous) continue
    if (value < min) min = value
    else if (value > max) max = value
    const delta = value < previous ? previous - value : value - previous
    if (delta > deltaMax) deltaMax = delta
    deltaSum += delta
    changes++
    previous = value
  }
  return { min, max, deltaMax, deltaSum, changes }
}

function isWorthDeltas({ min, max, deltaMax, deltaSum }: Shape, count: number): boolean {
  return deltaMax < 2 ** 52 && deltaSum * DELTA_GAIN_MIN < (max - min) * count
}

function smaller(one: SequencePlan, other: SequencePlan): SequencePlan {
  return other.bytes < one.bytes ? other : one
}

function planEqual(value: number): SequencePlan {
  const write = (sink: ByteSink): void => {
    sink.u8(0)
    sink.signedVarint(value)
  }
  return { form: FORM_ANY, bytes: headerLength(value), write }
}

/** Bytes of tag and base. */
function headerLength(base: number): number {
  return 1 + Math.ceil((bitWidth(Math.abs(base)) + 1) / 7)
}

function planOffsets(numbers: Float64Array, min: number, max: number): SequencePlan {
  const width = bitWidth(max - min)
  const words = (): Words => offsetWords(numbers, min, width)
  return planWords(words, width, min, 0, TAG_PLANES)
}

function planDeltas(numbers: Float64Array, deltaMax: number): SequencePlan {
  const width = bitWidth(deltaMax * 2)
  const words = (): Words => deltaWords(numbers, width)
  return planWords(words, width, numbers[0], TAG_DELTA, TAG_DELTA_PLANES)
}

/** Packed or in planes, whichever is smaller once compressed. Words are made twice: that is cheaper than to keep them. */
function planWords(
  makeWords: () => Words,
  width: number,
  base: number,
  packedTag: number,
  planesTag: number,
): SequencePlan {
  const form = packedTag === TAG_DELTA ? FORM_DELTAS : FORM_OFFSETS
  const header = headerLength(base)
  const words = makeWords()
  const compressible = compressibleBits(words, width) / 8
  const packed = packedLength(words.count, width)
  if (width <= 4) {
    const aligned = width === 3 && compressible < packed ? 4 : width
    const bytes = header + Math.min(packed, compressible)
    return packedPlan(makeWords, aligned, base, packedTag + aligned, { form, bytes })
  }
  if (packed < compressible * PLANES_GAIN_MIN)
    return packedPlan(makeWords, width, base, packedTag + width, { form, bytes: header + packed })
  const planes = Math.ceil(width / 8)
  const write = (sink: ByteSink): void => {
    sink.u8(planesTag + planes)
    sink.signedVarint(base)
    writePlanes(makeWords(), planes, sink)
  }
  return { form, bytes: header + compressible, write }
}

function packedPlan(
  makeWords: () => Words,
  width: number,
  base: number,
  tag: number,
  common: Omit<SequencePlan, 'write'>,
): SequencePlan {
  const write = (sink: ByteSink): void => {
    sink.u8(tag)
    sink.signedVarint(base)
    packBits(makeWords(), width, sink)
  }
  return { ...common, write }
}

function compressibleBits({ low, high, count }: Words, width: number): number {
  if (width <= 4) return planeBits(low, count, 0, 4)
  let bits = 0
  for (let shift = 0; shift < width && shift < 32; shift += 8) bits += planeBits(low, count, shift, 8)
  for (let shift = 0; shift < width - 32; shift += 8) bits += planeBits(high, count, shift, 8)
  return bits
}

function writePlanes({ low, high, count }: Words, planes: number, sink: ByteSink): void {
  for (let plane = 0; plane < planes; plane++) {
    const at = sink.reserve(count)
    const out = sink.bytes
    const words = plane < 4 ? low : high
    const shift = (plane & 3) * 8
    for (let i = 0; i < count; i++) out[at + i] = words[i] >>> shift
  }
}

function planRuns(numbers: Float64Array, runCount: number, scratch: Scratch): SequencePlan {
  const values = scratch.floats(runCount)
  const lengths = scratch.floats(runCount)
  let run = 0
  let start = 0
  for (let i = 1; i <= numbers.length; i++) {
    if (i < numbers.length && numbers[i] === numbers[start]) continue
    values[run] = numbers[start]
    lengths[run++] = i - start - 1
    start = i
  }
  const valuePlan = planSequence(values, scratch, NO_RUNS)
  const lengthPlan = planSequence(lengths, scratch, NO_RUNS)
  const write = (sink: ByteSink): void => {
    sink.u8(TAG_RUNS)
    sink.varint(runCount)
    valuePlan.write(sink)
    lengthPlan.write(sink)
  }
  return { form: FORM_RUNS, bytes: 3 + valuePlan.bytes + lengthPlan.bytes, write }
}

/** Exactly `count` integers between -2^53 and 2^53. PART_CORRUPT. */
export function readSequence(source: ByteSource, count: number, mayHaveRuns = true): Float64Array {
  const tag = source.u8()
  if (tag === TAG_RUNS && mayHaveRuns) return readRuns(source, count)
  const base = source.signedVarint()
  return tag === 0 ? new Float64Array(count).fill(base) : numbersOf(source, count, tag, base)
}

function numbersOf(source: ByteSource, count: number, tag: number, base: number): Float64Array {
  const width = widthOf(tag)
  const isDelta = isDeltaTag(tag)
  const words = tag > TAG_PLANES ? readPlanes(source, count, width / 8) : unpackBits(source, count, width)
  const numbers = isDelta ? addDeltas(words, base) : addOffset(words, base)
  const largest = Math.abs(base) + 2 ** width * (isDelta ? count : 1)
  return largest <= Number.MAX_SAFE_INTEGER ? numbers : checkSafe(numbers)
}

function isDeltaTag(tag: number): boolean {
  return tag > TAG_DELTA_PLANES || (tag > TAG_DELTA && tag <= TAG_DELTA + WIDTH_MAX)
}

/** Bits of a value in this form. PART_CORRUPT where there is no such form. */
function widthOf(tag: number): number {
  if (tag >= 1 && tag <= WIDTH_MAX) return tag
  if (tag > TAG_DELTA && tag <= TAG_DELTA + WIDTH_MAX) return tag - TAG_DELTA
  if (tag > TAG_PLANES && tag <= TAG_PLANES + PLANES_MAX) return (tag - TAG_PLANES) * 8
  if (tag > TAG_DELTA_PLANES && tag <= TAG_DELTA_PLANES + PLANES_MAX) return (tag - TAG_DELTA_PLANES) * 8
  throw partCorrupt(`there is no form ${tag} of a sequence`)
}

/** As `readSequence`, of integers from 0 to `max` (below 2^32). */
export function readIndexes(source: ByteSource, count: number, max: number, what: string): Uint32Array {
  const indexes = new Uint32Array(count)
  const at = source.at
  const worst = readSmall(source, count, indexes) ?? copyInto(indexes, sequenceAt(source, at, count))
  if (worst < 0 || worst > max) throw partCorrupt(`${what} is ${worst}, at most ${max} is possible`)
  return indexes
}

/**
 * As `readIndexes`, in runs, where they are stored so; null where they are not: then nothing is read, and nothing known
 * of what there is.
 */
export function readIndexRuns(source: ByteSource, count: number, max: number, what: string): RowRuns | null {
  const { at } = source
  const tag = source.u8()
  if (tag !== 0 && tag !== TAG_RUNS) {
    source.goTo(at)
    return null
  }
  const runs = tag === 0 ? oneRun(source.signedVarint(), count) : runsOf(source, count)
  const worst = runs.worst
  if (worst < 0 || worst > max) throw partCorrupt(`${what} is ${worst}, at most ${max} is possible`)
  return runs
}

interface CheckedRuns extends RowRuns {
  /** As `copyInto`. */
  readonly worst: number
}

function oneRun(value: number, count: number): CheckedRuns {
  return { groups: Uint32Array.of(value), ends: Uint32Array.of(count), worst: value }
}

function runsOf(source: ByteSource, count: number): CheckedRuns {
  const runCount = source.varintUpTo(count, 'the number of runs')
  if (runCount === 0) throw partCorrupt('it has no runs')
  const groups = new Uint32Array(runCount)
  const { at } = source
  const worst =
    readSmall(source, runCount, groups, NO_RUNS) ?? copyInto(groups, plainAt(source, at, runCount))
  const lengths = readSequence(source, runCount, NO_RUNS)
  const ends = new Uint32Array(runCount)
  let end = 0
  for (let run = 0; run < runCount; run++) {
    if (!(lengths[run] >= 0 && lengths[run] < count)) throw partCorrupt('its runs have more rows than it has')
    end += lengths[run] + 1
    ends[run] = end
  }
  if (end !== count) throw partCorrupt('its runs have other rows than it has')
  return { groups, ends, worst }
}

function plainAt(source: ByteSource, at: number, count: number): Float64Array {
  source.goTo(at)
  return readSequence(source, count, NO_RUNS)
}

function sequenceAt(source: ByteSource, at: number, count: number): Float64Array {
  source.goTo(at)
  return readSequence(source, count)
}

/** The smallest number where it is below 0, else the largest. */
function copyInto(indexes: Uint32Array, numbers: Float64Array): number {
  let smallest = 0
  let largest = 0
  for (let i = 0; i < indexes.length; i++) {
    const value = numbers[i]
    if (value > largest) largest = value
    else if (value < smallest) smallest = value
    indexes[i] = value
  }
  return smallest < 0 ? smallest : largest
}

/**
 * Reads a sequence all of whose numbers surely have at most 31 bits without making doubles of them, and answers as
 * `copyInto`. Null where they may have more: then nothing is known of what was read.
 */
function readSmall(
  source: ByteSource,
  count: number,
  indexes: Uint32Array,
  mayHaveRuns = true,
): number | null {
  const tag = source.u8()
  if (tag === TAG_RUNS && mayHaveRuns) return spreadRuns(source, indexes)
  const base = source.signedVarint()
  if (Math.abs(base) > SMALL_MAX) return null
  if (tag === 0) {
    indexes.fill(base)
    return base
  }
  const width = widthOf(tag)
  const isDelta = isDeltaTag(tag)
  if (Math.abs(base) + 2 ** width * (isDelta ? count : 1) > SMALL_MAX) return null
  const { low } = tag > TAG_PLANES ? readPlanes(source, count, width / 8) : unpackBits(source, count, width)
  return isDelta ? addSmallDeltas(low, base, indexes) : addSmallOffset(low, base, indexes)
}

function addSmallOffset(low: Uint32Array, base: number, indexes: Uint32Array): number {
  let smallest = 0
  let largest = 0
  for (let i = 0; i < indexes.length; i++) {
    const value = (low[i] + base) | 0
    if (value > largest) largest = value
    else if (value < smallest) smallest = value
    indexes[i] = value
  }
  return smallest < 0 ? smallest : largest
}

function addSmallDeltas(low: Uint32Array, first: number, indexes: Uint32Array): number {
  let smallest = 0
  let largest = 0
  let value = first | 0
  for (let i = 0; i < indexes.length; i++) {
    const zigzag = low[i] | 0
    value = (value + ((zigzag >>> 1) ^ -(zigzag & 1))) | 0
    if (value > largest) largest = value
    else if (value < smallest) smallest = value
    indexes[i] = value
  }
  return smallest < 0 ? smallest : largest
}

function readPlanes(source: ByteSource, count: number, planes: number): Words {
  const at = source.skip(count * planes)
  const words = sharedWords(count, planes > 4)
  const { bytes } = source
  for (let plane = 0; plane < planes; plane++) {
    const into = plane < 4 ? words.low : words.high
    const shift = (plane & 3) * 8
    const from = at + plane * count
    if (shift === 0) for (let i = 0; i < count; i++) into[i] = bytes[from + i]
    else for (let i = 0; i < count; i++) into[i] |= bytes[from + i] << shift
  }
  return words
}

function readRuns(source: ByteSource, count: number): Float64Array {
  const numbers = new Float64Array(count)
  spreadRuns(source, numbers)
  return numbers
}

/** Fills all of `into`, and answers as `copyInto`. */
function spreadRuns(source: ByteSource, into: Float64Array | Uint32Array): number {
  const count = into.length
  const runCount = source.varintUpTo(count, 'the number of runs')
  if (runCount === 0) throw partCorrupt('it has no runs')
  const values = readSequence(source, runCount, NO_RUNS)
  const lengths = readSequence(source, runCount, NO_RUNS)
  let at = 0
  for (let run = 0; run < runCount; run++) {
    const end = at + lengths[run] + 1
    if (!(end > at && end <= count)) throw partCorrupt('its runs have more rows than it has')
    const value = values[run]
    if (end - at < FILL_MIN) while (at < end) into[at++] = value
    else into.fill(value, at, end)
    at = end
  }
  if (at < count) throw partCorrupt('its runs have fewer rows than it has')
  const { min, max } = boundsOf(values)
  return min < 0 ? min : max
}

function checkSafe(numbers: Float64Array): Float64Array {
  let largest = 0
  for (let i = 0; i < numbers.length; i++) {
    const magnitude = Math.abs(numbers[i])
    if (magnitude > largest) largest = magnitude
  }
  if (largest > Number.MAX_SAFE_INTEGER) throw partCorrupt('a number has more than 53 bits')
  return numbers
}
