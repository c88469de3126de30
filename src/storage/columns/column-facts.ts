/**
 * What one cheap pass over a column finds out, so that most encodings can say at once that they do not fit.
 *
 * The rows are numbered anew: a code is the place of a value among the column's own distinct values, in the order of
 * their first appearance. No byte is looked at: what a value is made of stands in the table.
 */
import { assert } from '../../base/base.ts'
import type { ColumnValues, ValueTable } from './column-values.ts'
import { Scratch } from './scratch.ts'
import { ShapeSplitter, type SplitValues } from './shape-splitter.ts'

/** Good until the workspace finds the facts of another column; so are plans that were made of them. */
export interface ColumnFacts {
  /** Entries of the values that the column has, in the order of their first appearance. */
  readonly distinct: Uint32Array
  /** By row: place of its value in `distinct`. */
  readonly codes: Uint32Array
  /** Whether `codes` is 0, 1, 2, ...: every value stands once. */
  readonly isDistinct: boolean
  /** Rows whose value is not that of the row before. */
  readonly changes: number
  /** Bytes of the shortest and the longest value. */
  readonly lengthMin: number
  readonly lengthMax: number
  /** Bytes of all distinct values. */
  readonly distinctBytes: number
  /** Which classes of bytes occur anywhere, as bits (byte-classes.ts). */
  readonly classes: number
  /** Memory for what encodings work out. */
  readonly scratch: Scratch
  readonly findings: Findings
}

/**
 * What encodings worked out of the distinct values, undefined where nobody did yet: the rows and the dictionary of a
 * column have the same ones.
 */
export interface Findings {
  /** See integers.ts; null where they are no integers. */
  integers: Float64Array | null | undefined
  split: SplitValues | null | undefined
  readonly splitter: ShapeSplitter
  /** Whether the workspace has not gone on to another column. */
  isCurrent: boolean
}

/** Rows of columns up to here keep their memory. */
const KEPT_ROWS_MAX = 1 << 18

/** The memory that finding facts needs, kept from column to column: a worker has one. */
export class FactsWorkspace {
  /** Sparse set: entry `e` was seen when `distinct[codeOf[e]]` is `e`; so nothing must be cleared between columns. */
  #codeOf = new Uint32Array(0)
  #distinct = new Uint32Array(1024)
  /** Codes of columns of one value. */
  #zeros = new Uint32Array(1024)
  readonly #scratch = new Scratch()
  readonly #splitter = new ShapeSplitter()
  #findings: Findings | null = null

  /** The column has at least one row. */
  facts(values: ColumnValues): ColumnFacts {
    const { table, entries, rowCount } = values
    this.#scratch.reset()
    if (this.#findings !== null) this.#findings.isCurrent = false
    const splitter = this.#splitter
    this.#findings = { integers: undefined, split: undefined, splitter, isCurrent: true }
    let equal = 1
    while (equal < rowCount && entries[equal] === entries[0]) equal++
    if (equal === rowCount) return this.#facts(table, entries.subarray(0, 1), this.#zeroCodes(rowCount), 0)
    return this.#factsOfSeveral(values, equal)
  }

  /** The first `equal` rows are equal, and not all are. */
  #factsOfSeveral({ table, entries, rowCount }: ColumnValues, equal: number): ColumnFacts {
    if (this.#codeOf.length < table.count) this.#codeOf = new Uint32Array(table.count * 2)
    if (this.#distinct.length < rowCount) this.#distinct = new Uint32Array(rowCount * 2)
    const codeOf = this.#codeOf
    const distinct = this.#distinct
    const codes = this.#scratch.words(rowCount)
    codes.fill(0, 0, equal)
    let previous = entries[0]
    codeOf[previous] = 0
    distinct[0] = previous
    let count = 1
    let changes = 0
    let code = 0
    for (let row = equal; row < rowCount; row++) {
      const entry = entries[row]
      if (entry !== previous) {
        code = codeOf[entry]
        if (code >= count || distinct[code] !== entry) {
          code = count++
          codeOf[entry] = code
          distinct[code] = entry
        }
        changes++
        previous = entry
      }
      codes[row] = code
    }
    return this.#facts(table, distinct.subarray(0, count), codes, changes)
  }

  #zeroCodes(rowCount: number): Uint32Array {
    if (rowCount > KEPT_ROWS_MAX) return new Uint32Array(rowCount)
    if (this.#zeros.length < rowCount) this.#zeros = new Uint32Array(rowCount * 2)
    return this.#zeros.subarray(0, rowCount)
  }

  #facts(
    { starts, ends, classes: classesOfEntry }: ValueTable,
    distinct: Uint32Array,
    codes: Uint32Array,
    changes: number,
  ): ColumnFacts {
    const count = distinct.length
    let lengthMin = Number.MAX_SAFE_INTEGER
    let lengthMax = 0
    let distinctBytes = 0
    let classes = 0
    for (let i = 0; i < count; i++) {
      const entry = distinct[i]
      const length = ends[entry] - starts[entry]
      distinctBytes += length
      if (length < lengthMin) lengthMin = length
      if (length > lengthMax) lengthMax = length
      classes |= classesOfEntry[entry]
    }
    return {
      distinct,
      codes,
      isDistinct: count === codes.length,
      changes,
      lengthMin,
      lengthMax,
      distinctBytes,
      classes,
      scratch: this.#scratch,
      findings: this.#findings as Findings,
    }
  }
}

/** Whoever holds facts for too long would read those of another column. */
export function assertCurrent({ findings }: ColumnFacts): void {
  assert(findings.isCurrent, 'facts of a column are good until those of the next are found')
}

/** The facts of the column that has each distinct value once. */
export function factsOfDistinct(facts: ColumnFacts): ColumnFacts {
  const { distinct, scratch } = facts
  const codes = scratch.words(distinct.length)
  for (let i = 0; i < codes.length; i++) codes[i] = i
  return { ...facts, codes, isDistinct: true, changes: codes.length - 1 }
}

/** By row, what stands by distinct value. */
export function gather(byDistinct: Float64Array, { codes, isDistinct, scratch }: ColumnFacts): Float64Array {
  if (isDistinct) return byDistinct
  const byRow = scratch.floats(codes.length)
  for (let row = 0; row < byRow.length; row++) byRow[row] = byDistinct[codes[row]]
  return byRow
}
