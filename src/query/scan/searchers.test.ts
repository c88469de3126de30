/** A snapshot that is searched in parts answers as one that is searched whole, also from another thread. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { MessageChannel, receiveMessageOnPort, Worker } from 'node:worker_threads'
import { CodedError, isCodedError, SeededRandom } from '../../base/base.ts'
import { ALL } from '../filters/all.ts'
import type { Row } from '../row.ts'
import { countRows, countRowsBy, selectRows, selectRowsBy } from '../run.ts'
import { parseQuery } from '../syntax/parser.ts'
import { blockOf, FakeSnapshot, TEST_NOW_MS, type TestRecord } from '../test-blocks.ts'
import type { SortedKeys } from './row-keys.ts'
import { keysOfAll, mergeKeys, type Searcher, searcherOf } from './searchers.ts'

const parse = (text: string) => parseQuery(text, { nowMs: TEST_NOW_MS })
const noPause = async () => {}

async function arrayOf<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = []
  for await (const item of items) all.push(item)
  return all
}

/** Through the copy that goes to another thread. */
function copied<T>(value: T): T {
  const { port1, port2 } = new MessageChannel()
  port1.postMessage(value)
  const { message } = receiveMessageOnPort(port2) as { message: T }
  port1.close()
  return message
}

/** A part as another thread would answer for it: nothing but copies goes in and comes out. */
function distant(part: Searcher): Searcher {
  return {
    count: async (filter, limit, signal) => copied(await part.count(copied(filter), limit, signal)),
    keys: async (filter, limit, bytesMax, signal) =>
      copied(await part.keys(copied(filter), limit, bytesMax, signal)),
    gather: async (filter, wanted, signal) =>
      copied(await part.gather(copied(filter), copied(wanted), signal)),
    values: async (filter, wanted, bytesMax, signal) =>
      copied(await part.values(copied(filter), copied(wanted), bytesMax, signal)),
    rows: async (ids, bytesMax, signal) => copied(await part.rows(copied(ids), bytesMax, signal)),
  }
}

const WORDS = ['disk', 'error', 'full', 'well']

function randomRecord(random: SeededRandom): TestRecord {
  return {
    message: `${WORDS[random.below(4)]} ${WORDS[random.below(4)]}`,
    timeMs: TEST_NOW_MS - random.below(8) * 60_000,
    timeNs: random.below(2),
    fields: random.chance(0.5) ? { f: WORDS[random.below(4)] } : {},
  }
}

test('parts together answer as the whole', async () => {
  const seed = 31
  const random = new SeededRandom(seed)
  const queries = [
    '*',
    'disk',
    'disk f:error',
    '!disk',
    '_time:4m error',
    'f:* | limit 5',
    '* | limit 0',
    'none',
  ]
  for (let round = 0; round < 40; round++) {
    const blocks = Array.from({ length: random.below(7) }, (_, at) =>
      blockOf(
        Array.from({ length: 1 + random.below(9) }, () => randomRecord(random)),
        1 + at * 10,
      ),
    )
    const whole = new FakeSnapshot(blocks)
    const homes = blocks.map(() => random.below(3))
    const parts = [0, 1, 2].map((home) =>
      distant(searcherOf(new FakeSnapshot(blocks.filter((_, at) => homes[at] === home)))),
    )
    for (const text of queries) {
      const query = parse(text)
      const story = `seed ${seed}, round ${round}: ${text}`
      assert.equal(await countRowsBy(parts, query), await countRows(whole, query), story)
      const rowsMax = random.chance(0.5) ? random.below(12) : undefined
      const expected = await selectRows(whole, query, { rowsMax })
      const found = await selectRowsBy(parts, query, { rowsMax })
      assert.equal(found.count, expected.count, story)
      assert.deepEqual(await arrayOf<Row>(found.rows), await arrayOf<Row>(expected.rows), story)
    }
  }
})

test('keys merge by time, nanosecond and id, the newest of all', async () => {
  const keys = (...rows: [number, number, number][]): SortedKeys => ({
    timesMs: Float64Array.from(rows, ([ms]) => ms),
    timesNs: Uint32Array.from(rows, ([, ns]) => ns),
    ids: Float64Array.from(rows, ([, , id]) => id),
  })
  const parts = [keys([1, 0, 9], [5, 1, 2], [5, 2, 1]), keys(), keys([5, 1, 3], [5, 1, 4])]
  assert.deepEqual([...(await mergeKeys(parts, 4, noPause)).ids], [2, 3, 4, 1])
  assert.deepEqual([...(await mergeKeys(parts, Infinity, noPause)).ids], [9, 2, 3, 4, 1])
  assert.deepEqual([...(await mergeKeys(parts, 0, noPause)).ids], [])
})

test('the budgets are shared by the parts', async () => {
  const records = Array.from({ length: 600 }, (_, timeMs) => ({ timeMs }))
  const parts = [1, 1001].map((firstId) => searcherOf(new FakeSnapshot([blockOf(records, firstId)])))
  assert.equal((await keysOfAll(parts, ALL, Infinity, 2 * 1024 * 24)).ids.length, 1200)
  await assert.rejects(keysOfAll(parts, ALL, Infinity, 1024 * 24), { code: 'QUERY_TOO_LARGE' })
})

test('what a small part can never use goes to the others', async () => {
  const small = new FakeSnapshot([blockOf([{}, {}])])
  const large = new FakeSnapshot([
    blockOf(
      Array.from({ length: 600 }, () => ({})),
      1001,
    ),
  ])
  const bytesMax = (256 + 1024) * 24
  const known = [searcherOf(large), searcherOf(small, 2)]
  assert.equal((await keysOfAll(known, ALL, Infinity, bytesMax)).ids.length, 602)
  const unknown = [searcherOf(large), searcherOf(small)]
  await assert.rejects(keysOfAll(unknown, ALL, Infinity, bytesMax), { code: 'QUERY_TOO_LARGE' })
})

test('a part that fails ends the others, which are waited for', async () => {
  let ended = ''
  const failing = async (): Promise<never> => {
    throw new CodedError('QUERY_TOO_LARGE', 'too large')
  }
  const waiting = async (signal?: AbortSignal): Promise<never> => {
    await new Promise((resolve) => signal?.addEventListener('abort', resolve))
    await new Promise((resolve) => setImmediate(resolve))
    ended = 'waiting'
    throw new CodedError('QUERY_CANCELLED', 'cancelled')
  }
  const parts: Searcher[] = [
    {
      count: (_filter, _limit, signal) => waiting(signal),
      keys: (_filter, _limit, _bytesMax, signal) => waiting(signal),
      gather: (_filter, _wanted, signal) => waiting(signal),
      values: (_filter, _wanted, _bytesMax, signal) => waiting(signal),
      rows: (_ids, _bytesMax, signal) => waiting(signal),
    },
    { count: failing, keys: failing, gather: failing, values: failing, rows: failing },
  ]
  await assert.rejects(countRowsBy(parts, parse('*')), (error) => isCodedError(error, 'QUERY_TOO_LARGE'))
  assert.equal(ended, 'waiting')
})

test('a signal ends all parts', async () => {
  const parts = [0, 1].map(() => searcherOf(new FakeSnapshot([blockOf([{}])])))
  const signal = AbortSignal.abort()
  await assert.rejects(countRowsBy(parts, parse('*'), { signal }), (error) =>
    isCodedError(error, 'QUERY_CANCELLED'),
  )
})

test('a query is read the same in another thread, and survives the way there', async () => {
  const texts = [
    '_time:5m error',
    '_time:1h offset 1d | limit 3',
    '_time:>now-5m f:>1.5s',
    'f:in("\\xff", a) ~"x+"',
  ]
  const parser = new URL('../syntax/parser.ts', import.meta.url).href
  const worker = new Worker(
    `const { parentPort, workerData } = require('node:worker_threads')
     import(workerData.parser).then(({ parseQuery }) =>
       parentPort.postMessage(workerData.texts.map((text) => parseQuery(text, { nowMs: workerData.nowMs }))))`,
    { eval: true, workerData: { parser, texts, nowMs: TEST_NOW_MS } },
  )
  try {
    const read = await new Promise((resolve, reject) => worker.on('message', resolve).on('error', reject))
    assert.deepEqual(read, texts.map(parse))
    assert.deepEqual(copied(texts.map(parse)), texts.map(parse))
  } finally {
    await worker.terminate()
  }
})
