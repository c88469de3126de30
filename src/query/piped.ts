/**
 * Queries whose pipes make something else than records of the rows: how each is run over the parts of a snapshot.
 *
 *   … | rows pipes | gathering pipe | the rest    states are gathered where the blocks are, merged, and what comes out of
 *                                                 them goes through the rest here
 *   … | rows pipes | anything else                records are fetched in order (as without pipes), then go through all
 *                                                 pipes here
 *
 * What an answer holds is charged to the query's memory.
 */
import { type Random, systemRandom } from '../base/base.ts'
import type { Filter, Pipe, Query } from './ast.ts'
import { type FieldsWanted, namesWanted } from './batches/fields-wanted.ts'
import { MemoryShare, textBytes } from './batches/memory-share.ts'
import { batchOfRecords } from './batches/record-batches.ts'
import { type RowBatch, rowsOfBatch } from './batches/row-batch.ts'
import { andOf } from './filters/and.ts'
import { filterKindOf } from './filters/registry.ts'
import { limitsFirst } from './limits-first.ts'
import { batchPipeCount, bindBatches, bindGatherer, fieldsForPipes, runPipes } from './pipeline.ts'
import type { PipeSettings } from './pipes/kind.ts'
import { pipeKindOf } from './pipes/registry.ts'
import { uniqOf } from './pipes/uniq.ts'
import type { RecordRow, ValuesRow } from './row.ts'
import type { GatherWanted } from './scan/gather.ts'
import { FilterPlan } from './scan/plan.ts'
import type { QueryProgress } from './scan/query-progress.ts'
import { KEY_BYTES } from './scan/row-keys.ts'
import { pause } from './scan/search.ts'
import { keysOfParts, type SearchPart, statesOfParts } from './scan/search-parts.ts'
import { movedInTime } from './time-offset.ts'
import { HASH_KEY } from './values/hash-key.ts'

/**
 * What whoever asks may see, for the queries within the query: the query itself was narrowed already. A proxy that forces
 * a filter on a query must not be fooled by a `union`.
 */
export interface QueryScope {
  readonly forced?: Filter
  /** The time range of the request; a query says `options(ignore_global_time_filter=true)` to look beyond it. */
  readonly range?: Filter
}

/** What a run needs beside the query. */
export interface PipedRun {
  readonly parts: readonly SearchPart[]
  /** Bytes of the keys, of each state, and of the answer. */
  readonly bytesMax: number
  readonly nowMs: number
  readonly rateSeconds: number | null
  readonly signal: AbortSignal | undefined
  readonly random?: Random
  readonly scope?: QueryScope
  /** What was read so far. */
  readonly progress?: QueryProgress
  /** The records with these ids, in their order, in chunks. */
  fetch(ids: Float64Array): AsyncIterable<readonly RecordRow[]>
}

/** Values that one subquery may give. */
const SUBQUERY_VALUES_MAX = 1_000_000
const RUN_BYTES_A_VALUE = 16

/** The rows of the answer, all of them, in their order. QUERY_TOO_LARGE, QUERY_CANCELLED. */
export async function runPiped(
  run: PipedRun,
  query: Query,
): Promise<{ count: number; rows: AsyncIterable<ValuesRow> }> {
  const memory = new MemoryShare(run.bytesMax, 'The answer')
  const batches: RowBatch[] = []
  let count = 0
  for await (const batch of batchesOf(run, query)) {
    memory.charge(batchBytes(batch))
    batches.push(batch)
    count += batch.rowCount
  }
  return { count, rows: rowsOf(batches) }
}

/** Takes each batch out of the list, so that its memory goes with it. */
async function* rowsOf(batches: RowBatch[]): AsyncGenerator<ValuesRow> {
  for (let batch = batches.shift(); batch !== undefined; batch = batches.shift()) yield* rowsOfBatch(batch)
}

function batchBytes(batch: RowBatch): number {
  let bytes = 64
  for (const column of batch.columns.values()) {
    bytes += RUN_BYTES_A_VALUE * batch.rowCount
    let last: string | null = null
    for (const text of column.texts()) {
      if (text !== last) bytes += textBytes(text)
      last = text
    }
  }
  return bytes
}

/** The same, batch by batch. */
export async function* batchesOf(run: PipedRun, asked: Query): AsyncGenerator<RowBatch> {
  const query = await resolved(run, movedInTime(asked))
  const { filter } = query
  const pipes = withLimits(limitsFirst(query.pipes))
  const settings = settingsOf(run, filter)
  const context = {
    settings,
    random: run.random ?? systemRandom,
    signal: run.signal,
    pause: () => pause(run.signal),
    ...(run.progress && { progress: () => ({ ...run.progress?.now() }) }),
    select: (other: Query) => batchesOf(run, withinScope(other, run.scope)),
  }
  const before = pipes.slice(0, batchPipeCount(pipes))
  const next = pipes[before.length]
  const newest = newestOf(before, next)
  const isGathering = next !== undefined && pipeKindOf(next).bindGather !== undefined
  if (isGathering && newest * KEY_BYTES > run.bytesMax) {
    const rows = gathered(run, filter, { before, pipe: next, fields: fieldsForPipes(pipes), settings })
    yield* runPipes(rows, pipes.slice(before.length + 1), context)
    return
  }
  yield* runPipes(ordered(run, filter, newest, fieldsForPipes(pipes)), pipes, context)
}

function withinScope(query: Query, { forced, range }: QueryScope = {}): Query {
  const looksBeyond = query.options?.ignore_global_time_filter === 'true'
  const filters = [forced, looksBeyond ? undefined : range].filter((filter) => filter !== undefined)
  return filters.length === 0 ? query : { ...query, filter: andOf([...filters, query.filter]) }
}

/** What is limited afterwards needs no more rows than that: `sort by (x) | limit 10`. */
function withLimits(pipes: readonly Pipe[]): Pipe[] {
  return pipes.map((pipe, at) => {
    const next = pipes[at + 1]
    if (next?.kind !== 'limit') return pipe
    const rows = pipeKindOf(next).rowsMax?.(next)
    return (rows === undefined ? null : pipeKindOf(pipe).limited?.(pipe, rows)) ?? pipe
  })
}

function settingsOf({ bytesMax, nowMs, rateSeconds }: PipedRun, filter: Filter): PipeSettings {
  const { timeMsMin, timeMsMax } = new FilterPlan(filter, false).bounds
  return { nowMs, stateBytesMax: bytesMax, timeMsMin, timeMsMax, rateSeconds, hashKey: HASH_KEY }
}

/** How many of the newest records are enough; Infinity: all are needed. */
function newestOf(before: readonly Pipe[], next: Pipe | undefined): number {
  const isOneByOne = before.every((pipe) => pipeKindOf(pipe).keepsRows === true)
  return (
    (isOneByOne && next !== undefined ? pipeKindOf(next).newestMax?.(next, before.length === 0) : null) ??
    Infinity
  )
}

async function* gathered(
  { parts, signal, random }: PipedRun,
  filter: Filter,
  wanted: GatherWanted,
): AsyncGenerator<RowBatch> {
  const gatherer = bindGatherer(wanted.pipe, wanted.settings, random)
  for (const state of await statesOfParts(parts, filter, wanted, signal)) {
    gatherer.merge(state)
    await pause(signal)
  }
  yield* gatherer.rows()
}

async function* ordered(
  { parts, bytesMax, signal, fetch }: PipedRun,
  filter: Filter,
  limit: number,
  wanted: FieldsWanted,
): AsyncGenerator<RowBatch> {
  const { ids } = await keysOfParts(parts, filter, limit, bytesMax, signal)
  for await (const rows of fetch(ids)) yield batchOfRecords(rows, wanted)
}

/** Records through pipes that keep their number and order. */
export function rowMapper(
  pipes: readonly Pipe[],
  run: Pick<PipedRun, 'bytesMax' | 'nowMs' | 'rateSeconds'>,
  filter: Filter,
) {
  const map = bindBatches(pipes, settingsOf(run as PipedRun, filter))
  const wanted = fieldsForPipes(pipes)
  return (rows: readonly RecordRow[]): ValuesRow[] => rowsOfBatch(map(batchOfRecords(rows, wanted)))
}

// ---- subqueries ---------------------------------------------------------------------------------------------

/** The query without the queries within its filters: their values stand there instead. */
export async function resolved(run: PipedRun, query: Query): Promise<Query> {
  if (!hasSubquery(query)) return query
  const filter = (await resolvedNode(run, query.filter)) as Filter
  const pipes = (await Promise.all(query.pipes.map((pipe) => resolvedNode(run, pipe)))) as Pipe[]
  return { ...query, filter, pipes }
}

/** Some filter, also of its pipes, needs the values of another query. */
export function hasSubquery({ filter, pipes }: Query): boolean {
  return [filter, ...pipes].some(nodeHasSubquery)
}

type Node = unknown

function nodeHasSubquery(node: Node): boolean {
  if (Array.isArray(node)) return node.some(nodeHasSubquery)
  if (!isObject(node) || isQuery(node)) return false
  return isFilterWithQuery(node) || Object.values(node).some(nodeHasSubquery)
}

/** Queries of `union` and the like are left: whoever runs them resolves theirs. */
async function resolvedNode(run: PipedRun, node: Node): Promise<Node> {
  if (Array.isArray(node)) {
    const items: Node[] = []
    for (const item of node) items.push(await resolvedNode(run, item))
    return items
  }
  if (!isObject(node) || isQuery(node) || !nodeHasSubquery(node)) return node
  if (isFilterWithQuery(node)) return withValuesOf(run, node)
  const entries: [string, Node][] = []
  for (const [name, value] of Object.entries(node)) entries.push([name, await resolvedNode(run, value)])
  return Object.fromEntries(entries)
}

function isObject(node: Node): node is Readonly<Record<string, unknown>> {
  return typeof node === 'object' && node !== null
}

function isQuery(node: Readonly<Record<string, unknown>>): boolean {
  return isObject(node.filter) && Array.isArray(node.pipes)
}

interface FilterWithQuery extends Filter {
  readonly subquery: Query
}

function isFilterWithQuery(
  node: Readonly<Record<string, unknown>>,
): node is Readonly<Record<string, unknown>> & FilterWithQuery {
  return typeof node.kind === 'string' && isObject(node.subquery) && isQuery(node.subquery)
}

async function withValuesOf(run: PipedRun, filter: FilterWithQuery): Promise<Filter> {
  const kind = filterKindOf(filter)
  if (kind.withValues === undefined) throw new Error(`filter ${filter.kind} takes no values`)
  return kind.withValues(filter, await valuesOfQuery(run, filter.subquery))
}

/** Distinct values of the one field that the rows of the query have. */
async function valuesOfQuery(run: PipedRun, query: Query): Promise<string[]> {
  const memory = new MemoryShare(run.bytesMax, 'The query within the query')
  const named = namesWanted(fieldsForPipes(query.pipes.slice(-1)))
  const [only] = named?.length === 1 ? named : []
  // Threads gather each value once.
  const distinct = only === undefined ? query : { ...query, pipes: [...query.pipes, uniqOf(only)] }
  const values = new Set<string>()
  for await (const batch of batchesOf(run, withinScope(distinct, run.scope))) {
    const field = batch.names.length === 1 ? batch.names[0] : named?.[0]
    if (field === undefined) continue
    for (const text of batch.texts(field)) {
      if (text === '' || values.has(text)) continue
      memory.charge(textBytes(text) + (values.size >= SUBQUERY_VALUES_MAX ? run.bytesMax : 0))
      values.add(text)
    }
  }
  return [...values]
}
