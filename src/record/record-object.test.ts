import assert from 'node:assert/strict'
import { test } from 'node:test'
import { CodedError, type ErrorCode } from '../base/base.ts'
import {
  BatchEncoder,
  checkBatch,
  FIELD_FALSE,
  FIELD_JSON,
  FIELD_NULL,
  FIELD_NUMBER,
  FIELD_STRING,
  FIELD_TRUE,
  RECORD_FLAG_LEVEL_UPPER,
  RECORD_FLAG_SENDER_TIME,
} from './batch.ts'
import { type BatchBlock, BlockBuilder } from './batch-block.ts'
import { type EncodeRecordOptions, encodeRecord, type NewRecord } from './record-object.ts'

const NOW = { ms: Date.UTC(2025, 0, 15, 9, 50), ns: 7 }
const utf8 = new TextDecoder()

function encode(record: NewRecord, options?: EncodeRecordOptions): BatchBlock {
  const encoder = new BatchEncoder()
  encoder.reset(NOW.ms, NOW.ns)
  encodeRecord(encoder, record, NOW, options)
  const batch = encoder.finish()
  assert.equal(
    checkBatch(new DataView(batch.buffer, batch.byteOffset, batch.byteLength), 0, batch.length),
    null,
  )
  const builder = new BlockBuilder(batch)
  builder.addBatch(0)
  return builder.build()
}

function messageOf(block: BatchBlock): Uint8Array {
  const { data, starts, lengths } = block.message
  return data.slice(starts[0], starts[0] + lengths[0])
}

/** Name, kind and text of every field. */
function fieldsOf(record: NewRecord): [string, number, string][] {
  return encode(record)
    .fieldsOf(0)
    .map(({ name, kind, value }) => [name, kind, utf8.decode(value)])
}

function assertRefused(
  record: unknown,
  code: ErrorCode,
  message: RegExp,
  options?: EncodeRecordOptions,
): void {
  const encoder = new BatchEncoder()
  encoder.reset(0, 0)
  const before = encoder.position
  assert.throws(
    () => encodeRecord(encoder, record as NewRecord, NOW, options),
    (error) => {
      assert.ok(error instanceof CodedError, String(error))
      assert.equal(error.code, code)
      assert.match(error.message, message)
      return true
    },
  )
  assert.equal(encoder.position, before)
  assert.equal(encoder.count, 0)
}

test('a record with only a message has the time of now and no level', () => {
  const block = encode({ message: 'started' })
  assert.equal(utf8.decode(messageOf(block)), 'started')
  assert.deepEqual([block.timesMs[0], block.timesNs[0]], [NOW.ms, NOW.ns])
  assert.deepEqual([block.severities[0], block.flags[0]], [0, 0])
  assert.deepEqual(block.fieldNamesOf(0), [])
})

test('bytes of a message are kept, also when they are not UTF-8', () => {
  const bytes = Uint8Array.of(0xff, 0x00, 0x0a, 0xfe)
  assert.deepEqual(messageOf(encode({ message: bytes })), bytes)
})

test('a time is a Date, milliseconds with a fraction, or text', () => {
  const rows: [NewRecord['time'], number, number][] = [
    [new Date(NOW.ms), NOW.ms, 0],
    [NOW.ms + 0.25, NOW.ms, 250_000],
    [-0.5, -1, 500_000],
    [0.9999999, 1, 0],
    ['2025-01-15T09:50:00.000000001Z', NOW.ms, 1],
    ['1736934600.5', NOW.ms + 500, 0],
  ]
  for (const [time, ms, ns] of rows) {
    const block = encode({ message: 'x', time })
    assert.deepEqual([block.timesMs[0], block.timesNs[0]], [ms, ns], String(time))
    assert.equal(block.flags[0], RECORD_FLAG_SENDER_TIME)
  }
})

test('a level keeps its word only where it is no canonical name', () => {
  const wordOf = (level: string): [number, number, number] => {
    const block = encode({ message: 'x', level })
    return [block.severities[0], block.flags[0], block.levelWords.lengths[0]]
  }
  assert.deepEqual(wordOf('error'), [17, 0, 0])
  assert.deepEqual(wordOf('ERROR'), [17, RECORD_FLAG_LEVEL_UPPER, 0])
  assert.deepEqual(wordOf('Warning'), [13, 0, 7])
  assert.deepEqual(wordOf('unknown'), [0, 0, 0])
})

test('fields keep their JSON type', () => {
  const fields = {
    s: 'a',
    n: 5,
    big: 9_007_199_254_740_993n as unknown as number,
    t: true,
    f: false,
    z: null,
    e: '',
  }
  assert.deepEqual(fieldsOf({ message: 'x', fields }), [
    ['s', FIELD_STRING, 'a'],
    ['n', FIELD_NUMBER, '5'],
    ['big', FIELD_NUMBER, '9007199254740993'],
    ['t', FIELD_TRUE, 'true'],
    ['f', FIELD_FALSE, 'false'],
    ['z', FIELD_NULL, ''],
    ['e', FIELD_STRING, ''],
  ])
})

test('nested objects are flattened with dots and arrays stay JSON', () => {
  const fields = {
    http: { status: 200, from: { ip: '10.1.2.3' } },
    tags: ['a', { b: 1 }],
    none: {},
    gone: undefined,
  }
  assert.deepEqual(fieldsOf({ message: 'x', fields }), [
    ['http.status', FIELD_NUMBER, '200'],
    ['http.from.ip', FIELD_STRING, '10.1.2.3'],
    ['tags', FIELD_JSON, '["a",{"b":1}]'],
    ['none', FIELD_JSON, '{}'],
  ])
})

test('what JSON does not know keeps its meaning', () => {
  const error = Object.assign(new TypeError('no disk', { cause: 'power' }), {
    code: 'ENODISK',
    stack: 'at x',
  })
  const fields = {
    at: new Date(NOW.ms),
    url: new URL('http://localhost/a'),
    bytes: Uint8Array.of(0x61),
    nan: Number.NaN,
    error,
  }
  assert.deepEqual(fieldsOf({ message: 'x', fields }), [
    ['at', FIELD_STRING, '2025-01-15T09:50:00Z'],
    ['url', FIELD_STRING, 'http://localhost/a'],
    ['bytes', FIELD_STRING, 'a'],
    ['nan', FIELD_STRING, 'NaN'],
    ['error.code', FIELD_STRING, 'ENODISK'],
    ['error.name', FIELD_STRING, 'TypeError'],
    ['error.message', FIELD_STRING, 'no disk'],
    ['error.stack', FIELD_STRING, 'at x'],
    ['error.cause', FIELD_STRING, 'power'],
  ])
})

test('stream fields come first and are told apart', () => {
  const block = encode({ message: 'x', fields: { status: 200 }, stream: { service: 'shop', host: 'a' } })
  assert.deepEqual(block.fieldNamesOf(0), ['service', 'host', 'status'])
  assert.deepEqual(block.streamFieldNamesOf(0), ['service', 'host'])
})

test('a bad message is refused with what would be right', () => {
  assertRefused({ message: '' }, 'RECORD_INVALID', /message is empty; give at least one character/)
  assertRefused({ message: new Uint8Array(0) }, 'RECORD_INVALID', /message is empty/)
  assertRefused({ message: 5 }, 'RECORD_INVALID', /message is a number; give a string or a Uint8Array/)
  assertRefused({}, 'RECORD_INVALID', /message is missing; give a string/)
  assertRefused({ message: 'ab' }, 'RECORD_TOO_LARGE', /has 2 bytes; at most 1 fit/, { recordBytesMax: 1 })
  assertRefused({ message: '\u00e9' }, 'RECORD_TOO_LARGE', /has 2 bytes/, { recordBytesMax: 1 })
  assertRefused({ message: 'x'.repeat(256 * 1024 + 1) }, 'RECORD_TOO_LARGE', /262145 bytes; at most 262144/)
})

test('a bad level or time is refused with what would be right', () => {
  assertRefused({ message: 'x', level: 'loud' }, 'RECORD_INVALID', /"loud" is unknown; give trace, debug/)
  assertRefused({ message: 'x', level: 5 }, 'RECORD_INVALID', /level is a number/)
  assertRefused({ message: 'x', time: 'soon' }, 'RECORD_INVALID', /"soon" cannot be read; give RFC 3339/)
  assertRefused({ message: 'x', time: new Date(Number.NaN) }, 'RECORD_INVALID', /NaN is out of range/)
  assertRefused({ message: 'x', time: 1e15 }, 'RECORD_INVALID', /out of range; give milliseconds/)
  assertRefused({ message: 'x', time: true }, 'RECORD_INVALID', /time is a boolean/)
})

test('bad fields are refused with what would be right', () => {
  const refuse = (fields: unknown, message: RegExp): void =>
    assertRefused({ message: 'x', fields }, 'RECORD_INVALID', message)
  for (const name of ['_time', '_msg', '_id', '_stream', '_stream_id', '_truncated', 'level']) {
    refuse({ [name]: 'x' }, new RegExp(`the name "${name}" is reserved; `))
  }
  refuse({ '': 1 }, /name of a field is empty/)
  refuse({ a: { '': 1 }, ok: 1, 'a.': 1 }, /"a\." is there twice/)
  refuse({ ['n'.repeat(129)]: 1 }, /has 129 bytes; at most 128 fit/)
  refuse({ '\ud800': 1 }, /not valid Unicode/)
  refuse({ 'a.b': 1, a: { b: 2 } }, /"a\.b" is there twice/)
  refuse({ f: () => 1 }, /"f" is a function/)
  refuse({ list: [1n] }, /"list" has no JSON text/)
  refuse(['a'], /fields are an array/)
  const loop: Record<string, unknown> = {}
  loop.a = loop
  refuse({ loop }, /nested deeper than 32/)
  const many = Object.fromEntries(Array.from({ length: 1001 }, (_, index) => [`f${index}`, index]))
  refuse(many, /more than 1000 fields/)
})

test('where no stream is given, the fields that are listed are it, by name, and the others keep their order', () => {
  const options = { streamFields: ['service', 'host', 'nobody'] }
  const fields = { status: 200, service: 'shop', host: { name: 'a' }, user: 'mia' }
  const block = encode({ message: 'x', fields: { ...fields, host: 'a' } }, options)
  assert.deepEqual(block.fieldNamesOf(0), ['host', 'service', 'status', 'user'])
  assert.deepEqual(block.streamFieldNamesOf(0), ['host', 'service'])
  const nested = encode({ message: 'x', fields }, options)
  assert.deepEqual(nested.streamFieldNamesOf(0), ['service'])
  const named = encode({ message: 'x', fields: { host: 'a' }, stream: { pod: 'p' } }, options)
  assert.deepEqual(named.streamFieldNamesOf(0), ['pod'])
  assert.deepEqual(
    encode({ message: 'x', fields: { host: 'a' }, stream: {} }, options).streamFieldNamesOf(0),
    [],
  )
  assert.deepEqual(encode({ message: 'x', fields: { host: 'a' } }).streamFieldNamesOf(0), [])
})

test('a bad stream is refused with what would be right', () => {
  assertRefused(
    { message: 'x', stream: { a: 5 } },
    'RECORD_INVALID',
    /stream field "a" is a number; give a string/,
  )
  assertRefused(
    { message: 'x', stream: { a: 'x' }, fields: { a: 'y' } },
    'RECORD_INVALID',
    /"a" is there twice/,
  )
})

test('a record whose fields make it too large is refused', () => {
  const fields = { a: 'x'.repeat(2 * 1024 * 1024) }
  assertRefused({ message: 'x', fields }, 'RECORD_TOO_LARGE', /with all its fields; at most 2097152 fit/)
})

test('names in a refusal are escaped and short', () => {
  assertRefused(
    { message: 'x', level: `\x1b[31m${'y'.repeat(500)}` },
    'RECORD_INVALID',
    /^the level "\\u001b\[31my{59}…" is/,
  )
})
