import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { AssertionError, SeededRandom } from '../base/base.ts'
import {
  BatchEncoder,
  batchCount,
  batchFirstId,
  batchKeyLength,
  batchLength,
  batchReceivedMs,
  batchReceivedNs,
  batchSharedCount,
  checkBatch,
  FIELD_ABSENT,
  FIELD_FALSE,
  FIELD_JSON,
  FIELD_NULL,
  FIELD_NUMBER,
  FIELD_STRING,
  FIELD_TRUE,
  RECORD_FLAG_FILED_BY_RECEIVED,
  RECORD_FLAG_LEVEL_UPPER,
  RECORD_FLAG_SENDER_TIME,
  RECORD_FLAG_TRUNCATED,
  setBatchFirstId,
  setBatchReceived,
} from './batch.ts'
import { type BatchBlock, BlockBuilder } from './batch-block.ts'
import type { Column } from './block.ts'
import { ID_MAX, TIME_MS_MAX, TIME_MS_MIN } from './limits.ts'

const utf8 = new TextEncoder()

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}

function check(bytes: Uint8Array): string | null {
  return checkBatch(viewOf(bytes), 0, bytes.length)
}

function blockOf(bytes: Uint8Array, at = 0): BatchBlock {
  const builder = new BlockBuilder(bytes)
  builder.addBatch(at)
  return builder.build()
}

/** The value of a row, or null where the field is absent. */
function bytesOf(column: Column | null, row: number): Uint8Array | null {
  if (column === null || column.kinds?.[row] === FIELD_ABSENT) return null
  return column.data.slice(column.starts[row], column.starts[row] + column.lengths[row])
}

// ---- a model of batches -------------------------------------------------------------------------------------

interface FieldModel {
  readonly name: string
  readonly value: Uint8Array
  readonly kind: number
}

interface RecordModel {
  readonly message: Uint8Array
  readonly levelWord: Uint8Array
  readonly severity: number
  readonly flags: number
  readonly timeMs: number
  readonly timeNs: number
  readonly stream: readonly FieldModel[]
  readonly fields: readonly FieldModel[]
}

interface BatchModel {
  readonly key: Uint8Array
  readonly receivedMs: number
  readonly receivedNs: number
  readonly sharedStream: readonly FieldModel[]
  readonly shared: readonly FieldModel[]
  readonly records: readonly RecordModel[]
}

const anyMs = fc.integer({ min: TIME_MS_MIN, max: TIME_MS_MAX })
const anyNs = fc.integer({ min: 0, max: 999_999 })
const anyField: fc.Arbitrary<FieldModel> = fc.record(
  {
    name: fc.oneof(
      fc.constantFrom('a', 'b', 'ab', '\u00e4'),
      fc.string({ unit: 'grapheme', minLength: 1, maxLength: 8 }),
    ),
    value: fc.uint8Array({ maxLength: 12 }),
    kind: fc.integer({ min: FIELD_STRING, max: FIELD_JSON }),
  },
  { noNullPrototype: true },
)
const anyFields = fc.array(anyField, { maxLength: 4 })
const anyRecord: fc.Arbitrary<RecordModel> = fc.record({
  message: fc.uint8Array({ maxLength: 40 }),
  levelWord: fc.uint8Array({ maxLength: 8 }),
  severity: fc.integer({ min: 0, max: 24 }),
  // All known flags but RECORD_FLAG_TRUNCATED, which adds a field.
  flags: fc.integer({ min: 0, max: 15 }).map((flags) => flags & ~RECORD_FLAG_TRUNCATED),
  timeMs: anyMs,
  timeNs: anyNs,
  stream: anyFields,
  fields: anyFields,
})
const anyBatch: fc.Arbitrary<BatchModel> = fc.record({
  key: fc.uint8Array({ maxLength: 16 }),
  receivedMs: anyMs,
  receivedNs: anyNs,
  sharedStream: anyFields,
  shared: anyFields,
  records: fc.array(anyRecord, { minLength: 1, maxLength: 8 }),
})

function encode(model: BatchModel, encoder = new BatchEncoder()): Uint8Array {
  encoder.reset(model.receivedMs, model.receivedNs)
  encoder.setKey(model.key)
  for (const field of model.sharedStream) encoder.shareField(field.name, field.value, field.kind, true)
  for (const field of model.shared) encoder.shareField(field.name, field.value, field.kind)
  for (const record of model.records) encodeRecordModel(encoder, record)
  return encoder.finish()
}

function encodeRecordModel(encoder: BatchEncoder, record: RecordModel): void {
  encoder.beginRecord()
  encoder.putMessage(record.message, 0, record.message.length)
  encoder.putLevelWord(record.levelWord)
  for (const field of record.stream) encoder.putField(utf8.encode(field.name), field.value, field.kind, true)
  for (const field of record.fields) encoder.putField(utf8.encode(field.name), field.value, field.kind)
  encoder.endRecord(record.severity, record.flags, record.timeMs, record.timeNs)
}

/** What a reader sees of a record: the first of its own fields of a name, else the first shared one. */
function visibleFields(batch: BatchModel, record: RecordModel): Map<string, FieldModel> {
  const visible = new Map<string, FieldModel>()
  const shared = [...batch.sharedStream, ...batch.shared]
  const own = [...record.stream, ...record.fields]
  for (const { name } of [...shared, ...own]) {
    const field =
      own.find((candidate) => candidate.name === name) ?? shared.find((candidate) => candidate.name === name)
    if (field !== undefined) visible.set(name, field)
  }
  return visible
}

// ---- round trips --------------------------------------------------------------------------------------------

test('every batch passes the check and reads back as it was written', () => {
  const encoder = new BatchEncoder()
  fc.assert(
    fc.property(anyBatch, fc.integer({ min: 0, max: ID_MAX - 100 }), (model, firstId) => {
      const batch = encode(model, encoder)
      setBatchFirstId(viewOf(batch), 0, firstId)
      assert.equal(check(batch), null)
      assertHeader(batch, model, firstId)
      assertRows(blockOf(batch), model, firstId)
    }),
    { seed: 1, numRuns: 500 },
  )
})

function assertHeader(batch: Uint8Array, model: BatchModel, firstId: number): void {
  const view = viewOf(batch)
  assert.equal(batchLength(view, 0), batch.length)
  assert.equal(batchCount(view, 0), model.records.length)
  assert.equal(batchFirstId(view, 0), firstId)
  assert.deepEqual([batchReceivedMs(view, 0), batchReceivedNs(view, 0)], [model.receivedMs, model.receivedNs])
  assert.equal(batchSharedCount(view, 0), model.sharedStream.length + model.shared.length)
  assert.deepEqual(batch.slice(40, 40 + batchKeyLength(view, 0)), model.key)
}

function assertRows(block: BatchBlock, model: BatchModel, firstId: number): void {
  assert.equal(block.rowCount, model.records.length)
  model.records.forEach((record, row) => {
    assert.equal(block.ids[row], firstId + row)
    assert.deepEqual([block.timesMs[row], block.timesNs[row]], [record.timeMs, record.timeNs])
    assert.deepEqual([block.receivedMs[row], block.receivedNs[row]], [model.receivedMs, model.receivedNs])
    assert.deepEqual([block.severities[row], block.flags[row]], [record.severity, record.flags])
    assert.deepEqual(bytesOf(block.message, row), record.message)
    assert.deepEqual(bytesOf(block.levelWords, row), record.levelWord)
    assertFields(block, row, visibleFields(model, record))
    const stream = new Set([...model.sharedStream, ...record.stream].map((field) => field.name))
    assert.deepEqual(new Set(block.streamFieldNamesOf(row)), stream)
  })
  const times = model.records.map((record) => record.timeMs)
  assert.deepEqual([block.timeMsMin, block.timeMsMax], [Math.min(...times), Math.max(...times)])
  const names = new Set(model.records.flatMap((record) => [...visibleFields(model, record).keys()]))
  assert.deepEqual(new Set(block.fieldNames()), names)
  for (const name of names) assertColumn(block, model, name)
}

function assertFields(block: BatchBlock, row: number, visible: Map<string, FieldModel>): void {
  assert.deepEqual(block.fieldNamesOf(row), [...visible.keys()])
  const fields = block
    .fieldsOf(row)
    .map(({ name, kind, value }) => ({ name, value: new Uint8Array(value), kind }))
  assert.deepEqual(fields, [...visible.values()])
}

function assertColumn(block: BatchBlock, model: BatchModel, name: string): void {
  const column = block.field(name)
  model.records.forEach((record, row) => {
    const field = visibleFields(model, record).get(name)
    assert.deepEqual(bytesOf(column, row), field?.value ?? null)
    if (field !== undefined) assert.equal(column?.kinds?.[row] ?? FIELD_STRING, field.kind)
  })
}

test('an encoder grows by itself and is empty again after a reset', () => {
  const encoder = new BatchEncoder()
  const message = new Uint8Array(100_000).fill(0x61)
  encoder.reset(0, 0)
  encoder.beginRecord()
  encoder.putMessage(message, 0, message.length)
  encoder.endRecord(0, 0, 0, 0)
  assert.deepEqual(bytesOf(blockOf(encoder.finish()).message, 0), message)
  encoder.reset(5, 6)
  assert.equal(encoder.count, 0)
  assert.throws(() => encoder.finish(), AssertionError)
})

test('a message may be written in place', () => {
  const encoder = new BatchEncoder()
  encoder.reset(0, 0)
  encoder.beginRecord()
  encoder.reserve(2)
  encoder.bytes[encoder.position] = 0x68
  encoder.bytes[encoder.position + 1] = 0x69
  encoder.advanceMessage(2)
  encoder.endRecord(9, 0, 0, 0)
  assert.deepEqual(bytesOf(blockOf(encoder.finish()).message, 0), utf8.encode('hi'))
})

test('the hot paths write what the others do, whatever the lengths, and look at no byte beyond', () => {
  const lengths = [...Array(40).keys(), 63, 64, 65, 127, 255, 319, 320, 321, 1000, 70_000]
  const text = Uint8Array.from({ length: 70_010 }, (_, index) => (index * 7 + (index >> 8)) & 0xff)
  for (const length of lengths) {
    const value = text.slice(5, 5 + length)
    const name = text.slice(3, 4 + (length % 128))
    const plain = new BatchEncoder()
    const hot = new BatchEncoder()
    for (const encoder of [plain, hot]) {
      encoder.reset(1, 2)
      encoder.beginRecord()
    }
    plain.putMessage(value, 0, length)
    hot.putMessageFrom(new DataView(text.buffer, 1, 4 + length), 4, 4 + length)
    for (const isStream of [true, false]) {
      plain.putField(name, value, FIELD_JSON, isStream)
      const names = new DataView(text.buffer, 1, 2 + name.length)
      const source = new DataView(text.buffer, 2, 3 + length)
      hot.putFieldFrom(names, 2, 2 + name.length, source, 3, 3 + length, FIELD_JSON, isStream)
    }
    for (const encoder of [plain, hot]) encoder.endRecord(24, 15, -5, 999_999)
    assert.deepEqual(hot.finish(), plain.finish(), `length ${length}`)
    assert.equal(check(hot.finish()), null)
  }
})

test('the hot paths fill the memory of the encoder to its last byte', () => {
  for (let rest = 0; rest < 24; rest++) {
    const encoder = new BatchEncoder()
    encoder.reset(0, 0)
    encoder.beginRecord()
    const filler = new Uint8Array(encoder.bytes.length - encoder.position - rest)
    encoder.putMessage(filler, 0, filler.length)
    encoder.putMessageFrom(new DataView(new ArrayBuffer(rest)), 0, rest)
    assert.equal(encoder.position, encoder.bytes.length)
  }
})

test('a record that is abandoned, begun or ended, leaves no trace', () => {
  const encoder = new BatchEncoder()
  const put = (text: string, end: boolean): void => {
    encoder.beginRecord()
    encoder.putMessage(utf8.encode(text), 0, text.length)
    if (end) encoder.endRecord(0, 0, 0, 0)
  }
  encoder.reset(0, 0)
  put('one', true)
  put('ended', true)
  encoder.abandonRecord()
  put('begun', false)
  encoder.abandonRecord()
  put('two', true)
  const batch = encoder.finish()
  assert.equal(check(batch), null)
  const block = blockOf(batch)
  assert.equal(block.rowCount, 2)
  assert.deepEqual(bytesOf(block.message, 1), utf8.encode('two'))
})

test('the encoder refuses an order that would make another record of it', () => {
  const begun = (): BatchEncoder => {
    const encoder = new BatchEncoder()
    encoder.reset(0, 0)
    encoder.beginRecord()
    return encoder
  }
  const name = utf8.encode('a')
  const withField = begun()
  withField.putField(name, name, FIELD_STRING)
  assert.throws(() => withField.putField(name, name, FIELD_STRING, true), /BUG: stream fields come first/)
  assert.throws(() => withField.putMessage(name, 0, 1), /BUG: the message comes first/)
  assert.throws(() => withField.putLevelWord(name), /BUG: the level word comes before fields/)
  assert.throws(() => begun().putField(new Uint8Array(0), name, FIELD_STRING), /BUG: field name length/)
  assert.throws(() => begun().putField(new Uint8Array(129), name, FIELD_STRING), /BUG: field name length/)
  const view = new DataView(new ArrayBuffer(129))
  assert.throws(() => withField.putMessageFrom(view, 0, 1), /BUG: the message comes first/)
  assert.throws(() => begun().putFieldFrom(view, 0, 0, view, 0, 1, FIELD_STRING), /BUG: field name length/)
  assert.throws(() => begun().putFieldFrom(view, 0, 129, view, 0, 1, FIELD_STRING), /BUG: field name length/)
})

test('id and receivedTime can be set in place', () => {
  const batch = encode(SAMPLE)
  const view = viewOf(batch)
  setBatchFirstId(view, 0, 2 ** 52 + 3)
  setBatchReceived(view, 0, -12_345, 678)
  assert.equal(check(batch), null)
  assert.equal(batchFirstId(view, 0), 2 ** 52 + 3)
  assert.deepEqual([batchReceivedMs(view, 0), batchReceivedNs(view, 0)], [-12_345, 678])
})

// ---- a stored batch -----------------------------------------------------------------------------------------

/** Version 1 as it lies on disks since the first release. It decodes for ever: never change a byte of it. */
const STORED = `
  d3000000 01 00 0500 02000000 19000000 0700000001000000 3aae5e69 94010000 01000000 0200 0100
  6b65792d31
  00 04 01000000 686f7374 61
  01 04 04000000 706f7274 39393939
  53000000 0d 04 0300 0100 0700 ffffffff ffffffff 3f420f00 09000000
    6469736b2066756c6c 5761726e696e67
    00 07 04000000 73657276696365 73686f70
    02 02 04000000 6f6b 74727565
    04 04 00000000 706f7274
  3a000000 11 0b 0200 0000 0000 40ad5e69 94010000 00000000 02000000
    ff0a
    05 04 05000000 74616773 5b2261225d
    03 02 05000000 6e6f 66616c7365
`

const STORED_MODEL: BatchModel = {
  key: utf8.encode('key-1'),
  receivedMs: 1_736_934_600_250,
  receivedNs: 1,
  sharedStream: [{ name: 'host', value: utf8.encode('a'), kind: FIELD_STRING }],
  shared: [{ name: 'port', value: utf8.encode('9999'), kind: FIELD_NUMBER }],
  records: [
    {
      message: utf8.encode('disk full'),
      levelWord: utf8.encode('Warning'),
      severity: 13,
      flags: RECORD_FLAG_SENDER_TIME,
      timeMs: -1,
      timeNs: 999_999,
      stream: [{ name: 'service', value: utf8.encode('shop'), kind: FIELD_STRING }],
      fields: [
        { name: 'ok', value: utf8.encode('true'), kind: FIELD_TRUE },
        { name: 'port', value: new Uint8Array(0), kind: FIELD_NULL },
      ],
    },
    {
      message: Uint8Array.of(0xff, 0x0a),
      levelWord: new Uint8Array(0),
      severity: 17,
      flags: RECORD_FLAG_LEVEL_UPPER | RECORD_FLAG_TRUNCATED | RECORD_FLAG_FILED_BY_RECEIVED,
      timeMs: 1_736_934_600_000,
      timeNs: 0,
      stream: [],
      fields: [
        { name: 'tags', value: utf8.encode('["a"]'), kind: FIELD_JSON },
        { name: 'no', value: utf8.encode('false'), kind: FIELD_FALSE },
      ],
    },
  ],
}

const STORED_FIRST_ID = 2 ** 32 + 7

test('a stored batch of version 1 decodes', () => {
  const batch = new Uint8Array(Buffer.from(STORED.replace(/\s/g, ''), 'hex'))
  assert.equal(check(batch), null)
  assertHeader(batch, STORED_MODEL, STORED_FIRST_ID)
  const block = blockOf(batch)
  assert.deepEqual([...block.ids], [STORED_FIRST_ID, STORED_FIRST_ID + 1])
  assert.deepEqual([block.timesMs[0], block.timesNs[0]], [-1, 999_999])
  assert.deepEqual(
    [...block.flags],
    STORED_MODEL.records.map((record) => record.flags),
  )
  assert.deepEqual([...block.severities], [13, 17])
  assert.deepEqual(bytesOf(block.message, 1), Uint8Array.of(0xff, 0x0a))
  assert.deepEqual(bytesOf(block.levelWords, 0), utf8.encode('Warning'))
  assert.deepEqual(block.fieldNamesOf(0), ['host', 'port', 'service', 'ok'])
  assert.deepEqual(block.fieldNamesOf(1), ['host', 'port', 'tags', 'no', '_truncated'])
  assertFields(block, 0, visibleFields(STORED_MODEL, STORED_MODEL.records[0]))
})

test('the encoder still writes that batch', () => {
  const batch = encode(STORED_MODEL)
  setBatchFirstId(viewOf(batch), 0, STORED_FIRST_ID)
  assert.equal(Buffer.from(batch).toString('hex'), STORED.replace(/\s/g, ''))
})

// ---- bad bytes ----------------------------------------------------------------------------------------------

const SAMPLE = STORED_MODEL

/** The stored batch with some bytes replaced. */
function changed(at: number, ...bytes: number[]): Uint8Array {
  const batch = encode(SAMPLE).slice()
  batch.set(bytes, at)
  return batch
}

test('each rule of the header is checked', () => {
  const rows: [Uint8Array, RegExp][] = [
    [new Uint8Array(39), /shorter than a batch header/],
    [changed(0, 39, 0, 0, 0), /batch length 39/],
    [changed(0, 0, 0, 0, 0xff), /batch length/],
    [changed(0, 212), /beyond the end/],
    [changed(0, 210), /record 1/],
    [changed(4, 2), /batch version 2/],
    [changed(5, 1), /unknown batch flags/],
    [changed(6, 0xff, 0xff), /key length 65535/],
    [changed(8, 0, 0, 0, 0), /^0 records/],
    [changed(8, 0xff, 0xff, 0xff, 0xff), /4294967295 records/],
    [changed(8, 1), /bytes after the last record/],
    [changed(8, 3), /record 2: shorter than a record header/],
    [changed(12, 0xff, 0xff, 0xff, 0xff), /shared fields reach beyond the batch/],
    [changed(12, 24), /field beyond the end|shorter|record/],
    [changed(16, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x1f, 0), /id out of range/],
    [changed(28, 0xff, 0xff, 0xff, 0x7f), /time out of range/],
    [changed(32, 0x40, 0x42, 0x0f, 0), /nanoseconds above 999,999/],
    [changed(36, 0xff, 0xff), /65535 fields/],
    [changed(38, 3), /more shared stream fields than shared fields/],
  ]
  for (const [batch, problem] of rows) assert.match(check(batch) ?? 'passes', problem)
})

test('each rule of records and fields is checked', () => {
  const record = 70
  const field = record + 28 + 16
  const rows: [Uint8Array, RegExp][] = [
    [changed(record, 27, 0, 0, 0), /record 0: length 27/],
    [changed(record, 0xff, 0, 0, 0), /record 0: reaches beyond the batch/],
    [changed(record + 4, 25), /record 0: severity above 24/],
    [changed(record + 5, 16), /record 0: unknown flags/],
    [changed(record + 6, 2), /record 0: bytes after the last field/],
    [changed(record + 6, 4), /record 0: field header beyond the end/],
    [changed(record + 8, 4), /record 0: more stream fields than fields/],
    [changed(record + 10, 65), /record 0: level word too long/],
    [changed(record + 16, 0, 0, 0, 0x80), /record 0: time out of range/],
    [changed(record + 20, 0x40, 0x42, 0x0f), /record 0: nanoseconds above 999,999/],
    [changed(record + 24, 0xff, 0xff, 0xff, 0xff), /record 0: message reaches beyond the record/],
    [changed(field, 6), /record 0: unknown field kind/],
    [changed(field + 1, 0), /record 0: field name length/],
    [changed(field + 1, 129), /record 0: field name length/],
    [changed(field + 2, 0xff, 0xff, 0xff, 0xff), /record 0: field beyond the end/],
  ]
  for (const [batch, problem] of rows) assert.match(check(batch) ?? 'passes', problem)
})

const FUZZ_SEED = 424_242
const FUZZ_RUNS = 20_000
/** Values that lengths and counts are likely to break at. */
const EDGES = [0, 1, 5, 6, 27, 28, 39, 40, 127, 129, 255, 1000, 65_535, 0x7fffffff, 0x80000000, 0xffffffff]

function mutate(random: SeededRandom, batch: Uint8Array, other: Uint8Array): Uint8Array {
  const bytes = batch.slice()
  switch (random.below(5)) {
    case 0:
      for (let flips = 1 + random.below(4); flips > 0; flips--) {
        bytes[random.below(bytes.length)] ^= 1 << random.below(8)
      }
      return bytes
    case 1:
      return bytes.slice(0, random.below(bytes.length))
    case 2:
      return editLength(random, bytes)
    case 3:
      return Uint8Array.of(
        ...bytes.subarray(0, random.below(bytes.length)),
        ...other.subarray(random.below(other.length)),
      )
    default: {
      const from = random.below(bytes.length)
      bytes.set(other.subarray(0, Math.min(other.length, bytes.length - from)), from)
      return bytes
    }
  }
}

/** Puts an edge value, or one near the old value, where some length or count may stand. */
function editLength(random: SeededRandom, bytes: Uint8Array): Uint8Array {
  const at = random.below(bytes.length - 4)
  const view = viewOf(bytes)
  const old = view.getUint32(at, true)
  const value = random.chance(0.5) ? EDGES[random.below(EDGES.length)] : old + random.below(9) - 4
  const width = random.below(3)
  if (width === 0) view.setUint32(at, value >>> 0, true)
  else if (width === 1) view.setUint16(at, value & 0xffff, true)
  else view.setUint8(at, value & 0xff)
  return bytes
}

/** Reads all that a block can give; every value must lie within its memory. */
function readEverything(block: BatchBlock): void {
  const columns = [block.message, block.levelWords, ...block.fieldNames().map((name) => block.field(name))]
  for (const column of columns) {
    if (column === null) continue
    for (let row = 0; row < block.rowCount; row++) {
      assert.ok(column.starts[row] + column.lengths[row] <= column.data.length, 'a value beyond its memory')
    }
  }
  for (let row = 0; row < block.rowCount; row++) {
    const names = block.fieldsOf(row).map((field) => field.name)
    assert.deepEqual(names, block.fieldNamesOf(row))
    assert.ok(block.streamFieldNamesOf(row).every((name) => names.includes(name)))
  }
}

test('mutated batches never make the check throw, and what passes can be read', () => {
  const random = new SeededRandom(FUZZ_SEED)
  const samples = fc.sample(anyBatch, { seed: FUZZ_SEED, numRuns: 60 }).map((model) => encode(model).slice())
  samples.push(encode(SAMPLE).slice())
  let passed = 0
  for (let run = 0; run < FUZZ_RUNS; run++) {
    const sample = samples[random.below(samples.length)]
    const bytes = mutate(random, sample, samples[random.below(samples.length)])
    try {
      if (checkExactly(bytes) !== null) continue
      passed++
      readEverything(blockOf(bytes))
    } catch (error) {
      assert.fail(`seed ${FUZZ_SEED}, run ${run}, batch ${Buffer.from(bytes).toString('hex')}: ${error}`)
    }
  }
  assert.ok(passed > FUZZ_RUNS / 100 && passed < FUZZ_RUNS / 2, `${passed} of ${FUZZ_RUNS} passed`)
})

/** The check over memory that ends with the batch, where a read beyond it throws, and in the middle of other bytes. */
function checkExactly(bytes: Uint8Array): string | null {
  const problem = check(bytes)
  const around = new Uint8Array(bytes.length + 64).fill(1)
  around.set(bytes, 32)
  assert.equal(checkBatch(viewOf(around), 32, 32 + bytes.length), problem, 'bytes beside the batch matter')
  return problem
}
