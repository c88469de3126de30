/**
 * The order of rows by their fields, for `sort` and what is like it: the keys of many rows, column by column, so that
 * two rows are compared without a look at their texts. Values are in the order of value-order.ts; rows that are the same
 * in all fields are in the order of their records (time, id), and what is no record behind it in the order of arrival.
 */

import { compareNatural, compareValues, valueKey } from '../values/value-order.ts'
import type { BatchKeys, RowBatch } from './row-batch.ts'

export interface OrderField {
  readonly field: string
  readonly isDesc: boolean
}

export interface RowOrder {
  readonly by: readonly OrderField[]
  /** The newest record first, of rows that are the same in all fields. */
  readonly isNewestFirst: boolean
  /** Of several rows of one record the last one first. */
  readonly isLastFirst?: boolean
}

const RANK_NOTHING = valueKey('').rank
const RANK_NUMBER = valueKey('0').rank
const RANK_TIME = valueKey('1970-01-01T00:00:00Z').rank

/** What the values of one field count as, by row. */
interface KeyColumn {
  readonly ranks: Uint8Array
  /** The number, or milliseconds of the time. */
  readonly numbers: Float64Array
  readonly ns: Uint32Array
  /** Empty for times: nobody looks. */
  readonly texts: readonly string[]
}

/** Bytes of the keys of a row, by fields, roughly. */
export const orderBytes = (fieldCount: number): number => 48 + 21 * fieldCount

/** The keys of rows in an order that is the same for all whom they are compared with. */
export class RowOrderKeys {
  readonly rowCount: number
  readonly #columns: readonly KeyColumn[]
  readonly #descending: readonly boolean[]
  readonly #keys: BatchKeys | null
  /** By row; the number of the first one where they are ascending. */
  readonly #arrivals: Float64Array | number
  readonly #direction: 1 | -1
  readonly #isLastFirst: boolean

  private constructor(
    rowCount: number,
    order: RowOrder,
    columns: readonly KeyColumn[],
    keys: BatchKeys | null,
    arrivals: Float64Array | number,
  ) {
    this.rowCount = rowCount
    this.#columns = columns
    this.#descending = order.by.map(({ isDesc }) => isDesc)
    this.#keys = keys
    this.#arrivals = arrivals
    this.#direction = order.isNewestFirst ? -1 : 1
    this.#isLastFirst = order.isLastFirst === true
  }

  /** Reads the fields of the order. `arrival` is the number of the first row among all that arrived. */
  static of(batch: RowBatch, order: RowOrder, arrival: number | Float64Array): RowOrderKeys {
    const columns = order.by.map(({ field }) => keyColumnOf(batch, field))
    return new RowOrderKeys(batch.rowCount, order, columns, batch.keys, arrival)
  }

  arrivalOf(row: number): number {
    return typeof this.#arrivals === 'number' ? this.#arrivals + row : this.#arrivals[row]
  }

  /** Below 0 where the row comes before row `otherRow` of the other one. */
  compare(row: number, other: RowOrderKeys, otherRow: number): number {
    for (let at = 0; at < this.#columns.length; at++) {
      const order = compareCells(this.#columns[at], row, other.#columns[at], otherRow)
      if (order !== 0) return this.#descending[at] ? -order : order
    }
    return this.#compareRecords(row, other, otherRow)
  }

  #compareRecords(row: number, other: RowOrderKeys, otherRow: number): number {
    const a = this.#keys
    const b = other.#keys
    if (a !== null && b !== null) {
      const order =
        a.timesMs[row] - b.timesMs[otherRow] ||
        a.timesNs[row] - b.timesNs[otherRow] ||
        a.ids[row] - b.ids[otherRow]
      if (order !== 0) return this.#direction * order
      if (this.#isLastFirst) return other.arrivalOf(otherRow) - this.arrivalOf(row)
    } else if (a !== b) {
      return a === null ? 1 : -1
    }
    return this.arrivalOf(row) - other.arrivalOf(otherRow)
  }

  /** Whether the row can come before `otherRow`, by the first field only: true where that does not tell. */
  mayPrecede(row: number, other: RowOrderKeys, otherRow: number): boolean {
    if (this.#columns.length === 0) return this.#compareRecords(row, other, otherRow) < 0
    const order = compareCells(this.#columns[0], row, other.#columns[0], otherRow)
    return this.#descending[0] ? order >= 0 : order <= 0
  }
}

function compareCells(a: KeyColumn, rowA: number, b: KeyColumn, rowB: number): number {
  const rank = a.ranks[rowA]
  if (rank !== b.ranks[rowB]) return rank - b.ranks[rowB]
  const numberA = a.numbers[rowA]
  const numberB = b.numbers[rowB]
  if (numberA !== numberB) return numberA < numberB ? -1 : 1
  if (rank === RANK_NOTHING) return 0
  if (rank === RANK_TIME) return a.ns[rowA] - b.ns[rowB]
  if (rank !== RANK_NUMBER) return compareNatural(a.texts[rowA], b.texts[rowB])
  return Math.abs(numberA) > Number.MAX_SAFE_INTEGER ? compareValues(a.texts[rowA], b.texts[rowB]) : 0
}

// ---- columns ------------------------------------------------------------------------------------------------

const NO_TEXTS: readonly string[] = []

function keyColumnOf(batch: RowBatch, field: string): KeyColumn {
  const { rowCount } = batch
  const times = batch.timesOf(field)
  if (times !== null) {
    const ranks = new Uint8Array(rowCount).fill(RANK_TIME)
    return { ranks, numbers: times.timesMs, ns: times.timesNs, texts: NO_TEXTS }
  }
  const column = batch.column(field)
  if (column === null) return emptyColumn(rowCount)
  const groups = column.groups()
  if (groups === null || groups.texts.length > rowCount) return columnOfTexts(column.texts())
  const held = columnOfTexts(groups.texts)
  return groups.ofRow === null ? repeated(held, rowCount) : spread(held, groups.ofRow)
}

function emptyColumn(rowCount: number): KeyColumn {
  return {
    ranks: new Uint8Array(rowCount).fill(RANK_NOTHING),
    numbers: new Float64Array(rowCount),
    ns: new Uint32Array(rowCount),
    texts: NO_TEXTS,
  }
}

function columnOfTexts(texts: readonly string[]): KeyColumn {
  const ranks = new Uint8Array(texts.length)
  const numbers = new Float64Array(texts.length)
  const ns = new Uint32Array(texts.length)
  for (let row = 0; row < texts.length; row++) {
    const key = valueKey(texts[row])
    ranks[row] = key.rank
    numbers[row] = key.number
    ns[row] = key.ns
  }
  return { ranks, numbers, ns, texts }
}

function repeated(held: KeyColumn, rowCount: number): KeyColumn {
  return spread(held, new Uint32Array(rowCount))
}

function spread(held: KeyColumn, ofRow: Uint32Array): KeyColumn {
  const rowCount = ofRow.length
  const ranks = new Uint8Array(rowCount)
  const numbers = new Float64Array(rowCount)
  const ns = new Uint32Array(rowCount)
  const texts = new Array<string>(rowCount)
  for (let row = 0; row < rowCount; row++) {
    const group = ofRow[row]
    ranks[row] = held.ranks[group]
    numbers[row] = held.numbers[group]
    ns[row] = held.ns[group]
    texts[row] = held.texts[group]
  }
  return { ranks, numbers, ns, texts }
}
