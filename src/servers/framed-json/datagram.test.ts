import assert from 'node:assert/strict'
import { afterEach, describe, it } from 'node:test'
import { JsonFrameDecoder } from '../../wire/wire.ts'
import { SessionAccess } from '../access.ts'
import type { Capability } from '../actions.ts'
import { frame, type JsonChanges, JsonFront, WALL_MS } from './test-json-front.ts'

const PEER = { address: '192.0.2.1', port: 5140 }
const fronts: JsonFront[] = []

async function open(changes: JsonChanges = {}): Promise<JsonFront> {
  const front = await JsonFront.open(changes)
  fronts.push(front)
  return front
}

afterEach(async () => {
  for (const front of fronts.splice(0)) await front.close()
})

function answer(
  front: JsonFront,
  bytes: Uint8Array,
  grant: readonly Capability[] = ['write'],
): Promise<Uint8Array | null> {
  return front.protocol.answerDatagram(bytes, PEER, new SessionAccess({ grant }, PEER))
}

/** `[type, payload]` of the answer, which is checked to be short enough. */
async function ask(front: JsonFront, bytes: Uint8Array, grant?: readonly Capability[]): Promise<unknown> {
  const reply = await answer(front, bytes, grant)
  if (reply === null) return null
  assert.ok(reply.length <= bytes.length * 3, `${reply.length} bytes for ${bytes.length}`)
  const decoder = new JsonFrameDecoder()
  decoder.push(reply)
  const decoded = decoder.next()
  assert.ok(decoded?.kind === 'message')
  return [decoded.message.type, decoded.message.payload]
}

/** The shortest frame with this text. */
function bare(text: string): Uint8Array {
  const length = Buffer.alloc(4)
  length.writeUInt32BE(text.length)
  return Buffer.concat([length, Buffer.from(text)])
}

describe('framed JSON over UDP', () => {
  it('answers echo with the address that it came from', async () => {
    const front = await open()
    assert.deepEqual(await ask(front, frame('echo', { a: 1 })), [
      'udp_echo_response',
      { original: { a: 1 }, address: '192.0.2.1:5140' },
    ])
  })

  it('answers ping, log, log_batch and broadcast', async () => {
    const front = await open({ grant: ['read'] })
    const listener = await front.peer()
    await listener.ask('ping')
    assert.deepEqual(await ask(front, frame('ping')), ['pong', { timestamp: WALL_MS / 1000 }])
    assert.deepEqual(await ask(front, frame('log', { message: 'one' })), ['ack', { ids: [0] }])
    assert.deepEqual(
      await ask(front, frame('log_batch', { records: [{ message: 'two' }, { message: 'three' }] })),
      ['ack', { ids: [1, 2] }],
    )
    assert.deepEqual(await ask(front, frame('broadcast', 'hi'), ['chat']), [
      'broadcast_ack',
      { message: 'Sent to 1 sessions', recipients: 1 },
    ])
    assert.deepEqual((await listener.answersUntil(2))[1], ['broadcast', 'hi', null])
    assert.deepEqual(front.store.messages, ['one', 'two', 'three'])
  })

  it('says why a record was refused', async () => {
    const front = await open()
    assert.deepEqual(await ask(front, frame('log', { message: '' })), [
      'error',
      { error: 'the message is empty; give at least one character', code: 'RECORD_INVALID' },
    ])
    assert.deepEqual(await ask(front, frame('log', { message: 'x' }), ['read']), [
      'error',
      { error: 'Not allowed: this session may not write', code: 'NOT_ALLOWED' },
    ])
  })

  it('leaves out sender and time where the answer would be too long with them', async () => {
    const front = await open()
    const ping = await answer(front, bare('{"type":"ping"}'))
    assert.equal(ping?.subarray(4).toString(), '{"type":"pong","payload":{"timestamp":1718000000.25}}')
    const echo = await answer(front, bare('{"type":"echo","payload":{},"correlation_id":5}'))
    assert.equal(
      echo?.subarray(4).toString(),
      '{"type":"udp_echo_response","payload":{"original":{},"address":"192.0.2.1:5140"},"correlation_id":5}',
    )
  })

  it('never answers with more than three times the request', async () => {
    const front = await open()
    assert.equal(await answer(front, bare('{"type":"echo"}')), null)
    assert.equal(await answer(front, bare('{"type":"log"}')), null)
    // More than one datagram of IPv4 can hold.
    const longest = await answer(front, bare(`{"type":"echo","payload":"${'x'.repeat(65_470)}"}`))
    assert.equal(longest === null, true)
    assert.equal(front.protocol.stats().datagrams.tooLong, 3)
  })

  it('answers nothing else, and counts it', async () => {
    const front = await open()
    const all = ['read', 'write', 'chat', 'admin'] as const
    for (const type of ['compute', 'query', 'cancel', 'tail', 'stop', 'stats', 'auth', 'nope']) {
      assert.equal(await answer(front, frame(type, { query: '*' }), all), null)
    }
    const two = Buffer.concat([frame('ping'), frame('ping')])
    for (const bytes of [two, frame('ping').subarray(0, 20), bare('{'), new Uint8Array(0)]) {
      assert.equal(await answer(front, bytes), null)
    }
    assert.deepEqual(front.protocol.stats().datagrams, {
      datagrams: 12,
      answered: 0,
      bad: 4,
      notForDatagrams: 8,
      busy: 0,
      tooLong: 0,
    })
    assert.equal(front.hub.asked.length, 0)
  })

  it('leaves out what comes while too much is not stored', async () => {
    const front = await open({ unstoredBytesMax: 50 })
    front.store.isHeld = true
    const first = answer(front, frame('log', { message: 'x' }))
    assert.equal(await answer(front, frame('log', { message: 'y' })), null)
    assert.equal(front.protocol.stats().datagrams.busy, 1)
    front.store.release()
    assert.notEqual(await first, null)
    assert.deepEqual(front.store.messages, ['x'])
    assert.equal(front.front.gate.unstoredBytes, 0)
  })
})
