import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { isCodedError, SeededRandom } from '../base/base.ts'
import {
  BINARY_MESSAGE_BYTES_MAX,
  BINARY_PAYLOAD_BYTES_MAX,
  BINARY_REFUSALS,
  type BinaryRefusal,
  type BinaryReply,
  BinaryReplyDecoder,
  type BinaryRequest,
  BinaryRequestDecoder,
  encodeBinaryEnd,
  encodeBinaryLog,
  encodeBinaryPing,
  encodeBinaryPong,
  encodeBinaryQuery,
  encodeBinaryRefusal,
  encodeBinaryRow,
  encodeBinaryStats,
  encodeBinaryStatsReply,
  encodeBinaryStored,
  encodeBinaryStoredRun,
} from './binary-frame.ts'

interface Decoder<T> {
  push(chunk: Uint8Array): void
  next(): T | null
}

/** Every chunk is overwritten after it was read, as a socket's memory may be. */
function decode<T>(
  decoder: Decoder<T>,
  chunks: readonly Uint8Array[],
  print: (value: T) => string,
): string[] {
  const values: string[] = []
  for (const chunk of chunks) {
    const reused = Uint8Array.from(chunk)
    decoder.push(reused)
    for (let value = decoder.next(); value !== null; value = decoder.next()) values.push(print(value))
    reused.fill(0xee)
  }
  return values
}

const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString('latin1')

function printRequest(request: BinaryRequest): string {
  const start = `${request.sequence} ${request.kind}`
  switch (request.kind) {
    case 'log':
      return `${start} ${request.severity} ${request.timeSeconds} <${text(request.message)}>`
    case 'query':
      return `${start} <${request.text}>`
    case 'ping':
      return `${start} <${text(request.payload)}>`
    case 'bad':
      return `${start} ${request.command} ${request.refusal}${request.isClosing ? ', closing' : ''}: ${request.reason}`
    default:
      return start
  }
}

function printReply(reply: BinaryReply): string {
  switch (reply.kind) {
    case 'stored':
      return `${reply.sequence} stored ${reply.id}`
    case 'row':
      return `${reply.sequence} ${reply.isWhole ? 'row' : 'piece'} <${text(reply.json)}>`
    case 'pong':
      return `${reply.sequence} pong <${text(reply.payload)}>`
    case 'stats':
      return `${reply.sequence} stats <${reply.json}>`
    case 'refused':
      return `${reply.sequence} refused ${reply.status} ${reply.refusal}: ${reply.reason}`
    case 'bad':
      return `bad: ${reply.reason}`
    default:
      return `${reply.sequence} ${reply.kind}`
  }
}

/** Latin-1 in; what comes out is the same however it is cut. */
type Vector = readonly [name: string, input: string, values: readonly string[]]

const REQUESTS: readonly Vector[] = [
  ['a LOG', '\x01\x01\0\x0c\0\0\0\x07\x04\x65\x53\xf1\0\0\x05hello', ['7 log 17 1700000000 <hello>']],
  ['a LOG of unknown level and no time', '\x01\x01\0\x09\0\0\0\x01\xff\0\0\0\0\0\x02hi', ['1 log 0 0 <hi>']],
  ['a LOG without a message', '\x01\x01\0\x07\0\0\0\x01\0\0\0\0\0\0\0', ['1 log 1 0 <>']],
  ['a QUERY', '\x01\x02\0\x05\xff\xff\xff\xffh\xc3\xa9\x21\x0a', ['4294967295 query <hé!\n>']],
  ['a PING of any bytes', '\x01\x03\0\x03\0\0\0\x02\0\xff\x01', ['2 ping <\0\xff\x01>']],
  ['an empty PING', '\x01\x03\0\0\0\0\0\x02', ['2 ping <>']],
  ['a STATS', '\x01\x04\0\0\0\0\0\x03', ['3 stats']],
  [
    'several',
    '\x01\x04\0\0\0\0\0\x03\x01\x03\0\x01\0\0\0\x04x\x01\x04\0\0\0\0\0\x05',
    ['3 stats', '4 ping <x>', '5 stats'],
  ],
  [
    'a bad level, and goes on',
    '\x01\x01\0\x08\0\0\0\x01\x06\0\0\0\0\0\x01x\x01\x04\0\0\0\0\0\x02',
    ['1 bad 1 badLevelOrTime: Bad level 6: expected 0 to 5 or 255', '2 stats'],
  ],
  [
    'a query that is not UTF-8, and goes on',
    '\x01\x02\0\x01\0\0\0\x01\xff\x01\x04\0\0\0\0\0\x02',
    ['1 bad 2 badQuery: The query is not UTF-8', '2 stats'],
  ],
  [
    'a message length that is too large, and closes',
    '\x01\x01\0\x08\0\0\0\x01\x02\0\0\0\0\0\x02x\x01\x04\0\0\0\0\0\x02',
    ['1 bad 1 badFrame, closing: Message length 2 does not fit: the payload holds 1 bytes of it'],
  ],
  [
    'a message length that is too small',
    '\x01\x01\0\x08\0\0\0\x01\x02\0\0\0\0\0\0x',
    ['1 bad 1 badFrame, closing: Message length 0 does not fit: the payload holds 1 bytes of it'],
  ],
  [
    'a LOG too short for its numbers, before its payload came',
    '\x01\x01\0\x06\0\0\0\x01',
    ['1 bad 1 badFrame, closing: Payload of LOG too short: 6 bytes, at least 7'],
  ],
  [
    'a STATS with a payload',
    '\x01\x04\0\x01\0\0\0\x01x',
    ['1 bad 4 badFrame, closing: Payload of STATS: 1 bytes, expected none'],
  ],
  [
    'an unknown command',
    '\x01\x05\0\0\0\0\0\x01\x01\x04\0\0\0\0\0\x02',
    ['1 bad 5 badFrame, closing: Unknown command 5: expected 1 to 4'],
  ],
  [
    'a reply',
    '\x01\x83\0\0\0\0\0\x01',
    ['1 bad 131 badFrame, closing: Unknown command 131: expected 1 to 4'],
  ],
  [
    'an unknown version',
    '\x02\x01\0\x08\0\0\0\x09',
    ['9 bad 1 unknownVersion, closing: Unknown version 2: expected 1'],
  ],
  ['half a header', '\x01\x04\0\0\0\0\0', []],
  ['half a payload', '\x01\x03\0\x02\0\0\0\x01x', []],
]

const REPLIES: readonly Vector[] = [
  ['a LOG', '\x01\x81\0\x09\0\0\0\x07\0\0\0\0\x01\0\0\0\x02', ['7 stored 4294967298']],
  [
    'the largest id',
    '\x01\x81\0\x09\0\0\0\x07\0\0\x1f\xff\xff\xff\xff\xff\xff',
    [`7 stored ${Number.MAX_SAFE_INTEGER}`],
  ],
  ['an id too large', '\x01\x81\0\x09\0\0\0\x07\0\0\x20\0\0\0\0\0\0', ['bad: an id of 2^53 or more']],
  ['an id too short', '\x01\x81\0\x08\0\0\0\x07\0\0\0\0\0\0\0\x02', ['bad: an id of 7 bytes']],
  [
    'a row, pieces and the end',
    '\x01\x82\0\x03\0\0\0\x01\0{}\x01\x82\0\x02\0\0\0\x01\x02{\x01\x82\0\x02\0\0\0\x01\0}\x01\x82\0\x01\0\0\0\x01\x01',
    ['1 row <{}>', '1 piece <{>', '1 row <}>', '1 end'],
  ],
  ['a PING', '\x01\x83\0\x02\0\0\0\x02\xff\0', ['2 pong <\xff\0>']],
  ['a STATS', '\x01\x84\0\x03\0\0\0\x02\0{}', ['2 stats <{}>']],
  ['a refusal', '\x01\x81\0\x05\0\0\0\x02\x14full', ['2 refused 20 storageFull: full']],
  ['a refusal of later versions', '\x01\x81\0\x01\0\0\0\x02\xc8', ['2 refused 200 null: ']],
  ['a refusal of an unknown command', '\x01\x85\0\x01\0\0\0\x02\x10', ['2 refused 16 badFrame: ']],
  ['an unknown status', '\x01\x82\0\x01\0\0\0\x02\x03', ['bad: status 3 of command 130']],
  ['a status that is of another command', '\x01\x81\0\x01\0\0\0\x02\x01', ['bad: status 1 of command 129']],
  ['no status', '\x01\x81\0\0\0\0\0\x02\x01\x83\0\0\0\0\0\x02', ['bad: no status']],
  ['a request', '\x01\x01\0\x01\0\0\0\x02\0', ['bad: status 0 of command 1']],
  ['text', 'HTTP/1.1 400', ['bad: version 72']],
]

function itDecodes<T>(vectors: readonly Vector[], open: () => Decoder<T>, print: (value: T) => string): void {
  for (const [name, input, values] of vectors) {
    it(`decodes ${name}, wherever the bytes are cut`, () => {
      const bytes = Buffer.from(input, 'latin1')
      assert.deepEqual(decode(open(), [bytes], print), values)
      const bytewise = Array.from(bytes, (byte) => Uint8Array.of(byte))
      assert.deepEqual(decode(open(), bytewise, print), values, 'cut at every byte')
      for (let at = 1; at < bytes.length; at++) {
        const halves = [bytes.subarray(0, at), bytes.subarray(at)]
        assert.deepEqual(decode(open(), halves, print), values, `cut at ${at}`)
      }
    })
  }
}

/** Valid and mutated bytes, cut at random. Throws whatever the decoder throws. */
function fuzz<T>(
  vectors: readonly Vector[],
  open: () => Decoder<T>,
  print: (value: T) => string,
  seed: number,
): void {
  const random = new SeededRandom(seed)
  for (let round = 0; round < 3000; round++) {
    const picked = Array.from({ length: 3 }, () => vectors[random.below(vectors.length)][1])
    const bytes = Buffer.from(picked.join(''), 'latin1')
    for (let change = random.below(6); change > 0; change--)
      bytes[random.below(bytes.length)] = random.below(256)
    const whole = decode(open(), [bytes], print)
    const at = random.below(bytes.length)
    const cut = decode(open(), [bytes.subarray(0, at), bytes.subarray(at)], print)
    assert.deepEqual(cut, whole, `seed ${seed}, round ${round}`)
  }
}

const requestDecoder = () => new BinaryRequestDecoder()
const replyDecoder = () => new BinaryReplyDecoder()

describe('BinaryRequestDecoder', () => {
  itDecodes(REQUESTS, requestDecoder, printRequest)

  it('never throws, and gives the same values for any bytes however they are cut', () => {
    fuzz(REQUESTS, requestDecoder, printRequest, 41)
  })

  it('holds nothing but a frame that has not arrived whole', () => {
    const decoder = new BinaryRequestDecoder()
    decode(
      decoder,
      [encodeBinaryPing(1, Buffer.alloc(1000)), encodeBinaryStats(2).subarray(0, 5)],
      printRequest,
    )
    assert.equal(decoder.heldBytes, 5)
    decode(decoder, [Buffer.from('\0\0\x02\x01\x09\0\0\0\0\0\x03 and more', 'latin1')], printRequest)
    assert.equal(decoder.heldBytes, 0, 'after a closing refusal')
    assert.deepEqual(decode(decoder, [encodeBinaryStats(3)], printRequest), [])
  })
})

describe('BinaryReplyDecoder', () => {
  itDecodes(REPLIES, replyDecoder, printReply)

  it('never throws, and gives the same values for any bytes however they are cut', () => {
    fuzz(REPLIES, replyDecoder, printReply, 42)
  })
})

describe('binary frames', () => {
  const bytes = (latin1: string): Uint8Array => Uint8Array.from(Buffer.from(latin1, 'latin1'))

  it('are encoded as PROTOCOLS §4 draws them', () => {
    const time = 1_700_000_000
    assert.deepEqual(
      encodeBinaryLog(7, 17, time, bytes('hello')),
      bytes('\x01\x01\0\x0c\0\0\0\x07\x04\x65\x53\xf1\0\0\x05hello'),
    )
    assert.deepEqual(encodeBinaryLog(1, 0, 0, bytes('')), bytes('\x01\x01\0\x07\0\0\0\x01\xff\0\0\0\0\0\0'))
    assert.deepEqual(encodeBinaryQuery(0xffff_ffff, 'é'), bytes('\x01\x02\0\x02\xff\xff\xff\xff\xc3\xa9'))
    assert.deepEqual(encodeBinaryPing(2, bytes('\xff')), bytes('\x01\x03\0\x01\0\0\0\x02\xff'))
    assert.deepEqual(encodeBinaryStats(3), bytes('\x01\x04\0\0\0\0\0\x03'))
    assert.deepEqual(
      encodeBinaryStored(7, 4_294_967_298),
      bytes('\x01\x81\0\x09\0\0\0\x07\0\0\0\0\x01\0\0\0\x02'),
    )
    assert.deepEqual(
      encodeBinaryStoredRun(Uint32Array.of(7, 1), 4_294_967_295),
      bytes('\x01\x81\0\x09\0\0\0\x07\0\0\0\0\0\xff\xff\xff\xff\x01\x81\0\x09\0\0\0\x01\0\0\0\0\x01\0\0\0\0'),
    )
    assert.deepEqual(encodeBinaryEnd(1), bytes('\x01\x82\0\x01\0\0\0\x01\x01'))
    assert.deepEqual(encodeBinaryPong(2, bytes('\xff')), bytes('\x01\x83\0\x01\0\0\0\x02\xff'))
    assert.deepEqual(encodeBinaryStatsReply(2, '{}'), bytes('\x01\x84\0\x03\0\0\0\x02\0{}'))
    assert.deepEqual(
      encodeBinaryRefusal(1, 2, 'storageFull', 'full'),
      bytes('\x01\x81\0\x05\0\0\0\x02\x14full'),
    )
  })

  it('keep the level of all severities', () => {
    for (let severity = 0; severity <= 24; severity++) {
      const lowest = severity === 0 ? 0 : Math.floor((severity - 1) / 4) * 4 + 1
      const found = decode(requestDecoder(), [encodeBinaryLog(1, severity, 5, bytes('x'))], printRequest)
      assert.deepEqual(found, [`1 log ${lowest} 5 <x>`])
    }
  })

  it('have one status for each refusal, which the client can tell', () => {
    for (const [name, status] of Object.entries(BINARY_REFUSALS)) {
      const frame = encodeBinaryRefusal(2, 9, name as BinaryRefusal, 'why')
      assert.deepEqual(decode(replyDecoder(), [frame], printReply), [`9 refused ${status} ${name}: why`])
    }
  })

  it('cut a row that is longer than a frame into pieces', () => {
    const pieceBytes = BINARY_PAYLOAD_BYTES_MAX - 1
    const kinds = (length: number): string[] =>
      decode(replyDecoder(), [encodeBinaryRow(1, Buffer.alloc(length, 'x'))], (reply) =>
        reply.kind === 'row' ? `${reply.isWhole ? 'row' : 'piece'} ${reply.json.length}` : reply.kind,
      )
    assert.deepEqual(kinds(0), ['row 0'])
    assert.deepEqual(kinds(pieceBytes), [`row ${pieceBytes}`])
    assert.deepEqual(kinds(pieceBytes + 1), [`piece ${pieceBytes}`, 'row 1'])
    assert.deepEqual(kinds(pieceBytes * 2), [`piece ${pieceBytes}`, `row ${pieceBytes}`])
  })

  it('cut a long reason between characters', () => {
    const frame = encodeBinaryRefusal(1, 1, 'badQuery', `x${'é'.repeat(2000)}`)
    assert.deepEqual(decode(replyDecoder(), [frame], printReply), [
      `1 refused 21 badQuery: x${'é'.repeat(511)}`,
    ])
  })

  it('refuse what does not fit with FRAME_TOO_LARGE', () => {
    const isTooLarge = (error: unknown) => isCodedError(error, 'FRAME_TOO_LARGE')
    assert.equal(encodeBinaryLog(1, 9, 0, Buffer.alloc(BINARY_MESSAGE_BYTES_MAX)).length, 65_543)
    assert.throws(() => encodeBinaryLog(1, 9, 0, Buffer.alloc(BINARY_MESSAGE_BYTES_MAX + 1)), isTooLarge)
    assert.throws(() => encodeBinaryQuery(1, 'x'.repeat(65_536)), isTooLarge)
    assert.throws(() => encodeBinaryPing(1, Buffer.alloc(65_536)), isTooLarge)
    assert.throws(() => encodeBinaryStatsReply(1, 'x'.repeat(65_535)), isTooLarge)
  })
})
