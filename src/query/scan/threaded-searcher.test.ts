/** Searches of real part files by real threads. */
import assert from 'node:assert/strict'
import { mkdtempSync, readdirSync, readFileSync, readlinkSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import {
  InlineRunner,
  isCodedError,
  realDisk,
  SeededRandom,
  systemClock,
  type TaskRunner,
  WorkerPool,
} from '../../base/base.ts'
import { hasBlock } from '../../storage/held-part.ts'
import { type HeldPart, openStore, type Snapshot, type Store } from '../../storage/storage.ts'
import { encodeSample, SAMPLE_WALL_MS, type SampleBatch } from '../../testing/sample-records.ts'
import { sampled } from '../../testing/test-length.ts'
import type { Row } from '../row.ts'
import { rowJson } from '../row-fields.ts'
import { countRows, type RunOptions, selectRows } from '../run.ts'
import { parseQuery } from '../syntax/parser.ts'
import { AggregateCache } from './aggregate-cache.ts'
import { openScanRunner } from './scan-runner.ts'
import { scanTasks } from './scan-tasks.ts'
import { type ScanThreads, splitBySize } from './threaded-searcher.ts'

const WORDS = ['disk', 'error', 'full', 'well', 'again']
const MIB = 1024 * 1024
const parse = (text: string) => parseQuery(text, { nowMs: SAMPLE_WALL_MS + 60_000 })
const threadsOf = (runner: TaskRunner, threads = 2): ScanThreads => ({
  runner,
  threads,
  cacheBytesMax: 8 * MIB,
})

function batchOf(random: SeededRandom, firstMs: number): SampleBatch {
  const word = (): string => WORDS[random.below(WORDS.length)]
  return {
    shared: [{ name: 'app', value: word(), isStream: true }],
    records: Array.from({ length: 300 }, (_, at) => ({
      message: `${word()} ${word()} of size ${random.below(9)}`,
      timeMs: firstMs + at + random.below(20),
      severity: random.below(25),
      fields: random.chance(0.3) ? [{ name: 'f', value: word() }] : [],
    })),
  }
}

/** A store with several parts and records that are in none. */
async function fillStore(directory: string, blockRowsMax?: number): Promise<Store> {
  const store = await openStore({
    disk: realDisk,
    clock: systemClock,
    random: new SeededRandom(1),
    directory,
    options: { freeBytesMin: 0, ...(blockRowsMax !== undefined && { blockRowsMax }) },
  })
  const random = new SeededRandom(77)
  for (let part = 0; part < 4; part++) {
    for (let batch = 0; batch < 4; batch++) {
      const firstMs = SAMPLE_WALL_MS - (3 - part) * 86_400_000 + batch * 500
      await store.append(encodeSample(batchOf(random, firstMs)))
    }
    if (part < 3) await store.flush()
  }
  return store
}

async function answerTo(snapshot: Snapshot, text: string, options: RunOptions): Promise<string[]> {
  const { count, rows } = await selectRows(snapshot, parse(text), options)
  const lines: string[] = []
  for await (const row of rows) lines.push(rowText(row))
  assert.equal(lines.length, count)
  return lines
}

const rowText = (row: Row): string => `${row.kind === 'record' ? row.id : ''} ${rowJson(row)}`

const isCode = (code: string) => (error: unknown) => isCodedError(error) && error.code === code

describe('sealed parts that are searched by tasks', () => {
  const directory = mkdtempSync(join(tmpdir(), 'threaded-part-'))
  const url = new URL('../test-scan-worker.ts', import.meta.url)
  const pool = new WorkerPool({ url, name: 'search', threads: 2 })
  let store: Store

  before(async () => {
    store = await fillStore(directory)
  })
  after(async () => {
    await pool.close()
    await store.close()
    rmSync(directory, { recursive: true })
  })

  const queries = [
    '*',
    '* | limit 0',
    '* | limit 5',
    '* | limit 2500',
    'error disk',
    '!error f:full',
    '"of size 3" | limit 70',
    'error | fields app, f',
    'level:error',
    '_id:in(3, 700, 4700, 99999)',
    'nothing of it',
    '* | stats by (app, level) count() as n, min(_time) as first',
    'error | count() as n',
    'error | extract "of size <size>" | stats by (size) count() as n, count_uniq(app) as apps',
    '* | top 3 by (app)',
    '* | uniq by (f, level) with hits',
    '* | sort by (_time desc) limit 7',
    '* | sort by (app, _time) offset 3 limit 20 | fields app, _id',
    'error | filter size | limit 9',
    'error | extract "of size <size>" | filter size:>5 | limit 9',
    '* | stats by (_time:1h) count() as n',
    '* | facets 3',
    'app:in(f:full | uniq by (app)) | count() as n',
    '* | filter nothing | stats by (app) count()',
  ]

  it('answers as one that is searched here', async () => {
    using snapshot = store.snapshot()
    assert.ok(snapshot.parts.length >= 3)
    const inline = new InlineRunner(scanTasks(realDisk))
    const aggregates = new AggregateCache(MIB)
    const remembering = { ...threadsOf(pool), aggregates }
    const ways = [[threadsOf(pool)], [threadsOf(pool, 1)], [threadsOf(pool, 9)], [threadsOf(inline)]]
    // What was kept is used by who asks again.
    ways.push([remembering, remembering])
    for (const [turn, text] of queries.entries()) {
      const expectedCount = await countRows(snapshot, parse(text))
      const expected = await answerTo(snapshot, text, {})
      for (const threads of sampled(ways, 3, turn).flat()) {
        const options = { threads, share: 'someone' }
        assert.equal(await countRows(snapshot, parse(text), options), expectedCount, text)
        assert.deepEqual(await answerTo(snapshot, text, options), expected, text)
      }
    }
    await inline.close()
  })

  it('asks no task for rows that lie elsewhere, and none where nothing is sealed', async () => {
    using snapshot = store.snapshot()
    const asked: HeldPart[][] = []
    const counting: TaskRunner = {
      run: (task, input, options) => {
        asked.push([...(input as { parts: HeldPart[] }).parts])
        return pool.run(task, input, options)
      },
      close: async () => {},
      stats: pool.stats,
    }
    const threads = threadsOf(counting)
    await answerTo(snapshot, '* | limit 3', { threads })
    assert.equal(asked.length, 1, 'one task for the keys, none for rows that are not sealed')
    asked.length = 0
    await answerTo(snapshot, `_id:in(${snapshot.parts[1].firstId})`, { threads })
    assert.deepEqual(
      asked.at(-1)?.map(({ path }) => path),
      [snapshot.parts[1].path],
    )
    asked.length = 0
    const { unsealed, records, fenceId } = snapshot
    const open: Snapshot = { ...unsealed, parts: [], unsealed, records, fenceId, ...endsOf(snapshot) }
    await countRows(open, parse('*'), { threads })
    assert.equal(asked.length, 0)
  })

  it('is let go when its query is cancelled, though its thread never looks', async () => {
    using snapshot = store.snapshot()
    const stop = new AbortController()
    const endless = countRows(snapshot, parse('* | limit 14'), {
      threads: threadsOf(pool),
      signal: stop.signal,
    })
    setImmediate(() => stop.abort())
    await assert.rejects(endless, isCode('QUERY_CANCELLED'))
    assert.equal(await countRows(snapshot, parse('*'), { threads: threadsOf(pool) }), snapshot.records)
  })

  it('costs one query when a thread dies', async () => {
    using snapshot = store.snapshot()
    const threads = threadsOf(pool)
    await assert.rejects(countRows(snapshot, parse('* | limit 13'), { threads }), isCode('WORKER_DIED'))
    assert.equal(await countRows(snapshot, parse('*'), { threads }), snapshot.records)
  })
})

const endsOf = (snapshot: Snapshot) => ({
  noteDamage: (range: Parameters<Snapshot['noteDamage']>[0]) => snapshot.noteDamage(range),
  release: () => {},
  [Symbol.dispose]: () => {},
})

describe('parts in threads', () => {
  it('say what they could not read, and answer with the rest', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'threaded-part-'))
    const runner = openScanRunner({ disk: realDisk, threads: 1, clock: systemClock, keptBytesMax: 0 })
    const store = await fillStore(directory)
    try {
      using snapshot = store.snapshot()
      const [{ path, firstId, endId, records }] = snapshot.parts
      writeFileSync(path, readFileSync(path).fill(0x55))
      const threads = threadsOf(runner)
      assert.equal(await countRows(snapshot, parse('*'), { threads }), snapshot.records - records)
      assert.deepEqual(
        snapshot.damage.map(({ fromId, toId }) => [fromId, toId]),
        [[firstId, endId - 1]],
      )
      assert.ok(store.stats().damaged.length > 0)
      assert.equal((await answerTo(snapshot, '*', { threads })).length, snapshot.records - records)
    } finally {
      await runner.close()
      await store.close()
      rmSync(directory, { recursive: true })
    }
  })

  const openFiles = '/proc/self/fd'
  it('are closed when the store has them no more', { skip: !canList(openFiles) }, async () => {
    const directory = mkdtempSync(join(tmpdir(), 'threaded-part-'))
    const runner = new InlineRunner(scanTasks(realDisk))
    const store = await fillStore(directory)
    const held = (): string[] => openPaths(openFiles).filter((path) => path.startsWith(directory))
    try {
      const threads = threadsOf(runner)
      let before: readonly HeldPart[]
      {
        using snapshot = store.snapshot()
        before = snapshot.parts
        await countRows(snapshot, parse('error disk'), { threads })
      }
      const parts = before.map(({ path }) => path)
      assert.ok(held().some((path) => parts.some((part) => path.startsWith(part))))
      using snapshot = store.snapshot()
      const rest: Snapshot = {
        ...endsOf(snapshot),
        parts: snapshot.parts.slice(1),
        unsealed: snapshot.unsealed,
        records: snapshot.records,
        fenceId: snapshot.fenceId,
        damage: [],
        scan: () => snapshot.scan(),
      }
      await countRows(rest, parse('error disk'), { threads })
      assert.equal(held().filter((path) => path.startsWith(parts[0])).length, 0)
      assert.ok(held().some((path) => path.startsWith(parts[1])))
    } finally {
      await runner.close()
      await store.close()
      rmSync(directory, { recursive: true })
    }
  })

  it('are split into groups of about the same size, none of them empty', () => {
    const part = (number: number, bytes: number) => ({ number, bytes }) as HeldPart
    const parts = [part(1, 10), part(2, 90), part(3, 50), part(4, 40)]
    const numbers = splitBySize(parts, 2).map((group) => group.map(({ number }) => number))
    assert.deepEqual(numbers, [
      [2, 1],
      [3, 4],
    ])
    assert.equal(splitBySize(parts, 9).length, 4)
  })

  it('are cut into slices where they are more than a share, which together have every block once', () => {
    const part = (number: number, bytes: number) => ({ number, bytes, records: bytes }) as HeldPart
    const parts = [part(1, 1_000_000), part(2, 100_000)]
    const groups = splitBySize(parts, 3)
    const slices = groups.flatMap((group) => group.filter(({ number }) => number === 1))
    assert.deepEqual(
      slices.map(({ slice }) => slice),
      [0, 1, 2].map((at) => ({ at, of: 3 })),
    )
    assert.equal(groups.flat().filter(({ number }) => number === 2).length, 1)
    for (let block = 0; block < 10; block++)
      assert.equal(slices.filter((slice) => hasBlock(slice, block)).length, 1)
  })
})

function canList(directory: string): boolean {
  try {
    return readdirSync(directory).length > 0
  } catch {
    return false
  }
}

function openPaths(directory: string): string[] {
  return readdirSync(directory).flatMap((name) => {
    try {
      return [readlinkSync(join(directory, name))]
    } catch {
      return []
    }
  })
}
