/**
 * What a function of `stats` declares about itself. A new function is a new file and one line in registry.ts; parser,
 * help, completion and reference follow from its declaration.
 *
 * The pipe puts rows into groups and numbers these from 0; a function keeps a state for each number, in typed arrays or
 * lists that grow with the numbers. What it knows of a group it makes of rows in any order and any division: states of
 * several threads are merged.
 */
import type { FieldPattern } from '../batches/fields-wanted.ts'
import type { RowBatch } from '../batches/row-batch.ts'
import type { FilterPrinter } from '../filters/kind.ts'
import type { PipeContext } from '../pipes/kind.ts'
import type { FilterParser } from '../syntax/filter-parser.ts'
import type { GroupedRows } from './grouped-rows.ts'

/** A call as it stands in a query: plain data. */
export interface StatsCall {
  readonly name: string
}

export interface StatsFunction<C extends StatsCall = StatsCall> {
  readonly name: C['name']
  /** One line for the reference. */
  readonly summary: string
  /** Queries that use it; a test parses, prints and runs them. */
  readonly examples: readonly string[]
  /** What follows its name: arguments in parentheses, and what may stand behind them. */
  parse(parser: FilterParser): C
  /** With its name; without anything else it is the name of the result. */
  print(call: C, printer: FilterPrinter): string
  /** Fields of the rows that it looks at. */
  wants(call: C): readonly FieldPattern[]
  bind(call: C, context: PipeContext): StatsState
}

/** What one call knows of all groups. */
export interface StatsState {
  /** It asks rows for nothing but how many each group has. */
  readonly countsOnly?: boolean
  /**
   * Reads what it needs of the batch and changes nothing: reading may fail, and then no row may count. What it gives
   * back is called once, with some rows of that batch, and reads nothing more.
   */
  read(batch: RowBatch): AddRows
  /**
   * In its place, for whoever needs the texts of a few rows and learns late of which: with the rows it may read once more,
   * and fail; what comes back then changes the state. Nothing is changed before all of these have read.
   */
  readLate?(batch: RowBatch): (rows: GroupedRows) => () => void
  /** Plain data for `merge` of another one, which is of no use afterwards. */
  take(): unknown
  /** Adds what another one gave: what it calls group i is group `groups[i]` here, and all are below `groupCount`. */
  merge(state: unknown, groups: Uint32Array, groupCount: number): void
  /** The value of each group below `groupCount`. */
  texts(groupCount: number): string[]
}

export type AddRows = (rows: GroupedRows) => void
