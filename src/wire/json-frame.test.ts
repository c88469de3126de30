import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { isCodedError, SeededRandom } from '../base/base.ts'
import {
  decodeJsonDatagram,
  encodeJsonFrame,
  isDeeperThan,
  JSON_DEPTH_MAX,
  JSON_FRAME_BYTES_MAX,
  type JsonFrame,
  JsonFrameDecoder,
  type JsonMessage,
} from './json-frame.ts'

/** Every chunk is overwritten after it was read, as a socket's memory may be. */
function decode(chunks: readonly Uint8Array[], frameBytesMax = 5000): string[] {
  const decoder = new JsonFrameDecoder(frameBytesMax)
  const frames: string[] = []
  for (const chunk of chunks) {
    const reused = Uint8Array.from(chunk)
    decoder.push(reused)
    for (let frame = decoder.next(); frame !== null; frame = decoder.next()) frames.push(print(frame))
    reused.fill(0xee)
  }
  return frames
}

function print(frame: JsonFrame): string {
  if (frame.kind === 'message') {
    const { type, payload, timestamp, senderId, correlationId } = frame.message
    return `${type} ${JSON.stringify(payload)} ${timestamp} ${senderId} ${JSON.stringify(correlationId)}`
  }
  const { reason, correlationId, isClosing } = frame
  return `bad ${JSON.stringify(correlationId)}${isClosing ? ', closing' : ''}: ${reason}`
}

/** A frame around JSON text, Latin-1. */
function framed(json: string, length = json.length): string {
  const header = Buffer.alloc(4)
  header.writeUInt32BE(length)
  return header.toString('latin1') + json
}

const nested = (depth: number): string =>
  `{"type":"t","payload":${'['.repeat(depth - 1)}${']'.repeat(depth - 1)}}`

const PING = framed('{"type":"ping"}')
const NO_OBJECT = 'bad null: A message is an object with "type" and "payload"'
const BAD_TYPE = 'Bad "type": expected a string of 1 to 256 characters'
const BAD_ID = 'bad null: Bad "correlation_id": expected a short string or a number'

const VECTORS: readonly (readonly [name: string, input: string, frames: readonly string[]])[] = [
  [
    'a whole message',
    framed('{"type":"echo","payload":{"a":[1,null]},"timestamp":1.5,"sender_id":"me","correlation_id":"c1"}'),
    ['echo {"a":[1,null]} 1.5 me "c1"'],
  ],
  ['a message of a type alone', PING, ['ping {} null null null']],
  [
    'members that are null, and one that nobody knows',
    framed('{"type":"x","payload":null,"timestamp":null,"sender_id":null,"correlation_id":null,"y":1}'),
    ['x null null null null'],
  ],
  ['a correlation id that is a number', framed('{"type":"x","correlation_id":7}'), ['x {} null null 7']],
  ['white space around it', framed(' \r\n{"type":"x"}\t'), ['x {} null null null']],
  ['UTF-8', framed('{"type":"\xc3\xa9"}'), ['é {} null null null']],
  [
    'several',
    PING + PING + framed('{"type":"x"}'),
    [...Array(2).fill('ping {} null null null'), 'x {} null null null'],
  ],
  [
    'inherited names as members of their own',
    framed('{"type":"x","__proto__":{"sender_id":"me"}}'),
    ['x {} null null null'],
  ],
  [
    'the deepest message',
    framed(nested(JSON_DEPTH_MAX)),
    [`t ${nested(JSON_DEPTH_MAX).slice(22, -1)} null null null`],
  ],
  [
    'a message that is too deep, and goes on',
    framed(nested(JSON_DEPTH_MAX + 1)) + PING,
    ['bad null: Nested too deeply: at most 64 levels', 'ping {} null null null'],
  ],
  [
    'brackets in strings',
    framed(`{"type":"x","payload":"${'['.repeat(100)}\\"${'{'.repeat(100)}"}`),
    [`x "${'['.repeat(100)}\\"${'{'.repeat(100)}" null null null`],
  ],
  [
    'what is no JSON, and goes on',
    framed('{"type":}') + PING,
    ['bad null: Invalid JSON', 'ping {} null null null'],
  ],
  ['an empty frame', framed('') + PING, ['bad null: Invalid JSON', 'ping {} null null null']],
  ['two values in one frame', framed('{"type":"x"}{}'), ['bad null: Invalid JSON']],
  ['what is no UTF-8', framed('{"type":"\xff"}'), ['bad null: Invalid JSON']],
  ['a mark of byte order', framed('\xef\xbb\xbf{"type":"x"}'), ['bad null: Invalid JSON']],
  ['other values', framed('[]') + framed('null') + framed('"x"') + framed('1'), Array(4).fill(NO_OBJECT)],
  ['no type', framed('{"payload":{},"correlation_id":"c"}'), [`bad "c": ${BAD_TYPE}`]],
  ['an empty type', framed('{"type":""}'), [`bad null: ${BAD_TYPE}`]],
  ['a long type', framed(`{"type":"${'x'.repeat(257)}"}`), [`bad null: ${BAD_TYPE}`]],
  ['a type that is a number', framed('{"type":1}'), [`bad null: ${BAD_TYPE}`]],
  [
    'a bad time',
    framed('{"type":"x","timestamp":"now"}'),
    ['bad null: Bad "timestamp": expected seconds as a number'],
  ],
  [
    'a time without end',
    framed('{"type":"x","timestamp":1e999}'),
    ['bad null: Bad "timestamp": expected seconds as a number'],
  ],
  [
    'a bad sender',
    framed('{"type":"x","sender_id":{},"correlation_id":0}'),
    ['bad 0: Bad "sender_id": expected a short string'],
  ],
  ['a bad correlation id', framed('{"type":"x","correlation_id":[]}'), [BAD_ID]],
  ['a long correlation id', framed(`{"type":"x","correlation_id":"${'x'.repeat(257)}"}`), [BAD_ID]],
  [
    'a frame that is too long, before its bytes came',
    framed('{', 5001),
    ['bad null, closing: Frame too long: 5001 bytes, at most 5000'],
  ],
  [
    'the longest length, and closes',
    framed(PING, 0xffff_ffff) + PING,
    ['bad null, closing: Frame too long: 4294967295 bytes, at most 5000'],
  ],
  ['half a length', '\0\0\0', []],
  ['half a message', framed('{"type":"x"', 12), []],
]

describe('JsonFrameDecoder', () => {
  for (const [name, input, frames] of VECTORS) {
    it(`decodes ${name}, wherever the bytes are cut`, () => {
      const bytes = Buffer.from(input, 'latin1')
      assert.deepEqual(decode([bytes]), frames)
      const bytewise = Array.from(bytes, (byte) => Uint8Array.of(byte))
      assert.deepEqual(decode(bytewise), frames, 'cut at every byte')
      for (let at = 1; at < bytes.length; at++) {
        assert.deepEqual(decode([bytes.subarray(0, at), bytes.subarray(at)]), frames, `cut at ${at}`)
      }
    })
  }

  it('never throws, and gives the same frames for any bytes however they are cut', () => {
    const seed = 51
    const random = new SeededRandom(seed)
    for (let round = 0; round < 3000; round++) {
      const picked = Array.from({ length: 3 }, () => VECTORS[random.below(VECTORS.length)][1])
      const bytes = Buffer.from(picked.join(''), 'latin1')
      for (let change = random.below(6); change > 0; change--)
        bytes[random.below(bytes.length)] = random.below(256)
      const at = random.below(bytes.length)
      const halves = [bytes.subarray(0, at), bytes.subarray(at)]
      assert.deepEqual(decode(halves), decode([bytes]), `seed ${seed}, round ${round}`)
    }
  })

  it('takes frames of 1 MiB and not one byte more', () => {
    const start = '{"type":"x","payload":"'
    const payload = 'x'.repeat(JSON_FRAME_BYTES_MAX - start.length - 2)
    const [longest] = decode([Buffer.from(framed(`${start}${payload}"}`))], JSON_FRAME_BYTES_MAX)
    assert.equal(longest.length, payload.length + 'x "" null null null'.length)
    const decoder = new JsonFrameDecoder()
    decoder.push(Buffer.from(framed('', JSON_FRAME_BYTES_MAX + 1), 'latin1'))
    assert.equal(decoder.next()?.kind, 'bad')
    assert.equal(decoder.heldBytes, 0)
  })

  it('holds nothing but a frame that has not arrived whole', () => {
    const decoder = new JsonFrameDecoder()
    decoder.push(Buffer.from(PING + PING.slice(0, 7), 'latin1'))
    assert.equal(decoder.next()?.kind, 'message')
    assert.equal(decoder.next(), null)
    assert.equal(decoder.heldBytes, 7)
  })
})

describe('decodeJsonDatagram', () => {
  it('takes exactly one frame', () => {
    const decoded = (input: string): string => print(decodeJsonDatagram(Buffer.from(input, 'latin1'), 5000))
    assert.equal(decoded(PING), 'ping {} null null null')
    assert.equal(decoded(`${PING}x`), 'bad null: A datagram holds exactly one frame')
    assert.equal(decoded(PING.slice(0, -1)), 'bad null: A datagram holds exactly one frame')
    assert.equal(decoded('\0\0\0'), 'bad null: A frame begins with a length of 4 bytes')
    assert.equal(decoded(framed('', 5001)), 'bad null, closing: Frame too long: 5001 bytes, at most 5000')
  })
})

describe('encodeJsonFrame', () => {
  const message: JsonMessage = {
    type: 'pong',
    payload: { é: 1 },
    timestamp: 1.25,
    senderId: 'logcaster',
    correlationId: 'c1',
  }

  it('writes the length in bytes and the names of the protocol', () => {
    const json =
      '{"type":"pong","payload":{"é":1},"timestamp":1.25,"sender_id":"logcaster","correlation_id":"c1"}'
    const expected = Buffer.concat([Uint8Array.of(0, 0, 0, Buffer.byteLength(json)), Buffer.from(json)])
    assert.deepEqual(Buffer.from(encodeJsonFrame(message)), expected)
  })

  it('writes what the decoder reads', () => {
    const frame = decodeJsonDatagram(encodeJsonFrame(message))
    assert.deepEqual(frame, { kind: 'message', message })
  })

  it('refuses what does not fit with FRAME_TOO_LARGE', () => {
    const isTooLarge = (error: unknown) => isCodedError(error, 'FRAME_TOO_LARGE')
    const length = encodeJsonFrame(message).length - 4
    assert.equal(encodeJsonFrame(message, length).length, length + 4)
    assert.throws(() => encodeJsonFrame(message, length - 1), isTooLarge)
  })
})

describe('isDeeperThan', () => {
  it('counts arrays and objects within each other, outside of strings', () => {
    const deeper = (text: string, depth: number): boolean => isDeeperThan(Buffer.from(text), depth)
    assert.equal(deeper('[[],[],{}]', 2), false)
    assert.equal(deeper('[[],[{}]]', 2), true)
    assert.equal(deeper('["[[", "\\\\", "\\"[["]', 1), false)
    assert.equal(deeper('["\\\\", []]', 1), true)
    assert.equal(deeper('["[[', 1), false)
    assert.equal(deeper('["\\', 1), false)
  })
})
