/**
 * A test of the rows of one template in one block, decided on as little as possible, in this order:
 *
 *   windows    the pieces of a row where a needle may stand, as the template and the facts of the part tell
 *   bytes      a window whose text and columns lack a byte of each needle falls away; no row is decoded for that
 *   numbers    where needles can only stand within the values of one slot, their numbers may rule them out unprinted
 *   values     a window of one slot with a dictionary is put together once a distinct value
 *   search     where needles can only stand within the values of one slot, those without are passed over by one
 *              search in all of them
 *   rows       of what is left the windows are put together row by row
 *
 * Invariant: answers as the test of the whole row would.
 */
import type { Bitset } from '../../base/base.ts'
import { type NumberRange, RowWriter, type RowWriterMemory, type ValueTest } from '../../record/record.ts'
import type { EncodedColumn, MaterializedColumn } from '../columns/encoding.ts'
import type { Template } from '../template/template.ts'
import type { TemplateWindow } from '../template/template-match.ts'
import type { NeedleSearch } from './needle-search.ts'
import {
  ANSWER_ALL,
  ANSWER_NONE,
  ANSWER_SOME,
  type TemplateAnswers,
  type Window,
} from './template-answers.ts'
import type { TemplateRows } from './template-rows.ts'

const UNKNOWN = 0
const PASSES = 1
const FAILS = 2
/** What a value has that costs what a test says. */
const USUAL_BYTES = 64
/** More tests of distinct values are not done at once, but when rows are asked for. */
const EAGER_COST_MAX = 400_000

/** What is known of some rows, numbered from 0: ANSWER_ALL, ANSWER_NONE, or ANSWER_SOME and a test of each. */
export interface RowTest {
  readonly answer: number
  /** Roughly what asking all rows costs, or has cost already, in units of `ValueTest.cost`. */
  readonly cost: number
  passes(row: number): boolean
  /** How many rows pass. PART_CORRUPT. */
  count(): number
  /** Sets 1 for each row that passes; absent where rows are asked one by one. PART_CORRUPT. */
  readonly mark?: (rows: Uint8Array) => void
}

/** All of the rows pass, or none. */
export function sameForAll(answer: number, rowCount: number, cost = 0): RowTest {
  const passes = answer === ANSWER_ALL
  return { answer, cost, passes: () => passes, count: () => (passes ? rowCount : 0) }
}

/**
 * A test of the values of a column: once a distinct value where it has a dictionary. `search` is of the same test.
 * PART_CORRUPT.
 */
export function columnTest(
  column: EncodedColumn,
  test: ValueTest,
  search: NeedleSearch | null = null,
): RowTest {
  const passesOf =
    ({ data, starts, lengths }: MaterializedColumn) =>
    (value: number) =>
      test.test(data, starts[value], starts[value] + lengths[value])
  return valueTest(column, test.cost, passesOf, search)
}

/** Of all tests of values that a count may take at once, in units of `ValueTest.cost`: some milliseconds. */
export const COUNT_COST_MAX = 2_000_000

/** A test of the rows of a template whose answer is ANSWER_SOME. PART_CORRUPT. */
export function templateTest(
  rows: TemplateRows,
  number: number,
  test: ValueTest,
  answers: TemplateAnswers,
  memory: RowWriterMemory,
): RowTest {
  const { search } = answers
  const wanted = answers.bytesWanted(number)
  if (wanted !== null) return lengthsTest(rows, wanted)
  const windows = answers.windowsOf(number).filter((window) => mayHold(rows, window, search))
  if (windows.length === 0) return sameForAll(ANSWER_NONE, rows.rowCount)
  if (answers.isDecidedByWindows(number)) return anyWindowTest(rows, windows, test, search, memory)
  const isPart = windows.every(
    ({ fromSegment, toSegment }) => toSegment - fromSegment < rows.template.slots.length,
  )
  if (search === null || !isPart) return windowTest(rows, wholeOf(rows.template), test, search, memory)
  return bothTests(
    anyWindowTest(rows, windows, search.test, search, memory),
    windowTest(rows, wholeOf(rows.template), test, null, memory),
    rows.rowCount,
  )
}

/** Rows with so many bytes: none is put together. */
function lengthsTest(rows: TemplateRows, { min, max }: NumberRange): RowTest {
  const { rowCount } = rows
  const lengths = rows.lengths()
  const passing = new Uint8Array(rowCount)
  for (let row = 0; row < rowCount; row++) if (lengths[row] >= min && lengths[row] <= max) passing[row] = 1
  return knownTest(passing, sumOf(passing), null, rowCount, rowCount)
}

/** Whether one of the windows passes. */
function anyWindowTest(
  rows: TemplateRows,
  windows: readonly Window[],
  test: ValueTest,
  search: NeedleSearch | null,
  memory: RowWriterMemory,
): RowTest {
  const tests: RowTest[] = []
  let cost = 0
  for (const window of windows) {
    const piece = windowTest(rows, window, test, search, memory)
    cost += piece.cost
    if (piece.answer === ANSWER_ALL) return sameForAll(ANSWER_ALL, rows.rowCount, cost)
    if (piece.answer === ANSWER_SOME) tests.push(piece)
  }
  if (tests.length === 0) return sameForAll(ANSWER_NONE, rows.rowCount, cost)
  if (tests.length === 1) return tests[0]
  if (tests.some(({ mark }) => mark === undefined))
    return rowsTest(rows.rowCount, cost, (row) => tests.some((piece) => piece.passes(row)))
  const marked = new Uint8Array(rows.rowCount)
  for (const { mark } of tests) mark!(marked)
  return knownTest(marked, sumOf(marked), null, rows.rowCount, cost)
}

/** The first one is the cheaper one. */
function bothTests(first: RowTest, second: RowTest, rowCount: number): RowTest {
  if (first.answer === ANSWER_ALL || second.answer === ANSWER_NONE) return second
  if (first.answer === ANSWER_NONE || second.answer === ANSWER_ALL) return first
  return rowsTest(rowCount, first.cost + second.cost, (row) => first.passes(row) && second.passes(row))
}

/** Takes the rows out that do not pass. PART_CORRUPT. */
export function keepPassing(rows: Bitset, rowTest: RowTest): void {
  if (rowTest.answer === ANSWER_ALL) return
  if (rowTest.answer === ANSWER_NONE) {
    rows.clear()
    return
  }
  const { words } = rows
  for (let at = 0; at < words.length; at++) {
    let kept = words[at]
    for (let left = kept; left !== 0; left &= left - 1) {
      const bit = left & -left
      if (!rowTest.passes((at << 5) + 31 - Math.clz32(bit))) kept &= ~bit
    }
    words[at] = kept
  }
}

const wholeOf = ({ slots }: Template): TemplateWindow => ({ fromSegment: 0, toSegment: slots.length })

/** Whether the window has every byte of a needle, in its text or in the columns of its slots. */
function mayHold(
  rows: TemplateRows,
  { fromSegment, toSegment, held }: Window,
  search: NeedleSearch | null,
): boolean {
  if (search === null || search.mayHold(held)) return true
  let bits = held
  for (let slot = fromSegment; slot < toSegment; slot++) {
    bits |= rows.bitsHeld(slot, search.bitsOf)
    if (search.mayHold(bits)) return true
  }
  return false
}

function windowTest(
  rows: TemplateRows,
  { fromSegment, toSegment }: TemplateWindow,
  test: ValueTest,
  search: NeedleSearch | null,
  memory: RowWriterMemory,
): RowTest {
  const { template, rowCount } = rows
  const columns = rows.columns(fromSegment, toSegment)
  const { text, slots } = pieceOf(template, fromSegment, toSegment)
  if (columns.length === 0)
    return sameForAll(test.test(text, 0, text.length) ? ANSWER_ALL : ANSWER_NONE, rowCount, test.cost)
  const passesOf = (values: readonly MaterializedColumn[]) => {
    const writer = new RowWriter(text, slots, values, memory)
    return (row: number) => test.test(memory.bytes, 0, writer.write(row))
  }
  if (columns.length === 1) {
    const isInside = search !== null && !mayTouchText(template, fromSegment, search)
    return valueTest(columns[0], test.cost, (values) => passesOf([values]), isInside ? search : null)
  }
  const values = columns.map((column) => column.materialize())
  const bytes = values.reduce((sum, { data }) => sum + data.length, 0)
  return rowsTest(rowCount, costOfAll(rowCount, bytes, test.cost), passesOf(values))
}

/** From the beginning of a segment to the end of the one behind the last slot. */
function pieceOf(
  { text, slots }: Template,
  fromSegment: number,
  toSegment: number,
): Pick<Template, 'text' | 'slots'> {
  const from = fromSegment === 0 ? 0 : slots[fromSegment - 1]
  const end = toSegment === slots.length ? text.length : slots[toSegment]
  return {
    text: text.subarray(from, end),
    slots: slots.slice(fromSegment, toSegment).map((at) => at - from),
  }
}

/** Whether a needle may stand in the text before or behind a slot, or begin or end in it. */
function mayTouchText({ text, slots }: Template, slot: number, search: NeedleSearch): boolean {
  const before = slot === 0 ? 0 : slots[slot - 1]
  const at = slots[slot]
  const behind = slot + 1 === slots.length ? text.length : slots[slot + 1]
  return search.mayTouch(text.subarray(before, at), text.subarray(at, behind))
}

/**
 * A test of values, made once they are decoded: of the distinct ones where the column has a dictionary. A needle of
 * `search` stands within every value that passes; null: nothing is known.
 */
function valueTest(
  column: EncodedColumn,
  valueCost: number,
  passesOf: (values: MaterializedColumn) => (value: number) => boolean,
  search: NeedleSearch | null,
): RowTest {
  const { dictionary, rowCount } = column
  if (search !== null && !search.mayBeIn(column)) return sameForAll(ANSWER_NONE, rowCount, rowCount)
  const codes = dictionary === null ? null : () => dictionary.codes()
  const known = search?.columnWith(column) ?? null
  if (known !== null) {
    const knownCount = sumOf(known)
    if (knownCount === 0 || search!.decides)
      return knownTest(known, knownCount, codes, rowCount, known.length)
  }
  const values = dictionary === null ? column.materialize() : dictionary.entries()
  const count = values.starts.length
  const candidates = known ?? search?.valuesWith(values) ?? null
  const candidateCount = candidates === null ? count : sumOf(candidates)
  if (candidateCount === 0) return sameForAll(ANSWER_NONE, rowCount, count)
  if (candidates !== null && search!.decides)
    return knownTest(candidates, candidateCount, codes, rowCount, count)
  const bytes = (values.data.length * candidateCount) / count
  const cost = costOfAll(candidateCount, bytes, valueCost)
  const passes = passesOf(values)
  const isEager = cost <= EAGER_COST_MAX && (codes !== null || candidates !== null)
  if (!isEager) return rowsTest(rowCount, cost, onceAsked(candidates, count, codes, passes))
  const passing = candidates ?? new Uint8Array(count).fill(1)
  let passingCount = 0
  for (let value = 0; value < count; value++) {
    if (passing[value] === 1 && !passes(value)) passing[value] = 0
    passingCount += passing[value]
  }
  return knownTest(passing, passingCount, codes, rowCount, cost)
}

/** `passing`: by value, 1 where it passes. `codes` are the values of rows; null: as many rows, in their order. */
function knownTest(
  passing: Uint8Array,
  passingCount: number,
  codes: (() => Uint32Array) | null,
  rowCount: number,
  cost: number,
): RowTest {
  if (passingCount === 0) return sameForAll(ANSWER_NONE, rowCount, cost)
  if (passingCount === passing.length) return sameForAll(ANSWER_ALL, rowCount, cost)
  if (codes !== null) return codesTest(codes(), passing, cost)
  return {
    answer: ANSWER_SOME,
    cost,
    passes: (row) => passing[row] === 1,
    count: () => passingCount,
    mark(rows) {
      for (let row = 0; row < rows.length; row++) rows[row] |= passing[row]
    },
  }
}

function codesTest(codes: Uint32Array, passing: Uint8Array, cost: number): RowTest {
  return {
    answer: ANSWER_SOME,
    cost: cost + codes.length,
    passes: (row) => passing[codes[row]] === 1,
    count() {
      let rows = 0
      for (let row = 0; row < codes.length; row++) rows += passing[codes[row]]
      return rows
    },
    mark(rows) {
      for (let row = 0; row < rows.length; row++) rows[row] |= passing[codes[row]]
    },
  }
}

/** A value is tested when the first row with it is asked for. `candidates`: others fail; null: any may pass. */
function onceAsked(
  candidates: Uint8Array | null,
  count: number,
  codes: (() => Uint32Array) | null,
  passes: (value: number) => boolean,
): (row: number) => boolean {
  const mayPass = (value: number): boolean => candidates === null || candidates[value] === 1
  if (codes === null) return (row) => mayPass(row) && passes(row)
  const known = new Uint8Array(count)
  const codeOf = codes()
  return (row) => {
    const code = codeOf[row]
    if (known[code] === UNKNOWN) known[code] = mayPass(code) && passes(code) ? PASSES : FAILS
    return known[code] === PASSES
  }
}

/** Of all tests of values, in units of `ValueTest.cost`: long values cost more. */
function costOfAll(count: number, bytes: number, valueCost: number): number {
  return (count + bytes / USUAL_BYTES) * valueCost
}

function sumOf(flags: Uint8Array): number {
  let sum = 0
  for (let at = 0; at < flags.length; at++) sum += flags[at]
  return sum
}

function rowsTest(rowCount: number, cost: number, passes: (row: number) => boolean): RowTest {
  return {
    answer: ANSWER_SOME,
    cost,
    passes,
    count() {
      let count = 0
      for (let row = 0; row < rowCount; row++) if (passes(row)) count++
      return count
    },
  }
}
