/**
 * The canonical encoding of records, version 1 (docs/formats/batch.md): what the write-ahead log keeps and what
 * every ingest decoder produces. A batch is bytes; no object exists per record on the way in.
 *
 * All integers are little-endian. Times are milliseconds since the epoch as a signed 64-bit number in two halves,
 * and the nanoseconds within that millisecond (0 to 999,999) beside it.
 *
 *   batch   0 u32 length of all, this field included     record   0 u32 length of all, this field included
 *           4 u8  version = 1                                     4 u8  severity, 0 none, 1-24 as OTLP
 *           5 u8  0                                               5 u8  flags, RECORD_FLAG_*
 *           6 u16 key length                                      6 u16 number of fields
 *           8 u32 number of records                               8 u16 of these, stream fields (they come first)
 *          12 u32 bytes of shared fields                         10 u16 level word length
 *          16 u64 first id, 0 until committed                    12 u32 time ms, low half
 *          24 u32 receivedTime ms, low half                      16 i32 time ms, high half
 *          28 i32 receivedTime ms, high half                     20 u32 time, ns within the ms
 *          32 u32 receivedTime, ns within the ms                 24 u32 message length
 *          36 u16 number of shared fields                        28 message, level word, fields
 *          38 u16 of these, stream fields
 *          40 key, shared fields, records               field    0 u8  kind, FIELD_*
 *                                                                1 u8  name length, at least 1
 *                                                                2 u32 value length
 *                                                                6 name, value
 *
 * Shared fields belong to every record of the batch; a record's own field of the same name wins.
 */
import { assert } from '../base/portable.ts'
import {
  BATCH_BYTES_MAX,
  BATCH_RECORDS_MAX,
  FIELD_NAME_BYTES_MAX,
  ID_MAX,
  IDEMPOTENCY_KEY_BYTES_MAX,
  LEVEL_WORD_BYTES_MAX,
  RECORD_ENCODED_BYTES_MAX,
  RECORD_FIELDS_MAX,
  TIME_MS_MAX,
  TIME_MS_MIN,
} from './limits.ts'

export const BATCH_VERSION = 1
export const BATCH_HEADER_BYTES = 40
export const RECORD_HEADER_BYTES = 28
export const FIELD_HEADER_BYTES = 6

/** The level came as its canonical name in capitals (`ERROR`); without this flag and without a word, in small letters. */
export const RECORD_FLAG_LEVEL_UPPER = 1
/** The message was cut at `record.bytesMax`; queries see the field `_truncated`. */
export const RECORD_FLAG_TRUNCATED = 2
/** The sender gave the time (it was not set on arrival). */
export const RECORD_FLAG_SENDER_TIME = 4
/** The sender's time was out of the accepted range: the record is filed by receivedTime. */
export const RECORD_FLAG_FILED_BY_RECEIVED = 8
const RECORD_FLAGS_KNOWN = 15

/** The JSON type of a field's value; the bytes are the text that a query sees (null: no bytes). */
export const FIELD_STRING = 0
export const FIELD_NUMBER = 1
export const FIELD_TRUE = 2
export const FIELD_FALSE = 3
export const FIELD_NULL = 4
/** An array or object kept as JSON text. */
export const FIELD_JSON = 5
/** In columns only: the record has no such field. */
export const FIELD_ABSENT = 255

/** Constants that are exported cost a look-up each time that they are used (measured): these are for hot functions. */
const RECORD_HEAD = RECORD_HEADER_BYTES
const FIELD_HEAD = FIELD_HEADER_BYTES

const TWO_32 = 4_294_967_296
const INITIAL_BYTES = 16 * 1024
/** From here on the engine's own copying is cheaper. */
const NATIVE_COPY_BYTES = 320
const utf8 = new TextEncoder()

/**
 * Writes one batch after another into its own growing memory.
 *
 *   encoder.reset(receivedMs, receivedNs); encoder.shareField(…)*
 *   for each record: encoder.beginRecord(); encoder.putMessage(…); encoder.putLevelWord(…)?; encoder.putField(…)*; encoder.endRecord(…)
 *   store.append(encoder.finish())
 *
 * A decoder on a hot path may write the message itself: `reserve(n)`, then into `bytes` at `position`, then `advanceMessage(n)`.
 */
export class BatchEncoder {
  bytes = new Uint8Array(INITIAL_BYTES)
  /** A view of `bytes`, another one whenever that is another array. */
  view = new DataView(this.bytes.buffer)
  /** Where the next byte goes. */
  position = BATCH_HEADER_BYTES
  count = 0
  #recordStart = 0
  /** Whether the record that began last is ended, and so counted. */
  #isRecordEnded = false
  #messageLength = 0
  #levelWordLength = 0
  #fieldCount = 0
  #streamFieldCount = 0
  #sharedCount = 0
  #sharedStreamCount = 0
  #sharedLength = 0
  #keyLength = 0

  /** Starts a batch. */
  reset(receivedMs: number, receivedNs: number): void {
    this.position = BATCH_HEADER_BYTES
    this.count = 0
    this.#sharedCount = 0
    this.#sharedStreamCount = 0
    this.#sharedLength = 0
    this.#keyLength = 0
    const view = this.view
    this.bytes.fill(0, 0, BATCH_HEADER_BYTES)
    view.setUint8(4, BATCH_VERSION)
    view.setUint32(24, receivedMs >>> 0, true)
    view.setInt32(28, Math.floor(receivedMs / TWO_32), true)
    view.setUint32(32, receivedNs, true)
  }

  /** The sender's idempotency key. Before shared fields and records. */
  setKey(key: Uint8Array): void {
    assert(this.count === 0 && this.#sharedCount === 0, 'the key comes before shared fields and records')
    assert(key.length <= IDEMPOTENCY_KEY_BYTES_MAX, 'idempotency key too long')
    this.reserve(key.length)
    this.bytes.set(key, this.position)
    this.position += key.length
    this.#keyLength = key.length
  }

  /** A field of every record of this batch. Stream fields first, all before the first record. */
  shareField(name: string, value: string | Uint8Array, kind: number = FIELD_STRING, isStream = false): void {
    assert(this.count === 0, 'shared fields come before records')
    const before = this.position
    this.#field(utf8.encode(name), typeof value === 'string' ? utf8.encode(value) : value, kind)
    if (isStream) {
      assert(this.#sharedStreamCount === this.#sharedCount, 'stream fields come first')
      this.#sharedStreamCount++
    }
    this.#sharedCount++
    this.#sharedLength += this.position - before
  }

  /** Makes room for `byteCount` more bytes. `bytes` may be another array afterwards. */
  reserve(byteCount: number): void {
    if (this.position + byteCount > this.bytes.length) this.#grow(this.position + byteCount)
  }

  beginRecord(): void {
    this.reserve(RECORD_HEAD)
    this.#isRecordEnded = false
    this.#recordStart = this.position
    this.position += RECORD_HEAD
    this.#messageLength = 0
    this.#levelWordLength = 0
    this.#fieldCount = 0
    this.#streamFieldCount = 0
  }

  putMessage(source: Uint8Array, start: number, end: number): void {
    assert(this.#levelWordLength === 0 && this.#fieldCount === 0, 'the message comes first')
    this.reserve(end - start)
    this.bytes.set(source.subarray(start, end), this.position)
    this.advanceMessage(end - start)
  }

  /** `putMessage` for hot paths: no object is made. */
  putMessageFrom(source: DataView, start: number, end: number): void {
    assert(this.#levelWordLength === 0 && this.#fieldCount === 0, 'the message comes first')
    this.reserve(end - start)
    const length = end - start
    if (length < NATIVE_COPY_BYTES) copyWords(source, start, length, this.view, this.position)
    else this.#copyLong(source, start, length, this.position)
    this.advanceMessage(end - start)
  }

  /** The caller wrote `byteCount` bytes of the message at `position` itself. */
  advanceMessage(byteCount: number): void {
    this.position += byteCount
    this.#messageLength += byteCount
  }

  putLevelWord(word: Uint8Array): void {
    assert(this.#fieldCount === 0, 'the level word comes before fields')
    assert(word.length <= LEVEL_WORD_BYTES_MAX, 'level word too long')
    this.reserve(word.length)
    this.bytes.set(word, this.position)
    this.position += word.length
    this.#levelWordLength = word.length
  }

  /** Stream fields first. Limits are the caller's to check (`checkField`); breaking one here is a bug. */
  putField(name: Uint8Array, value: Uint8Array, kind: number, isStream = false): void {
    this.#field(name, value, kind)
    this.#countField(isStream)
  }

  /** `putField` for hot paths: no object is made. */
  putFieldFrom(
    names: DataView,
    nameStart: number,
    nameEnd: number,
    source: DataView,
    start: number,
    end: number,
    kind: number,
    isStream = false,
  ): void {
    const nameLength = nameEnd - nameStart
    const length = end - start
    assert(nameLength > 0 && nameLength <= FIELD_NAME_BYTES_MAX, 'field name length')
    this.reserve(FIELD_HEAD + nameLength + length)
    const { view } = this
    const at = this.position
    const valueAt = at + FIELD_HEAD + nameLength
    view.setInt32(at, kind | (nameLength << 8) | (length << 16), true)
    view.setInt16(at + 4, length >>> 16, true)
    copyWords(names, nameStart, nameLength, view, at + FIELD_HEAD)
    if (length < NATIVE_COPY_BYTES) copyWords(source, start, length, view, valueAt)
    else this.#copyLong(source, start, length, valueAt)
    this.position = valueAt + length
    this.#countField(isStream)
  }

  /** The header is written four bytes at a time: stores of single bytes cost as much each. */
  endRecord(severity: number, flags: number, timeMs: number, timeNs: number): void {
    const view = this.view
    const at = this.#recordStart
    view.setUint32(at, this.position - at, true)
    view.setInt32(at + 4, severity | (flags << 8) | (this.#fieldCount << 16), true)
    view.setInt32(at + 8, this.#streamFieldCount | (this.#levelWordLength << 16), true)
    view.setUint32(at + 12, timeMs >>> 0, true)
    view.setInt32(at + 16, Math.floor(timeMs / TWO_32), true)
    view.setUint32(at + 20, timeNs, true)
    view.setUint32(at + 24, this.#messageLength, true)
    this.count++
    this.#isRecordEnded = true
  }

  /** Forgets the record that was begun, or that ended last: back to its start. Once per record. */
  abandonRecord(): void {
    this.position = this.#recordStart
    if (this.#isRecordEnded) this.count--
    this.#isRecordEnded = false
  }

  /** The encoded batch, valid until the next `reset`. At least one record. */
  finish(): Uint8Array {
    assert(this.count > 0, 'an empty batch')
    const view = this.view
    view.setUint32(0, this.position, true)
    view.setUint16(6, this.#keyLength, true)
    view.setUint32(8, this.count, true)
    view.setUint32(12, this.#sharedLength, true)
    view.setUint16(36, this.#sharedCount, true)
    view.setUint16(38, this.#sharedStreamCount, true)
    return this.bytes.subarray(0, this.position)
  }

  #countField(isStream: boolean): void {
    if (isStream) {
      assert(this.#streamFieldCount === this.#fieldCount, 'stream fields come first')
      this.#streamFieldCount++
    }
    this.#fieldCount++
  }

  #copyLong(source: DataView, from: number, length: number, to: number): void {
    this.bytes.set(new Uint8Array(source.buffer, source.byteOffset + from, length), to)
  }

  #field(name: Uint8Array, value: Uint8Array, kind: number): void {
    assert(name.length > 0 && name.length <= FIELD_NAME_BYTES_MAX, 'field name length')
    this.reserve(FIELD_HEADER_BYTES + name.length + value.length)
    const at = this.position
    this.bytes[at] = kind
    this.bytes[at + 1] = name.length
    this.view.setUint32(at + 2, value.length, true)
    this.bytes.set(name, at + FIELD_HEADER_BYTES)
    this.bytes.set(value, at + FIELD_HEADER_BYTES + name.length)
    this.position = at + FIELD_HEADER_BYTES + name.length + value.length
  }

  #grow(needed: number): void {
    let size = this.bytes.length
    while (size < needed) size *= 2
    const grown = new Uint8Array(size)
    grown.set(this.bytes.subarray(0, this.position))
    this.bytes = grown
    this.view = new DataView(grown.buffer)
  }
}

/**
 * Copies fewer bytes than a call of the engine's own copying pays for (measured: 39 ns a call, 5 ns of them for
 * `NATIVE_COPY_BYTES`). Eight at a time; the last eight overlap those before. The compiler keeps the BigInt in a register.
 */
function copyWords(source: DataView, from: number, length: number, target: DataView, to: number): void {
  if (length >= 8) {
    const last = length - 8
    for (let at = 0; at < last; at += 8) {
      target.setBigInt64(to + at, source.getBigInt64(from + at, true), true)
    }
    target.setBigInt64(to + last, source.getBigInt64(from + last, true), true)
  } else if (length >= 4) {
    const first = source.getInt32(from, true)
    target.setInt32(to + length - 4, source.getInt32(from + length - 4, true), true)
    target.setInt32(to, first, true)
  } else {
    for (let at = 0; at < length; at++) target.setUint8(to + at, source.getUint8(from + at))
  }
}

// ---- reading ------------------------------------------------------------------------------------------------

/** Header fields of a batch at an offset of some memory. All readers assume that `checkBatch` found no problem. */
export const batchLength = (view: DataView, at: number): number => view.getUint32(at, true)
export const batchCount = (view: DataView, at: number): number => view.getUint32(at + 8, true)
export const batchFirstId = (view: DataView, at: number): number =>
  view.getUint32(at + 20, true) * TWO_32 + view.getUint32(at + 16, true)
export const batchReceivedMs = (view: DataView, at: number): number =>
  view.getInt32(at + 28, true) * TWO_32 + view.getUint32(at + 24, true)
export const batchReceivedNs = (view: DataView, at: number): number => view.getUint32(at + 32, true)
export const batchKeyLength = (view: DataView, at: number): number => view.getUint16(at + 6, true)
export const batchSharedStart = (view: DataView, at: number): number =>
  at + BATCH_HEADER_BYTES + batchKeyLength(view, at)
export const batchSharedCount = (view: DataView, at: number): number => view.getUint16(at + 36, true)
export const batchSharedStreamCount = (view: DataView, at: number): number => view.getUint16(at + 38, true)
export const batchRecordsStart = (view: DataView, at: number): number =>
  batchSharedStart(view, at) + view.getUint32(at + 12, true)

export function setBatchFirstId(view: DataView, at: number, firstId: number): void {
  view.setUint32(at + 16, firstId >>> 0, true)
  view.setUint32(at + 20, Math.floor(firstId / TWO_32), true)
}

export function setBatchReceived(view: DataView, at: number, receivedMs: number, receivedNs: number): void {
  view.setUint32(at + 24, receivedMs >>> 0, true)
  view.setInt32(at + 28, Math.floor(receivedMs / TWO_32), true)
  view.setUint32(at + 32, receivedNs, true)
}

export const recordLength = (view: DataView, at: number): number => view.getUint32(at, true)
export const recordSeverity = (view: DataView, at: number): number => view.getUint8(at + 4)
export const recordFlags = (view: DataView, at: number): number => view.getUint8(at + 5)
export const recordFieldCount = (view: DataView, at: number): number => view.getUint16(at + 6, true)
export const recordStreamFieldCount = (view: DataView, at: number): number => view.getUint16(at + 8, true)
export const recordLevelWordLength = (view: DataView, at: number): number => view.getUint16(at + 10, true)
export const recordTimeMs = (view: DataView, at: number): number =>
  view.getInt32(at + 16, true) * TWO_32 + view.getUint32(at + 12, true)
export const recordTimeNs = (view: DataView, at: number): number => view.getUint32(at + 20, true)
export const recordMessageLength = (view: DataView, at: number): number => view.getUint32(at + 24, true)
export const recordMessageStart = (at: number): number => at + RECORD_HEADER_BYTES
export const recordFieldsStart = (view: DataView, at: number): number =>
  at + RECORD_HEADER_BYTES + recordMessageLength(view, at) + recordLevelWordLength(view, at)

export const fieldKind = (view: DataView, at: number): number => view.getUint8(at)
export const fieldNameLength = (view: DataView, at: number): number => view.getUint8(at + 1)
export const fieldValueLength = (view: DataView, at: number): number => view.getUint32(at + 2, true)
export const fieldLength = (view: DataView, at: number): number =>
  FIELD_HEADER_BYTES + fieldNameLength(view, at) + fieldValueLength(view, at)

/**
 * What is wrong with the batch that starts at `at`, or null. Never reads beyond `end`, whatever the bytes say;
 * a batch that passes can be read without further checks.
 */
export function checkBatch(view: DataView, at: number, end: number): string | null {
  if (end - at < BATCH_HEADER_BYTES) return 'shorter than a batch header'
  const length = batchLength(view, at)
  if (length < BATCH_HEADER_BYTES || length > BATCH_BYTES_MAX) return `batch length ${length}`
  if (at + length > end) return 'batch reaches beyond the end'
  if (view.getUint8(at + 4) !== BATCH_VERSION) return `batch version ${view.getUint8(at + 4)}`
  if (view.getUint8(at + 5) !== 0) return 'unknown batch flags'
  const count = batchCount(view, at)
  if (count === 0 || count > BATCH_RECORDS_MAX) return `${count} records`
  const keyLength = batchKeyLength(view, at)
  if (keyLength > IDEMPOTENCY_KEY_BYTES_MAX) return `key length ${keyLength}`
  const batchEnd = at + length
  if (batchRecordsStart(view, at) > batchEnd) return 'shared fields reach beyond the batch'
  const firstId = batchFirstId(view, at)
  if (firstId + count > ID_MAX) return 'id out of range'
  const timeProblem = checkTime(batchReceivedMs(view, at), batchReceivedNs(view, at))
  if (timeProblem !== null) return timeProblem
  const sharedCount = batchSharedCount(view, at)
  if (batchSharedStreamCount(view, at) > sharedCount) return 'more shared stream fields than shared fields'
  const recordsStart = batchRecordsStart(view, at)
  const sharedProblem = checkFields(view, batchSharedStart(view, at), recordsStart, sharedCount)
  if (sharedProblem !== null) return sharedProblem
  let position = recordsStart
  for (let index = 0; index < count; index++) {
    const problem = checkRecord(view, position, batchEnd)
    if (problem !== null) return `record ${index}: ${problem}`
    position += recordLength(view, position)
  }
  return position === batchEnd ? null : 'bytes after the last record'
}

function checkRecord(view: DataView, at: number, end: number): string | null {
  if (end - at < RECORD_HEADER_BYTES) return 'shorter than a record header'
  const length = recordLength(view, at)
  if (length < RECORD_HEADER_BYTES || length > RECORD_ENCODED_BYTES_MAX) return `length ${length}`
  if (at + length > end) return 'reaches beyond the batch'
  if (recordSeverity(view, at) > 24) return 'severity above 24'
  if ((recordFlags(view, at) & ~RECORD_FLAGS_KNOWN) !== 0) return 'unknown flags'
  if (recordLevelWordLength(view, at) > LEVEL_WORD_BYTES_MAX) return 'level word too long'
  if (recordStreamFieldCount(view, at) > recordFieldCount(view, at)) return 'more stream fields than fields'
  const timeProblem = checkTime(recordTimeMs(view, at), recordTimeNs(view, at))
  if (timeProblem !== null) return timeProblem
  const fieldsStart = recordFieldsStart(view, at)
  if (fieldsStart > at + length) return 'message reaches beyond the record'
  return checkFields(view, fieldsStart, at + length, recordFieldCount(view, at))
}

function checkTime(timeMs: number, timeNs: number): string | null {
  if (timeMs < TIME_MS_MIN || timeMs > TIME_MS_MAX) return 'time out of range'
  return timeNs > 999_999 ? 'nanoseconds above 999,999' : null
}

function checkFields(view: DataView, start: number, end: number, count: number): string | null {
  if (count > RECORD_FIELDS_MAX) return `${count} fields`
  let position = start
  for (let index = 0; index < count; index++) {
    if (end - position < FIELD_HEADER_BYTES) return 'field header beyond the end'
    if (fieldKind(view, position) > FIELD_JSON) return 'unknown field kind'
    const nameLength = fieldNameLength(view, position)
    if (nameLength === 0 || nameLength > FIELD_NAME_BYTES_MAX) return 'field name length'
    position += fieldLength(view, position)
    if (position > end) return 'field beyond the end'
  }
  return position === end ? null : 'bytes after the last field'
}
