import assert from 'node:assert/strict'
import { afterEach, describe, it } from 'node:test'
import { CodedError, SeededRandom, SimulatedClock, SimulatedDisk } from '../base/base.ts'
import { openHub } from '../hub/hub.ts'
import { batchRecordsStart, recordFlags, recordSeverity, recordTimeMs } from '../record/record.ts'
import {
  BINARY_REFUSALS,
  type BinaryReply,
  BinaryReplyDecoder,
  encodeBinaryLog,
  encodeBinaryPing,
  encodeBinaryQuery,
  encodeBinaryStats,
} from '../wire/wire.ts'
import { ACTIONS, type Action, CAPABILITIES, type Capability } from './actions.ts'
import { BinaryProtocol, type BinaryProtocolOptions } from './binary-protocol.ts'
import { FakeHub, rowOf } from './fake-hub.ts'
import { FramePeer, type FrontChanges, mutatedSessions, TestFront } from './test-front.ts'
import { turns, until } from './test-peer.ts'

type Changes = Partial<BinaryProtocolOptions> & FrontChanges

const fronts: TestFront<BinaryProtocol>[] = []
const stores: FakeHub[] = []

async function open(changes: Changes = {}, hub = new FakeHub()) {
  stores.push(hub)
  const clock = new SimulatedClock({ wallMs: 1_718_000_000_250 })
  const problems: string[] = []
  const front = new TestFront(
    hub,
    clock,
    changes,
    (gate) =>
      new BinaryProtocol(hub, gate, clock, {
        recordBytesMax: 1000,
        batchBytesMax: 1 << 20,
        unackedBytesMax: 4 << 20,
        rowsMax: 100,
        queryMsMax: 30_000,
        problem: (message) => problems.push(message),
        ...changes,
      }),
  )
  await front.port.open()
  fronts.push(front)
  const peer = async () => new FramePeer(await front.peer(), new BinaryReplyDecoder())
  return { hub, store: hub.logs, clock, front, problems, peer, stats: () => front.protocol.stats() }
}

afterEach(async () => {
  for (const { logs } of stores.splice(0)) {
    logs.accept()
    logs.release()
  }
  for (const front of fronts.splice(0)) await front.close()
})

const log = (sequence: number, message: string, severity = 9, timeSeconds = 0): Uint8Array =>
  encodeBinaryLog(sequence, severity, timeSeconds, Buffer.from(message))
const ping = (sequence: number, payload = ''): Uint8Array => encodeBinaryPing(sequence, Buffer.from(payload))

/** A reply as short text: `1 stored 0`, `2 refused 19 Not allowed: …`. */
function shown(reply: BinaryReply): string {
  switch (reply.kind) {
    case 'stored':
      return `${reply.sequence} stored ${reply.id}`
    case 'row':
      return `${reply.sequence} row ${Buffer.from(reply.json)}`
    case 'end':
      return `${reply.sequence} end`
    case 'pong':
      return `${reply.sequence} pong ${Buffer.from(reply.payload)}`
    case 'stats':
      return `${reply.sequence} stats`
    case 'refused':
      return `${reply.sequence} refused ${reply.status} ${reply.reason}`
    case 'bad':
      return `bad ${reply.reason}`
  }
}

describe('BinaryProtocol: LOG', () => {
  it('stores records with level and time, and answers with their ids', async () => {
    const { store, peer } = await open()
    const one = await peer()
    one.send(log(7, 'one', 17, 1_718_000_000), log(8, 'two', 0))
    assert.deepEqual((await one.until(2)).map(shown), ['7 stored 0', '8 stored 1'])
    assert.deepEqual(store.messages, ['one', 'two'])
    const batch = store.batches[0]
    const view = new DataView(batch.buffer, batch.byteOffset, batch.length)
    const first = batchRecordsStart(view, 0)
    assert.equal(recordSeverity(view, first), 17)
    assert.equal(recordTimeMs(view, first), 1_718_000_000_000)
    assert.equal(recordFlags(view, first), 4)
    const second = first + view.getUint32(first, true)
    assert.equal(recordSeverity(view, second), 0)
    assert.equal(recordTimeMs(view, second), 1_718_000_000_250)
    assert.equal(recordFlags(view, second), 0)
  })

  it('makes one batch of all LOG requests of a chunk', async () => {
    const { store, peer } = await open()
    const one = await peer()
    one.send(...Array.from({ length: 500 }, (_, index) => log(index, `message ${index}`)))
    const replies = await one.until(500)
    assert.deepEqual(
      replies.map(shown),
      Array.from({ length: 500 }, (_, index) => `${index} stored ${index}`),
    )
    assert.ok(store.appends <= 2, `${store.appends} appends`)
  })

  it('cuts batches at `storage.batchBytesMax`', async () => {
    const { store, peer } = await open({ batchBytesMax: 400 })
    const one = await peer()
    one.send(...Array.from({ length: 10 }, (_, index) => log(index, 'x'.repeat(100))))
    await one.until(10)
    assert.equal(store.messages.length, 10)
    assert.ok(store.batches.every((batch) => batch.length <= 400))
  })

  it('answers only after the record is durable, and in the order of asking', async () => {
    const { store, peer } = await open()
    store.isHeld = true
    const one = await peer()
    one.send(log(1, 'one'), ping(2, 'a'), log(3, ''), log(4, 'four'))
    await until(() => store.waiting === 2, 'the appends')
    store.release(0)
    await turns()
    assert.equal(one.replies.length, 0)
    store.release(1)
    assert.deepEqual((await one.until(3)).map(shown), [
      '1 stored 0',
      '2 pong a',
      '3 refused 16 Empty message',
    ])
    store.release()
    assert.deepEqual((await one.until(4)).map(shown).slice(3), ['4 stored 1'])
  })

  it('refuses a bad level and a message that is too long, and keeps the connection', async () => {
    const { store, peer } = await open()
    const one = await peer()
    const badLevel = log(1, 'x')
    badLevel[8] = 6
    one.send(badLevel, log(2, 'x'.repeat(1001)), log(3, 'good'))
    assert.deepEqual((await one.until(3)).map(shown), [
      '1 refused 17 Bad level 6: expected 0 to 5 or 255',
      '2 refused 18 Message too long: at most 1000 bytes',
      '3 stored 0',
    ])
    assert.deepEqual(store.messages, ['good'])
  })

  it('says that the store is full, and stores again when it is not', async () => {
    const { store, peer, stats } = await open()
    const one = await peer()
    for (const [code, reason] of [
      ['STORE_FULL', 'Log storage full'],
      ['STORE_READ_ONLY', 'Log storage full'],
      ['STORE_CLOSED', 'Server is shutting down'],
    ] as const) {
      store.refusal = code
      const count = one.replies.length
      one.send(log(1, 'lost'), log(2, 'lost'))
      const replies = await one.until(count + 2)
      assert.deepEqual(replies.slice(count).map(shown), [`1 refused 20 ${reason}`, `2 refused 20 ${reason}`])
    }
    store.accept()
    one.send(log(9, 'kept'))
    assert.equal(shown((await one.until(7))[6]), '9 stored 0')
    assert.deepEqual(stats().refused, { storageFull: 6 })
    assert.equal(stats().records, 1)
  })

  it('tells our own log what went wrong inside, and the peer only that it did', async () => {
    const { store, peer, problems } = await open()
    store.isHeld = true
    const one = await peer()
    one.send(log(1, 'lost'))
    await until(() => store.waiting === 1, 'the append')
    store.fail(new Error('secret'))
    assert.deepEqual((await one.until(1)).map(shown), ['1 refused 20 Not stored: internal error'])
    assert.deepEqual(problems, ['A batch could not be stored'])
  })
})

describe('BinaryProtocol: PING, STATS and frames that do not fit', () => {
  it('gives the bytes of a PING back', async () => {
    const { peer } = await open()
    const one = await peer()
    one.send(ping(4_294_967_295, 'any bytes \0'), ping(0))
    assert.deepEqual((await one.until(2)).map(shown), ['4294967295 pong any bytes \0', '0 pong '])
  })

  it('shows counters of the connection, and of the server where `read` is granted', async () => {
    for (const [grant, isShown] of [
      [['write'], false],
      [['write', 'read'], true],
    ] as const) {
      const { peer } = await open({ grant, serverStats: () => ({ some: 'counters' }) })
      const one = await peer()
      one.send(log(1, 'one'), encodeBinaryStats(2))
      const stats = (await one.until(2))[1]
      assert.ok(stats.kind === 'stats')
      assert.deepEqual(JSON.parse(stats.json), {
        connectedMs: 0,
        bytes: 26,
        requests: 2,
        records: 1,
        pending: 0,
        rows: 0,
        refused: {},
        ...(isShown ? { server: { some: 'counters' } } : {}),
      })
    }
  })

  it('leaves out the counters of the server where they do not fit into a frame', async () => {
    const { peer } = await open({ serverStats: () => 'x'.repeat(70_000) })
    const one = await peer()
    one.send(encodeBinaryStats(2))
    const stats = (await one.until(1))[0]
    assert.ok(stats.kind === 'stats')
    assert.equal(JSON.parse(stats.json).server, null)
  })

  it('answers a frame whose version, command or lengths do not fit, and closes', async () => {
    const badLength = log(6, 'abc')
    badLength[14]++
    for (const [frame, answer] of [
      [[2, 1, 0, 0, 0, 0, 0, 5], '5 refused 22 Unknown version 2: expected 1'],
      [[1, 9, 0, 0, 0, 0, 0, 5], '5 refused 16 Unknown command 9: expected 1 to 4'],
      [[1, 1, 0, 3, 0, 0, 0, 5], '5 refused 16 Payload of LOG too short: 3 bytes, at least 7'],
      [[1, 4, 0, 1, 0, 0, 0, 5], '5 refused 16 Payload of STATS: 1 bytes, expected none'],
      [badLength, '6 refused 16 Message length 4 does not fit: the payload holds 3 bytes of it'],
    ] as const) {
      const { peer, store } = await open()
      const one = await peer()
      one.send(log(1, 'before'), Uint8Array.from(frame), log(7, 'behind'))
      await one.ended()
      assert.deepEqual(one.replies.map(shown), ['1 stored 0', answer])
      assert.deepEqual(store.messages, ['before'])
    }
  })

  it('refuses a connection that may not be opened in its own words', async () => {
    const { peer } = await open({ connectionsMax: 1 })
    await peer()
    const second = await peer()
    await second.ended()
    assert.deepEqual(second.replies.map(shown), ['0 refused 19 Too many connections: at most 1'])
  })
})

describe('BinaryProtocol: QUERY', () => {
  const rows = [rowOf(3, 17, 1_718_000_000_000, 'one'), rowOf(4, 17, 1_718_000_000_000, 'two')]

  it('answers with rows as JSON text, oldest first, and an end', async () => {
    const { hub, peer } = await open()
    hub.rows = rows
    const one = await peer()
    one.send(encodeBinaryQuery(5, 'level:error'))
    assert.deepEqual((await one.until(3)).map(shown), [
      '5 row {"_time":"2024-06-10T06:13:20Z","_msg":"one","_id":3}',
      '5 row {"_time":"2024-06-10T06:13:20Z","_msg":"two","_id":4}',
      '5 end',
    ])
    assert.deepEqual(hub.asked, ['level:error'])
    assert.equal(hub.openAnswers, 0)
  })

  it('cuts a row that is longer than a frame into pieces', async () => {
    const { hub, peer } = await open()
    const message = 'é'.repeat(100_000)
    hub.rows = [rowOf(3, 17, 0, message)]
    const one = await peer()
    one.send(encodeBinaryQuery(5, '*'))
    await until(() => one.replies.at(-1)?.kind === 'end', 'the end')
    const pieces = one.replies.filter((reply) => reply.kind === 'row')
    assert.deepEqual(
      pieces.map(({ isWhole }) => isWhole),
      [false, false, false, true],
    )
    const json = Buffer.concat(pieces.map(({ json }) => json)).toString()
    assert.equal(JSON.parse(json)._msg, message)
  })

  it('says what is wrong with a query, and keeps the connection', async () => {
    const { hub, peer, problems } = await open()
    const one = await peer()
    one.send(encodeBinaryQuery(1, '* | lmit 5'), encodeBinaryQuery(2, '*'))
    assert.match(
      shown((await one.until(2))[0]),
      /^1 refused 21 there is no pipe `lmit`; did you mean `limit`\?/,
    )
    assert.equal(shown(one.replies[1]), '2 end')
    for (const [error, reason] of [
      [new CodedError('STORE_CLOSED', 'inner words'), 'Server is shutting down'],
      [new CodedError('QUERY_TOO_LARGE', 'too large'), 'too large'],
      [new Error('secret'), 'Internal error: see the log of the server'],
    ] as const) {
      hub.error = error
      const count = one.replies.length
      one.send(encodeBinaryQuery(3, '*'))
      assert.equal(shown((await one.until(count + 1))[count]), `3 refused 21 ${reason}`)
    }
    assert.deepEqual(problems, ['A query failed'])
  })

  it('stores and answers what comes behind a query when the query is answered', async () => {
    const { hub, peer, store } = await open()
    let goOn = (): void => {}
    const waiting = new Promise<void>((resolve) => {
      goOn = resolve
    })
    hub.rows = (async function* () {
      await waiting
      yield* rows
    })()
    const one = await peer()
    one.send(log(1, 'before'), encodeBinaryQuery(2, '*'), log(3, 'behind'), ping(4))
    await until(() => hub.asked.length === 1, 'the query')
    await turns()
    assert.deepEqual(one.replies.map(shown), ['1 stored 0'])
    assert.deepEqual(store.messages, ['before'])
    goOn()
    assert.deepEqual((await one.until(6)).slice(3).map(shown), ['2 end', '3 stored 1', '4 pong '])
  })

  it('ends a query that takes too long', async () => {
    const { hub, peer, clock } = await open({ queryMsMax: 100 })
    hub.rows = endless()
    const one = await peer()
    one.send(encodeBinaryQuery(2, '*'), ping(3))
    await until(() => hub.signals.length === 1, 'the query')
    clock.advance(100)
    await until(() => one.replies.at(-1)?.kind === 'pong', 'the PONG')
    assert.equal(shown(one.replies.at(-2) as BinaryReply), '2 refused 21 Query took too long: at most 100 ms')
    assert.equal(hub.openAnswers, 0)
  })

  it('cancels the query when the peer goes, and stops asking while the peer reads nothing', async () => {
    const { hub, peer, front } = await open()
    const counter = { rows: 0 }
    hub.rows = endless(counter, 'x'.repeat(10_000))
    const one = await peer()
    one.peer.socket.pause()
    one.send(encodeBinaryQuery(2, '*'))
    await until(() => counter.rows > 0, 'rows')
    let before = -1
    await until(() => {
      const isStill = counter.rows === before
      before = counter.rows
      return isStill
    }, 'the end of asking')
    await turns(500)
    assert.ok(counter.rows < 5000, `${counter.rows} rows for a peer that reads nothing`)
    one.peer.destroy()
    await until(() => hub.openAnswers === 0, 'the end of the query')
    assert.equal(hub.signals[0].aborted, true)
    await until(() => front.protocol.stats().sessions === 0, 'the end of the session')
  })
})

async function* endless(counter = { rows: 0 }, message = 'again') {
  for (;;) {
    counter.rows++
    await new Promise((resolve) => setImmediate(resolve))
    yield rowOf(1, 9, 0, message)
  }
}

describe('BinaryProtocol: what a session may do', () => {
  const requests: readonly (readonly [Action, Uint8Array])[] = [
    ['record.write', log(1, 'x')],
    ['query', encodeBinaryQuery(1, '*')],
    ['ping', ping(1)],
    ['stats.connection', encodeBinaryStats(1)],
  ]

  it('is what its grant says, for every command and every grant', async () => {
    for (let bits = 1; bits < 1 << CAPABILITIES.length; bits++) {
      const grant = CAPABILITIES.filter((_, index) => (bits & (1 << index)) !== 0)
      const { peer } = await open({ grant })
      for (const [action, frame] of requests) {
        const one = await peer()
        one.send(frame)
        const [reply] = await one.until(1)
        const needed: Capability | null = ACTIONS[action]
        const isAllowed = needed === null || grant.includes(needed)
        assert.equal(reply.kind === 'refused', !isAllowed, `${action} with ${grant.join()}`)
        if (reply.kind === 'refused') assert.equal(reply.status, BINARY_REFUSALS.notAllowed)
      }
    }
  })

  it('is nothing without any grant, and told after too many bytes', async () => {
    const { peer } = await open({ access: { grant: [], unknownBytesMax: 100 } })
    const one = await peer()
    one.send(log(1, 'x'))
    await one.until(1)
    one.send(log(2, 'y'.repeat(100)))
    await one.ended()
    assert.deepEqual(one.replies.map(shown), [
      '1 refused 19 Not allowed: this session may not write',
      '2 refused 19 Not allowed: this session may not write',
      '0 refused 19 Not allowed: this session may not write',
    ])
  })
})

describe('BinaryProtocol: bounds', () => {
  it('stops reading at `unackedBytesMax`, and goes on when records are durable', async () => {
    const { store, peer, stats } = await open({ unackedBytesMax: 10_000 })
    store.isHeld = true
    const one = await peer()
    const count = 3000
    for (let index = 0; index < count; index++) one.send(log(index, 'x'.repeat(1000)))
    await until(() => store.waiting > 0, 'an append')
    await turns(500)
    assert.ok(stats().bytes < 500_000, `${stats().bytes} bytes read`)
    store.isHeld = false
    store.release()
    await one.until(count)
    assert.equal(store.messages.length, count)
    assert.deepEqual(
      one.replies.map(({ kind }) => kind).filter((kind) => kind !== 'stored'),
      [],
    )
  })

  it('stops reading from a peer that takes no replies, and cuts it off when it takes none for long', async () => {
    const connection = { idleMsMax: 60_000, unsentBytesMax: 10_000, lingerMsMax: 10 }
    const { peer, stats, clock } = await open({ connection })
    const one = await peer()
    one.peer.socket.pause()
    const chunk = Buffer.concat(Array.from({ length: 100 }, (_, index) => ping(index, 'x'.repeat(60_000))))
    for (let round = 0; round < 5; round++) one.peer.socket.write(chunk)
    let before = -1
    await until(() => {
      const isStill = stats().bytes === before && before > 0
      before = stats().bytes
      return isStill
    }, 'the end of reading')
    await turns(500)
    assert.ok(stats().bytes < 20 << 20, `${stats().bytes} bytes read`)
    clock.advance(60_000)
    await until(() => stats().ended.stalled === 1, 'the end of the session')
    clock.advance(60_000)
  })

  it('ends a session whose half frame finds no memory', async () => {
    const { peer, stats } = await open({ halfFrameBytesMax: 1000 })
    const one = await peer()
    one.send(ping(1), ping(2, 'x'.repeat(2000)).subarray(0, 1500))
    await one.ended()
    assert.deepEqual(one.replies.map(shown), [
      '1 pong ',
      '0 refused 18 Frame too long for the memory that is left: try again later',
    ])
    assert.equal(stats().halfFrameBytes, 0)
  })

  it('ends a session that says nothing', async () => {
    const { peer, clock, stats } = await open()
    const one = await peer()
    one.send(ping(1))
    await one.until(1)
    clock.advance(60_000)
    await one.ended()
    one.peer.end()
    await until(() => stats().ended.idle === 1, 'the end of the session')
  })
})

describe('BinaryProtocol: the end', () => {
  it('answers what was read when the server drains', async () => {
    const { store, peer, front } = await open()
    store.isHeld = true
    const one = await peer()
    one.send(log(1, 'one'), log(2, 'two'), ping(3))
    await until(() => store.waiting === 1, 'the append')
    const drained = front.port.drain(1000)
    await turns()
    store.release()
    await one.ended()
    one.peer.end()
    assert.equal(await drained, 0)
    assert.deepEqual(one.replies.map(shown), ['1 stored 0', '2 stored 1', '3 pong '])
  })

  it('answers everything when the peer ends its side, and lets half a frame be', async () => {
    const { store, peer } = await open()
    store.isHeld = true
    const one = await peer()
    one.send(log(1, 'one'), log(2, 'half').subarray(0, 12))
    one.peer.end()
    await until(() => store.waiting === 1, 'the append')
    store.release()
    await one.ended()
    assert.deepEqual(one.replies.map(shown), ['1 stored 0'])
  })

  it('stores what was read of a peer that breaks off', async () => {
    const { store, peer, stats } = await open()
    store.isHeld = true
    const one = await peer()
    one.send(log(1, 'one'))
    await until(() => store.waiting === 1, 'the append')
    one.peer.socket.resetAndDestroy()
    await turns()
    store.release()
    await until(() => stats().sessions === 0, 'the end of the session')
    assert.deepEqual(store.messages, ['one'])
    assert.equal(stats().records, 1)
    assert.equal(stats().pending, 0)
  })

  it('says the same however the bytes are cut', async () => {
    const { hub, peer } = await open()
    hub.rows = [rowOf(3, 17, 0, 'one')]
    const session = Buffer.concat([
      log(1, 'first'),
      log(2, ''),
      ping(3, 'abc'),
      encodeBinaryQuery(4, 'x'),
      log(5, 'last'),
    ])
    for (let cut = 1; cut < session.length; cut++) {
      const one = await peer()
      one.peer.socket.write(session.subarray(0, cut))
      await turns(5)
      one.peer.socket.write(session.subarray(cut))
      const replies = (await one.until(6)).map((reply) => shown(reply).replace(/stored \d+/, 'stored'))
      assert.deepEqual(replies, [
        '1 stored',
        '2 refused 16 Empty message',
        '3 pong abc',
        '4 row {"_time":"1970-01-01T00:00:00Z","_msg":"one","_id":3}',
        '4 end',
        '5 stored',
      ])
      one.peer.destroy()
    }
  })
})

describe('BinaryProtocol: hostile peers', () => {
  it('ends or answers each of them, holds nothing for them, and serves others', async () => {
    const { hub, peer, front, problems } = await open()
    hub.rows = [rowOf(3, 17, 0, 'one')]
    const good = await peer()
    const valid = Buffer.concat([
      log(1, 'first'),
      ping(2, 'abc'),
      encodeBinaryQuery(3, 'x'),
      encodeBinaryStats(4),
      log(5, 'x'),
    ])
    let round = 0
    for (const bytes of mutatedSessions(valid, 200, 7)) {
      const one = await peer()
      one.peer.socket.end(bytes)
      await one.ended()
      assert.ok(
        one.replies.every(({ kind }) => kind !== 'bad'),
        `seed 7, round ${round}`,
      )
      good.send(ping(round))
      assert.equal(shown((await good.until(++round))[round - 1]), `${round - 1} pong `)
    }
    await until(() => front.protocol.stats().sessions === 1, 'the end of the others')
    assert.equal(front.protocol.stats().halfFrameBytes, 0)
    assert.equal(front.gate.unstoredBytes, 0)
    assert.deepEqual(problems, [])
  })
})

describe('BinaryProtocol on a real hub', () => {
  it('finds what it stored, with the level and time that it came with', async () => {
    const clock = new SimulatedClock({ wallMs: 1_718_000_000_250 })
    const disk = new SimulatedDisk()
    await using hub = await openHub({
      dataDir: '/data',
      disk,
      clock,
      random: new SeededRandom(1),
      store: { freeBytesMin: 0 },
    })
    const options = { recordBytesMax: 1000, batchBytesMax: 1 << 20, unackedBytesMax: 4 << 20 }
    const front = new TestFront(
      hub,
      clock,
      {},
      (gate) => new BinaryProtocol(hub, gate, clock, { ...options, rowsMax: 100, queryMsMax: 0 }),
    )
    await front.port.open()
    fronts.push(front)
    const one = new FramePeer(await front.peer(), new BinaryReplyDecoder())
    one.send(log(1, 'disk full', 17, 1_718_000_000), log(2, 'hello', 0), encodeBinaryQuery(3, 'level:error'))
    const replies = await one.until(4)
    assert.deepEqual(replies.map(shown).slice(2), [
      '3 row {"_time":"2024-06-10T06:13:20Z","_msg":"disk full","level":"error","_id":1}',
      '3 end',
    ])
    await front.close()
    fronts.splice(0)
  })
})
