/**
 * For tests: the engine's answers to queries over random records, held against naive ones (test-naive.ts), whatever is
 * stored how: in memory, in parts, merged, in blocks cut anywhere, searched here or by tasks whose states are merged,
 * with what was kept of parts before. A difference is made as small as it can be before anybody sees it.
 */
import { InlineRunner, SeededRandom, SimulatedClock, SimulatedDisk, type TaskRunner } from '../base/base.ts'
import { FIELD_NUMBER, FIELD_STRING, FIELD_TRUE, RECORD_FLAG_LEVEL_UPPER } from '../record/record.ts'
import { openStore, type Snapshot } from '../storage/storage.ts'
import { encodeSample, type SampleField, type SampleRecord } from '../testing/sample-records.ts'
import type { Query } from './ast.ts'
import type { Row } from './row.ts'
import { rowFields } from './row-fields.ts'
import { countRows, type RunOptions, selectRows } from './run.ts'
import { AggregateCache } from './scan/aggregate-cache.ts'
import { scanTasks } from './scan/scan-tasks.ts'
import { parseQuery } from './syntax/parser.ts'
import { printQuery } from './syntax/printer.ts'
import { blockOf, FakeSnapshot, type TestRecord } from './test-blocks.ts'
import { type NaiveRecord, naiveAnswer } from './test-naive.ts'
import type { NaiveFields } from './test-naive-filters.ts'
import { bytesOfText, LEVEL_NAMES, levelRank, textOfBytes } from './test-naive-values.ts'
import { GENERATED_NOW_MS, generateRecords, QueryGenerator } from './test-query-generator.ts'

/** What is asked of what; the seed says how records are stored. */
export interface DifferentialCase {
  readonly seed: number
  readonly records: readonly NaiveRecord[]
  readonly queries: readonly string[]
}

export interface Difference {
  readonly query: string
  /** How the records were stored, and who searched. */
  readonly way: string
  readonly naive: readonly NaiveFields[] | string
  readonly engine: readonly NaiveFields[] | string
}

const MIB = 1024 * 1024
const QUERIES = 6
const MANY_RECORDS = 300

const parseGenerated = (text: string): Query => parseQuery(text, { nowMs: GENERATED_NOW_MS })

export function generateCase(seed: number): DifferentialCase {
  const random = new SeededRandom(seed)
  const records = generateRecords(random)
  const generator = new QueryGenerator(random, records)
  const length = records.length > MANY_RECORDS ? 2 : QUERIES
  return { seed, records, queries: Array.from({ length }, () => generator.query()) }
}

// ---- one case -----------------------------------------------------------------------------------------------

interface Asked {
  readonly text: string
  readonly query: Query
  readonly naive: readonly NaiveFields[]
}

/** The first answer that is another one, or null. */
export async function differenceIn({ seed, records, queries }: DifferentialCase): Promise<Difference | null> {
  const asked = queries.map((text): Asked => {
    const query = parseGenerated(text)
    return { text, query, naive: naiveAnswer(query, records) }
  })
  return (await differenceInBlocks(seed, records, asked)) ?? (await differenceInStore(seed, records, asked))
}

async function differenceInBlocks(
  seed: number,
  records: readonly NaiveRecord[],
  asked: readonly Asked[],
): Promise<Difference | null> {
  const random = new SeededRandom(seed ^ 0x5eed)
  const snapshot = new FakeSnapshot(
    randomCuts(random, records.length).map(([from, to]) =>
      blockOf(records.slice(from, to).map(testRecordOf), from + 1),
    ),
  )
  return await differenceWith(snapshot, asked, 'blocks', {})
}

async function differenceInStore(
  seed: number,
  records: readonly NaiveRecord[],
  asked: readonly Asked[],
): Promise<Difference | null> {
  const random = new SeededRandom(seed ^ 0x57e1)
  const disk = new SimulatedDisk({ seed })
  const store = await openStore({
    disk,
    clock: new SimulatedClock({ wallMs: GENERATED_NOW_MS }),
    random,
    directory: '/store',
    options: { freeBytesMin: 0, blockRowsMax: [3, 7, 30, 1000][random.below(4)] },
  })
  const runner = new InlineRunner(scanTasks(disk))
  const ask = async (way: string): Promise<Difference | null> => {
    using snapshot = store.snapshot()
    return await differenceInSnapshot(snapshot, asked, way, cloning(runner), random.below(3))
  }
  try {
    const cuts = randomCuts(random, records.length)
    for (const [from, to] of cuts) {
      await store.append(encodeSample({ records: records.slice(from, to).map(sampleOf) }))
      if (random.chance(0.3)) await store.flush()
    }
    const some = await ask('some of it sealed')
    if (some !== null) return some
    await store.flush()
    const all = await ask('sealed')
    if (all !== null) return all
    await store.maintenance.merge()
    return await ask('merged')
  } finally {
    await runner.close()
    await store.close()
  }
}

/** In one of the ways: there are more seeds than ways. */
async function differenceInSnapshot(
  snapshot: Snapshot,
  asked: readonly Asked[],
  way: string,
  runner: TaskRunner,
  kind: number,
): Promise<Difference | null> {
  if (kind === 0 || snapshot.parts.length === 0)
    return await differenceWith(snapshot, asked, `${way}, searched here`, {})
  const threads = { runner, threads: 3, cacheBytesMax: MIB }
  if (kind === 1) return await differenceWith(snapshot, asked, `${way}, searched by tasks`, { threads })
  const keeping = { threads: { ...threads, aggregates: new AggregateCache(8 * MIB) } }
  const large = withLargeParts(snapshot)
  const first = await differenceWith(large, asked, `${way}, searched in slices`, keeping)
  return first ?? (await differenceWith(large, asked, `${way}, in slices, with what was kept`, keeping))
}

async function differenceWith(
  snapshot: Snapshot,
  asked: readonly Asked[],
  way: string,
  options: RunOptions,
): Promise<Difference | null> {
  for (const { text, query, naive } of asked) {
    const engine = await answerOf(snapshot, query, options)
    if (!isSame(engine, naive)) return { query: text, way, naive, engine }
  }
  return null
}

/** A text where it fails, or contradicts itself. */
async function answerOf(
  snapshot: Snapshot,
  query: Query,
  options: RunOptions,
): Promise<readonly NaiveFields[] | string> {
  try {
    const run = { ...options, nowMs: GENERATED_NOW_MS, random: new SeededRandom(1) }
    const { count, rows } = await selectRows(snapshot, query, run)
    const found: NaiveFields[] = []
    for await (const row of rows) found.push(fieldsOfRow(row))
    if (count !== found.length) return `${found.length} rows that call themselves ${count}`
    const isCounted = options.threads === undefined && !isEnlarged(snapshot)
    const counted = isCounted ? await countRows(snapshot, query, run) : count
    return counted === count ? found : `${count} rows that are counted as ${counted}`
  } catch (error) {
    return error instanceof Error ? (error.stack ?? error.message) : String(error)
  }
}

function fieldsOfRow(row: Row): NaiveFields {
  const pairs = rowFields(row).map(({ name, value }) => [name, textOfBytes(value)] as const)
  return Object.fromEntries(pairs.filter(([, value]) => value !== ''))
}

function isSame(engine: readonly NaiveFields[] | string, naive: readonly NaiveFields[]): boolean {
  if (typeof engine === 'string' || engine.length !== naive.length) return false
  return engine.every((row, at) => isSameRow(row, naive[at]))
}

function isSameRow(a: NaiveFields, b: NaiveFields): boolean {
  const names = Object.keys(a)
  return names.length === Object.keys(b).length && names.every((name) => a[name] === b[name])
}

// ---- how it is stored ---------------------------------------------------------------------------------------

/** Pieces of 0 to `count`, none of them empty. */
function randomCuts(random: SeededRandom, count: number): (readonly [from: number, to: number])[] {
  const cuts: (readonly [number, number])[] = []
  const most = 1 + random.below(random.chance(0.3) ? 5 : 100)
  for (let from = 0; from < count; ) {
    const to = Math.min(count, from + 1 + random.below(most))
    cuts.push([from, to])
    from = to
  }
  return cuts
}

const msOf = (time: bigint): number => Number(time / 1_000_000n)
const nsOf = (time: bigint): number => Number(time % 1_000_000n)

function testRecordOf({ time, message, level, stream, fields }: NaiveRecord): TestRecord {
  const messageBytes = bytesOfText(message)
  return { message: messageBytes, timeMs: msOf(time), timeNs: nsOf(time), level, stream, fields }
}

function sampleOf({ time, message, level, stream, fields }: NaiveRecord): SampleRecord {
  const name = LEVEL_NAMES[levelRank(level)]
  const isUpper = name !== undefined && level === name.toUpperCase()
  const isCanonical = level === '' || level === name || isUpper
  return {
    message: bytesOfText(message),
    timeMs: msOf(time),
    timeNs: nsOf(time),
    severity: name === undefined ? 0 : 4 * levelRank(level) + 1,
    ...(isUpper && { flags: RECORD_FLAG_LEVEL_UPPER }),
    ...(!isCanonical && { levelWord: level }),
    fields: [
      ...Object.entries(stream).map(([key, value]) => fieldOf(key, value, true)),
      ...Object.entries(fields).map(([key, value]) => fieldOf(key, value, false)),
    ],
  }
}

/** Some came as JSON numbers. */
function fieldOf(name: string, text: string, isStream: boolean): SampleField {
  const kind =
    text === 'true' ? FIELD_TRUE : /^\d{1,9}$/.test(text) && name === 'n' ? FIELD_NUMBER : FIELD_STRING
  return { name, value: bytesOfText(text), kind, isStream }
}

/** What goes to a task and comes from it is plain data, as between threads. */
function cloning(runner: TaskRunner): TaskRunner {
  return {
    run: async <Out>(task: string, input: unknown, options: Parameters<TaskRunner['run']>[2]) =>
      structuredClone(await runner.run<Out>(task, structuredClone(input), options)),
    close: () => runner.close(),
    stats: runner.stats,
  }
}

const MANY = 1_000_000
const enlarged = new WeakSet<Snapshot>()
const isEnlarged = (snapshot: Snapshot): boolean => enlarged.has(snapshot)

/** Parts that say that they have many records are cut into slices, and what pipes make of them is kept. */
function withLargeParts(snapshot: Snapshot): Snapshot {
  const parts = snapshot.parts.map((part) => ({ ...part, records: part.records + MANY }))
  const large: Snapshot = {
    parts,
    unsealed: snapshot.unsealed,
    records: snapshot.records + MANY * parts.length,
    fenceId: snapshot.fenceId,
    damage: snapshot.damage,
    scan: (request) => snapshot.scan(request),
    noteDamage: (range) => snapshot.noteDamage(range),
    release: () => {},
    [Symbol.dispose]: () => {},
  }
  enlarged.add(large)
  return large
}

// ---- shrinking ----------------------------------------------------------------------------------------------

const ATTEMPTS_MAX = 600

/** The same difference, or one like it, with as little as possible; the case has one query. */
async function shrunk(found: DifferentialCase, difference: Difference): Promise<DifferentialCase> {
  let best: DifferentialCase = { ...found, queries: [difference.query] }
  let attempts = 0
  const isFailing = async (candidate: DifferentialCase): Promise<boolean> => {
    if (attempts++ >= ATTEMPTS_MAX) return false
    try {
      return (await differenceIn(candidate)) !== null
    } catch {
      return false
    }
  }
  if (!(await isFailing(best))) return { ...found, queries: [difference.query] }
  for (let isSmaller = true; isSmaller && attempts < ATTEMPTS_MAX; ) {
    isSmaller = false
    for (const smaller of smallerCases(best)) {
      if (attempts >= ATTEMPTS_MAX) break
      if (!(await isFailing(smaller))) continue
      best = smaller
      isSmaller = true
      break
    }
  }
  return best
}

/** The boldest ones first. */
function* smallerCases({ seed, records, queries: [text] }: DifferentialCase): Generator<DifferentialCase> {
  for (let size = Math.ceil(records.length / 2); size >= 1; size = size === 1 ? 0 : Math.ceil(size / 2)) {
    for (let from = 0; from < records.length && records.length > 1; from += size)
      yield { seed, records: [...records.slice(0, from), ...records.slice(from + size)], queries: [text] }
  }
  for (const query of smallerTexts(text)) yield { seed, records, queries: [query] }
  for (const [at, record] of records.entries())
    for (const smaller of smallerRecords(record))
      yield { seed, records: records.with(at, smaller), queries: [text] }
}

function* smallerRecords(record: NaiveRecord): Generator<NaiveRecord> {
  for (const name of Object.keys(record.fields)) yield { ...record, fields: without(record.fields, name) }
  for (const name of Object.keys(record.stream)) yield { ...record, stream: without(record.stream, name) }
  if (record.level !== '') yield { ...record, level: '' }
  if (record.message !== 'a') yield { ...record, message: 'a' }
  if (record.message.length > 10)
    yield { ...record, message: record.message.slice(0, record.message.length / 2) }
}

const without = (fields: NaiveFields, name: string): NaiveFields =>
  Object.fromEntries(Object.entries(fields).filter(([each]) => each !== name))

/** Shorter queries that can be read. */
function* smallerTexts(text: string): Generator<string> {
  for (const node of smallerNodes(parseGenerated(text))) {
    try {
      const smaller = printQuery(node as Query)
      parseGenerated(smaller)
      if (smaller.length < text.length) yield smaller
    } catch {
      // Not every node without one of its parts is a query.
    }
  }
}

/** The node without one item of a list in it, with a child in the place of a filter, or with no filter. */
function* smallerNodes(node: unknown): Generator<unknown> {
  if (typeof node !== 'object' || node === null) return
  if (Array.isArray(node)) {
    for (const at of node.keys()) yield node.toSpliced(at, 1)
    for (const [at, item] of node.entries())
      for (const smaller of smallerNodes(item)) yield node.with(at, smaller)
    return
  }
  const parts = node as Readonly<Record<string, unknown>>
  for (const [name, part] of Object.entries(parts)) {
    if (name === 'filter' && part !== null) {
      yield { ...parts, filter: null }
      yield { ...parts, filter: { kind: 'all' } }
    }
    if (name === 'child' && part !== null) yield part
    if (name === 'children') yield* part as unknown[]
    for (const smaller of smallerNodes(part)) yield { ...parts, [name]: smaller }
  }
}

// ---- stories ------------------------------------------------------------------------------------------------

/** What somebody needs to see it again: the case as it stands in test-differential-kept.ts, and both answers. */
async function storyOf(found: DifferentialCase, difference: Difference): Promise<string> {
  const small = await shrunk(found, difference)
  const seen = (await differenceIn(small)) ?? difference
  const records = small.records.map((record) => `    ${printRecord(record)},`)
  return [
    `seed ${found.seed}: ${difference.query}`,
    `  {`,
    `    seed: ${small.seed},`,
    `    queries: [${JSON.stringify(small.queries[0])}],`,
    `    records: [`,
    ...records,
    `    ],`,
    `  },`,
    `${seen.way}`,
    `  expected: ${printAnswer(seen.naive)}`,
    `  the engine: ${printAnswer(seen.engine)}`,
  ].join('\n')
}

const printAnswer = (answer: Difference['engine']): string =>
  typeof answer === 'string' ? answer : JSON.stringify(answer)

function printRecord({ time, ...rest }: NaiveRecord): string {
  return `{ time: ${time}n, ${JSON.stringify(rest).slice(1, -1)} }`
}

/** Runs the seeds; rejects with the story of the first one whose answers differ. How many queries were asked. */
export async function runSeeds(first: number, count: number, tell?: (done: number) => void): Promise<number> {
  let queries = 0
  for (let seed = first; seed < first + count; seed++) {
    const made = generateCase(seed)
    const difference = await differenceIn(made)
    if (difference !== null) throw new Error(await storyOf(made, difference))
    queries += made.queries.length
    tell?.(seed - first + 1)
  }
  return queries
}
