/**
 * For tests: rows through the pipes of a query, in every way in which they may run. Rows are cut into batches at random
 * places, and a pipe that gathers also runs as several gatherers whose states go through a structured clone, as between
 * threads. All ways must give the same rows.
 */
import assert from 'node:assert/strict'
import { SeededRandom } from '../base/base.ts'
import { parseTimeText } from '../record/record.ts'
import type { Pipe, Query } from './ast.ts'
import { bindBatchFilter } from './batches/batch-view.ts'
import { EVERY_FIELD } from './batches/fields-wanted.ts'
import { type BatchKeys, RowBatch } from './batches/row-batch.ts'
import { batchPipeCount, bindBatches, bindGatherer, runPipes } from './pipeline.ts'
import type { PipeSettings } from './pipes/kind.ts'
import { pipeKindOf } from './pipes/registry.ts'
import { TIME_FIELD } from './special-fields.ts'
import { parseQuery } from './syntax/parser.ts'

/** A row: names and texts. */
export type TestRow = readonly (readonly [string, string])[]

export interface PipeTestOptions {
  /** How often the rows are cut anew. Default 3. */
  readonly cuts?: number
  readonly seed?: number
  readonly settings?: Partial<PipeSettings>
  /** Rows have keys, as records have: ids 1, 2, 3 … in their order, and the time of `_time`, else 0. */
  readonly keyed?: boolean
  /** The order of the rows that leave must be the same in all ways. Else the rows are compared as a multiset. */
  readonly ordered?: boolean
  /** What queries within the query search. Default: `rows`. */
  readonly records?: readonly TestRow[]
}

export const PIPE_TEST_NOW_MS = Date.UTC(2025, 6, 18)

export const TEST_SETTINGS: PipeSettings = {
  nowMs: PIPE_TEST_NOW_MS,
  stateBytesMax: 64 << 20,
  timeMsMin: -Infinity,
  timeMsMax: Infinity,
  rateSeconds: null,
}

/** `{ a: '1' }` as a row. */
export const row = (fields: Readonly<Record<string, string>>): TestRow => Object.entries(fields)

/** The rows that leave `* | <pipes>`, without empty fields. */
export async function runPipeText(
  pipes: string,
  rows: readonly TestRow[],
  options: PipeTestOptions = {},
): Promise<TestRow[]> {
  return await runQueryText(`* | ${pipes}`, rows, options)
}

/** The rows that the query makes of these. */
export async function runQueryText(
  text: string,
  rows: readonly TestRow[],
  options: PipeTestOptions = {},
): Promise<TestRow[]> {
  const { cuts = 3, seed = 1, ordered = false } = options
  const query = parseQuery(text, { nowMs: PIPE_TEST_NOW_MS })
  const run = new TestRun(rows, options)
  const first = await run.rowsOf(query, [rows.length])
  for (let cut = 0; cut < cuts; cut++) {
    const random = new SeededRandom(seed + cut)
    const where = `${text}, cut ${cut} of seed ${seed}`
    const sizes = randomSizes(rows.length, random)
    assertSame(await run.rowsOf(query, sizes), first, ordered, `in batches of ${sizes}: ${where}`)
    const gathered = await run.gatheredRowsOf(query, sizes, random)
    if (gathered !== null) assertSame(gathered, first, ordered, `through several gatherers: ${where}`)
  }
  return first
}

function assertSame(found: TestRow[], wanted: TestRow[], ordered: boolean, where: string): void {
  if (ordered) assert.deepEqual(found.map(sortedRow), wanted.map(sortedRow), where)
  else assert.deepEqual(multiset(found), multiset(wanted), where)
}

function randomSizes(rowCount: number, random: SeededRandom): number[] {
  const sizes: number[] = []
  for (let left = rowCount; left > 0; ) {
    const size = Math.min(left, 1 + random.below(Math.max(1, Math.min(rowCount, 300))))
    sizes.push(size)
    left -= size
  }
  return sizes
}

class TestRun {
  readonly #rows: readonly TestRow[]
  readonly #options: PipeTestOptions
  readonly #settings: PipeSettings

  constructor(rows: readonly TestRow[], options: PipeTestOptions) {
    this.#rows = rows
    this.#options = options
    this.#settings = { ...TEST_SETTINGS, ...options.settings }
  }

  async rowsOf(query: Query, sizes: readonly number[]): Promise<TestRow[]> {
    return await rowsOfBatches(this.#run(this.#batches(query, sizes), query.pipes))
  }

  /** Null where no pipe gathers right behind those that work batch by batch. */
  async gatheredRowsOf(
    query: Query,
    sizes: readonly number[],
    random: SeededRandom,
  ): Promise<TestRow[] | null> {
    const at = batchPipeCount(query.pipes)
    const pipe = query.pipes[at]
    if (pipe === undefined || pipeKindOf(pipe).bindGather === undefined) return null
    const map = bindBatches(query.pipes.slice(0, at), this.#settings, random)
    const gatherers = Array.from({ length: 1 + random.below(4) }, () => this.#gatherer(pipe, random))
    for (const batch of this.#batches(query, sizes)) {
      const mapped = map(batch)
      if (mapped.rowCount > 0) gatherers[random.below(gatherers.length)].add(mapped)
    }
    const merged = this.#gatherer(pipe, random)
    for (const gatherer of shuffled(gatherers, random)) merged.merge(structuredClone(gatherer.take()))
    return await rowsOfBatches(this.#run(merged.rows(), query.pipes.slice(at + 1)))
  }

  #gatherer(pipe: Pipe, random: SeededRandom) {
    return bindGatherer(pipe, this.#settings, new SeededRandom(random.uint32()))
  }

  #batches(query: Query, sizes: readonly number[], rows = this.#rows): RowBatch[] {
    const find = bindBatchFilter(query.filter)
    const batches: RowBatch[] = []
    let from = 0
    for (const size of sizes) {
      const batch = this.#batchOf(rows.slice(from, from + size), from + 1)
      const found = find(batch)
      if (found === null || found.length > 0) batches.push(found === null ? batch : batch.select(found))
      from += size
    }
    return batches
  }

  #batchOf(rows: readonly TestRow[], firstId: number): RowBatch {
    const batch = RowBatch.ofRows(rows)
    if (this.#options.keyed !== true) return batch
    return new RowBatch(batch.rowCount, batch.columns, keysOf(batch, firstId))
  }

  async *#run(batches: Iterable<RowBatch>, pipes: readonly Pipe[]): AsyncGenerator<RowBatch> {
    yield* runPipes(inTurn(batches), pipes, {
      settings: this.#settings,
      random: new SeededRandom(this.#options.seed ?? 1),
      signal: undefined,
      pause: async () => {},
      wanted: EVERY_FIELD,
      select: (query) => this.#select(query),
    })
  }

  async *#select(query: Query): AsyncGenerator<RowBatch> {
    const rows = this.#options.records ?? this.#rows
    yield* this.#run(this.#batches(query, [rows.length], rows), query.pipes)
  }
}

function keysOf(batch: RowBatch, firstId: number): BatchKeys {
  const timesMs = new Float64Array(batch.rowCount)
  const timesNs = new Uint32Array(batch.rowCount)
  const ids = Float64Array.from({ length: batch.rowCount }, (_, index) => firstId + index)
  const time = { ms: 0, ns: 0 }
  for (const [index, text] of batch.texts(TIME_FIELD).entries()) {
    if (!parseTimeText(text, time)) continue
    timesMs[index] = time.ms
    timesNs[index] = time.ns
  }
  return { timesMs, timesNs, ids }
}

async function* inTurn(batches: Iterable<RowBatch>): AsyncGenerator<RowBatch> {
  yield* batches
}

async function rowsOfBatches(batches: AsyncIterable<RowBatch>): Promise<TestRow[]> {
  const rows: TestRow[] = []
  for await (const batch of batches) {
    const columns = batch.names.map((name) => ({ name, texts: batch.texts(name) }))
    for (let index = 0; index < batch.rowCount; index++) {
      const all = columns.map(({ name, texts }) => [name, texts[index]] as const)
      rows.push(all.filter(([, text]) => text !== ''))
    }
  }
  return rows
}

function shuffled<T>(values: readonly T[], random: SeededRandom): T[] {
  const all = [...values]
  for (let at = all.length - 1; at > 0; at--) {
    const other = random.below(at + 1)
    const value = all[at]
    all[at] = all[other]
    all[other] = value
  }
  return all
}

// ---- comparing ----------------------------------------------------------------------------------------------

/** The fields by name, without empty ones. */
export function sortedRow(fields: TestRow): TestRow {
  return fields.filter(([, text]) => text !== '').toSorted(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0))
}

/** Rows in an order that does not depend on theirs. */
export function multiset(rows: readonly TestRow[]): string[] {
  return rows.map((fields) => JSON.stringify(sortedRow(fields))).toSorted()
}
