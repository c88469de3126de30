/**
 * Keeps the first rows in an order, of all rows or of each partition of them; or all rows, in that order. For `sort`,
 * `first`, `last`, `limit`, `deduplicate`.
 *
 * With a bound, columns that the order does not need are read only of rows that are kept: a batch is looked at by the
 * first field of the order, and what cannot come before the worst row that is kept is left at once.
 */
import { ID_FIELD } from '../special-fields.ts'
import { compareKeysExactly, type ValueKey, valueKey } from '../values/value-order.ts'
import type { TextGroups } from './batch-column.ts'
import { SLICE_ROWS } from './batch-slices.ts'
import { batchOfHeld, gatherRows, type HeldRows, heldRowsBytes, holdRows } from './held-rows.ts'
import { type MemoryShare, textBytes } from './memory-share.ts'
import { RowBatch } from './row-batch.ts'
import { type OrderField, orderBytes, type RowOrder, RowOrderKeys } from './row-order.ts'
import { smallest, smallestOfEach } from './smallest.ts'
import { sortInSteps } from './stepwise-sort.ts'
import { TupleGroups } from './tuple-groups.ts'

export interface SortedRowsWanted {
  /** Null: by all fields but `_id`, in the order of their names. */
  readonly by: readonly OrderField[] | null
  /** With `by` null: each in descending order. */
  readonly isDesc: boolean
  readonly isNewestFirst: boolean
  /** Of several rows of one record the last one first. Default false. */
  readonly isLastFirst?: boolean
  /** Rows with the same texts in all of these fields are a partition. Empty: there is one. Null: all fields but `_id`. */
  readonly partitionBy: readonly string[] | null
  /** Of each partition. */
  readonly rowsMax: number
}

/** Rows in their order. */
export interface SortedRows {
  readonly rows: RowBatch
  /** By row: which one of its partition it is, from 0. */
  readonly ranks: Uint32Array
}

interface Entry {
  readonly batch: RowBatch
  readonly bytes: number
  /** Among all that arrived. */
  readonly arrivals: Float64Array | number
  /** By row; null where there is one. */
  readonly partitions: Uint32Array | null
  /** Null where all rows are kept: made when they are sorted. */
  keys: RowOrderKeys | null
}

const SLACK_ROWS = 256
const SLACK_PARTITIONED_ROWS = 1024
const PARTITION_BYTES = 64

export class RowSorter {
  readonly #wanted: SortedRowsWanted
  readonly #memory: MemoryShare
  #order: RowOrder
  /** Of an order by all fields. */
  readonly #names = new Set<string>()
  #entries: Entry[] = []
  #rowCount = 0
  #arrived = 0
  /** Rows that were left when it was last cut down. */
  #rowsCut = 0
  readonly #partitions = new Map<string, number>()
  /** By partition: the worst row that is kept, in the first entry; -1 where more may come. Empty before a cut. */
  #worst = new Int32Array(0)

  constructor(wanted: SortedRowsWanted, memory: MemoryShare) {
    this.#wanted = wanted
    this.#memory = memory
    const { by, isNewestFirst, isLastFirst } = wanted
    this.#order = { by: by ?? [], isNewestFirst, isLastFirst }
  }

  /** Reads what it needs before it changes anything that counts. */
  add(batch: RowBatch): void {
    if (batch.rowCount === 0 || this.#wanted.rowsMax === 0) return
    this.#learnNames(batch)
    const chosen = this.#chosen(batch, this.#arrived)
    if (chosen !== null) this.#keep(chosen)
    this.#arrived += batch.rowCount
    this.#cutWhereFull()
  }

  /** What is kept, for `add` of each. */
  take(): HeldRows[] {
    if (this.#wanted.rowsMax < Infinity && this.#entries.length > 1) this.#cut()
    return this.#entries.map((entry) => holdRows(inArrivalOrder(entry)))
  }

  /** The rows that are kept. */
  sorted(): RowBatch {
    return gatherRows(this.#batches(), this.#firstRows().rows)
  }

  /**
   * The same without the first `skip` rows of each partition, partition after partition, some rows at a time; null now and
   * then, where others may work.
   */
  *sortedInPieces(skip: number): Generator<SortedRows | null> {
    const first = yield* this.#firstRowsInSteps()
    const places = placesOf(first.ranks, skip)
    if (first.partitions !== null) this.#sortByPartition(places, first.partitions)
    for (let from = 0; from < places.length; from += SLICE_ROWS) {
      const piece = places.subarray(from, from + SLICE_ROWS)
      yield { rows: gatherRows(this.#batches(), pick(first.rows, piece)), ranks: pick(first.ranks, piece) }
    }
  }

  #batches(): RowBatch[] {
    return this.#entries.map(({ batch }) => batch)
  }

  /** With an order by all fields: the keys of all rows are by the same fields. */
  #learnNames({ names }: RowBatch): void {
    if (this.#wanted.by !== null) return
    const known = this.#names.size
    for (const name of names) if (name !== ID_FIELD) this.#names.add(name)
    if (this.#names.size === known) return
    const by = [...this.#names].sort().map((field) => ({ field, isDesc: this.#wanted.isDesc }))
    this.#order = { ...this.#order, by }
    for (const entry of this.#entries) entry.keys = null
  }

  #keysOf(entry: Entry): RowOrderKeys {
    entry.keys ??= RowOrderKeys.of(entry.batch, this.#order, entry.arrivals)
    return entry.keys
  }

  #entryOf(batch: RowBatch, arrivals: Float64Array | number, partitions: Uint32Array | null): Entry {
    const held = holdRows(batch)
    const keyBytes = held.rowCount * orderBytes(this.#order.by.length)
    return {
      batch: batchOfHeld(held),
      bytes: heldRowsBytes(held) + keyBytes,
      arrivals,
      partitions,
      keys: null,
    }
  }

  #keep(entry: Entry): void {
    this.#memory.charge(entry.bytes)
    this.#entries.push(entry)
    this.#rowCount += entry.batch.rowCount
  }

  // ---- choosing -----------------------------------------------------------------------------------------------

  /** The rows of the batch that are among the first, by what is known so far; null where none is. */
  #chosen(batch: RowBatch, arrival: number): Entry | null {
    if (this.#wanted.rowsMax === Infinity) return this.#entryOf(batch, arrival, null)
    const partitions = this.#partitionsOf(batch)
    const candidates = this.#candidates(batch, partitions, arrival)
    if (candidates?.length === 0) return null
    const left = candidates === null ? batch : batch.select(candidates)
    const ofLeft = candidates === null || partitions === null ? partitions : pick(partitions, candidates)
    const arrivals = candidates === null ? arrival : Float64Array.from(candidates, (row) => arrival + row)
    const keys = RowOrderKeys.of(left, this.#order, arrivals)
    const best = this.#bestOf(keys, ofLeft)
    if (best.length === 0) return null
    const bestArrivals = Float64Array.from(best, (row) => keys.arrivalOf(row))
    return this.#entryOf(left.select(best), bestArrivals, ofLeft === null ? null : pick(ofLeft, best))
  }

  /** Rows that may be among the first, by the first field alone; null: all. */
  #candidates(batch: RowBatch, partitions: Uint32Array | null, arrival: number): Uint32Array | null {
    if (this.#worst.length === 0 || (partitions === null && this.#worst[0] < 0)) return null
    const passing = partitions === null ? this.#groupsPassing(batch) : null
    if (passing !== null) return rowsOfGroups(passing.groups, passing.passes, batch.rowCount)
    const keys = RowOrderKeys.of(batch, this.#firstOfOrder(), arrival)
    const worst = this.#keysOf(this.#entries[0])
    const rows = new Uint32Array(batch.rowCount)
    let count = 0
    for (let row = 0; row < batch.rowCount; row++) {
      const bound = this.#worstOf(partitions, row)
      if (bound < 0 || keys.mayPrecede(row, worst, bound)) rows[count++] = row
    }
    return count === batch.rowCount ? null : rows.slice(0, count)
  }

  #firstOfOrder(): RowOrder {
    return { ...this.#order, by: this.#order.by.slice(0, 1) }
  }

  #worstOf(partitions: Uint32Array | null, row: number): number {
    const partition = partitions === null ? 0 : partitions[row]
    return partition < this.#worst.length ? this.#worst[partition] : -1
  }

  /** Which groups of the first field may be among the first; null where it has no groups. */
  #groupsPassing(batch: RowBatch): { groups: TextGroups; passes: Uint8Array } | null {
    const field = this.#order.by.at(0)?.field
    const groups = field === undefined ? null : (batch.column(field)?.groups() ?? null)
    if (field === undefined || groups === null) return null
    const keys = RowOrderKeys.of(RowBatch.of({ [field]: groups.texts }), this.#firstOfOrder(), 0)
    const worst = this.#keysOf(this.#entries[0])
    const passes = new Uint8Array(groups.texts.length)
    for (let at = 0; at < passes.length; at++) passes[at] = keys.mayPrecede(at, worst, this.#worst[0]) ? 1 : 0
    return { groups, passes }
  }

  /** The first rows of each partition, of those that come before the worst ones. */
  #bestOf(keys: RowOrderKeys, partitions: Uint32Array | null): Uint32Array {
    const rows = new Uint32Array(keys.rowCount)
    const worst = this.#worst.length === 0 ? null : this.#keysOf(this.#entries[0])
    let count = 0
    for (let row = 0; row < keys.rowCount; row++) {
      const bound = worst === null ? -1 : this.#worstOf(partitions, row)
      if (worst === null || bound < 0 || keys.compare(row, worst, bound) < 0) rows[count++] = row
    }
    const better = rows.subarray(0, count)
    const compare = (a: number, b: number): number => keys.compare(a, keys, b)
    return partitions === null
      ? smallest(better, this.#wanted.rowsMax, compare)
      : smallestOfEach(better, partitions, this.#wanted.rowsMax, compare)
  }

  // ---- cutting ------------------------------------------------------------------------------------------------

  #cutWhereFull(): void {
    const { rowsMax } = this.#wanted
    if (rowsMax === Infinity) return
    const isFull = this.#isPartitioned
      ? this.#rowCount > 2 * this.#rowsCut + SLACK_PARTITIONED_ROWS
      : this.#rowCount >= rowsMax &&
        (this.#worst.length === 0 || this.#rowCount > rowsMax + Math.max(rowsMax, SLACK_ROWS))
    if (isFull) this.#cut()
  }

  get #isPartitioned(): boolean {
    return this.#wanted.partitionBy?.length !== 0
  }

  /** Leaves only the first rows, as one entry. */
  #cut(): void {
    const { rows, ranks, partitions, arrivals } = this.#firstRows()
    const worst = new Int32Array(this.#isPartitioned ? this.#partitions.size : 1).fill(-1)
    for (let place = 0; place < rows.length; place++) {
      if (ranks[place] === this.#wanted.rowsMax - 1)
        worst[partitions === null ? 0 : partitions[place]] = place
    }
    const entry = this.#entryOf(gatherRows(this.#batches(), rows), arrivals, partitions)
    for (const { bytes } of this.#entries) this.#memory.give(bytes)
    this.#entries = []
    this.#rowCount = 0
    this.#keep(entry)
    this.#rowsCut = rows.length
    this.#worst = worst
  }

  /** Rows of all entries in their order, at most `rowsMax` of each partition. */
  #firstRows(): FirstRows {
    const steps = this.#firstRowsInSteps()
    let step = steps.next()
    while (step.done !== true) step = steps.next()
    return step.value
  }

  *#firstRowsInSteps(): Generator<null, FirstRows> {
    const { entryOf, rowOf } = this.#places()
    const keys: RowOrderKeys[] = []
    for (const entry of this.#entries) {
      keys.push(this.#keysOf(entry))
      yield null
    }
    const compare = (a: number, b: number): number =>
      keys[entryOf[a]].compare(rowOf[a], keys[entryOf[b]], rowOf[b])
    const all = yield* sortInSteps(
      Uint32Array.from({ length: this.#rowCount }, (_, row) => row),
      compare,
    )
    const partitionOf = (row: number): number => this.#entries[entryOf[row]].partitions?.[rowOf[row]] ?? 0
    const seen = new Uint32Array(Math.max(1, this.#partitions.size))
    const rows = new Uint32Array(all.length)
    const ranks = new Uint32Array(all.length)
    const partitions = new Uint32Array(this.#isPartitioned ? all.length : 0)
    const arrivals = new Float64Array(all.length)
    let count = 0
    for (let at = 0; at < all.length; at++) {
      if ((at & (SLICE_ROWS - 1)) === 0) yield null
      const row = all[at]
      const partition = this.#isPartitioned ? partitionOf(row) : 0
      const rank = seen[partition]++
      if (rank >= this.#wanted.rowsMax) continue
      rows[count] = row
      ranks[count] = rank
      if (this.#isPartitioned) partitions[count] = partition
      arrivals[count++] = keys[entryOf[row]].arrivalOf(rowOf[row])
    }
    return {
      rows: rows.slice(0, count),
      ranks: ranks.slice(0, count),
      partitions: this.#isPartitioned ? partitions.slice(0, count) : null,
      arrivals: arrivals.slice(0, count),
    }
  }

  /** By row of all entries: which entry, and which row of it. */
  #places(): { entryOf: Uint32Array; rowOf: Uint32Array } {
    const entryOf = new Uint32Array(this.#rowCount)
    const rowOf = new Uint32Array(this.#rowCount)
    let at = 0
    for (const [number, { batch }] of this.#entries.entries()) {
      for (let row = 0; row < batch.rowCount; row++, at++) {
        entryOf[at] = number
        rowOf[at] = row
      }
    }
    return { entryOf, rowOf }
  }

  // ---- partitions ---------------------------------------------------------------------------------------------

  #partitionsOf(batch: RowBatch): Uint32Array | null {
    if (!this.#isPartitioned) return null
    const { partitionBy } = this.#wanted
    const names = partitionBy ?? batch.names.filter((name) => name !== ID_FIELD).sort()
    const tuples = new TupleGroups(batch, names)
    const numbers = new Int32Array(tuples.count).fill(-1)
    const { ofRow } = tuples
    const partitions = new Uint32Array(batch.rowCount)
    for (let row = 0; row < partitions.length; row++) {
      const tuple = ofRow === null ? 0 : ofRow[row]
      if (numbers[tuple] < 0) numbers[tuple] = this.#partitionOf(tuples, tuple, names)
      partitions[row] = numbers[tuple]
    }
    return partitions
  }

  #partitionOf(tuples: TupleGroups, tuple: number, names: readonly string[]): number {
    const texts = names.map((_, field) => tuples.textOf(tuple, field))
    // A field that a row does not have is one that is empty.
    const held = names.flatMap((name, field) => (texts[field] === '' ? [] : [name, texts[field]]))
    const key = JSON.stringify(this.#wanted.partitionBy === null ? held : texts)
    let number = this.#partitions.get(key)
    if (number === undefined) {
      this.#memory.charge(textBytes(key) + PARTITION_BYTES)
      number = this.#partitions.size
      this.#partitions.set(key, number)
    }
    return number
  }

  /** Rows of one partition stay in their order. */
  #sortByPartition(places: Uint32Array, partitions: Uint32Array): void {
    const values = [...this.#partitions.keys()].map((key) => (JSON.parse(key) as string[]).map(valueKey))
    const order = Uint32Array.from(values.keys()).sort((a, b) => compareTuples(values[a], values[b]))
    const placeOf = new Uint32Array(order.length)
    for (let place = 0; place < order.length; place++) placeOf[order[place]] = place
    places.sort((a, b) => placeOf[partitions[a]] - placeOf[partitions[b]] || a - b)
  }
}

/** So that whoever adds them knows which came first. */
function inArrivalOrder({ batch, arrivals }: Entry): RowBatch {
  if (typeof arrivals === 'number') return batch
  return batch.select(Uint32Array.from(arrivals.keys()).sort((a, b) => arrivals[a] - arrivals[b]))
}

interface FirstRows {
  /** Counted through all entries. */
  readonly rows: Uint32Array
  /** Which one of its partition each is. */
  readonly ranks: Uint32Array
  readonly partitions: Uint32Array | null
  readonly arrivals: Float64Array
}

function compareTuples(a: readonly ValueKey[], b: readonly ValueKey[]): number {
  for (let at = 0; at < a.length; at++) {
    const order = compareKeysExactly(a[at], b[at])
    if (order !== 0) return order
  }
  return 0
}

/** Null: all rows. */
function rowsOfGroups(groups: TextGroups, passes: Uint8Array, rowCount: number): Uint32Array | null {
  if (!passes.includes(0)) return null
  if (!passes.includes(1)) return new Uint32Array(0)
  const { ofRow } = groups
  if (ofRow === null) return passes[0] === 1 ? null : new Uint32Array(0)
  const rows = new Uint32Array(rowCount)
  let count = 0
  for (let row = 0; row < rowCount; row++) if (passes[ofRow[row]] === 1) rows[count++] = row
  return rows.slice(0, count)
}

/** Where the rank is not below `skip`. */
function placesOf(ranks: Uint32Array, skip: number): Uint32Array {
  const places = new Uint32Array(ranks.length)
  let count = 0
  for (let place = 0; place < ranks.length; place++) if (ranks[place] >= skip) places[count++] = place
  return places.subarray(0, count)
}

function pick(values: Uint32Array, places: Uint32Array): Uint32Array {
  const picked = new Uint32Array(places.length)
  for (let at = 0; at < places.length; at++) picked[at] = values[places[at]]
  return picked
}
