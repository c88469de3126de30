import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { FakeLogServer } from './fake-log-server.ts'
import { Bench, rejection, turns, until } from './test-bench.ts'

const message = (text: string): { message: string } => ({ message: text })
const kilobyte = (text: string): { message: string } => ({ message: text.padEnd(1000) })

function unreachableServer(): FakeLogServer {
  const server = new FakeLogServer()
  server.connectError = new Error('ECONNREFUSED')
  return server
}

describe("overflow: 'wait'", () => {
  it('lets sends wait for room, in their order, and takes them in as it appears', async () => {
    const server = unreachableServer()
    await using bench = await Bench.open({ memoryBytesMax: 4000 }, server)
    const sends = ['a', 'b', 'c', 'd', 'e', 'f'].map((text) => bench.client.send(kilobyte(text)))
    await turns()
    const { heldBytes, unacknowledged } = bench.client.stats()
    assert.ok(heldBytes <= 4000, `${heldBytes} bytes`)
    assert.equal(unacknowledged, 6)
    server.connectError = null
    await bench.run(() => bench.client.stats().acknowledged === 6, 'all of them')
    assert.deepEqual(await Promise.all(sends), [[1], [2], [3], [4], [5], [6]])
    assert.equal(bench.client.stats().heldBytes, 0)
  })

  it('rejects what would not even fit into the queue of those who wait', async () => {
    await using bench = await Bench.open({ memoryBytesMax: 4000 }, unreachableServer())
    const sends = Array.from({ length: 6 }, (_, index) => rejection(bench.client.send(kilobyte(`${index}`))))
    assert.equal((await rejection(bench.client.send(kilobyte('x')))).code, 'SEND_BUFFER_FULL')
    assert.equal((await rejection(bench.client.send(message('x'.repeat(5000))))).code, 'SEND_BUFFER_FULL')
    await bench.client.close({ flushMsMax: 0 })
    for (const send of sends) assert.equal((await send).code, 'CLIENT_CLOSED')
  })

  it('gives up a wait after sendMsMax', async () => {
    await using bench = await Bench.open({ memoryBytesMax: 1500, sendMsMax: 1000 }, unreachableServer())
    const sends = ['a', 'b'].map((text) => rejection(bench.client.send(kilobyte(text))))
    bench.clock.advance(1000)
    for (const send of sends) assert.equal((await send).code, 'TIMED_OUT')
    assert.equal(bench.client.stats().timedOut, 2)
  })

  it('tells through room() when there is some', async () => {
    const server = unreachableServer()
    await using bench = await Bench.open({ memoryBytesMax: 1500 }, server)
    await bench.client.room()
    const sends = ['a', 'b'].map((text) => bench.client.send(kilobyte(text)))
    let hasRoom = false
    bench.client.room().then(() => {
      hasRoom = true
    })
    await turns()
    assert.equal(hasRoom, false)
    server.connectError = null
    await bench.run(() => hasRoom, 'room')
    await Promise.all(sends)
  })
})

describe("overflow: 'reject'", () => {
  it('rejects at once, and takes in again when there is room', async () => {
    const server = unreachableServer()
    await using bench = await Bench.open({ memoryBytesMax: 2000, overflow: 'reject' }, server)
    const first = bench.client.send(kilobyte('a'))
    assert.equal((await rejection(bench.client.send(kilobyte('b')))).code, 'SEND_BUFFER_FULL')
    server.connectError = null
    await bench.run(() => bench.client.stats().acknowledged === 1, 'the first')
    assert.deepEqual(await bench.client.send(kilobyte('c')), [2])
    await first
  })
})

describe('close', () => {
  it('waits for what is under way', async () => {
    await using bench = await Bench.open()
    const sending = bench.client.send(message('last words'))
    assert.deepEqual(await bench.client.close(), { unacknowledged: 0, spilled: 0 })
    assert.deepEqual(await sending, [1])
    await until(() => bench.server.sessions.size === 0, 'the end of the connection')
  })

  it('gives up after its time, says how much is left, and rejects it', async () => {
    await using bench = await Bench.open({ closeMsMax: 3000 }, unreachableServer())
    const sends = [
      rejection(bench.client.send([message('a'), message('b')])),
      rejection(bench.client.send(message('c'))),
    ]
    const closing = bench.client.close()
    bench.clock.advance(3000)
    assert.deepEqual(await closing, { unacknowledged: 3, spilled: 0 })
    for (const send of sends) assert.equal((await send).code, 'CLIENT_CLOSED')
  })

  it('takes no more records, and is the same the second time', async () => {
    await using bench = await Bench.open()
    const closing = bench.client.close()
    assert.equal((await rejection(bench.client.send(message('late')))).code, 'CLIENT_CLOSED')
    assert.equal(bench.client.close(), closing)
    await closing
    assert.equal((await rejection(bench.client.ping())).code, 'CLIENT_CLOSED')
    assert.equal(bench.clock.timers, 0)
  })
})

describe('a listener that throws', () => {
  it('does not disturb the client', async (t) => {
    await using bench = await Bench.open()
    const thrown = new Promise((resolve) => {
      t.mock.method(globalThis, 'queueMicrotask', (callback: () => void) => {
        Promise.resolve().then(() => {
          try {
            callback()
          } catch (error) {
            resolve(error)
          }
        })
      })
    })
    bench.client.on('state', () => {
      throw new Error('a mistake of the listener')
    })
    assert.deepEqual(await bench.client.send(message('x')), [1])
    assert.match(String(await thrown), /a mistake of the listener/)
  })
})
