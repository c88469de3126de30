/**
 * What a kind of pipe declares about itself. A new pipe is a new file and one line in registry.ts.
 *
 * A pipe works in one of three ways, and declares exactly one of them:
 *
 *   bindBatch   each batch on its own: fields are made, rows dropped or repeated, their order stays. Runs in the threads
 *               that scan, and in live tails.
 *   bindGather  all rows go into a state, and the answer comes out of it in the end: `stats`, `top`, `sort`. States of
 *               several threads are merged, so that the answer must not depend on how rows were divided.
 *   run         anything else, on all rows in their order (oldest first), in one thread.
 */
import type { Random } from '../../base/base.ts'
import type { Filter, Pipe, Query } from '../ast.ts'
import type { FieldsWanted } from '../batches/fields-wanted.ts'
import type { MemoryShare } from '../batches/memory-share.ts'
import type { RowBatch } from '../batches/row-batch.ts'
import type { FilterPrinter } from '../filters/kind.ts'
import type { Row } from '../row.ts'
import type { FilterParser } from '../syntax/filter-parser.ts'

export interface PipeKind<P extends Pipe = Pipe> {
  readonly kind: P['kind']
  /** How a query calls it, in small letters; the first one is printed. */
  readonly names: readonly [string, ...string[]]
  /** Words that begin it without its name, like `count` for `stats`; they are still to be read by `parse`. */
  readonly leads?: readonly string[]
  /** One line for the reference. */
  readonly summary: string
  /** Queries that use it; a test parses, prints and runs them. */
  readonly examples: readonly string[]
  /** It can run on one record after another as they arrive, so a tail may have it. */
  readonly isLive: boolean
  /** It stands right behind the filter of the query, not behind other pipes. */
  readonly isFirstOnly?: true
  /** What follows its name. */
  parse(parser: FilterParser): P
  /** With its name. */
  print(pipe: P, printer: FilterPrinter): string
  /** A filter that says the same, where the pipe stands right behind the query's own. */
  asFilter?(pipe: P): Filter
  /**
   * The most rows that leave it; null where nothing limits them: as many leave as enter, or more. Infinity: it has a
   * limit of its own, but as many times that as there are groups or partitions. Absent: null.
   */
  rowsMax?(pipe: P): number | null
  /** What it makes of one record without losing its bytes; absent where there is no such thing. */
  bindRow?(pipe: P): (row: Row) => Row
  /**
   * Fields of the rows that enter that it looks at, or that whoever wants `after` of the rows that leave looks at.
   * Absent: every field.
   */
  wants?(pipe: P, after: FieldsWanted): FieldsWanted
  /**
   * Names of the fields of the rows that leave, given those of the rows that enter; null where nobody knows. Absent:
   * nobody knows.
   */
  leaves?(pipe: P, entering: readonly string[] | null): readonly string[] | null
  /**
   * Of rows that are records in their order, so many of the newest are enough; null where all are needed. `isFirst`: no
   * pipe stands before it that could have changed their times.
   */
  newestMax?(pipe: P, isFirst: boolean): number | null
  /** The pipe where only so many of the first rows that leave it are wanted; null where it does not care. */
  limited?(pipe: P, rows: number): P | null
  /** False where another run over the same rows may give something else: chance, the time of asking. */
  readonly isRepeatable?: false
  /** One row leaves for each that enters: with `bindBatch`. Absent: rows may be dropped or repeated. */
  readonly keepsRows?: boolean
  /** It works once a column, a distinct text or a template: a whole block at once takes some milliseconds. */
  readonly takesBlocks?: true
  bindBatch?(pipe: P, context: PipeContext): BatchMap
  bindGather?(pipe: P, context: PipeContext): Gatherer
  run?(pipe: P, input: AsyncIterable<RowBatch>, context: RunContext): AsyncIterable<RowBatch>
}

/** Called batch after batch, in the order of the rows. */
export type BatchMap = (batch: RowBatch) => RowBatch

/** The state of a pipe that needs all rows. */
export interface Gatherer {
  /** Reads all that it needs of the batch before it changes anything: reading may fail, and then nothing may count. */
  add(batch: RowBatch): void
  /** What it has, as plain data for `merge` of another one; it is of no use afterwards. */
  take(): unknown
  /** Adds what another one of the same pipe gave. */
  merge(state: unknown): void
  /** The answer, when everything was added; batches without rows where it takes a while, so that others may work. */
  rows(): Iterable<RowBatch>
}

/** What pipes may know. The settings are the same in all threads of a query. */
export interface PipeContext {
  readonly settings: PipeSettings
  readonly random: Random
  /** Everything that grows with the rows is charged before it is held: QUERY_TOO_LARGE beyond the share. */
  readonly memory: MemoryShare
  /** Which rows of a batch match: ascending; null where all do. */
  bindFilter(filter: Filter): (batch: RowBatch) => Uint32Array | null
}

/** Plain data. */
export interface PipeSettings {
  readonly nowMs: number
  /** Bytes of the state of one pipe in one thread. */
  readonly stateBytesMax: number
  /** The time range that the query looks at, both inclusive; infinite where it is open. */
  readonly timeMsMin: number
  readonly timeMsMax: number
  /** Seconds that `rate` divides by, where whoever asks has steps of time. Null: those of the query, or its range. */
  readonly rateSeconds: number | null
  /** Four words of 32 bits, a secret: where hashes tell values apart, whoever writes logs must not know them. */
  readonly hashKey?: readonly number[]
}

/** For pipes with `run`, which may look around. */
export interface RunContext extends PipeContext {
  readonly signal: AbortSignal | undefined
  /** Lets others work; QUERY_CANCELLED. */
  pause(): Promise<void>
  /** What the query has read so far, by name; absent where nobody counts. */
  readonly progress?: () => Readonly<Record<string, number>>
  /** Fields of the rows that leave which somebody will look at. */
  readonly wanted: FieldsWanted
  /** The rows of another query over the same snapshot, of whose fields these are wanted. */
  select(query: Query, wanted: FieldsWanted): AsyncIterable<RowBatch>
}
