/**
 * The groups of `stats`: a number for each tuple of texts that was seen. Batches come with tuples that have numbers of
 * their own, so that a tuple is looked up once a batch, not once a row.
 */
import type { Random } from '../../base/base.ts'
import type { TextGroups } from '../batches/batch-column.ts'
import type { MemoryShare } from '../batches/memory-share.ts'
import { TupleGroups } from '../batches/tuple-groups.ts'
import { GroupedRows } from './grouped-rows.ts'
import { PairTable } from './pair-table.ts'
import { TextTable } from './text-table.ts'
import { tupleCounts } from './tuple-counts.ts'

/** Plain data. */
export interface GroupTableState {
  readonly count: number
  /** By key: the texts that its groups have, and which of them each group has. */
  readonly keys: readonly { readonly texts: readonly string[]; readonly ofGroup: Uint32Array }[]
  /** By group: 1 where it has rows. */
  readonly hasRows: Uint8Array
}

/**
 * A tuple is a path: its first text has a number, this and the second text are a pair that has a number, and so on; the
 * number at the end is the group's.
 */
export class GroupTable {
  readonly #keyCount: number
  readonly #texts: readonly TextTable[]
  /** From the second key on. */
  readonly #pairs: readonly PairTable[]
  /** By group: 1 where it has rows that count. */
  #hasRows = new Uint8Array(16)
  /** Groups that have some when `commit` is called. */
  #pending: number[] = []

  constructor(keyCount: number, memory: MemoryShare, random: Random) {
    this.#keyCount = keyCount
    this.#texts = Array.from({ length: keyCount }, () => new TextTable(memory))
    this.#pairs = Array.from({ length: Math.max(0, keyCount - 1) }, () => new PairTable(memory, random))
  }

  get count(): number {
    if (this.#keyCount === 0) return 1
    return this.#keyCount === 1 ? this.#texts[0].texts.length : this.#pairs[this.#keyCount - 2].count
  }

  /** Groups that have rows, in the order of their numbers. Without keys there always is one. */
  groups(): Uint32Array {
    const all = Uint32Array.from({ length: this.count }, (_, group) => group)
    return this.#keyCount === 0 ? all : all.filter((group) => this.#hasRows[group] === 1)
  }

  /**
   * The rows of a batch, with one list of groups a key. `countsOnly`: nobody asks which row is in which group.
   * New groups are shown when `commit` was called.
   */
  rowsOf(rowCount: number, keys: readonly TextGroups[], countsOnly = false): GroupedRows {
    this.#pending = []
    if (this.#keyCount === 0) return new GroupedRows({ rowCount, groupCount: 1, ofRow: null })
    const counted = countsOnly ? this.#countedRows(rowCount, keys) : null
    if (counted !== null) return counted
    const tuples = new TupleGroups(
      { rowCount, groups: (key) => keys[Number(key)] },
      keys.map((_, key) => String(key)),
    )
    return this.#rowsByRow(rowCount, tuples)
  }

  /** Null where there are too many tuples for that. */
  #countedRows(rowCount: number, keys: readonly TextGroups[]): GroupedRows | null {
    const known = keys.length === 1 ? keys[0].rowCounts?.() : undefined
    const counts = known ?? tupleCounts(keys, rowCount)
    if (counts === null) return null
    const groups = new Uint32Array(counts.length)
    for (let tuple = 0; tuple < counts.length; tuple++) {
      if (counts[tuple] > 0) groups[tuple] = this.#groupOfTuple(keys, tuple)
    }
    return new GroupedRows({ rowCount, groupCount: this.count, ofRow: null, rowCounts: { groups, counts } })
  }

  /** The number of a tuple counts the groups of the last key by one. */
  #groupOfTuple(keys: readonly TextGroups[], tuple: number): number {
    const members: number[] = []
    let rest = tuple
    for (let key = keys.length - 1; key >= 0; key--) {
      const size = keys[key].texts.length
      members[key] = rest % size
      rest = Math.floor(rest / size)
    }
    return this.#groupOf((key) => keys[key].texts[members[key]])
  }

  #rowsByRow(rowCount: number, tuples: TupleGroups): GroupedRows {
    const { ofRow } = tuples
    if (ofRow === null) {
      const only = this.#groupOf((key) => tuples.textOf(0, key))
      return new GroupedRows({ rowCount, groupCount: this.count, ofRow: null, only })
    }
    // One more than the group; 0 where no row was met.
    const known = new Uint32Array(tuples.count)
    const groups = new Uint32Array(rowCount)
    for (let row = 0; row < rowCount; row++) {
      const tuple = ofRow[row]
      let group = known[tuple]
      if (group === 0) {
        group = this.#groupOf((key) => tuples.textOf(tuple, key)) + 1
        known[tuple] = group
      }
      groups[row] = group - 1
    }
    return new GroupedRows({ rowCount, groupCount: this.count, ofRow: groups })
  }

  #groupOf(textOf: (key: number) => string): number {
    let number = this.#texts[0].numberOf(textOf(0))
    for (let key = 1; key < this.#keyCount; key++) {
      number = this.#pairs[key - 1].numberOf(number, this.#texts[key].numberOf(textOf(key)))
    }
    if (this.#hasRows[number] !== 1) this.#pending.push(number)
    return number
  }

  /** The rows of the batch count. */
  commit(): void {
    for (const group of this.#pending) this.#show(group)
    this.#pending = []
  }

  #show(group: number): void {
    if (group >= this.#hasRows.length) {
      const grown = new Uint8Array(Math.max(group + 1, 2 * this.#hasRows.length))
      grown.set(this.#hasRows)
      this.#hasRows = grown
    }
    this.#hasRows[group] = 1
  }

  // ---- states -------------------------------------------------------------------------------------------------

  take(): GroupTableState {
    const keys = this.#texts.map(({ texts }, key) => ({ texts, ofGroup: this.textsOfGroups(key) }))
    return { count: this.count, keys, hasRows: this.#hasRows }
  }

  /** By group of the other one: the group that it is here. */
  merge({ count, keys, hasRows }: GroupTableState): Uint32Array {
    const groups = new Uint32Array(count)
    for (const [key, { texts, ofGroup }] of keys.entries()) {
      const numbers = texts.map((text) => this.#texts[key].numberOf(text))
      for (let group = 0; group < count; group++) {
        const number = numbers[ofGroup[group]]
        groups[group] = key === 0 ? number : this.#pairs[key - 1].numberOf(groups[group], number)
      }
    }
    for (let group = 0; group < count; group++) if (hasRows[group] === 1) this.#show(groups[group])
    return groups
  }

  /** By group: the number of its text in a key. */
  textsOfGroups(key: number): Uint32Array {
    const { count } = this
    let paths = Uint32Array.from({ length: count }, (_, group) => group)
    for (let at = this.#keyCount - 1; at > key; at--) {
      const { firsts } = this.#pairs[at - 1]
      paths = paths.map((path) => firsts[path])
    }
    if (key === 0) return paths
    const { seconds } = this.#pairs[key - 1]
    return paths.map((path) => seconds[path])
  }

  /** The texts of a key, by their numbers. */
  textsOf(key: number): readonly string[] {
    return this.#texts[key].texts
  }
}
