/** Numbers of rows for functions that compute. */
import type { FieldPattern } from '../fields-wanted.ts'
import { NumberColumn } from '../number-column.ts'
import { parseNumberText } from '../number-text.ts'
import { type BatchColumn, type RowBatch, type TextGroups, TimeColumn } from '../row-batch.ts'
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
  return groups === null ? numbersOfTexts(column.texts()) : numbersOfGroups(groups, rowCount)
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
