import assert from 'node:assert/strict'
import { test } from 'node:test'
import { AssertionError } from '../base/base.ts'
import {
  BatchEncoder,
  FIELD_ABSENT,
  FIELD_NUMBER,
  FIELD_STRING,
  FIELD_TRUE,
  RECORD_FLAG_TRUNCATED,
  setBatchFirstId,
} from './batch.ts'
import { type BatchBlock, BlockBuilder } from './batch-block.ts'
import type { Column } from './block.ts'

const utf8 = new TextEncoder()
const text = new TextDecoder()

interface Sent {
  readonly message: string
  readonly timeMs?: number
  readonly flags?: number
  readonly stream?: Record<string, string>
  readonly fields?: Record<string, string>
}

/** Batches one behind the other, each with its first id, in shared memory that begins with foreign bytes. */
function memoryOf(
  batches: readonly { firstId: number; shared?: Record<string, string>; records: readonly Sent[] }[],
): {
  data: Uint8Array
  starts: number[]
} {
  const data = new Uint8Array(new SharedArrayBuffer(4096), 3)
  const starts: number[] = []
  let position = 7
  for (const { firstId, shared = {}, records } of batches) {
    const batch = encode(shared, records)
    setBatchFirstId(new DataView(batch.buffer), 0, firstId)
    data.set(batch, position)
    starts.push(position)
    position += batch.length
  }
  return { data, starts }
}

function encode(shared: Record<string, string>, records: readonly Sent[]): Uint8Array {
  const encoder = new BatchEncoder()
  encoder.reset(5000, 6)
  for (const [name, value] of Object.entries(shared))
    encoder.shareField(name, value, FIELD_STRING, name === 'host')
  for (const { message, timeMs = 0, flags = 0, stream = {}, fields = {} } of records) {
    encoder.beginRecord()
    encoder.putMessage(utf8.encode(message), 0, utf8.encode(message).length)
    for (const [name, value] of Object.entries(stream)) {
      encoder.putField(utf8.encode(name), utf8.encode(value), FIELD_STRING, true)
    }
    for (const [name, value] of Object.entries(fields)) {
      const kind = /^\d+$/.test(value) ? FIELD_NUMBER : FIELD_STRING
      encoder.putField(utf8.encode(name), utf8.encode(value), kind)
    }
    encoder.endRecord(0, flags, timeMs, 0)
  }
  return encoder.finish().slice()
}

function texts(column: Column | null): (string | null)[] | null {
  if (column === null) return null
  return Array.from(column.starts, (start, row) => {
    if (column.kinds?.[row] === FIELD_ABSENT) return null
    return text.decode(new Uint8Array(column.data.subarray(start, start + column.lengths[row])))
  })
}

function records(...messages: string[]): Sent[] {
  return messages.map((message) => ({ message }))
}

function blockOf(batches: Parameters<typeof memoryOf>[0]): BatchBlock {
  const { data, starts } = memoryOf(batches)
  const builder = new BlockBuilder(data)
  for (const start of starts) builder.addBatch(start)
  return builder.build()
}

test('batches that lie in one memory become one block, without a copy', () => {
  const { data, starts } = memoryOf([
    { firstId: 10, records: records('a', 'b') },
    { firstId: 50, records: records('c') },
  ])
  const builder = new BlockBuilder(data)
  assert.equal(builder.addBatch(starts[0]), 2)
  assert.equal(builder.addBatch(starts[1]), 1)
  const block = builder.build()
  assert.equal(block.rowCount, 3)
  assert.deepEqual([...block.ids], [10, 11, 50])
  assert.deepEqual(texts(block.message), ['a', 'b', 'c'])
  assert.equal(block.message.data, data)
  assert.deepEqual([...block.receivedMs], [5000, 5000, 5000])
  assert.deepEqual([...block.receivedNs], [6, 6, 6])
})

test('a stretch of a batch has the ids of its records', () => {
  const { data, starts } = memoryOf([{ firstId: 10, records: records('a', 'b', 'c', 'd') }])
  const builder = new BlockBuilder(data)
  assert.equal(builder.addBatch(starts[0], 1, 3), 3)
  const block = builder.build()
  assert.deepEqual([...block.ids], [11, 12])
  assert.deepEqual(texts(block.message), ['b', 'c'])
})

test('a full block says where to go on', () => {
  const { data, starts } = memoryOf([{ firstId: 10, records: records('a', 'b', 'c', 'd', 'e') }])
  const seen: number[][] = []
  for (let row = 0; row < 5; ) {
    const builder = new BlockBuilder(data, 2)
    row = builder.addBatch(starts[0], row)
    assert.equal(builder.addBatch(starts[0], row), builder.rowCount < 2 ? 5 : row)
    seen.push([...builder.build().ids])
  }
  assert.deepEqual(seen, [[10, 11], [12, 13], [14]])
})

test('many small batches make one block of exact size', () => {
  const { data, starts } = memoryOf([{ firstId: 1, records: records('x') }])
  const builder = new BlockBuilder(data)
  for (let count = 0; count < 1000; count++) builder.addBatch(starts[0])
  const block = builder.build()
  assert.equal(block.rowCount, 1000)
  assert.equal(block.ids.length, 1000)
  assert.equal(block.message.starts.length, 1000)
  assert.equal(texts(block.message)?.[999], 'x')
})

test('smallest and largest time are those of the rows', () => {
  const block = blockOf([{ firstId: 1, records: [5, -3, 9].map((timeMs) => ({ message: 'x', timeMs })) }])
  assert.deepEqual([block.timeMsMin, block.timeMsMax], [-3, 9])
})

test("a record's own field wins over the shared one, also when it is empty", () => {
  const block = blockOf([
    {
      firstId: 1,
      shared: { host: 'a', port: '9999' },
      records: [
        { message: 'x' },
        { message: 'y', fields: { port: '7' } },
        { message: 'z', fields: { port: '' } },
      ],
    },
    { firstId: 9, records: records('w') },
  ])
  const port = block.field('port')
  assert.deepEqual(texts(port), ['9999', '7', '', null])
  assert.deepEqual([...(port?.kinds ?? [])], [FIELD_STRING, FIELD_NUMBER, FIELD_STRING, FIELD_ABSENT])
  assert.equal(port?.lengths[3], 0)
})

test('a column without gaps of strings only has no kinds', () => {
  const block = blockOf([{ firstId: 1, shared: { host: 'a' }, records: records('x', 'y') }])
  assert.equal(block.field('host')?.kinds, null)
})

test('a field that no row has is null, whatever its name', () => {
  const block = blockOf([{ firstId: 1, shared: { host: 'a' }, records: records('x') }])
  for (const name of ['', 'hos', 'host2', 'n'.repeat(129), '_msg', 'level', '_truncated']) {
    assert.equal(block.field(name), null, name)
  }
})

test('a column is made once', () => {
  const block = blockOf([{ firstId: 1, shared: { host: 'a' }, records: records('x') }])
  assert.equal(block.field('host'), block.field('host'))
  assert.equal(block.message, block.message)
  assert.equal(block.levelWords, block.levelWords)
})

test('names of fields come in their order, shared ones first, without doubles', () => {
  const block = blockOf([
    {
      firstId: 1,
      shared: { host: 'a', port: '1' },
      records: [
        { message: 'x', stream: { service: 'shop' }, fields: { 'st\u00e4tus': '7', port: '2' } },
        { message: 'y', fields: { other: 'z' } },
      ],
    },
  ])
  assert.deepEqual(block.fieldNamesOf(0), ['host', 'port', 'service', 'st\u00e4tus'])
  assert.deepEqual(block.streamFieldNamesOf(0), ['host', 'service'])
  assert.deepEqual(block.fieldNamesOf(1), ['host', 'port', 'other'])
  assert.deepEqual(block.streamFieldNamesOf(1), ['host'])
  assert.deepEqual(block.fieldNames(), ['host', 'port', 'service', 'st\u00e4tus', 'other'])
})

test('every row has the shared fields of its own batch', () => {
  const block = blockOf(
    ['a', 'b', 'c', 'd', 'e'].map((name, index) => {
      return {
        firstId: index * 10,
        shared: { [name]: name },
        records: records(...'xyz'.slice(0, (index % 3) + 1)),
      }
    }),
  )
  const names = Array.from(block.ids, (_, row) => block.fieldNamesOf(row).join())
  assert.deepEqual(names, ['a', 'b', 'b', 'c', 'c', 'c', 'd', 'e', 'e'])
})

test('the fields of one row come with their values', () => {
  const block = blockOf([
    {
      firstId: 1,
      shared: { host: 'a', port: '1' },
      records: [
        { message: 'x', stream: { service: 'shop' }, fields: { port: '2' }, flags: RECORD_FLAG_TRUNCATED },
      ],
    },
  ])
  const fields = block.fieldsOf(0).map(({ name, kind, value, isStream }) => {
    return [name, kind, text.decode(new Uint8Array(value)), isStream]
  })
  assert.deepEqual(fields, [
    ['host', FIELD_STRING, 'a', true],
    ['port', FIELD_NUMBER, '2', false],
    ['service', FIELD_STRING, 'shop', true],
    ['_truncated', FIELD_TRUE, 'true', false],
  ])
})

test('names that share a place in the cache of names are told apart', () => {
  const fields = Object.fromEntries(Array.from({ length: 60 }, (_, index) => [`f${index * 7}`, `${index}`]))
  const block = blockOf([
    {
      firstId: 1,
      records: [
        { message: 'x', fields },
        { message: 'y', fields },
      ],
    },
  ])
  assert.deepEqual(block.fieldNamesOf(1), Object.keys(fields))
  // Pairs of one hash under multiplication by 31.
  const colliding = { AaAa: '1', BBBB: '2', AaBB: '3', BBAa: '4' }
  const pairs = blockOf([{ firstId: 1, records: [{ message: 'x', fields: colliding }] }])
  assert.deepEqual(pairs.fieldNamesOf(0), Object.keys(colliding))
})

test('a record that was cut has the field _truncated', () => {
  const block = blockOf([
    {
      firstId: 1,
      records: [
        { message: 'x', flags: RECORD_FLAG_TRUNCATED },
        { message: 'y' },
        { message: 'z', fields: { _truncated: 'sent' } },
        { message: 'w', fields: { _truncated: 'sent' }, flags: RECORD_FLAG_TRUNCATED },
      ],
    },
  ])
  const column = block.field('_truncated')
  assert.deepEqual(texts(column), ['true', null, 'sent', 'true'])
  assert.deepEqual([...(column?.kinds ?? [])], [FIELD_TRUE, FIELD_ABSENT, FIELD_STRING, FIELD_TRUE])
  assert.deepEqual(block.fieldNamesOf(0), ['_truncated'])
  assert.deepEqual(block.fieldNamesOf(1), [])
  assert.deepEqual(block.fieldNamesOf(3), ['_truncated'])
  assert.deepEqual(block.fieldNames(), ['_truncated'])
})

test('a builder without rows makes an empty block', () => {
  const block = new BlockBuilder(new Uint8Array(0)).build()
  assert.equal(block.rowCount, 0)
  assert.equal(block.field('a'), null)
  assert.deepEqual(block.fieldNames(), [])
  assert.deepEqual([block.timeMsMin, block.timeMsMax], [Infinity, -Infinity])
})

test('rows beyond the batch or the block are a bug of the caller', () => {
  const { data, starts } = memoryOf([{ firstId: 1, records: records('a') }])
  assert.throws(() => new BlockBuilder(data).addBatch(starts[0], 0, 2), AssertionError)
  const builder = new BlockBuilder(data)
  builder.addBatch(starts[0])
  assert.throws(() => builder.build().fieldNamesOf(1), AssertionError)
})
