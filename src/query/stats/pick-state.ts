/**
 * One row of each group: the one with the smallest or largest value in a field, or just the first one; of several, the
 * one that comes first in the order of records. What is kept of it is a text.
 */
import { type MemoryShare, textBytes } from '../batches/memory-share.ts'
import type { RowBatch } from '../batches/row-batch.ts'
import { TimeColumn } from '../batches/text-columns.ts'
import { compareKeys, RANK_TIME, type ValueKey, valueKey } from '../values/value-order.ts'
import type { GroupedRows } from './grouped-rows.ts'
import type { AddRows, StatsState } from './kind.ts'
import { comparePlaces, type RecordPlace, RecordPlaces } from './record-order.ts'

export interface PickOrder {
  readonly field: string
  readonly wants: 'first' | 'last'
}

/** Reads what it needs of a batch. */
export type ReadTexts = (batch: RowBatch) => PickableRows

export interface PickableRows {
  /** By row: 0 where it does not count. Absent: all do. */
  readonly counts?: Uint8Array
  /** The text of each of these rows. */
  textsOf(rows: Uint32Array): readonly string[]
}

interface Picked {
  /** Of the field that decides; null where nothing does. */
  readonly key: ValueKey | null
  readonly place: RecordPlace
  readonly text: string
}

interface Found {
  readonly row: number
  readonly key: ValueKey | null
  readonly place: RecordPlace
}

/** By row: its key; null where the row does not count. */
type KeyOfRow = (row: number) => ValueKey | null

const BYTES_A_GROUP = 160

export class PickState implements StatsState {
  readonly #order: PickOrder | null
  readonly #readTexts: ReadTexts
  readonly #empty: string
  readonly #memory: MemoryShare
  readonly #places = new RecordPlaces()
  readonly #sign: 1 | -1
  readonly #picked: (Picked | null)[] = []

  /** `empty` is the text of a group without a row that counts. */
  constructor(order: PickOrder | null, readTexts: ReadTexts, empty: string, memory: MemoryShare) {
    this.#order = order
    this.#readTexts = readTexts
    this.#empty = empty
    this.#memory = memory
    this.#sign = order?.wants === 'last' ? -1 : 1
  }

  read(batch: RowBatch): AddRows {
    const read = this.readLate(batch)
    return (rows) => read(rows)()
  }

  readLate(batch: RowBatch): (rows: GroupedRows) => () => void {
    const keyOf = this.#order === null ? null : readKeys(batch, this.#order.field)
    const pickable = this.#readTexts(batch)
    const placeOf = this.#places.of(batch)
    return (rows) => {
      this.#grow(rows.groupCount)
      return this.#picks(this.#find(rows, keyOf, placeOf, pickable.counts), pickable)
    }
  }

  /** By group: a row that is better than what is known. */
  #find(
    { rows, count, ofRow, only }: GroupedRows,
    keyOf: KeyOfRow | null,
    placeOf: (row: number) => RecordPlace,
    counts: Uint8Array | undefined,
  ): Map<number, Found> {
    const found = new Map<number, Found>()
    for (let at = 0; at < count; at++) {
      const row = rows === null ? at : rows[at]
      if (counts !== undefined && counts[row] === 0) continue
      const key = keyOf === null ? null : keyOf(row)
      if (keyOf !== null && key === null) continue
      const group = ofRow === null ? only : ofRow[row]
      const best = found.get(group) ?? this.#picked[group]
      const order = best === null ? -1 : this.#compareKeys(key, best.key)
      if (order > 0) continue
      const place = placeOf(row)
      if (order < 0 || best === null || comparePlaces(place, best.place) < 0)
        found.set(group, { row, key, place })
    }
    return found
  }

  /** Texts are made of the rows that are left when the batch is over. */
  #picks(found: Map<number, Found>, pickable: PickableRows): () => void {
    const texts = found.size === 0 ? [] : pickable.textsOf(Uint32Array.from(found.values(), ({ row }) => row))
    return () => {
      let at = 0
      for (const [group, { key, place }] of found) this.#keep(group, { key, place, text: texts[at++] })
    }
  }

  #grow(groupCount: number): void {
    const added = groupCount - this.#picked.length
    if (added <= 0) return
    this.#memory.charge(added * BYTES_A_GROUP)
    for (let at = 0; at < added; at++) this.#picked.push(null)
  }

  #keep(group: number, picked: Picked): void {
    const before = this.#picked[group]
    this.#memory.charge(bytesOf(picked) - (before === null ? 0 : bytesOf(before)))
    this.#picked[group] = picked
  }

  take(): unknown {
    return this.#picked
  }

  merge(state: unknown, groups: Uint32Array, groupCount: number): void {
    this.#grow(groupCount)
    for (const [at, other] of (state as (Picked | null)[]).entries()) {
      if (other === null) continue
      const own = this.#picked[groups[at]]
      if (own === null || this.#compare(other, own) < 0) this.#keep(groups[at], other)
    }
  }

  #compare(a: Picked, b: Picked): number {
    return this.#compareKeys(a.key, b.key) || comparePlaces(a.place, b.place)
  }

  #compareKeys(a: ValueKey | null, b: ValueKey | null): number {
    return a === null || b === null ? 0 : compareKeys(a, b) * this.#sign
  }

  texts(groupCount: number): string[] {
    this.#grow(groupCount)
    return this.#picked.map((picked) => picked?.text ?? this.#empty)
  }
}

const bytesOf = ({ key, text }: Picked): number => textBytes(text) + (key === null ? 0 : textBytes(key.text))

/** A row without the field does not count. A key is made once a text where the column knows its texts. */
function readKeys(batch: RowBatch, field: string): KeyOfRow {
  const column = batch.column(field)
  if (column === null) return () => null
  if (column instanceof TimeColumn) {
    const { timesMs, timesNs } = column
    return (row) => ({ rank: RANK_TIME, number: timesMs[row], ns: timesNs[row], text: '' })
  }
  const groups = column.groups()
  if (groups === null) {
    const texts = column.texts()
    return (row) => (texts[row] === '' ? null : valueKey(texts[row]))
  }
  const keys = groups.texts.map((text) => (text === '' ? null : valueKey(text)))
  const { ofRow } = groups
  return (row) => keys[ofRow === null ? 0 : ofRow[row]]
}
