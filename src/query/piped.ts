/**
 * Queries whose pipes make something else than records of the rows: how each is run over the parts of a snapshot,
 * divided as division.ts says, after the queries within its filters.
 *
 * What an answer holds is charged to the query's memory.
 */
import { assert, type Random, systemRandom } from '../base/base.ts'
import type { Filter, Pipe, Query } from './ast.ts'
import { EVERY_FIELD, type FieldPattern, type FieldsWanted, namesWanted } from './batches/fields-wanted.ts'
import { MemoryShare, textBytes } from './batches/memory-share.ts'
import { batchOfRecords } from './batches/record-batches.ts'
import { type RowBatch, rowsOfBatch } from './batches/row-batch.ts'
import { divisionOf, type GatheredDivision, type OrderedDivision } from './division.ts'
import { andOf } from './filters/and.ts'
import { filterKindOf } from './filters/registry.ts'
import { type Extent, idsInTurns } from './key-turns.ts'
import { bindBatches, bindGatherer, fieldsForPipes, runPipes } from './pipeline.ts'
import type { PipeSettings } from './pipes/kind.ts'
import { pipeKindOf } from './pipes/registry.ts'
import { uniqOf } from './pipes/uniq.ts'
import type { RecordRow, ValuesRow } from './row.ts'
import { boundsOf } from './scan/plan.ts'
import type { QueryProgress } from './scan/query-progress.ts'
import { pause } from './scan/search.ts'
import { type Searcher, statesOfAll } from './scan/searchers.ts'
import { parseQuery } from './syntax/parser.ts'
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
  /** Fields that it is as if no record had, to the query itself too: scan/hidden-fields.ts. */
  readonly hidden?: readonly FieldPattern[]
}

interface RunSettings {
  /** Bytes of the keys, of each state, and of the answer. */
  readonly bytesMax: number
  readonly nowMs: number
  readonly rateSeconds: number | null
}

/** What a run needs beside the query. */
export interface PipedRun extends RunSettings {
  readonly searchers: readonly Searcher[]
  readonly signal: AbortSignal | undefined
  readonly random?: Random
  readonly scope?: QueryScope
  /** What was read so far. */
  readonly progress?: QueryProgress
  /** The records with these ids, in their order, in chunks. */
  fetch(ids: AsyncIterable<Float64Array>): AsyncIterable<readonly RecordRow[]>
}

/** Values that one subquery may give. */
const SUBQUERY_VALUES_MAX = 1_000_000
const RUN_BYTES_A_VALUE = 16

/**
 * The rows of the answer, all of them, in their order. An answer that is too large to be held is only counted, and made
 * again when it is read, unless it would be another one then. QUERY_TOO_LARGE, QUERY_CANCELLED.
 */
export async function runPiped(
  run: PipedRun,
  query: Query,
): Promise<{ count: number; rows: AsyncIterable<ValuesRow> }> {
  const memory = new MemoryShare(run.bytesMax, 'The answer')
  const isRepeatable = query.pipes.every((pipe) => pipeKindOf(pipe).isRepeatable !== false)
  let held: RowBatch[] | null = []
  let count = 0
  for await (const batch of batchesOf(run, query)) {
    count += batch.rowCount
    if (held === null) continue
    const bytes = batchBytes(batch)
    if (isRepeatable && !memory.hasRoom(bytes)) {
      held = null
      continue
    }
    memory.charge(bytes)
    held.push(batch)
  }
  return { count, rows: rowsOf(held === null ? batchesOf(run, query) : takenFrom(held), run.signal) }
}

/** Takes each batch out of the list, so that its memory goes with it. */
async function* takenFrom(batches: RowBatch[]): AsyncGenerator<RowBatch> {
  for (let batch = batches.shift(); batch !== undefined; batch = batches.shift()) yield batch
}

async function* rowsOf(
  batches: AsyncIterable<RowBatch>,
  signal: AbortSignal | undefined,
): AsyncGenerator<ValuesRow> {
  for await (const batch of batches) {
    yield* rowsOfBatch(batch)
    await pause(signal)
  }
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

/** The same, batch by batch, with the fields that are wanted and perhaps others. */
export async function* batchesOf(
  run: PipedRun,
  asked: Query,
  wanted: FieldsWanted = EVERY_FIELD,
): AsyncGenerator<RowBatch> {
  const { filter, pipes } = await resolved(run, movedInTime(asked))
  const settings = settingsOf(run, filter)
  const context = { settings, wanted, ...contextOf(run) }
  const division = divisionOf(pipes, run.bytesMax, wanted)
  if (division.kind === 'gathered')
    yield* runPipes(gathered(run, filter, division, settings), division.after, context)
  else yield* runPipes(ordered(run, filter, division), division.pipes, context)
}

function contextOf(run: PipedRun) {
  const { signal, scope, random = systemRandom } = run
  // How much was read tells of words of hidden fields: indexes are those of whole blocks.
  const progress = hidesAny(scope) ? undefined : run.progress
  return {
    ...{ random, signal, pause: () => pause(signal) },
    ...(progress && { progress: () => ({ ...progress.now() }) }),
    select: (other: Query, wanted: FieldsWanted) => batchesOf(run, withinScope(other, scope), wanted),
  }
}

const hidesAny = (scope: QueryScope | undefined): boolean => (scope?.hidden?.length ?? 0) > 0

function withinScope(query: Query, { forced, range }: QueryScope = {}): Query {
  const looksBeyond = query.options?.ignore_global_time_filter === 'true'
  const filters = [forced, looksBeyond ? undefined : range].filter((filter) => filter !== undefined)
  return filters.length === 0 ? query : { ...query, filter: andOf([...filters, query.filter]) }
}

function settingsOf({ bytesMax, nowMs, rateSeconds }: RunSettings, filter: Filter): PipeSettings {
  const { timeMsMin, timeMsMax } = boundsOf(filter)
  return { nowMs, stateBytesMax: bytesMax, timeMsMin, timeMsMax, rateSeconds, hashKey: HASH_KEY }
}

async function* gathered(
  { searchers, signal, random }: PipedRun,
  filter: Filter,
  { before, pipe, fields }: GatheredDivision,
  settings: PipeSettings,
): AsyncGenerator<RowBatch> {
  const gatherer = bindGatherer(pipe, settings, random)
  for (const state of await statesOfAll(searchers, filter, { before, pipe, fields, settings }, signal)) {
    gatherer.merge(state)
    await pause(signal)
  }
  for (const batch of gatherer.rows()) {
    if (batch.rowCount > 0) yield batch
    await pause(signal)
  }
}

async function* ordered(
  run: PipedRun,
  filter: Filter,
  { newest, fields }: OrderedDivision,
): AsyncGenerator<RowBatch> {
  const found = await idsInTurns(run, filter, newest, () => extentOf(run, filter))
  for await (const rows of run.fetch(found.ids)) yield batchOfRecords(rows, fields)
}

const EXTENT_PIPES = parseQuery('* | stats count() as n, min(_time) as first, max(_time) as last', {
  nowMs: 0,
}).pipes

/** Of what matches; there is something. */
export async function extentOf(run: PipedRun, filter: Filter): Promise<Extent> {
  for await (const batch of batchesOf(run, { filter, pipes: EXTENT_PIPES })) {
    const [count, first, last] = ['n', 'first', 'last'].map((name) => batch.texts(name)[0])
    return { count: Number(count), firstMs: Date.parse(first), lastMs: Date.parse(last) }
  }
  return { count: 0, firstMs: 0, lastMs: 0 }
}

/** Records through pipes that keep their number and order. */
export function rowMapper(pipes: readonly Pipe[], settings: RunSettings, filter: Filter) {
  const map = bindBatches(pipes, settingsOf(settings, filter))
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
  assert(kind.withValues !== undefined, `filter ${filter.kind} takes no values`)
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
