/**
 * The frame of a `log_batch` request, put together around records that are JSON text already: a batch that is sent
 * again, or that comes from a spill file, is not parsed and printed once more.
 *
 * Its counterpart for everything else is `encodeJsonFrame`; JsonFrameDecoder reads both.
 */
import { assert } from '../base/base.ts'
import { JSON_FRAME_BYTES_MAX, JSON_FRAME_HEADER_BYTES } from '../wire/wire.ts'

export interface LogFrame {
  readonly correlationId: number
  readonly senderId: string
  readonly batchId: string
  /** JSON objects with commas between them. */
  readonly body: Uint8Array
}

export function encodeLogFrame({ correlationId, senderId, batchId, body }: LogFrame): Uint8Array {
  const envelope = `{"type":"log_batch","correlation_id":${correlationId},"sender_id":${JSON.stringify(senderId)}`
  const head = Buffer.from(`${envelope},"payload":{"batch_id":${JSON.stringify(batchId)},"records":[`)
  const tail = Buffer.from(']}}')
  const length = head.length + body.length + tail.length
  assert(length <= JSON_FRAME_BYTES_MAX, 'batches are cut to fit into a frame')
  const frame = Buffer.allocUnsafe(JSON_FRAME_HEADER_BYTES + length)
  frame.writeUInt32BE(length, 0)
  head.copy(frame, JSON_FRAME_HEADER_BYTES)
  frame.set(body, JSON_FRAME_HEADER_BYTES + head.length)
  tail.copy(frame, JSON_FRAME_HEADER_BYTES + head.length + body.length)
  return frame
}
