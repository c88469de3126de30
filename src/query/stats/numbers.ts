/** Numbers of rows for functions that compute. */
import type { Column } from '../../record/record.ts'
import type { BatchColumn, StoredValues, TextGroups } from '../batches/batch-column.ts'
import type { FieldPattern } from '../batches/fields-wanted.ts'
import { NumberColumn } from '../batches/number-column.ts'
import type { RowBatch } from '../batches/row-batch.ts'
import { TimeColumn } from '../batches/text-columns.ts'
import { parseNumberText } from '../values/number-text.ts'
import { decodeText } from '../values/text.ts'
import { columnsOf } from './arguments.ts'

/** By field that has some number, by row: its number; NaN where the text is none. */
export function readNumbers(batch: RowBatch, fields: readonly FieldPattern[]): Float64Array[] {
  const all: Float64Array[] = []
  for (const { column } of columnsOf(batch, fields)) {
    const numbers = column === null ? null : numbersOf(column, batch.rowCount)
    if (numbers !== null) all.push(numbers)
  }
  return all
}

/** Null where no row has a number. */
function numbersOf(column: BatchColumn, rowCount: number): Float64Array | null {
  if (column instanceof NumberColumn) return column.numbers
  if (column instanceof TimeColumn) return null
  const groups = column.groups()
  if (groups !== null) return numbersOfGroups(groups, rowCount)
  const stored = column.stored?.() ?? null
  return stored === null ? numbersOfTexts(column.texts()) : numbersOfBytes(stored)
}

function numbersOfTexts(texts: readonly string[]): Float64Array {
  const numbers = new Float64Array(texts.length)
  let last = ''
  let number = Number.NaN
  for (let row = 0; row < texts.length; row++) {
    const text = texts[row]
    if (text !== last) {
      last = text
      number = parseNumberText(text)
    }
    numbers[row] = number
  }
  return numbers
}

function numbersOfGroups({ texts, ofRow }: TextGroups, rowCount: number): Float64Array | null {
  const ofGroup = Float64Array.from(texts, parseNumberText)
  if (ofGroup.every(Number.isNaN)) return null
  if (ofRow === null) return new Float64Array(rowCount).fill(ofGroup[0])
  const numbers = new Float64Array(rowCount)
  for (let row = 0; row < rowCount; row++) numbers[row] = ofGroup[ofRow[row]]
  return numbers
}

// ---- bytes --------------------------------------------------------------------------------------------------

const MINUS = 0x2d
const POINT = 0x2e
const ZERO = 0x30
const NINE = 0x39
/** A float holds as many decimal digits exactly, and so it does the powers of ten that they are divided by. */
const DIGITS_MAX = 15
const POWERS = Float64Array.from({ length: DIGITS_MAX + 1 }, (_, digits) => 10 ** digits)

/** Short decimal numbers cost no text. */
function numbersOfBytes({ column, rows }: StoredValues): Float64Array | null {
  if (column === null) return null
  const { data, starts, lengths } = column
  const count = rows?.length ?? starts.length
  const numbers = new Float64Array(count)
  for (let at = 0; at < count; at++) {
    const row = rows === null ? at : rows[at]
    const start = starts[row]
    const length = lengths[row]
    const number = decimalOf(data, start, start + length)
    numbers[at] = Number.isNaN(number) && length > 0 ? numberOf(column, row) : number
  }
  return numbers
}

function numberOf({ data, starts, lengths }: Column, row: number): number {
  const first = data[starts[row]]
  // A letter begins no number but `inf`.
  if ((first | 0x20) > 0x60 && (first | 0x20) !== 0x69) return Number.NaN
  return parseNumberText(decodeText(data.slice(starts[row], starts[row] + lengths[row])))
}

/** `15`, `-0.25`; NaN for whatever is longer or written otherwise. */
function decimalOf(data: Uint8Array, start: number, end: number): number {
  const isNegative = data[start] === MINUS
  const first = isNegative ? start + 1 : start
  if (end <= first || end - first > DIGITS_MAX + 1) return Number.NaN
  let value = 0
  let point = -1
  for (let at = first; at < end; at++) {
    const byte = data[at]
    if (byte >= ZERO && byte <= NINE) value = value * 10 + byte - ZERO
    else if (byte === POINT && point < 0 && at > first && at + 1 < end) point = at
    else return Number.NaN
  }
  if (point < 0 && end - first > DIGITS_MAX) return Number.NaN
  if (point >= 0) value /= POWERS[end - point - 1]
  return isNegative ? -value : value
}
