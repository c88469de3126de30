import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { JsonMessage } from '../wire/wire.ts'
import type { RowObject, TailItem } from './client.ts'
import { FakeLogServer, type FakeSession } from './fake-log-server.ts'
import { Bench, rejection, turns, until } from './test-bench.ts'

/** A server that leaves queries and tails to the test. */
class QueryBench {
  readonly bench: Bench
  readonly #asked: { message: JsonMessage; session: FakeSession }[] = []

  constructor(bench: Bench) {
    this.bench = bench
    bench.server.onRequest = (message, session) => {
      const isOurs = ['query', 'tail', 'cancel', 'stop'].includes(message.type)
      if (isOurs) this.#asked.push({ message, session })
      return isOurs
    }
  }

  /** The next request of this kind. */
  async request(type: string): Promise<Request> {
    await until(() => this.#asked.length > 0, type)
    const { message, session } = this.#asked.shift()!
    assert.equal(message.type, type)
    return {
      payload: message.payload,
      session,
      answer: (kind, payload) => session.answer(message, kind, payload),
    }
  }
}

interface Request {
  readonly payload: unknown
  readonly session: FakeSession
  readonly answer: (type: string, payload: unknown) => void
}

async function open(options = {}): Promise<QueryBench> {
  const bench = await Bench.open(options)
  await bench.connected()
  return new QueryBench(bench)
}

function gather<T>(items: AsyncIterable<T>): { readonly found: T[]; readonly done: Promise<void> } {
  const found: T[] = []
  const run = async (): Promise<void> => {
    for await (const item of items) found.push(item)
  }
  return { found, done: run() }
}

describe('query', () => {
  it('gives the rows of all result frames until the end', async () => {
    const queries = await open()
    await using bench = queries.bench
    const { found, done } = gather(bench.client.query('level:error', { limit: 3 }))
    const { payload, answer } = await queries.request('query')
    assert.deepEqual(payload, { query: 'level:error', limit: 3 })
    answer('result', { rows: [{ _msg: 'a' }, { _msg: 'b' }] })
    answer('result', { rows: [{ _msg: 'c' }] })
    answer('end', { count: 3 })
    await done
    assert.deepEqual(
      found.map(({ _msg }) => _msg),
      ['a', 'b', 'c'],
    )
  })

  it('rejects with the code of the server', async () => {
    const queries = await open()
    await using bench = queries.bench
    const { done } = gather(bench.client.query('level:'))
    const { answer } = await queries.request('query')
    answer('error', { error: 'a value is missing', code: 'QUERY_SYNTAX' })
    const error = await rejection(done)
    assert.deepEqual([error.code, error.message], ['QUERY_SYNTAX', 'a value is missing'])
    assert.equal(bench.client.stats().connectionsIdle, 1, 'the connection is as good as before')
  })

  it('has a connection of its own, which the next one uses again', async () => {
    const queries = await open()
    await using bench = queries.bench
    for (let round = 0; round < 3; round++) {
      const { done } = gather(bench.client.query('*'))
      const { answer } = await queries.request('query')
      assert.equal(bench.server.sessions.size, 2)
      assert.equal(bench.client.stats().connectionsUsed, 1)
      answer('end', { count: 0 })
      await done
    }
    assert.equal(bench.client.stats().connections, 2)
  })

  it('is cancelled on the server when its reader leaves, and its connection goes on', async () => {
    const queries = await open()
    await using bench = queries.bench
    const reading = (async () => {
      for await (const row of bench.client.query('*')) return row
    })()
    const { answer } = await queries.request('query')
    answer('result', { rows: [{ n: 1 }, { n: 2 }] })
    const { answer: answerCancel } = await queries.request('cancel')
    answer('result', { rows: [{ n: 3 }] })
    answerCancel('end', { count: 3 })
    assert.deepEqual(await reading, { n: 1 })
    assert.equal(bench.client.stats().connectionsIdle, 1)
    assert.deepEqual(bench.problemCodes, [])
  })

  it('is cancelled by a signal with QUERY_CANCELLED', async () => {
    const queries = await open()
    await using bench = queries.bench
    const controller = new AbortController()
    const { done } = gather(bench.client.query('*', { signal: controller.signal }))
    await queries.request('query')
    controller.abort()
    const { answer } = await queries.request('cancel')
    answer('end', { count: 0 })
    assert.equal((await rejection(done)).code, 'QUERY_CANCELLED')
    const aborted = gather(bench.client.query('*', { signal: AbortSignal.abort() }))
    assert.equal((await rejection(aborted.done)).code, 'QUERY_CANCELLED')
  })

  it('loses its connection when the server does not stop in time', async () => {
    const queries = await open({ answerMsMax: 2000 })
    await using bench = queries.bench
    const controller = new AbortController()
    const { done } = gather(bench.client.query('*', { signal: controller.signal }))
    await queries.request('query')
    controller.abort()
    await queries.request('cancel')
    bench.clock.advance(2000)
    assert.equal((await rejection(done)).code, 'QUERY_CANCELLED')
    assert.deepEqual(bench.problemCodes, ['TIMED_OUT'])
  })

  it('rejects when the connection breaks in the middle', async () => {
    const queries = await open()
    await using bench = queries.bench
    const { found, done } = gather(bench.client.query('*'))
    const { answer, session } = await queries.request('query')
    answer('result', { rows: [{ n: 1 }] })
    await until(() => found.length === 1, 'a row')
    session.stream.destroy()
    assert.equal((await rejection(done)).code, 'SERVER_UNREACHABLE')
  })

  it('breaks the connection for an answer that is none', async () => {
    for (const [type, payload] of [
      ['result', { rows: [1] }],
      ['ack', { ids: [] }],
    ] as const) {
      const queries = await open()
      await using bench = queries.bench
      const { done } = gather(bench.client.query('*'))
      const { answer } = await queries.request('query')
      answer(type, payload)
      assert.equal((await rejection(done)).code, 'ANSWER_INVALID')
      assert.deepEqual(bench.problemCodes, ['ANSWER_INVALID'])
    }
  })

  it('does not read ahead of a slow reader, and takes no silence of its own for a dead server', async () => {
    const queries = await open({ answerMsMax: 1000, pingMs: 1000 })
    await using bench = queries.bench
    const rows = bench.client.query('*')
    const first = rows.next()
    const { answer, session } = await queries.request('query')
    for (let n = 0; n < 5000; n++) answer('result', { rows: [{ n, text: 'x'.repeat(200) }] })
    answer('end', { count: 5000 })
    assert.deepEqual((await first).value?.['n'], 0)
    await turns()
    assert.ok(session.stream.writableLength > 100_000, 'the rest waits on the side of the server')
    bench.clock.advance(60_000)
    await turns()
    let n = 1
    for await (const row of rows) assert.equal(row['n'], n++)
    assert.equal(n, 5000)
  })
})

describe('the pool', () => {
  it('lets queries wait for a connection, in order, and no longer than checkoutMsMax', async () => {
    const queries = await open({ connectionsMax: 2, checkoutMsMax: 3000, answerMsMax: 60_000 })
    await using bench = queries.bench
    const one = gather(bench.client.query('one'))
    const { answer } = await queries.request('query')
    const two = gather(bench.client.query('two'))
    const three = gather(bench.client.query('three'))
    bench.clock.advance(2000)
    answer('end', { count: 0 })
    await one.done
    const second = await queries.request('query')
    assert.deepEqual(second.payload, { query: 'two' })
    bench.clock.advance(1000)
    const error = await rejection(three.done)
    assert.equal(error.code, 'TIMED_OUT')
    second.answer('end', { count: 0 })
    await two.done
    assert.equal(bench.server.sessions.size, 2)
  })

  it('asks a connection that was quiet whether it lives, and makes another when it does not', async () => {
    const queries = await open({ pingMs: 5000, idleMsMax: 600_000, answerMsMax: 1000 })
    await using bench = queries.bench
    const first = gather(bench.client.query('*'))
    const { answer, session } = await queries.request('query')
    answer('end', { count: 0 })
    await first.done
    session.stream.pause()
    bench.clock.advance(5000)
    const next = gather(bench.client.query('*'))
    await turns()
    bench.clock.advance(1000)
    const { answer: answerNext, session: sessionNext } = await queries.request('query')
    assert.notEqual(sessionNext, session)
    answerNext('end', { count: 0 })
    await next.done
  })

  it('closes what nobody needed for idleMsMax', async () => {
    const queries = await open({ idleMsMax: 4000 })
    await using bench = queries.bench
    const { done } = gather(bench.client.query('*'))
    const { answer } = await queries.request('query')
    answer('end', { count: 0 })
    await done
    assert.equal(bench.client.stats().connectionsIdle, 1)
    bench.clock.advance(4000)
    await until(() => bench.server.sessions.size === 1, 'the end of the connection')
    assert.equal(bench.client.stats().connectionsIdle, 0)
    assert.deepEqual(bench.problemCodes, [])
  })

  it('tells what stood in the way when there was no connection in time, and ends with the client', async () => {
    const server = new FakeLogServer()
    server.connectError = new Error('ECONNREFUSED')
    await using bench = await Bench.open({ checkoutMsMax: 3000 }, server)
    const { done } = gather(bench.client.query('*'))
    const failing = rejection(done)
    await bench.run(() => bench.clock.monotonicMs() >= 3000, 'three seconds')
    assert.equal((await failing).code, 'SERVER_UNREACHABLE')
    const late = rejection(gather(bench.client.query('*')).done)
    await bench.client.close({ flushMsMax: 0 })
    assert.equal((await late).code, 'CLIENT_CLOSED')
  })
})

describe('tail', () => {
  const items = (found: readonly TailItem[]): unknown[] =>
    found.map((item) => ('gap' in item ? item : [item.id, (item.row as RowObject)['_msg']]))

  it('gives records and gaps until the signal, and says stop', async () => {
    const queries = await open()
    await using bench = queries.bench
    const controller = new AbortController()
    const { found, done } = gather(bench.client.tail('level:error', { after: 4, signal: controller.signal }))
    const { payload, answer } = await queries.request('tail')
    assert.deepEqual(payload, { query: 'level:error', after: 4 })
    answer('tail_started', {})
    answer('record', { id: 5, row: { _msg: 'a' } })
    answer('gap', { from: 6, to: 9, count: 4 })
    answer('record', { id: 10, row: { _msg: 'b' } })
    await until(() => found.length === 3, 'three items')
    controller.abort()
    const { answer: answerStop } = await queries.request('stop')
    answerStop('end', {})
    await done
    assert.deepEqual(items(found), [[5, 'a'], { gap: { from: 6, to: 9, count: 4 } }, [10, 'b']])
    assert.equal(bench.client.stats().connectionsIdle, 1)
  })

  it('goes on after a lost connection behind the last id, and gives nothing twice', async () => {
    const queries = await open()
    await using bench = queries.bench
    const { found, done } = gather(bench.client.tail('*'))
    const ending = rejection(done)
    const { answer, session } = await queries.request('tail')
    answer('tail_started', {})
    answer('record', { id: 5, row: { _msg: 'a' } })
    await until(() => found.length === 1, 'an item')
    session.stream.destroy()
    await bench.run(() => bench.server.requestsOf('tail').length === 2, 'a second tail')
    const again = await queries.request('tail')
    assert.deepEqual(again.payload, { query: '*', after: 5 })
    again.answer('record', { id: 5, row: { _msg: 'a' } })
    again.answer('record', { id: 6, row: { _msg: 'b' } })
    await until(() => found.length === 2, 'another item')
    assert.deepEqual(items(found), [
      [5, 'a'],
      [6, 'b'],
    ])
    await bench.client.close({ flushMsMax: 0 })
    assert.equal((await ending).code, 'CLIENT_CLOSED')
  })

  it('says that it may have missed something where the connection broke before the first id', async () => {
    const queries = await open()
    await using bench = queries.bench
    const { found, done } = gather(bench.client.tail('*'))
    const ending = rejection(done)
    const { session } = await queries.request('tail')
    session.stream.destroy()
    await bench.run(() => bench.server.requestsOf('tail').length === 2, 'a second tail')
    assert.deepEqual((await queries.request('tail')).payload, { query: '*' })
    assert.deepEqual(found, [{ gap: null }])
    await bench.client.close({ flushMsMax: 0 })
    assert.equal((await ending).code, 'CLIENT_CLOSED')
  })

  it('waits between tries when the server ends it again and again', async () => {
    const queries = await open({ retryMsMin: 100, retryMsMax: 10_000 })
    await using bench = queries.bench
    bench.server.onRequest = (message, session) => {
      if (message.type === 'tail')
        session.answer(message, 'error', { error: 'closing', code: 'STORE_CLOSED' })
      return message.type === 'tail'
    }
    const { done } = gather(bench.client.tail('*'))
    const failing = rejection(done)
    await bench.run(() => bench.clock.monotonicMs() > 60_000, 'a minute')
    assert.ok(bench.server.requestsOf('tail').length < 25)
    await bench.client.close({ flushMsMax: 0 })
    assert.equal((await failing).code, 'CLIENT_CLOSED')
  })

  it('rejects for a query that is not one', async () => {
    const queries = await open()
    await using bench = queries.bench
    const { done } = gather(bench.client.tail('level:'))
    const { answer } = await queries.request('tail')
    answer('error', { error: 'a value is missing', code: 'QUERY_SYNTAX' })
    assert.equal((await rejection(done)).code, 'QUERY_SYNTAX')
  })
})
