import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { SeededRandom } from '../base/base.ts'
import { Backoff } from './backoff.ts'
import { FakeLogServer } from './fake-log-server.ts'
import { Bench, rejection, turns, until } from './test-bench.ts'

const message = (text: string): { message: string } => ({ message: text })

describe('Backoff', () => {
  it('doubles up to its cap, half of it by chance, and starts afresh after a success', () => {
    const backoff = new Backoff(new SeededRandom(7), 100, 1000)
    const bounds = [100, 200, 400, 800, 1000, 1000]
    for (const bound of bounds) {
      const delayMs = backoff.next()
      assert.ok(delayMs >= bound / 2 && delayMs <= bound, `${delayMs} of ${bound}`)
    }
    backoff.reset()
    assert.ok(backoff.next() <= 100)
  })
})

describe('the connection for sending', () => {
  it('tells its states, and tries again without an end', async () => {
    const server = new FakeLogServer()
    server.connectError = new Error('ECONNREFUSED')
    await using bench = await Bench.open({ retryMsMin: 100, retryMsMax: 1000 }, server)
    const sending = bench.client.send(message('patient'))
    await bench.run(() => server.tries === 20, 'twenty tries')
    server.connectError = null
    await bench.run(() => bench.client.state.state === 'connected', 'the connection')
    assert.deepEqual(await sending, [1])
    assert.deepEqual(bench.states.slice(0, 4), ['waiting', 'connecting', 'waiting', 'connecting'])
    assert.equal(bench.states.at(-1), 'connected')
    await bench.client.close()
    assert.equal(bench.states.at(-1), 'closed')
  })

  it('gives up a try after connectMsMax, however far it came', async () => {
    const hanging = new FakeLogServer()
    hanging.isSilent = true
    const never = () => new Promise<never>(() => {})
    for (const connect of [hanging.connect, never]) {
      await using bench = await Bench.open({ connect, connectMsMax: 3000, answerMsMax: 60_000 })
      await turns()
      bench.clock.advance(2999)
      await turns()
      assert.deepEqual(bench.problemCodes, [])
      bench.clock.advance(1)
      await until(() => bench.problems.length === 1, 'the problem')
      assert.deepEqual(bench.problemCodes, ['TIMED_OUT'])
      assert.equal(bench.client.state.state, 'waiting')
    }
  })

  it('logs in first where there is a token, and tells senders of one that nobody knows', async () => {
    const server = new FakeLogServer()
    server.token = 'right'
    await using good = await Bench.open({ token: 'right' }, server)
    assert.deepEqual(await good.client.send(message('hello')), [1])
    assert.equal(server.requests[0].type, 'auth')

    await using bad = await Bench.open({ token: 'wrong' }, server)
    assert.equal((await rejection(bad.client.send(message('hello')))).code, 'TOKEN_UNKNOWN')
    assert.equal((await rejection(bad.client.ping())).code, 'TOKEN_UNKNOWN')
  })

  it('sends again, under the same batch id, what was stored and not acknowledged: it is stored once', async () => {
    await using bench = await Bench.open()
    await bench.connected()
    bench.server.isHolding = true
    const sending = bench.client.send([message('one'), message('two')])
    await until(() => bench.server.store.records.length === 2, 'the records')
    bench.server.reset()
    bench.server.isHolding = false
    await bench.run(() => bench.client.stats().acknowledged === 2, 'the acknowledgement')
    assert.deepEqual(await sending, [1, 2])
    assert.deepEqual(bench.server.store.messages, ['one', 'two'])
    const { batches, batchesAgain, connections, connectionsLost } = bench.client.stats()
    assert.deepEqual([batches, batchesAgain, connections], [2, 1, 2])
    assert.deepEqual(connectionsLost, { SERVER_UNREACHABLE: 1 })
  })

  it('sends batches again in their order', async () => {
    await using bench = await Bench.open({ batchRecordsMax: 1, batchesInFlightMax: 4 })
    await bench.connected()
    bench.server.onRequest = ({ type }) => type === 'log_batch'
    const sending = bench.client.send(['a', 'b', 'c', 'd', 'e', 'f'].map(message))
    await until(() => bench.server.requestsOf('log_batch').length === 4, 'four batches')
    bench.server.onRequest = () => false
    bench.server.reset()
    await bench.run(() => bench.client.stats().acknowledged === 6, 'the acknowledgements')
    assert.deepEqual(bench.server.store.messages, ['a', 'b', 'c', 'd', 'e', 'f'])
    await sending
  })

  it('breaks when a batch is not acknowledged within answerMsMax', async () => {
    await using bench = await Bench.open({ answerMsMax: 2000, pingMs: 500 })
    await bench.connected()
    bench.server.onRequest = ({ type }) => type === 'log_batch'
    const sending = bench.client.send(message('frozen'))
    await bench.run(() => bench.problems.length === 1, 'the end of the connection')
    assert.deepEqual(bench.problemCodes, ['TIMED_OUT'])
    bench.server.onRequest = () => false
    await bench.run(() => bench.client.stats().acknowledged === 1, 'the acknowledgement')
    assert.deepEqual(await sending, [1])
  })

  it('asks for a sign of life after pingMs of silence, and breaks when there is none', async () => {
    await using bench = await Bench.open({ answerMsMax: 2000, pingMs: 5000 })
    await bench.connected()
    await turns()
    for (let round = 2; round <= 4; round++) {
      bench.clock.advance(5000)
      await until(() => bench.server.requestsOf('ping').length === round, 'a ping')
      await turns()
    }
    bench.server.isSilent = true
    bench.clock.advance(5000)
    await turns()
    bench.clock.advance(2000)
    await until(() => bench.problems.length === 1, 'the end of the connection')
    assert.deepEqual(bench.problemCodes, ['TIMED_OUT'])
  })

  it('does not besiege a server that answers the first question and then breaks', async () => {
    const server = new FakeLogServer()
    server.onRequest = ({ type }, { stream }) => {
      if (type === 'log_batch') stream.destroy()
      return type === 'log_batch'
    }
    await using bench = await Bench.open({ retryMsMin: 100, retryMsMax: 10_000 }, server)
    const failing = rejection(bench.client.send(message('x')))
    await bench.run(() => bench.clock.monotonicMs() > 60_000, 'a minute')
    assert.ok(server.tries < 20, `${server.tries} tries`)
    await bench.client.close({ flushMsMax: 0 })
    assert.equal((await failing).code, 'CLIENT_CLOSED')
  })
})

describe('garbage', () => {
  const frame = (json: string): Uint8Array => {
    const bytes = Buffer.alloc(4 + json.length)
    bytes.writeUInt32BE(json.length)
    bytes.write(json, 4, 'latin1')
    return bytes
  }
  const GARBAGE: readonly (readonly [name: string, bytes: (id: unknown) => Uint8Array])[] = [
    ['text of another protocol', () => Buffer.from('HTTP/1.1 400 Bad Request\r\n\r\n')],
    ['a frame that is no JSON', () => frame('{"type":')],
    ['a frame that is too long', () => Buffer.from([0x7f, 0xff, 0xff, 0xff])],
    ['an answer of another type', (id) => frame(`{"type":"pong","correlation_id":${id}}`)],
    ['an acknowledgement without ids', (id) => frame(`{"type":"ack","correlation_id":${id}}`)],
    [
      'an acknowledgement of other records',
      (id) => frame(`{"type":"ack","correlation_id":${id},"payload":{"ids":[1,2,3]}}`),
    ],
    [
      'an id that is no integer',
      (id) => frame(`{"type":"ack","correlation_id":${id},"payload":{"ids":[1.5]}}`),
    ],
    [
      'an id and a refusal for the same record',
      (id) => frame(`{"type":"ack","correlation_id":${id},"payload":{"ids":[1],"refused":[{"index":0}]}}`),
    ],
    ['no id and no refusal', (id) => frame(`{"type":"ack","correlation_id":${id},"payload":{"ids":[null]}}`)],
    [
      'a flood of answers to nothing',
      () => Buffer.concat(new Array(1001).fill(frame('{"type":"ack","correlation_id":77}'))),
    ],
  ]

  for (const [name, bytes] of GARBAGE) {
    it(`breaks the connection and nothing else: ${name}`, async () => {
      await using bench = await Bench.open()
      await bench.connected()
      bench.server.onRequest = ({ type, correlationId }, { stream }) => {
        if (type === 'log_batch') stream.write(bytes(correlationId))
        return type === 'log_batch'
      }
      const sending = bench.client.send(message('x'))
      await until(() => bench.problems.length === 1, 'the end of the connection')
      assert.deepEqual(bench.problemCodes, ['ANSWER_INVALID'])
      assert.deepEqual(bench.client.stats().connectionsLost, { ANSWER_INVALID: 1 })
      bench.server.onRequest = () => false
      await bench.run(() => bench.client.stats().acknowledged === 1, 'the acknowledgement')
      assert.deepEqual(await sending, [1])
    })
  }

  it('is not what the protocol allows unasked: broadcasts, and a few late answers', async () => {
    await using bench = await Bench.open()
    await bench.connected()
    const [session] = bench.server.sessions
    for (let count = 0; count < 2000; count++) {
      session.answer({ correlationId: null }, 'broadcast', { text: 'hello' })
    }
    for (let count = 0; count < 500; count++) session.answer({ correlationId: 99 }, 'result', {})
    assert.deepEqual(await bench.client.send(message('x')), [1])
    assert.deepEqual(bench.problemCodes, [])
  })

  it('of an error about the connection breaks it with its reason', async () => {
    await using bench = await Bench.open()
    await bench.connected()
    const [session] = bench.server.sessions
    session.answer({ correlationId: null }, 'error', { error: 'Frame too long', code: 'FRAME_TOO_LARGE' })
    await until(() => bench.problems.length === 1, 'the end of the connection')
    assert.deepEqual(bench.problemCodes, ['FRAME_TOO_LARGE'])
  })
})

describe('ping and serverStats', () => {
  it('answer over the connection for sending', async () => {
    await using bench = await Bench.open()
    assert.equal(await bench.client.ping(), 0)
    await bench.client.send(message('x'))
    assert.deepEqual(await bench.client.serverStats(), { records: 1 })
  })

  it('say what is wrong when there is no connection', async () => {
    const server = new FakeLogServer()
    server.connectError = new Error('ECONNREFUSED')
    await using bench = await Bench.open({}, server)
    const error = await rejection(bench.client.ping())
    assert.equal(error.code, 'SERVER_UNREACHABLE')
    assert.match(error.message, /ECONNREFUSED/)
    assert.equal((await rejection(bench.client.serverStats())).code, 'SERVER_UNREACHABLE')
  })
})
