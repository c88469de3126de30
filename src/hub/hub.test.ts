import assert from 'node:assert/strict'
import { test } from 'node:test'
import { SeededRandom, SimulatedClock, SimulatedDisk } from '../base/base.ts'
import { parseQuery } from '../query/query.ts'
import { openHub, ProgramHub } from './hub.ts'
import type { TailItem, ValuesAnswer } from './hub-api.ts'

const NOW_MS = Date.UTC(2026, 10, 21)

async function openProgramHub(disk = new SimulatedDisk(), stores: string[] = []): Promise<ProgramHub> {
  const clock = new SimulatedClock({ wallMs: NOW_MS })
  const hub = await openHub({ dataDir: '/data', disk, clock, random: new SeededRandom(1), stores })
  return new ProgramHub(hub, clock)
}

async function messagesOf(hub: ProgramHub, query: string, store?: string): Promise<unknown[]> {
  const messages: unknown[] = []
  for await (const row of hub.rows(query, { store })) messages.push(row._msg)
  return messages
}

const parse = (text: string) => parseQuery(text, { nowMs: NOW_MS })

test('what was written is found at once, with the types that it had', async () => {
  await using hub = await openProgramHub()
  const ids = await hub.write([
    { message: 'hello', level: 'info', fields: { user: 'mia', count: 5, ok: true, none: null, tags: ['a'] } },
    { message: 'bye', time: '2026-01-02T03:04:05.000000006Z', stream: { service: 'api' } },
  ])
  assert.deepEqual(ids, [1, 2])
  const rows = await Array.fromAsync(hub.rows('hello'))
  assert.deepEqual(
    rows.map((row) => ({ ...row })),
    [
      {
        _id: 1,
        _time: '2026-11-21T00:00:00Z',
        _msg: 'hello',
        level: 'info',
        user: 'mia',
        count: 5,
        ok: true,
        none: null,
        tags: ['a'],
      },
    ],
  )
  const [bye] = await Array.fromAsync(hub.rows('service:api'))
  assert.equal(bye._time, '2026-01-02T03:04:05.000000006Z')
})

test('fields, values and streams are told with hits, and host and service are the stream where nothing else is said', async () => {
  await using hub = await openProgramHub()
  await hub.write([
    { message: 'one', fields: { host: 'a', user: 'mia' } },
    { message: 'two', fields: { host: 'a', service: 'shop' } },
    { message: 'three', stream: { pod: 'p' } },
  ])
  const found = async (answer: Promise<ValuesAnswer>) =>
    (await answer).values.map(({ value, hits }) => `${value} ${hits}`)
  assert.deepEqual(await found(hub.streams()), ['{host="a",service="shop"} 1', '{host="a"} 1', '{pod="p"} 1'])
  assert.deepEqual(await found(hub.fields('one or three')), [
    '_id 2',
    '_msg 2',
    '_stream 2',
    '_time 2',
    'host 1',
    'pod 1',
    'user 1',
  ])
  assert.deepEqual(await found(hub.fieldValues('host')), ['a 2'])
  const limited = await hub.fieldValues('_msg', '*', { limit: 1 })
  assert.deepEqual(limited, { values: [{ value: 'one', hits: 1 }], distinct: 3, isCut: false, missing: [] })
  await assert.rejects(hub.streams('* | limit 1'), { code: 'QUERY_SYNTAX' })
  await assert.rejects(hub.streams('('), { code: 'QUERY_SYNTAX' })
  await assert.rejects(hub.streams('*', { store: 'nowhere' }), { code: 'STORE_UNKNOWN' })
  await assert.rejects(hub.streams('*', { signal: AbortSignal.abort() }), { code: 'QUERY_CANCELLED' })
})

test('a batch with a bad record stores none of it, and says which rule it broke', async () => {
  await using hub = await openProgramHub()
  await assert.rejects(hub.write([{ message: 'good' }, { message: '' }]), { code: 'RECORD_INVALID' })
  assert.equal(await hub.count('*'), 0)
})

test('the same idempotency key stores once and gives the same ids', async () => {
  await using hub = await openProgramHub()
  const first = await hub.write([{ message: 'a' }, { message: 'b' }], { idempotencyKey: 'k' })
  const again = await hub.write([{ message: 'a' }, { message: 'b' }], { idempotencyKey: 'k' })
  assert.deepEqual(again, first)
  assert.equal(await hub.count('*'), 2)
})

test('named stores keep their records apart, and an unknown one is refused by name', async () => {
  await using hub = await openProgramHub(new SimulatedDisk(), ['audit'])
  await hub.write([{ message: 'to logs' }])
  await hub.write([{ message: 'to audit' }], { store: 'audit' })
  assert.deepEqual(await messagesOf(hub, '*'), ['to logs'])
  assert.deepEqual(await messagesOf(hub, '*', 'audit'), ['to audit'])
  await assert.rejects(hub.count('*', { store: 'nope' }), {
    code: 'STORE_UNKNOWN',
    message: 'There is no store `nope`; there is `logs`, `audit`.',
  })
})

test('a data directory belongs to one hub at a time, and is free after close', async () => {
  const disk = new SimulatedDisk()
  const hub = await openProgramHub(disk)
  await assert.rejects(openProgramHub(disk), { code: 'DIRECTORY_LOCKED' })
  await hub.close()
  await hub.close()
  await (await openProgramHub(disk)).close()
})

test('a query holds what it saw, while records arrive', async () => {
  await using hub = await openProgramHub()
  await hub.write([{ message: 'one' }])
  await using answer = await hub.hub.query(parse('*'))
  await hub.write([{ message: 'two' }])
  const rows = await Array.fromAsync(answer.rows)
  assert.equal(answer.count, 1)
  assert.equal(rows.length, 1)
})

test('only so many queries run at once; one that waits can be cancelled', async () => {
  const clock = new SimulatedClock({ wallMs: NOW_MS })
  const surroundings = { disk: new SimulatedDisk(), clock, random: new SeededRandom(1) }
  await using hub = await openHub({ dataDir: '/data', ...surroundings, queriesMax: 1 })
  const first = await hub.query(parse('*'))
  const abort = new AbortController()
  const second = hub.query(parse('*'), { signal: abort.signal })
  const third = hub.query(parse('*'))
  assert.equal(hub.stats().queriesRunning, 1)
  abort.abort()
  await assert.rejects(second, { code: 'QUERY_CANCELLED' })
  await first[Symbol.asyncDispose]()
  await (await third)[Symbol.asyncDispose]()
  assert.equal(hub.stats().queriesRunning, 0)
})

async function take(items: AsyncIterable<TailItem>, count: number): Promise<TailItem[]> {
  const taken: TailItem[] = []
  for await (const item of items) {
    taken.push(item)
    if (taken.length === count) break
  }
  return taken
}

test('a tail gives what matches from the moment it was asked for, in order', async () => {
  await using hub = await openProgramHub()
  await hub.write([{ message: 'error before' }])
  const tail = hub.hub.tail(parse('error'))
  await hub.write([{ message: 'error one' }, { message: 'fine' }, { message: 'error two' }])
  assert.deepEqual(
    (await take(tail, 2)).map((item) => item.kind === 'row' && item.id),
    [2, 4],
  )
})

test('a tail resumes after an id, from disk into what arrives', async () => {
  await using hub = await openProgramHub()
  await hub.write([{ message: 'a' }, { message: 'b' }, { message: 'c' }])
  const tail = hub.hub.tail(parse('*'), { afterId: 1 })
  await hub.write([{ message: 'd' }])
  assert.deepEqual(
    (await take(tail, 3)).map((item) => item.kind === 'row' && item.id),
    [2, 3, 4],
  )
})

test('a slow subscriber gets gaps that add up with its rows; a fast one beside it misses nothing', async () => {
  await using hub = await openProgramHub()
  const slow = hub.hub.tail(parse('*'), { queueRowsMax: 3 })
  const fast = hub.hub.tail(parse('*'))
  const total = 50
  const fastRows = take(fast, total)
  for (let index = 0; index < total; index++) await hub.write([{ message: `m${index}` }])
  assert.deepEqual(
    (await fastRows).map((item) => item.kind === 'row' && item.id),
    Array.from({ length: total }, (_, index) => index + 1),
  )
  const [first, second, third, gap] = await take(slow, 4)
  assert.deepEqual(
    [first, second, third].map((item) => item.kind === 'row' && item.id),
    [1, 2, 3],
  )
  assert.deepEqual(gap, { kind: 'gap', fromId: 4, toId: total, count: total - 3 })
  assert.equal(hub.stats().tailGapRows, total - 3)
})

test('a tail ends when its signal aborts, and is counted while it lives', async () => {
  await using hub = await openProgramHub()
  const abort = new AbortController()
  const tail = hub.hub.tail(parse('*'), { signal: abort.signal })
  assert.equal(hub.stats().tails, 1)
  abort.abort()
  assert.deepEqual(await Array.fromAsync(tail), [])
  assert.equal(hub.stats().tails, 0)
})

test('a query that needs all rows cannot be tailed', async () => {
  await using hub = await openProgramHub()
  assert.throws(() => hub.hub.tail(parse('* | limit 5')), { code: 'QUERY_SYNTAX' })
})

test('closing the hub ends its tails and refuses further records', async () => {
  const hub = await openProgramHub()
  const tail = Array.fromAsync(hub.tail('*'))
  await hub.close()
  assert.deepEqual(await tail, [])
  await assert.rejects(hub.write([{ message: 'late' }]), { code: 'STORE_CLOSED' })
})

test('an answer that nobody reads does not keep others from asking', async () => {
  const clock = new SimulatedClock({ wallMs: NOW_MS })
  const surroundings = { disk: new SimulatedDisk(), clock, random: new SeededRandom(1) }
  await using hub = await openHub({ dataDir: '/data', ...surroundings, queriesMax: 1 })
  await using unread = await hub.query(parse('*'))
  assert.equal(await hub.count(parse('*')), 0)
  assert.equal(unread.count, 0)
})

test('rows that wait for slow tails have one budget; what does not fit becomes gaps that add up', async () => {
  await using hub = await openProgramHub()
  const tails = Array.from({ length: 8 }, (_, at) => hub.hub.tail(parse(`* or t${at}`)))
  const message = 'x'.repeat(250_000)
  const total = 60
  for (let index = 0; index < total; index++) await hub.write([{ message }])
  assert.ok(hub.stats().tailBytes < 66 * 1024 * 1024, `${hub.stats().tailBytes} bytes wait`)
  for (const tail of tails) {
    let seen = 0
    for await (const item of tail) {
      seen += item.kind === 'row' ? 1 : item.count
      if (seen === total) break
    }
  }
  assert.equal(hub.stats().tailBytes, 0)
  assert.equal(hub.stats().tails, 0)
})

test('a filter that would slow down everything that comes in is no tail', async () => {
  await using hub = await openProgramHub()
  const filter = Array.from({ length: 500 }, (_, at) => `field${at}:word`).join(' or ')
  assert.throws(() => hub.hub.tail(parse(filter)), { code: 'QUERY_TOO_LARGE' })
})
