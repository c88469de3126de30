/**
 * The client and the server of this repository, over real sockets and a real hub on a simulated disk: both sides were
 * written to the same page, and here they meet.
 */
import assert from 'node:assert/strict'
import { afterEach, describe, it } from 'node:test'
import { SeededRandom, SimulatedClock, SimulatedDisk } from '../base/base.ts'
import { type Hub, openHub } from '../hub/hub.ts'
import { FramedJsonProtocol } from '../servers/framed-json/framed-json-protocol.ts'
import { type FrontChanges, TestFront } from '../servers/test-front.ts'
import { type ClientOptions, type LogClient, openClient, type RowObject, type TailItem } from './client.ts'
import { rejection, until } from './test-bench.ts'
import { FaultProxy } from './test-fault-proxy.ts'

interface Opened {
  readonly client: LogClient
  readonly front: TestFront<FramedJsonProtocol>
  readonly hub: Hub
}

const opened: Opened[] = []

async function open(options: ClientOptions = {}, changes: FrontChanges = {}): Promise<Opened> {
  const clock = new SimulatedClock()
  const disk = new SimulatedDisk()
  const random = new SeededRandom(1)
  const hub = await openHub({ dataDir: '/data', disk, clock, random, store: { freeBytesMin: 0 } })
  const front = new TestFront(hub, clock, changes, (gate) => {
    const limits = { recordBytesMax: 1000, batchBytesMax: 20_000, unackedBytesMax: 4 << 20 }
    return new FramedJsonProtocol(hub, gate, clock, { ...limits, rowsMax: 10_000, queryMsMax: 0 })
  })
  await front.port.open()
  const client = await openClient({ ...front.port.addresses[0], retryMsMin: 1, retryMsMax: 5, ...options })
  const found = { client, front, hub }
  opened.push(found)
  return found
}

afterEach(async () => {
  for (const { client, front, hub } of opened.splice(0)) {
    await client.close({ flushMsMax: 0 })
    await front.close()
    await hub.close()
  }
})

async function gather<T>(items: AsyncIterable<T>): Promise<T[]> {
  const found: T[] = []
  for await (const item of items) found.push(item)
  return found
}

describe('the client and the server', () => {
  it('agree on records: what was sent is found as it was', async () => {
    const { client } = await open()
    const ids = await client.send([
      {
        message: 'disk full',
        level: 'ERROR',
        time: '2024-06-10T06:13:19.123456789Z',
        fields: { free: 0, disk: { name: 'sda' }, ok: false, none: null },
        stream: { service: 'db' },
      },
      { message: 'two', level: 'notice', time: new Date(1_718_000_000_000) },
    ])
    assert.deepEqual(ids, [1, 2])
    const rows = await gather(client.query('*'))
    assert.deepEqual(
      rows.map(({ _id, _time, _msg, level }) => [_id, _time, _msg, level]),
      [
        [1, '2024-06-10T06:13:19.123456789Z', 'disk full', 'ERROR'],
        [2, '2024-06-10T06:13:20Z', 'two', 'notice'],
      ],
    )
    const { service, free, ok, none, 'disk.name': name } = rows[0]
    assert.deepEqual([service, free, ok, none, name], ['db', 0, false, null, 'sda'])
  })

  it('agree on refusals, record by record and as a whole', async () => {
    const { client } = await open()
    const error = await rejection(
      client.send([{ message: 'good' }, { message: 'x'.repeat(1001) }, { message: 'fine', level: 'loud' }]),
    )
    assert.equal(error.code, 'RECORD_TOO_LARGE')
    assert.deepEqual(
      [error.details['ids'], (error.details['refused'] as { code: string }[]).map(({ code }) => code)],
      [
        [1, null, null],
        ['RECORD_TOO_LARGE', 'RECORD_INVALID'],
      ],
    )
    assert.equal((await rejection(gather(client.query('level:')))).code, 'QUERY_SYNTAX')
  })

  it('agree on batches that are too large: all of it is stored all the same', async () => {
    const { client } = await open()
    const records = Array.from({ length: 300 }, (_, index) => ({ message: `${index}`.padEnd(200) }))
    assert.equal((await client.send(records)).length, 300)
    assert.equal((await gather(client.query('*'))).length, 300)
  })

  it('agree on batch ids: connections that break double nothing', async () => {
    const { front } = await open()
    await using proxy = await FaultProxy.open(() => front.port.addresses[0])
    const options = { batchRecordsMax: 5, batchesInFlightMax: 4, retryMsMin: 1, retryMsMax: 5 }
    await using client = await openClient({ ...proxy.address, ...options })
    const records = Array.from({ length: 500 }, (_, index) => ({ message: `${index}` }))
    const sending = client.send(records)
    for (let round = 1; round <= 5; round++) {
      await until(() => client.stats().acknowledged >= round * 60, 'acknowledgements')
      proxy.reset()
    }
    await sending
    const found = (await gather(client.query('*'))).map(({ _msg }) => String(_msg))
    assert.deepEqual(found.toSorted(), records.map(({ message }) => message).toSorted())
  })

  it('agree on tails, and on leaving them', async () => {
    const { client } = await open()
    const found: TailItem[] = []
    const controller = new AbortController()
    const tailing = (async () => {
      for await (const item of client.tail('seen', { after: 0, signal: controller.signal })) found.push(item)
    })()
    await client.send([{ message: 'seen one' }, { message: 'other' }, { message: 'seen two' }])
    await until(() => found.length === 2, 'two records')
    controller.abort()
    await tailing
    assert.deepEqual(
      found.map((item) => ('gap' in item ? null : [item.id, (item.row as RowObject)['_msg']])),
      [
        [1, 'seen one'],
        [3, 'seen two'],
      ],
    )
    assert.equal(client.stats().connectionsIdle, 1)
    for await (const row of client.query('*')) {
      assert.equal(row['_msg'], 'seen one')
      break
    }
    assert.equal(client.stats().connectionsIdle, 1)
  })

  it('agree on what a session may not do', async () => {
    const { client } = await open({}, { grant: ['read'] })
    assert.equal((await rejection(client.send({ message: 'x' }))).code, 'NOT_ALLOWED')
    const { client: writer } = await open({}, { grant: ['write'] })
    assert.equal((await rejection(gather(writer.query('*')))).code, 'NOT_ALLOWED')
    assert.equal((await rejection(gather(writer.tail('*')))).code, 'NOT_ALLOWED')
    const { client: stranger } = await open({ token: 'wrong' })
    assert.equal((await rejection(stranger.send({ message: 'x' }))).code, 'TOKEN_UNKNOWN')
  })

  it('agree on pings and statistics', async () => {
    const { client } = await open()
    assert.ok((await client.ping()) >= 0)
    assert.ok('server' in (await client.serverStats()))
  })
})
