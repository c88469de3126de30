/** Columns as numbers: of pipes that compute, and of texts that are numbers. */
import { numberText, parseNumberOrMoment } from '../values/number-text.ts'
import type { BatchColumn, TextGroups } from './batch-column.ts'
import type { RowBatch } from './row-batch.ts'
import { TimeColumn } from './text-columns.ts'

/** Numbers that print as numberText has them, which costs nothing where nobody reads them as text. */
export class NumberColumn implements BatchColumn {
  readonly numbers: Float64Array
  #texts: readonly string[] | null = null

  constructor(numbers: Float64Array) {
    this.numbers = numbers
  }

  texts(): readonly string[] {
    this.#texts ??= textsOf(this.numbers)
    return this.#texts
  }

  kinds(): null {
    return null
  }

  groups(): null {
    return null
  }

  select(rows: Uint32Array): BatchColumn {
    const numbers = new Float64Array(rows.length)
    for (let at = 0; at < rows.length; at++) numbers[at] = this.numbers[rows[at]]
    return new NumberColumn(numbers)
  }
}

function textsOf(numbers: Float64Array): string[] {
  const texts = new Array<string>(numbers.length)
  for (let row = 0; row < texts.length; row++) {
    const isSame = row > 0 && Object.is(numbers[row], numbers[row - 1])
    texts[row] = isSame ? texts[row - 1] : numberText(numbers[row])
  }
  return texts
}

/** By row, what `parseNumberOrMoment` says of the text of a field. */
export function numbersOrMomentsOf(batch: RowBatch, field: string): Float64Array {
  const column = batch.column(field)
  if (column instanceof NumberColumn) return column.numbers
  if (column instanceof TimeColumn) return momentsOf(column)
  if (column === null) return new Float64Array(batch.rowCount).fill(Number.NaN)
  const groups = column.groups()
  return groups === null ? numbersOfTexts(column.texts()) : numbersOfGroups(groups, batch.rowCount)
}

function numbersOfTexts(texts: readonly string[]): Float64Array {
  const numbers = new Float64Array(texts.length)
  for (let row = 0; row < texts.length; row++) {
    const isSame = row > 0 && texts[row] === texts[row - 1]
    numbers[row] = isSame ? numbers[row - 1] : parseNumberOrMoment(texts[row])
  }
  return numbers
}

function numbersOfGroups({ texts, ofRow }: TextGroups, rowCount: number): Float64Array {
  const numbers = new Float64Array(rowCount)
  if (ofRow === null) return numbers.fill(parseNumberOrMoment(texts[0]))
  const isRead = new Uint8Array(texts.length)
  const ofGroup = new Float64Array(texts.length)
  for (let row = 0; row < rowCount; row++) {
    const group = ofRow[row]
    if (isRead[group] === 0) {
      isRead[group] = 1
      ofGroup[group] = parseNumberOrMoment(texts[group])
    }
    numbers[row] = ofGroup[group]
  }
  return numbers
}

/** Nanoseconds since the epoch, rounded once: whole seconds are exact, and so is what is below a second. */
function momentsOf({ timesMs, timesNs }: TimeColumn): Float64Array {
  const numbers = new Float64Array(timesMs.length)
  for (let row = 0; row < numbers.length; row++) {
    const seconds = Math.floor(timesMs[row] / 1000)
    numbers[row] = seconds * 1e9 + ((timesMs[row] - seconds * 1000) * 1e6 + timesNs[row])
  }
  return numbers
}
