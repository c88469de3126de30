/**
 * What another implementation of LogsQL asserts of pipes and of functions of `stats`, as data (../shared/cases beside
 * the repository): rows in, rows out, however they are cut into batches or divided among threads. What is not built yet
 * may be refused by name.
 */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { sharedFolder } from '../../test/shared-folder.ts'
import { isCodedError } from '../base/base.ts'
import type { Block } from '../record/record.ts'
import { rowFields } from './row-fields.ts'
import { selectRows } from './run.ts'
import { parseQuery } from './syntax/parser.ts'
import { printQuery } from './syntax/printer.ts'
import { blockOf, FakeSnapshot, type TestRecord } from './test-blocks.ts'
import { multiset, PIPE_TEST_NOW_MS, runPipeText, sortedRow, type TestRow } from './test-pipes.ts'
import { decodeText } from './values/text.ts'

interface Case {
  readonly id: string
  readonly kind: string
  readonly query: string
  readonly pipe: string
  readonly rows: readonly TestRow[]
  readonly expected: readonly TestRow[]
  readonly ordered?: boolean
  readonly dataset?: string
}

/** Cases that are ours to decide, with the reason. */
const EXCEPTIONS: ReadonlyMap<string, string> = new Map<string, string>([])

/** None, and the test skipped by name, in a clone without the folder. */
function casesOf(t: TestContext, file: string, ...kinds: readonly string[]): Case[] {
  const folder = sharedFolder(t, 'cases')
  if (folder === null) return []
  const { cases } = JSON.parse(readFileSync(join(folder, file), 'utf8')) as { cases: Case[] }
  return cases.filter(({ id, kind }) => kinds.includes(kind) && !EXCEPTIONS.has(id))
}

const parse = (text: string) => parseQuery(text, { nowMs: PIPE_TEST_NOW_MS })

/** What of LogsQL the query needs and this version lacks, or null when the query parses. */
function lacking(text: string): string | null {
  try {
    parse(text)
    return null
  } catch (error) {
    if (!isCodedError(error, 'QUERY_SYNTAX') || typeof error.details.notBuilt !== 'string') throw error
    return error.details.notBuilt
  }
}

function assertPrints(text: string, id: string): void {
  const query = parse(text)
  const printed = printQuery(query)
  assert.deepEqual(parse(printed), query, `${id}: ${text} printed as ${printed}`)
}

test('functions of stats in the cases parse, print so that they parse the same, or are refused', (t) => {
  const counts = { stats_ok: 0, stats_bad: 0, later: 0 }
  for (const { id, kind, query } of casesOf(t, 'logsql-parse.json', 'stats_ok', 'stats_bad')) {
    const text = `* | stats ${query} as result`
    if (kind === 'stats_bad') assert.throws(() => parse(text), isRefusal, `${id}: ${text}`)
    else if (lacking(text) !== null) counts.later++
    else assertPrints(text, id)
    counts[kind === 'stats_ok' ? 'stats_ok' : 'stats_bad']++
  }
  t.diagnostic(JSON.stringify(counts))
})

const isRefusal = (error: unknown): boolean => isCodedError(error, 'QUERY_SYNTAX')

test('pipes of the cases give the rows that they say', async (t) => {
  for (const [name, cases] of Map.groupBy(casesOf(t, 'logsql-pipes.json', 'pipe', 'stats'), nameOf)) {
    await t.test(`pipe ${name}`, async (subtest) => {
      await checkEach(subtest, cases, async ({ id, pipe, rows, expected, ordered = false }) => {
        const found = await runPipeText(pipe, rows, { ordered, seed: Number(id.slice(-4)) })
        assertRows(found, expected, ordered)
      })
    })
  }
})

function nameOf({ pipe }: Case): string {
  const [name] = /^\w+/.exec(pipe) ?? ['']
  return name
}

/** Tells of all that fail. */
async function checkEach(
  t: TestContext,
  cases: readonly Case[],
  check: (each: Case) => Promise<void>,
): Promise<void> {
  const failures: string[] = []
  let later = 0
  for (const each of cases) {
    const text = each.query ?? `* | ${each.pipe}`
    try {
      if (lacking(text) !== null) {
        later++
        continue
      }
      assertPrints(text, each.id)
      await check(each)
    } catch (error) {
      failures.push(`${each.id}: ${text}\n${error instanceof Error ? error.message : error}`)
    }
  }
  t.diagnostic(`${cases.length - later - failures.length} right, ${later} refused as not built yet`)
  assert.equal(failures.length, 0, failures.join('\n\n'))
}

function assertRows(found: readonly TestRow[], expected: readonly TestRow[], ordered: boolean): void {
  if (ordered) assert.deepEqual(found.map(sortedRow), expected.map(sortedRow))
  else assert.deepEqual(multiset(found), multiset(expected))
}

test('whole queries of the cases give the rows that they say', async (t) => {
  const records = datasetRecords()
  await checkEach(t, casesOf(t, 'logsql-pipes.json', 'query'), async ({ query, expected }) => {
    for (const rowsPerBlock of [100, records.length]) {
      assertRows(await selected(query, snapshotOf(records, rowsPerBlock)), expected, false)
    }
  })
})

async function selected(query: string, snapshot: FakeSnapshot): Promise<TestRow[]> {
  const rows: TestRow[] = []
  for await (const row of (await selectRows(snapshot, parse(query))).rows) {
    rows.push(rowFields(row).map(({ name, value }) => [name, decodeText(value)] as const))
  }
  return rows
}

function snapshotOf(records: readonly TestRecord[], rowsPerBlock: number): FakeSnapshot {
  const blocks: Block[] = []
  for (let from = 0; from < records.length; from += rowsPerBlock) {
    blocks.push(blockOf(records.slice(from, from + rowsPerBlock), from + 1))
  }
  return new FakeSnapshot(blocks)
}

/**
 * The data set `storage_run_query`: 11 tenants of 3 streams of 5 blocks of 7 rows. A store is a tenant here, so that the
 * tenant is one more field of the stream.
 */
function datasetRecords(): TestRecord[] {
  const records: TestRecord[] = []
  for (let i = 0; i < 11; i++) {
    for (let j = 0; j < 3; j++) {
      for (let k = 0; k < 5; k++) for (let m = 0; m < 7; m++) records.push(datasetRecord(i, j, k, m))
    }
  }
  return records
}

function datasetRecord(i: number, j: number, k: number, m: number): TestRecord {
  return {
    timeMs: PIPE_TEST_NOW_MS - 3_600_000 + m * 1000,
    timeNs: k,
    message: `log message ${m} at block ${k}`,
    stream: {
      job: 'foobar',
      instance: `host-${j}:234`,
      'tenant.id': `{accountID=${i},projectID=${10 * i + 1}}`,
    },
    fields: { 'source-file': '/foo/bar/baz', 'stream-id': `stream_id=${j}` },
  }
}
