/**
 * Which records are filed by receivedTime because nobody can believe their own: a time more than a day ahead, or older
 * than what is kept at all. They are stored as they came; only the flag says by what they are filed.
 */
import {
  BATCH_HEADER_BYTES,
  batchCount,
  batchReceivedMs,
  batchRecordsStart,
  RECORD_FLAG_FILED_BY_RECEIVED,
  RECORD_HEADER_BYTES,
  recordFlags,
  recordLength,
  recordTimeMs,
} from './batch.ts'

/** A time may be so far ahead of receivedTime. */
const AHEAD_MS_MAX = 86_400_000
const FLAGS_OFFSET = 5
const FILED = RECORD_FLAG_FILED_BY_RECEIVED

/**
 * Sets RECORD_FLAG_FILED_BY_RECEIVED, in the batch's own bytes, on records that are more than a day ahead of the
 * batch's receivedTime or more than `ageMsMax` behind it (0: no limit). How many there are. Bytes that are no batch are
 * left to whoever checks them.
 */
export function fileByReceived(batch: Uint8Array, ageMsMax: number): number {
  if (batch.length < BATCH_HEADER_BYTES) return 0
  const view = new DataView(batch.buffer, batch.byteOffset, batch.length)
  const receivedMs = batchReceivedMs(view, 0)
  const latestMs = receivedMs + AHEAD_MS_MAX
  const earliestMs = ageMsMax === 0 ? Number.NEGATIVE_INFINITY : receivedMs - ageMsMax
  const end = batch.length - RECORD_HEADER_BYTES
  let filed = 0
  let at = batchRecordsStart(view, 0)
  for (let left = batchCount(view, 0); left > 0 && at <= end; left--) {
    const timeMs = recordTimeMs(view, at)
    if (timeMs > latestMs || timeMs < earliestMs) {
      view.setUint8(at + FLAGS_OFFSET, recordFlags(view, at) | FILED)
      filed++
    }
    const length = recordLength(view, at)
    if (length < RECORD_HEADER_BYTES) break
    at += length
  }
  return filed
}
