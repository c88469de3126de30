/** Order, bounds and the end of a framed JSON session; what each type does is in framed-json-protocol.test.ts. */
import assert from 'node:assert/strict'
import { afterEach, describe, it } from 'node:test'
import { rowOf } from '../fake-hub.ts'
import { TLS_ONLY } from '../front-session.ts'
import { mutatedSessions } from '../test-front.ts'
import { turns, until } from '../test-peer.ts'
import { frame, type JsonChanges, JsonFront, WALL_MS } from './test-json-front.ts'

const fronts: JsonFront[] = []

async function open(changes: JsonChanges = {}): Promise<JsonFront> {
  const front = await JsonFront.open(changes)
  fronts.push(front)
  return front
}

afterEach(async () => {
  for (const front of fronts.splice(0)) await front.close()
})

/** A number that does not grow any more, for a while. */
async function settled(read: () => number): Promise<number> {
  let before = -1
  for (let still = 0; still < 100; ) {
    still = read() === before ? still + 1 : 0
    before = read()
    await turns(1)
  }
  return before
}

describe('JsonSession: order', () => {
  it('stores log messages in the order in which they came, and answers each when it is durable', async () => {
    const front = await open()
    front.store.isHeld = true
    const peer = await front.peer()
    peer.send(...['a', 'b', 'c'].map((message, id) => frame('log', { message }, id)), frame('ping', {}, 9))
    assert.deepEqual((await peer.answersUntil(1))[0][0], 'pong')
    await until(() => front.store.waiting === 3, 'the appends')
    front.store.release(1)
    assert.deepEqual((await peer.answersUntil(2))[1], ['ack', { ids: [0] }, 0])
    front.store.release()
    assert.deepEqual((await peer.answersUntil(4)).slice(2), [
      ['ack', { ids: [1] }, 1],
      ['ack', { ids: [2] }, 2],
    ])
    assert.deepEqual(front.store.messages, ['a', 'b', 'c'])
  })

  it('runs so many requests at once, and reads on when one is done', async () => {
    const front = await open({ requestsMax: 2 })
    front.store.isHeld = true
    const peer = await front.peer()
    peer.send(...[1, 2, 3].map((id) => frame('log', { message: 'x' }, id)), frame('ping', {}, 4))
    await until(() => front.store.waiting === 2, 'two appends')
    await turns()
    assert.equal(front.store.waiting, 2)
    assert.equal(peer.replies.length, 0)
    front.store.isHeld = false
    front.store.release()
    await peer.answersUntil(4)
  })

  it('refuses more queries and tails than may be under way', async () => {
    const front = await open({ lastingMax: 2 })
    const peer = await front.peer()
    peer.send(...[1, 2, 3].map((id) => frame('tail', { query: '*' }, id)))
    assert.deepEqual(
      (await peer.answersUntil(3)).find(([type]) => type === 'error'),
      [
        'error',
        { error: 'Too many queries and tails at once: at most 2 in one session', code: 'SERVER_BUSY' },
        3,
      ],
    )
    peer.send(frame('stop', {}, 1))
    await peer.answersUntil(4)
    peer.send(frame('tail', { query: '*' }, 4))
    assert.deepEqual((await peer.answersUntil(5))[4], ['tail_started', {}, 4])
  })

  it('says the same however the bytes are cut', async () => {
    const front = await open()
    front.hub.rows = [rowOf(3, 17, 0, 'one')]
    const session = Buffer.concat([
      frame('ping', {}, 1),
      frame('log', { message: 'é' }, 2),
      Buffer.from([0, 0, 0, 1, 0x7b]),
      frame('query', { query: '*' }, 3),
    ])
    for (let cut = 1; cut < session.length; cut++) {
      const peer = await front.peer()
      peer.peer.socket.write(session.subarray(0, cut))
      await turns(3)
      peer.peer.socket.write(session.subarray(cut))
      const answers = await peer.answersUntil(5)
      assert.deepEqual(answers.map(([type]) => type).sort(), ['ack', 'end', 'error', 'pong', 'result'])
      peer.peer.destroy()
    }
    assert.equal(new Set(front.store.messages).size, 1)
  })
})

describe('JsonSession: bad frames', () => {
  it('says what is wrong with a frame, and keeps the connection', async () => {
    const front = await open()
    const peer = await front.peer()
    const textFrame = (text: string) =>
      Buffer.concat([Buffer.from([0, 0, 0, text.length]), Buffer.from(text)])
    const cases: readonly (readonly [string, string, unknown])[] = [
      ['{', 'Invalid JSON', null],
      ['', 'Invalid JSON', null],
      ['[1]', 'A message is an object with "type" and "payload"', null],
      ['{"correlation_id":5}', 'Bad "type": expected a string of 1 to 256 characters', 5],
      ['[['.repeat(40), 'Nested too deeply: at most 64 levels', null],
    ]
    for (const [text, error, id] of cases) {
      const { length } = peer.replies
      peer.send(textFrame(text))
      assert.deepEqual((await peer.answersUntil(length + 1))[length], [
        'error',
        { error, code: 'REQUEST_INVALID' },
        id,
      ])
    }
    assert.equal((await peer.ask('ping'))[0], 'pong')
    assert.equal(front.protocol.stats().badFrames, 5)
    assert.equal(front.protocol.stats().errors, 5)
  })

  it('refuses a frame that is too long, and closes behind what came before it', async () => {
    const front = await open()
    front.store.isHeld = true
    const peer = await front.peer()
    peer.send(frame('log', { message: 'x' }, 1), Uint8Array.from([0, 0x10, 0, 1, 0x7b]), frame('ping', {}, 2))
    await until(() => front.store.waiting === 1, 'the append')
    front.store.release()
    await peer.ended()
    assert.deepEqual(peer.answers, [
      ['error', { error: 'Frame too long: 1048577 bytes, at most 1048576', code: 'FRAME_TOO_LARGE' }, null],
      ['ack', { ids: [0] }, 1],
    ])
  })

  it('tells who comes in the clear where only TLS is spoken that it need not try again', async () => {
    const front = await open({ isTlsOnly: true })
    const peer = await front.peer()
    peer.send(frame('ping', {}, 1))
    await peer.ended()
    assert.deepEqual(peer.answers, [['error', { error: TLS_ONLY, code: 'NOT_ALLOWED' }, null]])
  })

  it('refuses a connection that may not be opened in its own words', async () => {
    const front = await open({ connectionsMax: 1 })
    await front.peer()
    const second = await front.peer()
    await second.ended()
    assert.deepEqual(second.answers, [
      ['error', { error: 'Too many connections: at most 1', code: 'SERVER_BUSY' }, null],
    ])
  })

  it('ends a session that sends much and may do nothing', async () => {
    const front = await open({ access: { grant: [], unknownBytesMax: 50 } })
    const peer = await front.peer()
    const refused = { error: 'Not allowed: this session may not write', code: 'NOT_ALLOWED' }
    assert.deepEqual(await peer.ask('log', { message: 'x' }), ['error', refused])
    assert.deepEqual(await peer.ask('ping'), ['pong', { timestamp: WALL_MS / 1000 }])
    peer.send(frame('nothing that is answered at once').subarray(0, 20))
    await peer.ended()
    assert.deepEqual(peer.answers.slice(2), [
      ['error', { error: 'Not allowed: log in with "auth" first', code: 'NOT_ALLOWED' }, null],
    ])
  })
})

describe('JsonSession: hostile peers', () => {
  it('ends or answers each of them, holds nothing for them, and serves others', async () => {
    const front = await open()
    front.hub.rows = [rowOf(3, 17, 0, 'one')]
    const good = await front.peer()
    const valid = Buffer.concat([
      frame('log', { message: 'x', fields: { a: [1, { b: null }] } }, 1),
      frame('log_batch', { records: [{ message: 'y' }, { message: '' }], batch_id: 'z' }, 2),
      frame('query', { query: 'level:error', limit: 5 }, 3),
      frame('tail', { query: '*' }, 4),
      frame('stop', {}, 4),
      frame('echo', { message: 'é' }, 5),
    ])
    let round = 0
    for (const bytes of mutatedSessions(valid, 200, 7)) {
      const peer = await front.peer()
      peer.peer.socket.end(bytes)
      await peer.ended()
      assert.ok(
        peer.replies.every(({ kind }) => kind === 'message'),
        `seed 7, round ${round++}`,
      )
      assert.equal((await good.ask('ping'))[0], 'pong')
    }
    await until(() => front.protocol.stats().sessions === 1, 'the end of the others')
    assert.equal(front.protocol.stats().halfFrameBytes, 0)
    assert.equal(front.front.gate.unstoredBytes, 0)
    assert.deepEqual(front.problems, [])
  })
})

describe('JsonSession: bounds', () => {
  it('stops reading while too many bytes are not answered', async () => {
    const front = await open({ unackedBytesMax: 10_000, requestsMax: 1000 })
    front.store.isHeld = true
    const peer = await front.peer()
    const count = 1000
    for (let id = 0; id < count; id++) peer.send(frame('log', { message: 'x'.repeat(1000) }, id))
    await until(() => front.store.waiting > 0, 'an append')
    assert.ok((await settled(() => front.store.waiting)) <= 10)
    assert.ok(front.protocol.stats().bytes < 500_000)
    front.store.isHeld = false
    front.store.release()
    await peer.answersUntil(count)
    assert.equal(front.store.messages.length, count)
  })

  it('stops reading when all sessions together hold too much', async () => {
    const front = await open({ unstoredBytesMax: 5000, requestsMax: 1000 })
    front.store.isHeld = true
    const [one, other] = [await front.peer(), await front.peer()]
    for (let id = 0; id < 20; id++) one.send(frame('log', { message: 'x'.repeat(1000) }, id))
    await until(() => front.store.waiting > 0, 'an append')
    await settled(() => front.store.waiting)
    other.send(frame('ping'))
    await turns(100)
    assert.equal(other.replies.length, 0)
    front.store.isHeld = false
    front.store.release()
    await other.answersUntil(1)
    await one.answersUntil(20)
    assert.equal(front.front.gate.unstoredBytes, 0)
  })

  it('makes queries and tails wait for a peer that reads nothing, and drops broadcasts to it', async () => {
    const front = await open({
      grant: ['read', 'chat'],
      connection: { idleMsMax: 0, unsentBytesMax: 10_000, lingerMsMax: 10 },
    })
    let rows = 0
    front.hub.rows = (async function* () {
      for (;;) {
        rows++
        yield rowOf(1, 9, 0, 'x'.repeat(10_000))
      }
    })()
    const deaf = await front.peer()
    deaf.peer.socket.pause()
    deaf.send(frame('query', { query: '*' }, 1), frame('tail', { query: '*' }, 2))
    await until(() => front.hub.tails.length === 1, 'the tail')
    await settled(() => rows)
    assert.ok(rows < 5000, `${rows} rows for a peer that reads nothing`)
    const speaker = await front.peer()
    assert.deepEqual(await speaker.ask('broadcast', {}), [
      'broadcast_ack',
      { message: 'Sent to 0 sessions', recipients: 0 },
    ])
    assert.deepEqual(front.protocol.stats().broadcasts, { sent: 1, delivered: 0, dropped: 1 })
    deaf.peer.destroy()
    await until(() => front.hub.openAnswers === 0 && front.hub.tails[0].isEnded, 'the end of both')
  })

  it('makes a tail wait for its reader, and ends it when the server drains all the same', async () => {
    const front = await open({ connection: { idleMsMax: 0, unsentBytesMax: 10_000, lingerMsMax: 10 } })
    let rows = 0
    let signal: AbortSignal | undefined
    front.hub.tail = (_query, options) => {
      signal = options?.signal
      return (async function* () {
        for (;;) yield { kind: 'row', id: ++rows, row: rowOf(rows, 9, 0, 'x'.repeat(10_000)) }
      })()
    }
    const deaf = await front.peer()
    deaf.peer.socket.pause()
    deaf.send(frame('tail', { query: '*' }))
    await until(() => rows > 0, 'rows')
    await settled(() => rows)
    assert.ok(rows < 5000, `${rows} rows for a peer that reads nothing`)
    const drained = front.front.port.drain(1000)
    assert.equal(signal?.aborted, true)
    front.clock.advance(1000)
    assert.equal(await drained, 1)
  })

  it('cuts off a peer that takes nothing for long', async () => {
    const front = await open({ connection: { idleMsMax: 60_000, unsentBytesMax: 10_000, lingerMsMax: 10 } })
    const peer = await front.peer()
    peer.peer.socket.pause()
    const echo = frame('echo', 'x'.repeat(500_000))
    for (let round = 0; round < 40; round++) peer.send(echo)
    const bytes = await settled(() => front.protocol.stats().bytes)
    assert.ok(bytes < 20_000_000, `${bytes} bytes read`)
    front.clock.advance(60_000)
    await until(() => front.protocol.stats().ended.stalled === 1, 'the end of the session')
  })

  it('ends a session whose half frame finds no memory', async () => {
    const front = await open({ halfFrameBytesMax: 1000 })
    const peer = await front.peer()
    peer.send(frame('echo', 'x'.repeat(3000)).subarray(0, 2000))
    await peer.ended()
    assert.deepEqual(peer.answers, [
      [
        'error',
        { error: 'Frame too long for the memory that is left: try again later', code: 'SERVER_BUSY' },
        null,
      ],
    ])
    assert.equal(front.protocol.stats().halfFrameBytes, 0)
  })
})

describe('JsonSession: the end', () => {
  it('answers what was read when the server drains, and ends tails', async () => {
    const front = await open()
    front.store.isHeld = true
    const peer = await front.peer()
    peer.send(frame('tail', { query: '*' }, 1), frame('log', { message: 'x' }, 2))
    await until(() => front.store.waiting === 1 && front.hub.tails.length === 1, 'both')
    const drained = front.front.port.drain(1000)
    await turns()
    front.store.release()
    await peer.ended()
    peer.peer.end()
    assert.equal(await drained, 0)
    assert.deepEqual(
      peer.answers.filter(([type]) => type === 'end' || type === 'ack'),
      [
        ['end', { count: 0 }, 1],
        ['ack', { ids: [0] }, 2],
      ],
    )
  })

  it('answers what came with the end of the peer, and ends a tail that began so', async () => {
    const front = await open()
    const peer = await front.peer()
    peer.peer.socket.end(Buffer.concat([frame('log', { message: 'x' }, 1), frame('tail', { query: '*' }, 2)]))
    await peer.ended()
    assert.deepEqual(peer.answers.map(([type]) => type).sort(), ['ack', 'end', 'tail_started'])
  })

  it('ends a tail that began only after the peer had ended', async () => {
    const front = await open()
    let goOn = (): void => {}
    front.protocol.registry.use(async (_context, _message, next) => {
      await new Promise<void>((resolve) => {
        goOn = resolve
      })
      await next()
    })
    const peer = await front.peer()
    peer.peer.socket.end(frame('tail', { query: '*' }, 2))
    await until(() => front.protocol.stats().messages === 1, 'the message')
    await turns()
    goOn()
    await peer.ended()
    assert.deepEqual(
      peer.answers.map(([type]) => type),
      ['tail_started', 'end'],
    )
  })

  it('stores what was read of a peer that breaks off', async () => {
    const front = await open()
    front.store.isHeld = true
    const peer = await front.peer()
    peer.send(frame('log', { message: 'x' }))
    await until(() => front.store.waiting === 1, 'the append')
    peer.peer.socket.resetAndDestroy()
    await turns()
    front.store.release()
    await until(() => front.protocol.stats().sessions === 0, 'the end of the session')
    assert.deepEqual(front.store.messages, ['x'])
    assert.equal(front.front.gate.unstoredBytes, 0)
  })

  // They were all answered, one after the other, and kept the store busy for seconds that nobody was waiting for.
  it('does not run the queries that a peer left behind when it broke off', async () => {
    const front = await open({ requestsMax: 1 })
    const signals: (AbortSignal | undefined)[] = []
    const query = front.hub.query.bind(front.hub)
    front.hub.query = (parsed, options) => {
      signals.push(options?.signal)
      return query(parsed, options)
    }
    front.store.isHeld = true
    const peer = await front.peer()
    const queries = Array.from({ length: 10 }, (_, index) => frame('query', { query: '*' }, index))
    peer.send(Buffer.concat([frame('log', { message: 'x' }), ...queries]))
    await until(() => front.store.waiting === 1, 'the append')
    peer.peer.socket.resetAndDestroy()
    await turns()
    front.store.release()
    await until(() => front.protocol.stats().sessions === 0, 'the end of the session')
    assert.deepEqual(
      signals.map((signal) => signal?.aborted),
      queries.map(() => true),
    )
  })

  it('ends a session that says nothing, and none that follows something', async () => {
    const front = await open()
    const [silent, following] = [await front.peer(), await front.peer()]
    await silent.ask('ping')
    following.send(frame('tail', { query: '*' }))
    await following.answersUntil(1)
    front.clock.advance(60_000)
    await silent.ended()
    silent.peer.end()
    await until(() => front.protocol.stats().ended.idle === 1, 'the end of the session')
    assert.equal(front.protocol.stats().sessions, 1)
  })
})
