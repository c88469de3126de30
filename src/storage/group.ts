/**
 * A group: batches that are committed with one write and one sync, laid down in a chunk as the frame they will be.
 * While one group is on its way to the disk, the next one gathers; that is the whole of group commit (rule R3).
 */
import { crc32 } from 'node:zlib'
import {
  BATCH_HEADER_BYTES,
  BATCH_RECORDS_MAX,
  BATCH_VERSION,
  batchCount,
  batchKeyLength,
  batchLength,
  batchReceivedMs,
  batchReceivedNs,
  batchRecordsStart,
  IDEMPOTENCY_KEY_BYTES_MAX,
  LEVEL_WORD_BYTES_MAX,
  RECORD_ENCODED_BYTES_MAX,
  RECORD_FIELDS_MAX,
  RECORD_FLAG_FILED_BY_RECEIVED,
  RECORD_FLAG_LEVEL_UPPER,
  RECORD_FLAG_SENDER_TIME,
  RECORD_FLAG_TRUNCATED,
  RECORD_HEADER_BYTES,
  recordFieldCount,
  recordFieldsStart,
  recordFlags,
  recordLength,
  recordLevelWordLength,
  recordSeverity,
  recordStreamFieldCount,
  recordTimeMs,
  recordTimeNs,
  setBatchFirstId,
  setBatchReceived,
  TIME_MS_MAX,
  TIME_MS_MIN,
} from '../record/record.ts'
import type { Chunk } from './buffer.ts'
import { FRAME_HEADER_BYTES, FRAME_PAYLOAD_BYTES_MAX } from './frame.ts'

export interface Waiter {
  readonly firstId: number
  readonly key: string | null
  readonly receivedMs: number
  resolve(firstId: number): void
  reject(error: unknown): void
}

export class Group {
  readonly chunk: Chunk
  readonly #epoch: number
  /** Where the frame starts in the chunk. */
  readonly start: number
  end: number
  readonly firstId: number
  records = 0
  keys = 0
  timeMsMin = Number.POSITIVE_INFINITY
  timeMsMax = Number.NEGATIVE_INFINITY
  receivedMsMax = 0
  /** Of the payload: summed up batch by batch, while a batch is in the processor's own memory. */
  payloadCrc = 0
  readonly waiters: Waiter[] = []
  /** Somebody waits for what is in it, and not for more. */
  isUrgent = false

  constructor(chunk: Chunk, firstId: number) {
    this.chunk = chunk
    this.#epoch = chunk.epoch
    this.start = chunk.used
    chunk.used += FRAME_HEADER_BYTES
    this.end = chunk.used
    this.firstId = firstId
  }

  get bytes(): number {
    return this.end - this.start
  }

  get payloadLength(): number {
    return this.bytes - FRAME_HEADER_BYTES
  }

  get endId(): number {
    return this.firstId + this.records
  }

  /** Whether the chunk still holds this group. Afterwards it is on disk only. */
  get isResident(): boolean {
    return this.chunk.epoch === this.#epoch
  }

  frame(): Uint8Array {
    return this.chunk.bytes.subarray(this.start, this.end)
  }

  /** Whether a batch may still join: the frame stays within its limit, and nothing else took the room behind it. */
  hasRoom(byteCount: number, groupBytesMax: number): boolean {
    return (
      this.end === this.chunk.used &&
      this.chunk.free >= byteCount &&
      this.payloadLength + byteCount <= Math.min(groupBytesMax, FRAME_PAYLOAD_BYTES_MAX)
    )
  }

  /** Copies a batch in and gives it its ids. Its receivedTime never steps back (rule R23). */
  add(batch: Uint8Array, facts: BatchFacts, receivedMs: number, receivedNs: number): void {
    const at = this.end
    const { bytes, view } = this.chunk
    this.chunk.put(batch, at)
    setBatchFirstId(view, at, this.endId)
    if (receivedMs !== facts.receivedMs || receivedNs !== facts.receivedNs) {
      setBatchReceived(view, at, receivedMs, receivedNs)
    }
    this.end += batch.length
    this.payloadCrc = crc32(bytes.subarray(at, this.end), this.payloadCrc)
    this.chunk.used = this.end
    this.records += facts.records
    if (facts.keyLength > 0) this.keys++
    if (facts.timeMsMin < this.timeMsMin) this.timeMsMin = facts.timeMsMin
    if (facts.timeMsMax > this.timeMsMax) this.timeMsMax = facts.timeMsMax
    if (receivedMs > this.receivedMsMax) this.receivedMsMax = receivedMs
  }
}

export interface BatchFacts {
  readonly records: number
  readonly keyLength: number
  readonly timeMsMin: number
  readonly timeMsMax: number
  readonly receivedMs: number
  readonly receivedNs: number
}

/**
 * Facts of a batch, or what is wrong with it. What would be refused when it is read back must not be acknowledged, so
 * this checks what `checkBatch` checks, but for what lies inside fields: that is the encoder's promise, and walking
 * over them would cost as much as decoding (measured with five fields: 11 ns a record here, 120 ns there).
 */
export function readBatchFacts(batch: Uint8Array): BatchFacts | string {
  if (batch.length < BATCH_HEADER_BYTES) return 'shorter than a batch header'
  const view = new DataView(batch.buffer, batch.byteOffset, batch.byteLength)
  if (batchLength(view, 0) !== batch.length)
    return `its length says ${batchLength(view, 0)}, it has ${batch.length} bytes`
  if (batch[4] !== BATCH_VERSION || batch[5] !== 0) return `version ${batch[4]}, flags ${batch[5]}`
  const records = batchCount(view, 0)
  if (records === 0 || records > BATCH_RECORDS_MAX) return `${records} records`
  const keyLength = batchKeyLength(view, 0)
  if (keyLength > IDEMPOTENCY_KEY_BYTES_MAX) return `a key of ${keyLength} bytes`
  const receivedMs = batchReceivedMs(view, 0)
  if (!isTime(receivedMs) || batchReceivedNs(view, 0) > 999_999) return 'its receivedTime is out of range'
  let timeMsMin = Number.POSITIVE_INFINITY
  let timeMsMax = Number.NEGATIVE_INFINITY
  let position = batchRecordsStart(view, 0)
  for (let index = 0; index < records; index++) {
    if (position + RECORD_HEADER_BYTES > batch.length) return `record ${index} reaches beyond the batch`
    const timeMs = recordTimeMs(view, position)
    if (timeMs < timeMsMin) timeMsMin = timeMs
    if (timeMs > timeMsMax) timeMsMax = timeMs
    const problem = checkOutline(view, position)
    if (problem !== null) return `record ${index}: ${problem}`
    position += recordLength(view, position)
  }
  if (position !== batch.length) return 'its records do not fill it'
  if (!isTime(timeMsMin) || !isTime(timeMsMax)) return 'the time of a record is out of range'
  return { records, keyLength, timeMsMin, timeMsMax, receivedMs, receivedNs: batchReceivedNs(view, 0) }
}

const RECORD_FLAGS_KNOWN =
  RECORD_FLAG_LEVEL_UPPER | RECORD_FLAG_TRUNCATED | RECORD_FLAG_SENDER_TIME | RECORD_FLAG_FILED_BY_RECEIVED

/** What is wrong with a record, as far as its header says. */
function checkOutline(view: DataView, at: number): string | null {
  const length = recordLength(view, at)
  if (length < RECORD_HEADER_BYTES || length > RECORD_ENCODED_BYTES_MAX) return `${length} bytes`
  if (recordFieldsStart(view, at) > at + length) return 'its message reaches beyond it'
  if (recordLevelWordLength(view, at) > LEVEL_WORD_BYTES_MAX) return 'its level word is too long'
  const fields = recordFieldCount(view, at)
  if (fields > RECORD_FIELDS_MAX || recordStreamFieldCount(view, at) > fields) return `${fields} fields`
  if (recordSeverity(view, at) > 24 || (recordFlags(view, at) & ~RECORD_FLAGS_KNOWN) !== 0)
    return 'its level or flags'
  return recordTimeNs(view, at) > 999_999 ? 'its nanoseconds' : null
}

const isTime = (timeMs: number): boolean => timeMs >= TIME_MS_MIN && timeMs <= TIME_MS_MAX
