/** What each type of message does, and who may send it. json-session.test.ts has bounds, order and the end. */
import assert from 'node:assert/strict'
import { afterEach, describe, it } from 'node:test'
import { CodedError } from '../../base/base.ts'
import { ACTIONS, CAPABILITIES, type Capability } from '../actions.ts'
import { rowOf } from '../fake-hub.ts'
import { turns, until } from '../test-peer.ts'
import { FakeWorker, frame, type JsonChanges, JsonFront } from './test-json-front.ts'

const fronts: JsonFront[] = []

async function open(changes: JsonChanges = {}): Promise<JsonFront> {
  const front = await JsonFront.open(changes)
  fronts.push(front)
  return front
}

afterEach(async () => {
  for (const front of fronts.splice(0)) await front.close()
})

/** One answer to one message. */
async function answerTo(
  type: string,
  payload: unknown,
  changes: JsonChanges = {},
): Promise<readonly [string, unknown]> {
  const front = await open(changes)
  return (await front.peer()).ask(type, payload)
}

const invalid = (error: string) => ['error', { error, code: 'REQUEST_INVALID' }]

describe('framed JSON: every reply', () => {
  it('carries the correlation id of its request, the server’s name and the time', async () => {
    const front = await open({ serverName: 'hub-1' })
    const peer = await front.peer()
    peer.send(frame('ping', {}, 'first'), frame('ping', {}, 2), frame('ping'))
    const replies = await peer.until(3)
    const messages = replies.map((reply) => (reply.kind === 'message' ? reply.message : null))
    assert.deepEqual(messages[0], {
      type: 'pong',
      payload: { timestamp: 1_718_000_000.25 },
      timestamp: 1_718_000_000.25,
      senderId: 'hub-1',
      correlationId: 'first',
    })
    assert.equal(messages[1]?.correlationId, 2)
    assert.equal(messages[2]?.correlationId, null)
  })

  it('is an `error` for an unknown type', async () => {
    assert.deepEqual(await answerTo('nope', {}), invalid('Unknown message type: nope'))
    assert.deepEqual(await answerTo('__proto__', {}), invalid('Unknown message type: __proto__'))
  })
})

describe('framed JSON: echo, ping, compute', () => {
  it('echoes the payload', async () => {
    const front = await open()
    const peer = await front.peer()
    const client = `127.0.0.1:${peer.peer.socket.localPort}`
    assert.deepEqual(await peer.ask('echo', { message: 'hi', n: [1] }), [
      'echo_response',
      { original: { message: 'hi', n: [1] }, client, echo: 'Echo: hi', processed_by: 'logcaster' },
    ])
    assert.deepEqual(await peer.ask('echo', 5), [
      'echo_response',
      { original: 5, client, echo: 'Echo: 5', processed_by: 'logcaster' },
    ])
  })

  it('says that an answer does not fit into a frame', async () => {
    const [type, payload] = await answerTo('echo', 'é'.repeat(524_100))
    assert.equal(type, 'error')
    assert.equal((payload as { code: string }).code, 'FRAME_TOO_LARGE')
  })

  it('sums numbers on a worker thread', async () => {
    assert.deepEqual(await answerTo('compute', { numbers: [1, 2.5, -3] }), [
      'compute_response',
      { result: 0.5, count: 3 },
    ])
    assert.deepEqual(await answerTo('compute', { numbers: [] }), [
      'compute_response',
      { result: 0, count: 0 },
    ])
  })

  it('refuses what cannot be summed', async () => {
    const bad = invalid('Bad "numbers": expected an array of numbers')
    for (const payload of [{}, [], null, 'x', { numbers: '1' }, { numbers: [1, '2'] }, { numbers: [null] }]) {
      assert.deepEqual(await answerTo('compute', payload), bad)
    }
    const many = { numbers: Array(100_001).fill(1) }
    assert.deepEqual(await answerTo('compute', many), invalid('Too many numbers: at most 100000'))
  })
})

describe('framed JSON: log', () => {
  it('stores a record and answers with its id', async () => {
    const front = await open()
    const peer = await front.peer()
    assert.deepEqual(await peer.ask('log', { level: 'ERROR', message: 'one' }), ['ack', { ids: [0] }])
    assert.deepEqual(
      await peer.ask('log', { message: 'two', fields: { a: { b: 1 } }, stream: { service: 'x' } }),
      ['ack', { ids: [1] }],
    )
    assert.deepEqual(front.store.messages, ['one', 'two'])
  })

  it('refuses a record that breaks a rule, with what would be right', async () => {
    const cases: readonly (readonly [unknown, string])[] = [
      [{}, 'the message is missing; give a string or a Uint8Array'],
      [{ message: '' }, 'the message is empty; give at least one character'],
      [{ message: 5 }, 'the message is a number; give a string or a Uint8Array'],
      ['text', 'a record is an object with a message'],
      [[], 'a record is an object with a message'],
      [
        { message: 'x', level: 'loud' },
        'the level "loud" is unknown; give trace, debug, info, warn, error, fatal or a usual synonym',
      ],
      [{ message: 'x', fields: [1] }, '`fields` is no object; give names and values'],
      [{ message: 'x', stream: 'web' }, '`stream` is no object; give names and values'],
      [{ message: 'x', stream: { a: 1 } }, 'the stream field "a" is a number; give a string'],
      [{ message: 'x', user: 'mia' }, 'a record has no "user"; put it into `fields`'],
      [
        { message: 'x', timestamp: 'soon' },
        'the time "soon" cannot be read; give RFC 3339 (2025-01-15T09:50:00Z) or Unix time',
      ],
    ]
    const front = await open()
    const peer = await front.peer()
    for (const [payload, error] of cases) {
      assert.deepEqual(await peer.ask('log', payload), ['error', { error, code: 'RECORD_INVALID' }])
    }
    assert.deepEqual(await peer.ask('log', { message: 'x'.repeat(1001) }), [
      'error',
      { error: 'the message has 1001 bytes; at most 1000 fit', code: 'RECORD_TOO_LARGE' },
    ])
    assert.equal(front.store.appends, 0)
  })

  it('says why the store takes nothing', async () => {
    const front = await open()
    const peer = await front.peer()
    for (const [code, error] of [
      ['STORE_FULL', 'Log storage full'],
      ['STORE_READ_ONLY', 'Log storage full'],
      ['STORE_CLOSED', 'Server is shutting down'],
    ] as const) {
      front.store.refusal = code
      assert.deepEqual(await peer.ask('log', { message: 'x' }), ['error', { error, code }])
    }
    front.store.accept()
    assert.deepEqual(await peer.ask('log', { message: 'x' }), ['ack', { ids: [0] }])
  })

  it('tells our own log what went wrong inside, and the peer only that it did', async () => {
    const front = await open()
    front.store.isHeld = true
    const peer = await front.peer()
    peer.send(frame('log', { message: 'x' }))
    await until(() => front.store.waiting === 1, 'the append')
    front.store.fail(new Error('secret'))
    assert.deepEqual((await peer.answersUntil(1))[0].slice(0, 2), [
      'error',
      { error: 'Internal error: see the log of the server', code: 'INTERNAL_ERROR' },
    ])
    assert.deepEqual(front.problems, ['A message of type log failed'])
  })
})

describe('framed JSON: log_batch', () => {
  it('stores the good records, and says by number why others were refused', async () => {
    const front = await open()
    const peer = await front.peer()
    const records = [{ message: 'a' }, { message: '' }, { message: 'b' }, 5, { message: 'c' }]
    assert.deepEqual(await peer.ask('log_batch', { records, batch_id: 'b-1' }), [
      'ack',
      {
        ids: [0, null, 1, null, 2],
        refused: [
          { index: 1, code: 'RECORD_INVALID', reason: 'the message is empty; give at least one character' },
          { index: 3, code: 'RECORD_INVALID', reason: 'a record is an object with a message' },
        ],
        batch_id: 'b-1',
      },
    ])
    assert.deepEqual(front.store.messages, ['a', 'b', 'c'])
    assert.equal(front.store.appends, 1)
    assert.equal(front.protocol.stats().records, 3)
    assert.equal(front.protocol.stats().refusedRecords, 2)
  })

  it('stores nothing when nothing is left', async () => {
    const front = await open()
    const peer = await front.peer()
    assert.deepEqual(await peer.ask('log_batch', { records: [] }), ['ack', { ids: [] }])
    const [type, payload] = await peer.ask('log_batch', { records: [{}, {}] })
    assert.equal(type, 'ack')
    assert.deepEqual((payload as { ids: unknown }).ids, [null, null])
    assert.equal(front.store.appends, 0)
  })

  it('refuses a request that is no batch', async () => {
    const records = invalid('Bad "records": expected an array of records')
    for (const payload of [{}, [], 5, { records: {} }]) {
      assert.deepEqual(await answerTo('log_batch', payload), records)
    }
    const id = invalid('Bad "batch_id": expected text of 1 to 200 bytes')
    for (const batchId of ['', 5, 'x'.repeat(201), '가'.repeat(67)]) {
      assert.deepEqual(await answerTo('log_batch', { records: [], batch_id: batchId }), id)
    }
  })

  it('refuses a batch that is too large, whole', async () => {
    assert.deepEqual(await answerTo('log_batch', { records: Array(20_001).fill(0) }), [
      'error',
      { error: 'Too many records: at most 20000 in one batch', code: 'BATCH_TOO_LARGE' },
    ])
    const records = [{ message: 'x'.repeat(600) }, { message: 'y'.repeat(600) }]
    assert.deepEqual(await answerTo('log_batch', { records }, { batchBytesMax: 1000 }), [
      'error',
      { error: 'The records do not fit into one batch: at most 1000 bytes', code: 'BATCH_TOO_LARGE' },
    ])
  })

  it('answers however many are refused: the first reasons in full, the others by their code', async () => {
    const [type, payload] = await answerTo('log_batch', { records: Array(20_000).fill(0) })
    const { ids, refused } = payload as { ids: unknown[]; refused: { index: number; reason?: string }[] }
    assert.equal(type, 'ack')
    assert.equal(ids.length, 20_000)
    assert.equal(refused.length, 20_000)
    assert.deepEqual(refused[0], {
      index: 0,
      code: 'RECORD_INVALID',
      reason: 'a record is an object with a message',
    })
    assert.deepEqual(refused[19_999], { index: 19_999, code: 'RECORD_INVALID' })
  })
})

describe('framed JSON: query', () => {
  const rows = [rowOf(3, 17, 1_718_000_000_000, 'one'), rowOf(4, 17, 1_718_000_000_000, 'two')]
  const objects = [
    { _time: '2024-06-10T06:13:20Z', _msg: 'one', _id: 3 },
    { _time: '2024-06-10T06:13:20Z', _msg: 'two', _id: 4 },
  ]

  it('answers with `result` frames and `end`', async () => {
    const front = await open()
    front.hub.rows = rows
    const peer = await front.peer()
    peer.send(frame('query', { query: 'level:error', limit: 10 }, 7))
    assert.deepEqual(await peer.answersUntil(2), [
      ['result', { rows: objects }, 7],
      ['end', { count: 2 }, 7],
    ])
    front.hub.rows = []
    peer.send(frame('query', { query: 'nothing' }, 8))
    assert.deepEqual((await peer.answersUntil(3))[2], ['end', { count: 0 }, 8])
    assert.deepEqual(front.hub.asked, ['level:error', 'nothing'])
    assert.equal(front.hub.openAnswers, 0)
  })

  it('cuts long answers into frames, and names a row that fits into none', async () => {
    const front = await open()
    const message = '\u0001'.repeat(100_000)
    front.hub.rows = [
      rowOf(1, 9, 0, message),
      rowOf(2, 9, 0, message),
      rowOf(3, 9, 0, '\u0001'.repeat(200_000)),
    ]
    const peer = await front.peer()
    peer.send(frame('query', { query: '*' }, 1))
    const answers = await peer.answersUntil(4)
    assert.deepEqual(
      answers.map(([type]) => type),
      ['result', 'result', 'result', 'end'],
    )
    assert.deepEqual(answers[0][1], { rows: [{ _time: '1970-01-01T00:00:00Z', _msg: message, _id: 1 }] })
    assert.deepEqual(answers[2][1], {
      rows: [{ _id: 3, _time: '1970-01-01T00:00:00Z', _row_bytes: 1_200_050 }],
    })
    assert.deepEqual(answers[3][1], { count: 3, too_long: 1 })
  })

  it('puts no more rows into a frame than fit', async () => {
    const front = await open()
    front.hub.rows = [rowOf(1, 9, 0, 'x'.repeat(20_000)), rowOf(2, 9, 0, 'y'.repeat(1_035_000))]
    const peer = await front.peer()
    peer.send(frame('query', { query: '*' }, 1))
    assert.deepEqual(
      (await peer.answersUntil(3)).map(([type]) => type),
      ['result', 'result', 'end'],
    )
  })

  it('says where the query is wrong', async () => {
    const [type, payload] = await answerTo('query', { query: 'level:error | lmit 5' })
    assert.equal(type, 'error')
    const { error, code } = payload as { error: string; code: string }
    assert.equal(code, 'QUERY_SYNTAX')
    assert.match(
      error,
      /^level:error \| lmit 5\n {14}\^\^\^\^\nthere is no pipe `lmit`; did you mean `limit`\?/,
    )
  })

  it('refuses a request that is no query', async () => {
    assert.deepEqual(await answerTo('query', {}), invalid('Bad "query": expected LogsQL text'))
    for (const limit of [0, -1, 1.5, '5', {}]) {
      const bad = invalid('Bad "limit": expected a number of rows, 1 or more')
      assert.deepEqual(await answerTo('query', { query: '*', limit }), bad)
    }
    const [, payload] = await answerTo('query', { query: 'x'.repeat(65_537) })
    assert.equal((payload as { code: string }).code, 'QUERY_TOO_LARGE')
  })

  it('passes on why the hub does not answer', async () => {
    const front = await open()
    front.hub.error = new CodedError('QUERY_TOO_LARGE', 'narrow it')
    const peer = await front.peer()
    assert.deepEqual(await peer.ask('query', { query: '*' }), [
      'error',
      { error: 'narrow it', code: 'QUERY_TOO_LARGE' },
    ])
  })

  it('is ended by `cancel` with the same correlation id, and no other', async () => {
    const front = await open()
    const peer = await front.peer()
    front.hub.rows = { [Symbol.asyncIterator]: endless }
    peer.send(frame('query', { query: 'a' }, 1), frame('query', { query: 'b' }, 2))
    await until(() => front.hub.openAnswers === 2, 'the queries')
    peer.send(frame('cancel', {}, 2))
    await until(() => front.hub.openAnswers === 1, 'the end of one')
    const end = await endOf(peer, 2)
    assert.equal((end as { cancelled: boolean }).cancelled, true)
    peer.send(frame('cancel', {}, 3))
    await until(() => peer.answers.some(([type]) => type === 'error'), 'the error')
    assert.deepEqual(
      peer.answers.find(([type]) => type === 'error'),
      ['error', { error: 'No query with this correlation_id is under way', code: 'REQUEST_INVALID' }, 3],
    )
    peer.send(frame('cancel', {}, 1))
    await endOf(peer, 1)
    assert.equal(front.hub.openAnswers, 0)
  })

  it('is ended when it takes too long', async () => {
    const front = await open({ queryMsMax: 100 })
    front.hub.rows = endless()
    const peer = await front.peer()
    peer.send(frame('query', { query: '*' }, 1))
    await until(() => front.hub.openAnswers === 1, 'the query')
    front.clock.advance(100)
    await until(() => front.hub.openAnswers === 0, 'the end')
    await until(() => peer.answers.at(-1)?.[0] === 'error', 'the error')
    assert.deepEqual(peer.answers.at(-1), [
      'error',
      { error: 'Query took too long: at most 100 ms', code: 'QUERY_CANCELLED' },
      1,
    ])
  })
})

async function endOf(
  peer: { readonly answers: readonly (readonly unknown[])[] },
  id: number,
): Promise<unknown> {
  const find = () => peer.answers.find(([type, , correlationId]) => type === 'end' && correlationId === id)
  await until(() => find() !== undefined, `the end of ${id}`)
  return find()?.[1]
}

async function* endless() {
  for (;;) {
    await new Promise((resolve) => setImmediate(resolve))
    yield rowOf(1, 9, 0, 'again')
  }
}

describe('framed JSON: tail', () => {
  it('sends what is stored, and gaps, until `stop`', async () => {
    const front = await open()
    const peer = await front.peer()
    peer.send(frame('tail', { query: 'level:error' }, 't'))
    assert.deepEqual(await peer.answersUntil(1), [['tail_started', {}, 't']])
    const [tail] = front.hub.tails
    assert.equal(tail.isSubscribed, true)
    tail.push({ kind: 'row', id: 3, row: rowOf(3, 17, 0, 'one') })
    tail.push({ kind: 'gap', fromId: 4, toId: 9, count: 5 })
    tail.push({ kind: 'row', id: 10, row: rowOf(10, 17, 0, 'two') })
    const row = (id: number, message: string) => ({ _time: '1970-01-01T00:00:00Z', _msg: message, _id: id })
    assert.deepEqual((await peer.answersUntil(4)).slice(1), [
      ['record', { id: 3, row: row(3, 'one') }, 't'],
      ['gap', { from: 4, to: 9, count: 5 }, 't'],
      ['record', { id: 10, row: row(10, 'two') }, 't'],
    ])
    peer.send(frame('stop', {}, 't'))
    assert.deepEqual((await peer.answersUntil(5))[4], ['end', { count: 2 }, 't'])
    assert.equal(tail.isEnded, true)
    assert.deepEqual(await peer.ask('stop'), invalid('No tail with this correlation_id is under way'))
  })

  it('lets other requests be answered meanwhile', async () => {
    const front = await open({ requestsMax: 1 })
    const peer = await front.peer()
    peer.send(frame('tail', { query: '*' }, 1), frame('tail', { query: 'x' }, 2), frame('ping', {}, 3))
    const answers = await peer.answersUntil(3)
    assert.deepEqual(answers.map(([type]) => type).sort(), ['pong', 'tail_started', 'tail_started'])
  })

  it('refuses a query that cannot be followed, and a bad `after`', async () => {
    const front = await open()
    const peer = await front.peer()
    assert.deepEqual(await peer.ask('tail', {}), invalid('Bad "query": expected LogsQL text'))
    for (const after of ['5', -2, 0.5]) {
      const bad = invalid('Bad "after": expected the id of a record')
      assert.deepEqual(await peer.ask('tail', { query: '*', after }), bad)
    }
    front.hub.error = new CodedError('QUERY_SYNTAX', 'not live')
    assert.deepEqual(await peer.ask('tail', { query: '*' }), [
      'error',
      { error: 'not live', code: 'QUERY_SYNTAX' },
    ])
  })

  it('ends when the peer says that it sends nothing more, and when it goes', async () => {
    const front = await open()
    const ending = await front.peer()
    ending.send(frame('tail', { query: '*' }, 1))
    await ending.answersUntil(1)
    ending.peer.end()
    await ending.ended()
    assert.deepEqual(ending.answers.at(-1), ['end', { count: 0 }, 1])
    const going = await front.peer()
    going.send(frame('tail', { query: '*' }, 1))
    await going.answersUntil(1)
    going.peer.socket.resetAndDestroy()
    await until(() => front.hub.tails[1].isEnded, 'the end of the tail')
    await until(() => front.protocol.stats().sessions === 0, 'the end of the session')
  })
})

describe('framed JSON: broadcast', () => {
  it('reaches all other sessions that may read, and says how many', async () => {
    const front = await open({ grant: ['read', 'chat'] })
    const [sender, other, third] = [await front.peer(), await front.peer(), await front.peer()]
    for (const peer of [other, third]) await peer.ask('ping')
    sender.send(frame('broadcast', { text: 'hi' }, 5, 'mia'))
    assert.deepEqual(await sender.answersUntil(1), [
      ['broadcast_ack', { message: 'Sent to 2 sessions', recipients: 2 }, 5],
    ])
    for (const peer of [other, third]) {
      const [, reply] = await peer.until(2)
      assert.ok(reply.kind === 'message')
      assert.deepEqual(reply.message, {
        type: 'broadcast',
        payload: { text: 'hi' },
        timestamp: 1_718_000_000.25,
        senderId: 'mia',
        correlationId: null,
      })
    }
    assert.equal(sender.replies.length, 1)
  })

  it('does not reach sessions that may not read, and names a sender without a name by its address', async () => {
    const tokens = { grant: ['chat'], authenticate: async () => ['read'] as const } as const
    const front = await open({ access: tokens })
    const [sender, blind, reader] = [await front.peer(), await front.peer(), await front.peer()]
    await blind.ask('ping')
    await reader.ask('auth', { token: 'x' })
    assert.deepEqual(await sender.ask('broadcast', 'hi'), [
      'broadcast_ack',
      { message: 'Sent to 1 sessions', recipients: 1 },
    ])
    const reply = (await reader.until(2))[1]
    assert.ok(reply.kind === 'message')
    assert.equal(reply.message.senderId, `127.0.0.1:${sender.peer.socket.localPort}`)
    await turns()
    assert.equal(blind.replies.length, 1)
  })
})

describe('framed JSON: auth and stats', () => {
  it('adds what a token allows, also for what was sent behind it', async () => {
    const access = {
      grant: ['write'],
      authenticate: async (token: Uint8Array) =>
        Buffer.from(token).toString() === 'secret' ? ['read'] : null,
    } as const
    const front = await open({ access: access as JsonChanges['access'] })
    const peer = await front.peer()
    assert.deepEqual(await peer.ask('auth', { token: 'wrong' }), [
      'error',
      { error: 'Unknown token', code: 'TOKEN_UNKNOWN' },
    ])
    assert.deepEqual(await peer.ask('auth', { token: 5 }), invalid('Bad "token": expected text'))
    peer.send(
      frame('query', { query: 'a' }, 1),
      frame('auth', { token: 'secret' }, 2),
      frame('query', { query: 'b' }, 3),
    )
    const answers = (await peer.answersUntil(5)).slice(2)
    assert.deepEqual(
      answers.toSorted(([, , a], [, , b]) => Number(a) - Number(b)),
      [
        ['error', { error: 'Not allowed: this session may not read', code: 'NOT_ALLOWED' }, 1],
        ['auth_ok', { grant: ['write', 'read'] }, 2],
        ['end', { count: 0 }, 3],
      ],
    )
  })

  it('shows counters of the session, and of the server where `read` is granted', async () => {
    for (const [grant, server] of [
      [['write'], {}],
      [['read'], { server: { some: 'counters' } }],
    ] as const) {
      const front = await open({ grant, serverStats: () => ({ some: 'counters' }) })
      const peer = await front.peer()
      await peer.ask('nope')
      assert.deepEqual(await peer.ask('stats'), [
        'stats',
        {
          connectedMs: 0,
          bytes: 177,
          messages: 2,
          errors: 1,
          badFrames: 0,
          running: 1,
          lasting: 0,
          unsentBytes: 0,
          ...server,
        },
      ])
    }
  })

  it('counts messages, errors and time per type and per client', async () => {
    const front = await open()
    const peer = await front.peer()
    await peer.ask('ping')
    await peer.ask('nope')
    await peer.ask('nope2')
    front.store.isHeld = true
    peer.send(frame('log', { message: 'x' }))
    await until(() => front.store.waiting === 1, 'the append')
    front.clock.advance(40)
    front.store.release()
    await peer.answersUntil(4)
    const { types, clients, others } = front.protocol.stats()
    assert.deepEqual(types, {
      ping: { messages: 1, errors: 0, processingMs: 0 },
      unknown: { messages: 2, errors: 2, processingMs: 0 },
      log: { messages: 1, errors: 0, processingMs: 40 },
    })
    assert.deepEqual(clients, { '127.0.0.1': { messages: 4, errors: 2, processingMs: 40 } })
    assert.deepEqual(others, { messages: 0, errors: 0, processingMs: 0 })
  })
})

describe('framed JSON: what a session may do', () => {
  const payloads: Readonly<Record<string, unknown>> = {
    log: { message: 'x' },
    log_batch: { records: [] },
    query: { query: '*' },
    tail: { query: '*' },
    compute: { numbers: [1] },
    auth: { token: 'x' },
  }

  it('is what its grant says, for every type and every grant', async () => {
    for (let bits = 0; bits < 1 << CAPABILITIES.length; bits++) {
      const grant = CAPABILITIES.filter((_, index) => (bits & (1 << index)) !== 0)
      const front = await open({ grant, compute: { start: () => new FakeWorker() } })
      for (const type of front.protocol.registry.types) {
        const { action } = front.protocol.registry.find(type).handler
        const needed: Capability | null = action === null ? null : ACTIONS[action]
        const isAllowed = needed === null || grant.includes(needed)
        const peer = await front.peer()
        const [, payload] = await peer.ask(type, payloads[type])
        const { code } = payload as { code?: string }
        assert.equal(code === 'NOT_ALLOWED', !isAllowed, `${type} with ${grant.join()}`)
        peer.peer.destroy()
      }
    }
  })

  it('needs what PROTOCOLS says of each type', async () => {
    const { registry } = (await open()).protocol
    const needs = (type: string) => {
      const { action } = registry.find(type).handler
      return action === null ? null : ACTIONS[action]
    }
    assert.deepEqual(Object.fromEntries(registry.types.map((type) => [type, needs(type)])), {
      echo: null,
      ping: null,
      compute: null,
      log: 'write',
      log_batch: 'write',
      query: 'read',
      cancel: 'read',
      tail: 'read',
      stop: 'read',
      stats: null,
      broadcast: 'chat',
      auth: null,
    })
  })
})
