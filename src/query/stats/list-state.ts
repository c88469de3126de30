/**
 * Texts of all rows of each group, in the order of records or of some fields; with a limit, the first so many. What the
 * limit cuts off is not held, but for as much again.
 */
import { type MemoryShare, textBytes } from '../batches/memory-share.ts'
import type { RowBatch } from '../batches/row-batch.ts'
import type { OrderField } from '../batches/row-order.ts'
import { compareKeys, type ValueKey, valueKey } from '../values/value-order.ts'
import type { GroupedRows } from './grouped-rows.ts'
import type { AddRows, StatsState } from './kind.ts'
import { comparePlaces, type RecordPlace, RecordPlaces } from './record-order.ts'

/** Reads what it needs of a batch; gives the texts of each of some rows, mostly one. */
export type ReadRowTexts = (batch: RowBatch) => (rows: Uint32Array) => (readonly string[])[]

interface ListEntry {
  readonly place: RecordPlace
  /** Of the fields of the order. */
  readonly keys: readonly ValueKey[]
  readonly texts: readonly string[]
}

interface List {
  entries: ListEntry[]
  /** The last one that is left when as many as the limit are; null where more fit. */
  worst: ListEntry | null
}

const BYTES_AN_ENTRY = 200
const SPARE = 64

export class ListState implements StatsState {
  readonly #readTexts: ReadRowTexts
  /** Of texts; infinite where there is none. */
  readonly #limit: number
  readonly #by: readonly OrderField[]
  readonly #print: (texts: readonly string[]) => string
  readonly #memory: MemoryShare
  readonly #places = new RecordPlaces()
  readonly #lists: (List | undefined)[] = []

  constructor(parts: {
    readonly readTexts: ReadRowTexts
    /** 0 is none. */
    readonly limit: number
    readonly by: readonly OrderField[]
    readonly print: (texts: readonly string[]) => string
    readonly memory: MemoryShare
  }) {
    this.#readTexts = parts.readTexts
    this.#limit = parts.limit === 0 ? Infinity : parts.limit
    this.#by = parts.by
    this.#print = parts.print
    this.#memory = parts.memory
  }

  read(batch: RowBatch): AddRows {
    const read = this.readLate(batch)
    return (rows) => read(rows)()
  }

  readLate(batch: RowBatch): (rows: GroupedRows) => () => void {
    const textsOf = this.#readTexts(batch)
    const columns = this.#by.map(({ field }) => batch.texts(field))
    const keysOf = (row: number): ValueKey[] => columns.map((texts) => valueKey(texts[row]))
    const placeOf = this.#places.of(batch)
    return (rows) => this.#add(rows, placeOf, keysOf, textsOf)
  }

  /** Texts are made of rows that may stay. */
  #add(
    { rows, count, ofRow, only }: GroupedRows,
    placeOf: (row: number) => RecordPlace,
    keysOf: (row: number) => ValueKey[],
    textsOf: (rows: Uint32Array) => (readonly string[])[],
  ): () => void {
    const entries: (ListEntry & { readonly list: List; readonly row: number })[] = []
    for (let at = 0; at < count; at++) {
      const row = rows === null ? at : rows[at]
      const list = this.#listOf(ofRow === null ? only : ofRow[row])
      const entry = { list, row, place: placeOf(row), keys: keysOf(row), texts: [] }
      if (list.worst === null || this.#compare(entry, list.worst) < 0) entries.push(entry)
    }
    const texts = textsOf(Uint32Array.from(entries, ({ row }) => row))
    return () => {
      for (const [at, { list, place, keys }] of entries.entries()) {
        const isLate = list.worst !== null && this.#compare({ place, keys, texts: [] }, list.worst) >= 0
        if (!isLate && texts[at].length > 0) this.#push(list, { place, keys, texts: texts[at] })
      }
    }
  }

  #listOf(group: number): List {
    let list = this.#lists[group]
    if (list === undefined) {
      list = { entries: [], worst: null }
      this.#lists[group] = list
    }
    return list
  }

  #push(list: List, entry: ListEntry): void {
    this.#memory.charge(bytesOf(entry))
    list.entries.push(entry)
    if (list.entries.length >= 2 * this.#limit + SPARE) this.#cut(list)
  }

  /** In order, and no more than can be shown. */
  #cut(list: List): void {
    list.entries.sort((a, b) => this.#compare(a, b))
    let kept = 0
    for (let texts = 0; kept < list.entries.length && texts < this.#limit; kept++) {
      texts += list.entries[kept].texts.length
    }
    for (const entry of list.entries.splice(kept)) this.#memory.give(bytesOf(entry))
    const count = list.entries.reduce((sum, { texts }) => sum + texts.length, 0)
    list.worst = count >= this.#limit ? (list.entries.at(-1) ?? null) : null
  }

  #compare(a: ListEntry, b: ListEntry): number {
    for (const [at, { isDesc }] of this.#by.entries()) {
      const order = compareKeys(a.keys[at], b.keys[at])
      if (order !== 0) return isDesc ? -order : order
    }
    return comparePlaces(a.place, b.place)
  }

  take(): unknown {
    return Array.from(this.#lists, (list) => list?.entries ?? [])
  }

  merge(state: unknown, groups: Uint32Array, _groupCount: number): void {
    for (const [at, entries] of (state as ListEntry[][]).entries()) {
      const list = this.#listOf(groups[at])
      for (const entry of entries) this.#push(list, entry)
    }
  }

  texts(groupCount: number): string[] {
    return Array.from({ length: groupCount }, (_, group) => {
      const list = this.#lists[group]
      if (list === undefined) return this.#print([])
      this.#cut(list)
      const texts = list.entries.flatMap((entry) => entry.texts)
      return this.#print(this.#limit === Infinity ? texts : texts.slice(0, this.#limit))
    })
  }
}

function bytesOf({ texts, keys }: ListEntry): number {
  let bytes = BYTES_AN_ENTRY
  for (const text of texts) bytes += textBytes(text)
  for (const key of keys) bytes += textBytes(key.text)
  return bytes
}
