/**
 * Queries over a snapshot, in two phases with bounded memory.
 *
 *   1  scan newest blocks first, keep only (time, id) of the rows that will be in the answer; stop as soon as no
 *      block that is left can hold a newer one
 *   2  sort them, and fetch the rows in order, a chunk at a time
 *
 * Where the keys of all rows would take too much memory, both are done for one stretch of time after the other
 * (key-turns.ts).
 *
 * The work on blocks is in search.ts. Several search a snapshot side by side (searchers.ts): what is not sealed in this
 * thread, the parts in others (threaded-searcher.ts).
 */
import { assert, type Random } from '../base/base.ts'
import type { Snapshot } from '../storage/storage.ts'
import type { Query } from './ast.ts'
import { idsInTurns } from './key-turns.ts'
import {
  batchesOf,
  extentOf,
  hasSubquery,
  type PipedRun,
  type QueryScope,
  resolved,
  rowMapper,
  runPiped,
} from './piped.ts'
import { recordRowsOf } from './record-rows.ts'
import type { RecordRow, Row } from './row.ts'
import { RowPage } from './row-page.ts'
import { ChunkBudget } from './scan/chunk-budget.ts'
import { hidingSearcher } from './scan/hiding-searcher.ts'
import type { QueryProgress } from './scan/query-progress.ts'
import { countOfAll, rowsOfAll, type Searcher, searcherOf } from './scan/searchers.ts'
import { type ScanThreads, threadedSearcher } from './scan/threaded-searcher.ts'
import { isChosenFirst, isOfRecords, limitedTo, queryLimit, withoutLimits } from './shape.ts'
import { parseQuery } from './syntax/parser.ts'
import { movedInTime } from './time-offset.ts'

export interface RunOptions {
  /** Ends the query with QUERY_CANCELLED. */
  readonly signal?: AbortSignal
  /** Bytes for the keys of matching rows, for the states of pipes, for what pipes answer: each; more is QUERY_TOO_LARGE.
   * Default 64 MiB; a key takes 24. */
  readonly keyBytesMax?: number
  /** What `now` is to pipes. Default: the time of the machine. */
  readonly nowMs?: number
  /** What `rate` divides by, where whoever asks knows better than the query's time range. */
  readonly rateSeconds?: number
  readonly random?: Random
  /** What queries within the query may see. */
  readonly scope?: QueryScope
  /** Searches the parts of the snapshot. Default: all is searched in this thread. */
  readonly threads?: ScanThreads
  /** Whose query this is, for tasks in threads: shares take turns. */
  readonly share?: string
  /** Told how far the threads have come. */
  readonly progress?: QueryProgress
}

export interface SelectOptions extends RunOptions {
  /** The newest rows, at most this many, unless the query limits itself. Default: no limit. */
  readonly rowsMax?: number
  /** For rows that were fetched and not taken, of all answers. Default: one of its own. */
  readonly chunks?: ChunkBudget
}

export interface Selection {
  /** Rows of the answer. */
  readonly count: number
  /** Oldest first by (time, id). To be read once, while the snapshot is held. */
  readonly rows: AsyncIterable<Row>
}

export const QUERY_BYTES_MAX_DEFAULT = 64 * 1024 * 1024
const CHUNK_ROWS_MAX = 16_384
/** Before it is known what rows take. */
const CHUNK_ROWS_FIRST = 4096
/** Of the bytes for a chunk: its rows may be larger than those before. */
const FILLED_SHARE = 0.7

/** How many rows the query has: all that match, or as many as its own limit lets through. QUERY_CANCELLED. */
export function countRows(snapshot: Snapshot, query: Query, options: RunOptions = {}): Promise<number> {
  return countRowsBy(searchersOf(snapshot, options, query), query, options)
}

/** What is not in parts is searched here. Hidden fields are in none of them. */
export function searchersOf(snapshot: Snapshot, options: RunOptions, query?: Query): Searcher[] {
  const { hidden = [] } = options.scope ?? {}
  return storedSearchers(snapshot, options, query).map((searcher) => hidingSearcher(searcher, hidden))
}

function storedSearchers(snapshot: Snapshot, options: RunOptions, query?: Query): Searcher[] {
  const { threads, share, progress } = options
  const { parts, records, unsealed } = snapshot
  if (threads === undefined || parts.length === 0) return [searcherOf(snapshot)]
  const concurrency = Number(query?.options?.concurrency ?? 0) || Infinity
  const ofQuery = { ...threads, threads: Math.min(threads.threads, concurrency) }
  const sealed = threadedSearcher(snapshot, { ...ofQuery, share, ...(progress && { progress }) })
  const unsealedRecords = sealed.records === undefined ? undefined : records - sealed.records
  return [searcherOf(unsealed, unsealedRecords), sealed]
}

/** The same, by those who search the snapshot: at least one. */
export function countRowsBy(
  searchers: readonly Searcher[],
  asked: Query,
  options: RunOptions = {},
): Promise<number> {
  const query = movedInTime(asked)
  const isPlain = isOfRecords(query) && !hasSubquery(query)
  if (isPlain && queryLimit(query) === null && options.threads?.aggregates !== undefined)
    return countKept(pipedRun(searchers, options, new ChunkBudget()), query)
  if (isPlain) return countOfAll(searchers, query.filter, queryLimit(query) ?? Infinity, options.signal)
  return countPiped(pipedRun(searchers, options, new ChunkBudget()), query)
}

const COUNT_PIPES = parseQuery('* | stats count() as n', { nowMs: 0 }).pipes

/** The same as a pipe, so that what is known of parts is not counted again. */
async function countKept(run: PipedRun, query: Query): Promise<number> {
  for await (const batch of batchesOf(run, { ...query, pipes: COUNT_PIPES }))
    return Number(batch.texts('n')[0])
  return 0
}

async function countPiped(run: PipedRun, query: Query): Promise<number> {
  let count = 0
  for await (const { rowCount } of batchesOf(run, query)) count += rowCount
  return count
}

/** The newest rows of the query, printed oldest first. QUERY_TOO_LARGE, QUERY_CANCELLED, also while rows are read. */
export function selectRows(
  snapshot: Snapshot,
  query: Query,
  options: SelectOptions = {},
): Promise<Selection> {
  return selectRowsBy(searchersOf(snapshot, options, query), query, options)
}

/** The same, by those who search the snapshot: at least one. */
export async function selectRowsBy(
  searchers: readonly Searcher[],
  asked: Query,
  options: SelectOptions = {},
): Promise<Selection> {
  const query = movedInTime(asked)
  const chunks = options.chunks ?? new ChunkBudget()
  const run = pipedRun(searchers, options, chunks)
  if (!isChosenFirst(query)) return runPiped(run, limitedTo(query, options.rowsMax))
  const limit = queryLimit(query) ?? options.rowsMax ?? Infinity
  const { count, ids } = await idsInTurns(run, query.filter, limit, () => extentOf(run, query.filter))
  if (!isOfRecords(query)) return { count, rows: mappedRows(query, run, run.fetch(ids)) }
  const pages = fetchAll(searchers, ids, chunks, options.signal)
  return { count, rows: recordRowsOf(query, pages) }
}

/** The query with the values of the queries within its filters in their place, for whoever asks its filter alone. */
export function withoutSubqueries(
  searchers: readonly Searcher[],
  query: Query,
  options: RunOptions = {},
): Promise<Query> {
  return resolved(pipedRun(searchers, options, new ChunkBudget()), query)
}

function pipedRun(searchers: readonly Searcher[], options: RunOptions, chunks: ChunkBudget): PipedRun {
  const {
    signal,
    random,
    keyBytesMax = QUERY_BYTES_MAX_DEFAULT,
    nowMs = Date.now(),
    rateSeconds = null,
  } = options
  return {
    ...{ searchers, signal, random, nowMs, rateSeconds, bytesMax: keyBytesMax },
    ...(options.scope && { scope: options.scope }),
    ...(options.progress && { progress: options.progress }),
    fetch: (ids) => rowsOfPages(fetchAll(searchers, ids, chunks, signal)),
  }
}

async function* rowsOfPages(pages: AsyncIterable<RowPage>): AsyncGenerator<readonly RecordRow[]> {
  for await (const page of pages) yield page.rows()
}

async function* mappedRows(
  query: Query,
  run: PipedRun,
  chunks: AsyncIterable<readonly RecordRow[]>,
): AsyncGenerator<Row> {
  const map = rowMapper(withoutLimits(query).pipes, run, query.filter)
  for await (const rows of chunks) yield* map(rows)
}

async function* fetchAll(
  searchers: readonly Searcher[],
  turns: AsyncIterable<Float64Array>,
  chunks: ChunkBudget,
  signal: AbortSignal | undefined,
): AsyncGenerator<RowPage> {
  for await (const ids of turns) yield* fetchChunks(searchers, ids, chunks, signal)
}

/** The memory of a chunk is given back when the next one is asked for. */
async function* fetchChunks(
  searchers: readonly Searcher[],
  ids: Float64Array,
  chunks: ChunkBudget,
  signal: AbortSignal | undefined,
): AsyncGenerator<RowPage> {
  let chunkRows = CHUNK_ROWS_FIRST
  for (let start = 0; start < ids.length; ) {
    // Of its own memory: it may go to another thread.
    const wanted = ids.slice(start, start + chunkRows)
    const bytesMax = chunks.take()
    try {
      const page = await fetchChunk(searchers, wanted, bytesMax, signal)
      if (page === null) {
        chunkRows = Math.ceil(wanted.length / 4)
        continue
      }
      yield page
      start += wanted.length
      chunkRows = rowsThatFit(page, bytesMax / searchers.length)
    } finally {
      chunks.give(bytesMax)
    }
  }
}

/** How many rows like these take a good part of the bytes. A chunk that is too large is read for nothing. */
function rowsThatFit({ rowCount, heldBytes }: RowPage, bytes: number): number {
  const fitting = Math.floor((FILLED_SHARE * bytes * rowCount) / Math.max(1, heldBytes))
  return Math.max(1, Math.min(CHUNK_ROWS_MAX, fitting))
}

/** The rows with these ids, in their order; null when they are too large to be held at once. One row never is. */
async function fetchChunk(
  searchers: readonly Searcher[],
  wanted: Float64Array,
  bytesMax: number,
  signal: AbortSignal | undefined,
): Promise<RowPage | null> {
  const { packs, isTooLarge, isDamaged } = await rowsOfAll(searchers, wanted, bytesMax, signal)
  if (isTooLarge) return null
  const page = new RowPage(packs, wanted)
  // What was readable a moment ago may be damaged now; then the snapshot says so, and the answer is partial.
  const missing = wanted.length - page.rowCount
  assert(missing === 0 || isDamaged, `${missing} rows left a snapshot while it was held`)
  return page
}
