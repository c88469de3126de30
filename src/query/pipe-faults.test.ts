/** Queries with pipes that do not end well: how much is still done when one is cancelled, and what a dead thread costs. */
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it, test } from 'node:test'
import { isCodedError, realDisk, SeededRandom, systemClock, WorkerPool } from '../base/base.ts'
import type { Block } from '../record/record.ts'
import type { ScannedBlock, ScanRequest } from '../storage/storage.ts'
import { openStore, type Store } from '../storage/storage.ts'
import { encodeSample, SAMPLE_WALL_MS } from '../testing/sample-records.ts'
import { sampled } from '../testing/test-length.ts'
import type { Query } from './ast.ts'
import type { Row } from './row.ts'
import { rowJson } from './row-fields.ts'
import { type RunOptions, selectRows } from './run.ts'
import type { ScanThreads } from './scan/threaded-searcher.ts'
import { parseQuery } from './syntax/parser.ts'
import { blockOf, FakeSnapshot, TEST_NOW_MS } from './test-blocks.ts'

const parse = (text: string): Query => parseQuery(text, { nowMs: TEST_NOW_MS })
const isCode = (code: string) => (error: unknown) => isCodedError(error) && error.code === code

/** Calls `reached` when so many blocks were asked for. */
class WatchedSnapshot extends FakeSnapshot {
  readonly #at: number
  readonly #reached: () => void

  constructor(blocks: readonly Block[], at: number, reached: () => void) {
    super(blocks)
    this.#at = at
    this.#reached = reached
  }

  override async *scan(request: ScanRequest = {}): AsyncGenerator<ScannedBlock> {
    for await (const scanned of super.scan(request)) {
      if (this.scanned === this.#at) this.#reached()
      yield scanned
    }
  }
}

const BLOCKS = 80
const blocks = Array.from({ length: BLOCKS }, (_, at) =>
  blockOf(
    Array.from({ length: 5 }, (__, row) => ({
      message: `request ${at * 5 + row}`,
      timeMs: at * 5 + row,
      fields: { n: String(at * 5 + row), kind: String(row) },
    })),
    1 + at * 5,
  ),
)

const QUERIES = [
  '* | stats count_uniq(_msg) as n',
  '* | stats by (kind) count() as n, quantile(0.5, n) as middle',
  'request | stats by (_msg) values(n) as all',
  '* | sort by (_msg desc)',
  '* | sort by (n) limit 3',
  '* | uniq by (_msg)',
  '* | top 3 by (_msg)',
  '* | facets',
  '* | patterns',
  '* | extract "request <r>" | filter r:>7 | stats count() as n',
  '* | join by (n) (* | stats by (n) count() as n2) | stats count() as n',
  'n:in(* | fields n) | stats count() as n',
  '* | limit 1 | union (* | sort by (_msg))',
  '* | first 2 by (n) partition by (kind)',
  '* | running_stats count() as n',
  '* | stream_context before 1',
]

async function rowsOf(rows: AsyncIterable<Row>): Promise<string[]> {
  const lines: string[] = []
  for await (const row of rows) lines.push(rowJson(row))
  return lines
}

/** Blocks that were read when it was cancelled, and when it had ended; null where it was over before. */
async function cancelAt(text: string, at: number): Promise<{ reached: number; ended: number } | null> {
  const stop = new AbortController()
  let reached = -1
  const snapshot = new WatchedSnapshot(blocks, at, () => {
    reached = snapshot.scanned
    stop.abort()
  })
  const answered = (async () => {
    const { rows } = await selectRows(snapshot, parse(text), { signal: stop.signal })
    return await rowsOf(rows)
  })()
  const error: unknown = await answered.then(
    () => null,
    (thrown: unknown) => thrown,
  )
  if (reached < 0) return null
  assert.ok(isCode('QUERY_CANCELLED')(error), `${text}: ${error}`)
  return { reached, ended: snapshot.scanned }
}

test('a query with pipes that is cancelled reads no further block, wherever it is', async () => {
  for (const text of QUERIES) {
    let cancelled = 0
    for (const at of [1, 2, BLOCKS / 2, BLOCKS - 1, BLOCKS + 1, 2 * BLOCKS - 1]) {
      const found = await cancelAt(text, at)
      if (found === null) continue
      cancelled++
      assert.ok(
        found.ended <= found.reached + 1,
        `${text}: ${found.ended - found.reached} blocks after the end`,
      )
    }
    assert.ok(cancelled > 0, text)
  }
})

test('a cancelled query whose pipes make rows of nothing ends at the next pause', async () => {
  const stop = new AbortController()
  const endless = selectRows(
    new FakeSnapshot(blocks),
    parse('* | generate_sequence 1000000000000 | math _msg % 7 as k | stats by (k) count() as n'),
    { signal: stop.signal },
  )
  const answered = endless.then(({ rows }) => rowsOf(rows))
  let turns = 0
  const turn = (): void => {
    if (++turns === 5) stop.abort()
    else setImmediate(turn)
  }
  setImmediate(turn)
  await assert.rejects(answered, isCode('QUERY_CANCELLED'))
})

describe('threads that gather for pipes', () => {
  const directory = mkdtempSync(join(tmpdir(), 'pipe-faults-'))
  const url = new URL('./test-dying-worker.ts', import.meta.url)
  const pool = new WorkerPool({ url, name: 'search', threads: 2 })
  const threads: ScanThreads = { runner: pool, threads: 2, cacheBytesMax: 1024 * 1024 }
  let store: Store

  before(async () => {
    store = await openStore({
      ...{ disk: realDisk, clock: systemClock, random: new SeededRandom(1), directory },
      options: { freeBytesMin: 0 },
    })
    for (let part = 0; part < 3; part++) {
      const records = Array.from({ length: 500 }, (_, at) => ({
        message: `request ${part * 500 + at}`,
        timeMs: SAMPLE_WALL_MS + part * 86_400_000 + at,
        fields: [{ name: 'n', value: String(at) }],
      }))
      await store.append(encodeSample({ records }))
      await store.flush()
    }
  })
  after(async () => {
    await pool.close()
    await store.close()
    rmSync(directory, { recursive: true })
  })

  const answer = async (text: string, options: RunOptions = { threads }): Promise<string[]> => {
    using snapshot = store.snapshot()
    const { rows } = await selectRows(snapshot, parse(text), options)
    return await rowsOf(rows)
  }

  it('cost one query when they die, whatever its pipes are, and the next one is answered', async () => {
    const all = [
      'stats count_uniq(_msg) as n',
      'sort by (_msg) limit 3',
      'top 3 by (n)',
      'stats by (n) count() as c | join by (n) (* | stats by (n) count() as all) | stats count() as n',
    ]
    for (const pipes of sampled(all, all.length)) {
      await assert.rejects(answer(`!deadly | ${pipes}`), isCode('WORKER_DIED'), pipes)
      assert.deepEqual(await answer(`!harmless | ${pipes}`), await answer(`* | ${pipes}`, {}), pipes)
    }
    assert.deepEqual(await answer('* | stats count_uniq(_msg) as n'), ['{"n":"1500"}'])
  })

  it('cost the whole query when one dies within a query of its filter, or of its pipes', async () => {
    for (const text of [
      'n:in(!deadly | uniq by (n)) | stats count() as n',
      '* | stats by (n) count() as c | join by (n) (!deadly | stats by (n) count() as d) | stats count() as n',
      'n:=3 | union (!deadly | stats count() as n)',
    ]) {
      await assert.rejects(answer(text), isCode('WORKER_DIED'), text)
      const well = text.replace('deadly', 'harmless')
      assert.deepEqual(await answer(well), await answer(well, {}), text)
    }
  })
})
