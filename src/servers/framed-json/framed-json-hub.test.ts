/** Framed JSON on a real hub, over a simulated disk. */
import assert from 'node:assert/strict'
import { afterEach, describe, it } from 'node:test'
import { SeededRandom, SimulatedClock, SimulatedDisk } from '../../base/base.ts'
import { type Hub, openHub } from '../../hub/hub.ts'
import { JsonFrameDecoder } from '../../wire/wire.ts'
import { TestFront } from '../test-front.ts'
import { until } from '../test-peer.ts'
import { FramedJsonProtocol } from './framed-json-protocol.ts'
import { frame, JsonPeer, WALL_MS } from './test-json-front.ts'

const fronts: { readonly front: TestFront<FramedJsonProtocol>; readonly hub: Hub }[] = []

async function open(disk = new SimulatedDisk(), batchBytesMax = 1 << 20) {
  const clock = new SimulatedClock({ wallMs: WALL_MS })
  const random = new SeededRandom(1)
  const hub = await openHub({ dataDir: '/data', disk, clock, random, store: { freeBytesMin: 0 } })
  const front = new TestFront(hub, clock, {}, (gate) => {
    const limits = { recordBytesMax: 10_000, batchBytesMax, unackedBytesMax: 4 << 20 }
    return new FramedJsonProtocol(hub, gate, clock, {
      ...limits,
      rowsMax: 100,
      queryMsMax: 0,
      streamFields: ['host'],
    })
  })
  await front.port.open()
  fronts.push({ front, hub })
  return new JsonPeer(await front.peer(), new JsonFrameDecoder())
}

async function closeAll(): Promise<void> {
  for (const { front, hub } of fronts.splice(0)) {
    await front.close()
    await hub.close()
  }
}

afterEach(closeAll)

/** All rows of a query. */
async function rowsOf(peer: JsonPeer, query: string): Promise<unknown[]> {
  const { length } = peer.replies
  peer.send(frame('query', { query }))
  await until(() => peer.answers.at(-1)?.[0] === 'end', 'the end')
  return peer.answers.slice(length, -1).flatMap(([, payload]) => (payload as { rows: unknown[] }).rows)
}

describe('framed JSON on a real hub', () => {
  it('gives records back as they were sent', async () => {
    const peer = await open()
    const records = [
      {
        message: 'disk full',
        level: 'ERROR',
        timestamp: 1_717_999_999.123,
        fields: { free: 0, disk: { name: 'sda' }, tags: ['a'], ok: false, none: null },
        stream: { service: 'db' },
      },
      { message: 'two', timestamp: '2024-06-10T06:13:19.5Z' },
      { message: 'three', timestamp: '1717999999600000001' },
      { message: 'four', level: 'notice' },
    ]
    assert.deepEqual(await peer.ask('log_batch', { records }), ['ack', { ids: [1, 2, 3, 4] }])
    assert.deepEqual(await rowsOf(peer, '*'), [
      {
        _time: '2024-06-10T06:13:19.123Z',
        _stream: '{service="db"}',
        _msg: 'disk full',
        level: 'ERROR',
        service: 'db',
        free: 0,
        'disk.name': 'sda',
        tags: ['a'],
        ok: false,
        none: null,
        _id: 1,
      },
      { _time: '2024-06-10T06:13:19.500Z', _msg: 'two', _id: 2 },
      { _time: '2024-06-10T06:13:19.600000001Z', _msg: 'three', _id: 3 },
      { _time: '2024-06-10T06:13:20.250Z', _msg: 'four', level: 'notice', _id: 4 },
    ])
  })

  it('takes the stream that the server names where a record names none', async () => {
    const peer = await open()
    const records = [
      { message: 'one', fields: { user: 'mia', host: 'a' } },
      { message: 'two', fields: { host: 'a' }, stream: { pod: 'p' } },
    ]
    assert.deepEqual((await peer.ask('log_batch', { records }))[0], 'ack')
    const rows = (await rowsOf(peer, '*')) as { _stream: string }[]
    assert.deepEqual(
      rows.map(({ _stream }) => _stream),
      ['{host="a"}', '{pod="p"}'],
    )
  })

  it('stores a batch once, however often it comes, and answers with the same ids', async () => {
    const disk = new SimulatedDisk()
    const records = [{ message: 'a' }, { message: '' }, { message: 'b' }]
    const first = await open(disk)
    const ack = await first.ask('log_batch', { records, batch_id: 'client-1:7' })
    assert.deepEqual((ack[1] as { ids: unknown }).ids, [1, null, 2])
    assert.deepEqual(await first.ask('log_batch', { records, batch_id: 'client-1:7' }), ack)
    first.send(...[1, 2, 3].map((id) => frame('log_batch', { records, batch_id: 'client-1:8' }, id)))
    const again = (await first.answersUntil(5)).slice(2)
    assert.deepEqual(
      again.map(([, payload]) => (payload as { ids: unknown }).ids),
      Array(3).fill([3, null, 4]),
    )
    await closeAll()
    const second = await open(disk)
    assert.deepEqual(await second.ask('log_batch', { records, batch_id: 'client-1:7' }), ack)
    assert.deepEqual(
      (await rowsOf(second, '*')).map((row) => (row as { _msg: string })._msg),
      ['a', 'b', 'a', 'b'],
    )
  })

  it('stores other records under an id that was used: it never acknowledges what it has not', async () => {
    const peer = await open(new SimulatedDisk())
    const idsOf = async (message: string): Promise<unknown> => {
      const [, payload] = await peer.ask('log_batch', { records: [{ message }], batch_id: '1' })
      return (payload as { ids: unknown }).ids
    }
    assert.deepEqual([await idsOf('a'), await idsOf('b'), await idsOf('a')], [[1], [2], [1]])
    assert.deepEqual(
      (await rowsOf(peer, '*')).map((row) => (row as { _msg: string })._msg),
      ['a', 'b'],
    )
  })

  it('refuses a batch that grows too large, stores nothing of it, and takes the next', async () => {
    const peer = await open(new SimulatedDisk(), 20_000)
    const records = Array.from({ length: 30 }, () => ({ message: 'x'.repeat(1000) }))
    const [type, payload] = await peer.ask('log_batch', { records })
    assert.equal(type, 'error')
    assert.equal((payload as { code: string }).code, 'BATCH_TOO_LARGE')
    assert.deepEqual(await peer.ask('log', { message: 'small' }), ['ack', { ids: [1] }])
    assert.equal((await rowsOf(peer, '*')).length, 1)
  })

  it('follows what is stored from an id on', async () => {
    const peer = await open()
    await peer.ask('log_batch', { records: ['a', 'b', 'c'].map((message) => ({ message, level: 'error' })) })
    peer.send(frame('tail', { query: 'level:error', after: 1 }, 't'))
    const records = () => peer.answers.filter(([type]) => type === 'record')
    await until(() => records().length === 2, 'two records')
    peer.send(frame('log', { message: 'd', level: 'error' }), frame('log', { message: 'e' }))
    await until(() => records().length === 3, 'three records')
    assert.deepEqual(
      records().map(([, payload]) => (payload as { id: number; row: { _msg: string } }).row._msg),
      ['b', 'c', 'd'],
    )
    peer.send(frame('stop', {}, 't'))
    await until(() => peer.answers.at(-1)?.[0] === 'end', 'the end')
    assert.deepEqual(peer.answers.at(-1), ['end', { count: 3 }, 't'])
  })

  it('says that a query with a pipe that needs all rows cannot be followed', async () => {
    const peer = await open()
    const [type, payload] = await peer.ask('tail', { query: '* | stats count()' })
    assert.equal(type, 'error')
    assert.equal((payload as { code: string }).code, 'QUERY_SYNTAX')
  })
})
