import assert from 'node:assert/strict'
import { duplexPair } from 'node:stream'
import { describe, it } from 'node:test'
import { SimulatedClock } from '../base/base.ts'
import { Connection } from './connection.ts'
import { FakeLogServer } from './fake-log-server.ts'
import { encodeLogFrame } from './log-frame.ts'
import type { Connect } from './network.ts'
import { Bench, rejection, turns } from './test-bench.ts'

const SETTINGS = { name: 'test', pingMs: 5000, answerMsMax: 2000 }

function open(): { connection: Connection; clock: SimulatedClock; server: FakeLogServer } {
  const clock = new SimulatedClock()
  const server = new FakeLogServer()
  const [ours, theirs] = duplexPair()
  server.accept(theirs)
  return { connection: new Connection(ours, { ...SETTINGS, clock }), clock, server }
}

describe('a connection', () => {
  it('does not take its own pause for the silence of the server', async () => {
    const { connection, clock } = open()
    const checking = connection.check()
    connection.pause()
    clock.advance(60_000)
    await turns()
    assert.equal(connection.isLost, false)
    connection.resume()
    await checking
  })

  it('ends every request once when it is lost, and refuses further ones', async () => {
    const { connection, server } = open()
    server.isSilent = true
    const requests = [rejection(connection.request('stats', {})), rejection(connection.check())]
    await turns()
    server.reset()
    for (const request of requests) assert.equal((await request).code, 'SERVER_UNREACHABLE')
    assert.equal((await connection.lost).code, 'SERVER_UNREACHABLE')
    assert.equal((await rejection(connection.check())).code, 'SERVER_UNREACHABLE')
  })

  it('leaves no timer behind', async () => {
    const { connection, clock, server } = open()
    await connection.check()
    server.reset()
    await connection.lost
    assert.equal(clock.timers, 0)
  })
})

describe('encodeLogFrame', () => {
  it('puts records that are text already into a frame', () => {
    const body = Buffer.from('{"message":"é"},{}')
    const frame = encodeLogFrame({ correlationId: 7, senderId: 'a"b', batchId: 'x-1', body })
    const text =
      '{"type":"log_batch","correlation_id":7,"sender_id":"a\\"b",' +
      '"payload":{"batch_id":"x-1","records":[{"message":"é"},{}]}}'
    const expected = Buffer.alloc(4 + Buffer.byteLength(text))
    expected.writeUInt32BE(expected.length - 4)
    expected.write(text, 4)
    assert.deepEqual(Buffer.from(frame), expected)
  })
})

/** The first connection is cut after so many bytes of one direction; later ones are good. */
function cutting(server: FakeLogServer, direction: 'up' | 'down', bytes: number): Connect {
  let isFirst = true
  return async (address, signal) => {
    const upstream = await server.connect(address, signal)
    if (!isFirst) return upstream
    isFirst = false
    const [ours, theirs] = duplexPair()
    const pass = (from: typeof ours, to: typeof ours, end: number): void => {
      let passed = 0
      from.on('data', (chunk: Uint8Array) => {
        const part = chunk.subarray(0, end - passed)
        passed += part.length
        to.write(part)
        if (passed === end) setImmediate(cut)
      })
      from.on('end', () => to.destroy())
    }
    const cut = (): void => {
      theirs.destroy()
      upstream.destroy()
    }
    pass(theirs, upstream as typeof ours, direction === 'up' ? bytes : Number.POSITIVE_INFINITY)
    pass(upstream as typeof ours, theirs, direction === 'down' ? bytes : Number.POSITIVE_INFINITY)
    return ours
  }
}

describe('a connection that breaks', () => {
  for (const direction of ['up', 'down'] as const) {
    it(`at any byte on its way ${direction} loses and doubles nothing`, async () => {
      let isCut = true
      for (let bytes = 1; isCut; bytes++) {
        const server = new FakeLogServer()
        await using bench = await Bench.open({ connect: cutting(server, direction, bytes) }, server)
        const sends = ['one', 'two'].map((text) => bench.client.send({ message: text }))
        await bench.run(() => bench.client.stats().acknowledged === 2, `both, cut at ${bytes}`)
        assert.deepEqual(server.store.messages, ['one', 'two'], `cut at ${bytes}`)
        assert.deepEqual(await Promise.all(sends), [[1], [2]], `cut at ${bytes}`)
        isCut = server.tries > 1
        if (!isCut) assert.ok(bytes > 100, `${bytes} bytes have passed in all`)
      }
    })
  }
})
