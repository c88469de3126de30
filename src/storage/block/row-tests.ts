/**
 * A test of the rows of one template in one block, decided on as little as possible, in this order:
 *
 *   windows    the pieces of a row where a needle may stand, as the template and the facts of the part tell
 *   bytes      a window whose text and columns lack a byte of the needle falls away; no row is decoded for that
 *   numbers    where the needle can only stand within the values of one slot, their numbers may rule it out unprinted
 *   values     a window of one slot with a dictionary is put together once a distinct value
 *   search     where the needle can only stand within the values of one slot, those without are passed over by one
 *              search in all of them
 *   rows       of what is left the windows are put together row by row
 *
 * Invariant: answers as the test of the whole row would.
 */
import type { Bitset } from '../../base/base.ts'
import type { ValueTest } from '../../record/record.ts'
import type { EncodedColumn, MaterializedColumn } from '../columns/encoding.ts'
import type { Template } from '../template/template.ts'
import type { TemplateWindow } from '../template/template-match.ts'
import {
  ANSWER_ALL,
  ANSWER_NONE,
  ANSWER_SOME,
  type TemplateAnswers,
  type Window,
} from './template-answers.ts'
import type { RowRenderer, TemplateRows } from './template-rows.ts'

const UNKNOWN = 0
const PASSES = 1
const FAILS = 2
/** What a value has that costs what a test says. */
const USUAL_BYTES = 64
/** Longer needles are left to the test: it takes care of those that are made to be slow. */
const SEARCHED_BYTES_MAX = 64
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
}

/** All of the rows pass, or none. */
export function sameForAll(answer: number, rowCount: number, cost = 0): RowTest {
  const passes = answer === ANSWER_ALL
  return { answer, cost, passes: () => passes, count: () => (passes ? rowCount : 0) }
}

/** A test of the values of a column: once a distinct value where it has a dictionary. PART_CORRUPT. */
export function columnTest(column: EncodedColumn, test: ValueTest): RowTest {
  return valueTest(column, test.cost, ({ data, starts, lengths }) => {
    return (value) => test.test(data, starts[value], starts[value] + lengths[value])
  })
}

/** Of all tests of values that a count may take at once, in units of `ValueTest.cost`: some milliseconds. */
export const COUNT_COST_MAX = 2_000_000

/** A test of the rows of a template whose answer is ANSWER_SOME. PART_CORRUPT. */
export function templateTest(
  rows: TemplateRows,
  number: number,
  test: ValueTest,
  answers: TemplateAnswers,
  renderer: RowRenderer,
): RowTest {
  const windows = answers.windowsOf(number).filter((window) => mayHold(rows, window, answers))
  if (windows.length === 0) return sameForAll(ANSWER_NONE, rows.rowCount)
  if (!answers.isDecidedByWindows) return windowTest(rows, wholeOf(rows.template), test, renderer)
  const tests: RowTest[] = []
  let cost = 0
  for (const window of windows) {
    const piece = windowTest(rows, window, test, renderer)
    cost += piece.cost
    if (piece.answer === ANSWER_ALL) return sameForAll(ANSWER_ALL, rows.rowCount, cost)
    if (piece.answer === ANSWER_SOME) tests.push(piece)
  }
  if (tests.length === 0) return sameForAll(ANSWER_NONE, rows.rowCount, cost)
  if (tests.length === 1) return tests[0]
  return rowsTest(rows.rowCount, cost, (row) => tests.some((piece) => piece.passes(row)))
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

/** Whether the window has every byte of the needle, in its text or in the columns of its slots. */
function mayHold(
  rows: TemplateRows,
  { fromSegment, toSegment, missing }: Window,
  { needleBits }: TemplateAnswers,
): boolean {
  if (needleBits === null) return true
  let left = missing
  for (let slot = fromSegment; slot < toSegment && left !== 0; slot++)
    left &= ~rows.bitsHeld(slot, needleBits)
  return left === 0
}

function windowTest(
  rows: TemplateRows,
  { fromSegment, toSegment }: TemplateWindow,
  test: ValueTest,
  renderer: RowRenderer,
): RowTest {
  const { template, rowCount } = rows
  const columns = rows.columns(fromSegment, toSegment)
  if (columns.length === 0) {
    const end = renderer.render(template, fromSegment, [], 0)
    return sameForAll(test.test(renderer.bytes, 0, end) ? ANSWER_ALL : ANSWER_NONE, rowCount, test.cost)
  }
  if (columns.length === 1) {
    const needle = answersNeedle(test)
    const isInside = needle !== null && !mayTouchText(template, fromSegment, needle)
    const passesOf = (values: MaterializedColumn) => (value: number) => {
      const end = renderer.render(template, fromSegment, [values], value)
      return test.test(renderer.bytes, 0, end)
    }
    return valueTest(columns[0], test.cost, passesOf, isInside ? needle : null)
  }
  const values = columns.map((column) => column.materialize())
  const bytes = values.reduce((sum, { data }) => sum + data.length, 0)
  return rowsTest(rowCount, costOfAll(rowCount, bytes, test.cost), (row) => {
    const end = renderer.render(template, fromSegment, values, row)
    return test.test(renderer.bytes, 0, end)
  })
}

/** The bytes that every value has that passes, where they are one needle of a length that is searched in no time. */
function answersNeedle({ needles }: ValueTest): Uint8Array | null {
  if (needles?.length !== 1) return null
  const [{ bytes }] = needles
  return bytes.length <= SEARCHED_BYTES_MAX ? bytes : null
}

/** Whether a needle may stand in the text before or behind a slot, or begin or end in it. */
function mayTouchText({ text, slots }: Template, slot: number, needle: Uint8Array): boolean {
  const before = slot === 0 ? 0 : slots[slot - 1]
  const at = slots[slot]
  const behind = slot + 1 === slots.length ? text.length : slots[slot + 1]
  for (let length = 1; length < needle.length; length++) {
    if (length <= at - before && isAt(text, at - length, needle, 0, length)) return true
    if (length <= behind - at && isAt(text, at, needle, needle.length - length, length)) return true
  }
  return Buffer.from(text.buffer, text.byteOffset + before, behind - before).indexOf(needle) >= 0
}

function isAt(text: Uint8Array, at: number, needle: Uint8Array, from: number, length: number): boolean {
  for (let index = 0; index < length; index++) if (text[at + index] !== needle[from + index]) return false
  return true
}

/**
 * A test of values, made once they are decoded: of the distinct ones where the column has a dictionary. `needle` stands
 * within every value that passes; null: nothing is known.
 */
function valueTest(
  column: EncodedColumn,
  valueCost: number,
  passesOf: (values: MaterializedColumn) => (value: number) => boolean,
  needle: Uint8Array | null = null,
): RowTest {
  const { dictionary, rowCount } = column
  if (needle !== null && !column.mayContain(needle)) return sameForAll(ANSWER_NONE, rowCount, rowCount)
  const values = dictionary === null ? column.materialize() : dictionary.entries()
  const count = values.starts.length
  const cost = costOfAll(count, values.data.length, valueCost)
  const passes = passesOf(values)
  const codes = dictionary === null ? null : () => dictionary.codes()
  if (needle === null && (codes === null || cost > EAGER_COST_MAX)) {
    const lazy = codes === null ? passes : oncePerValue(count, codes(), passes)
    return rowsTest(rowCount, cost, lazy)
  }
  const passing = needle === null ? passingOf(values, passes) : passingWith(values, needle, passes)
  let passingCount = 0
  for (let value = 0; value < count; value++) passingCount += passing[value]
  if (passingCount === 0) return sameForAll(ANSWER_NONE, rowCount, cost)
  if (passingCount === count) return sameForAll(ANSWER_ALL, rowCount, cost)
  return codes === null
    ? { answer: ANSWER_SOME, cost, passes: (row) => passing[row] === 1, count: () => passingCount }
    : codesTest(codes(), passing, cost)
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
  }
}

/** A distinct value is tested when the first row with it is asked for. */
function oncePerValue(
  count: number,
  codes: Uint32Array,
  passes: (value: number) => boolean,
): (row: number) => boolean {
  const known = new Uint8Array(count)
  return (row) => {
    const code = codes[row]
    if (known[code] === UNKNOWN) known[code] = passes(code) ? PASSES : FAILS
    return known[code] === PASSES
  }
}

/** Of all tests of values, in units of `ValueTest.cost`: long values cost more. */
function costOfAll(count: number, bytes: number, valueCost: number): number {
  return (count + bytes / USUAL_BYTES) * valueCost
}

/** By value: 1 where it passes. */
function passingOf({ starts }: MaterializedColumn, passes: (value: number) => boolean): Uint8Array {
  const passing = new Uint8Array(starts.length)
  for (let value = 0; value < passing.length; value++) if (passes(value)) passing[value] = 1
  return passing
}

/** The same, where a needle stands within each value that passes: values without are found by one search over all. */
function passingWith(
  values: MaterializedColumn,
  needle: Uint8Array,
  passes: (value: number) => boolean,
): Uint8Array {
  const { data, starts, lengths } = values
  if (!isConsecutive(values)) return passingOf(values, passes)
  const passing = new Uint8Array(starts.length)
  const bytes = Buffer.from(data.buffer, data.byteOffset, data.byteLength)
  let value = 0
  for (let at = bytes.indexOf(needle); at >= 0 && value < starts.length; ) {
    while (value < starts.length && starts[value] + lengths[value] <= at) value++
    if (value === starts.length) break
    // Where it reaches into the next value this one has it nowhere else: there is nothing more to find in it.
    if (passes(value)) passing[value] = 1
    at = bytes.indexOf(needle, starts[value] + lengths[value])
    value++
  }
  return passing
}

/** Whether values lie in the order of their numbers, none in another. */
function isConsecutive({ starts, lengths }: MaterializedColumn): boolean {
  for (let value = 1; value < starts.length; value++)
    if (starts[value] < starts[value - 1] + lengths[value - 1]) return false
  return true
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
