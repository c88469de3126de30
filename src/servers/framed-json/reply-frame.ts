/**
 * Frames of replies, put together around payloads that are JSON text: rows of a query are never parsed and printed
 * once more. JsonFrameDecoder reads them.
 */
import { AssertionError, CodedError, isCodedError } from '../../base/base.ts'
import { LOG_REFUSALS, QUERY_REFUSALS } from '../../ingest/ingest.ts'
import { JSON_FRAME_BYTES_MAX, JSON_FRAME_HEADER_BYTES } from '../../wire/wire.ts'

export interface ReplyEnvelope {
  readonly timestamp: number
  readonly senderId: string
  readonly correlationId: string | number | null
}

/** Bytes of a frame that are not its payload, at most: names and ids have bounds. */
const ENVELOPE_BYTES_MAX = 8 * 1024
/** Bytes of a payload's JSON text that fit into a frame, whatever its envelope. */
export const PAYLOAD_BYTES_MAX = JSON_FRAME_BYTES_MAX - ENVELOPE_BYTES_MAX

/** FRAME_TOO_LARGE. */
export function encodeReply(type: string, payloadJson: string, envelope: ReplyEnvelope): Uint8Array {
  const { timestamp, senderId, correlationId } = envelope
  return frameOf(
    `{"type":${JSON.stringify(type)},"payload":${payloadJson},"timestamp":${timestamp},` +
      `"sender_id":${JSON.stringify(senderId)},"correlation_id":${JSON.stringify(correlationId)}}`,
  )
}

/** Without sender and time, for answers that must be short. */
export function encodeBareReply(
  type: string,
  payloadJson: string,
  correlationId: ReplyEnvelope['correlationId'],
): Uint8Array {
  const id = correlationId === null ? '' : `,"correlation_id":${JSON.stringify(correlationId)}`
  return frameOf(`{"type":${JSON.stringify(type)},"payload":${payloadJson}${id}}`)
}

function frameOf(text: string): Uint8Array {
  const length = Buffer.byteLength(text)
  if (length > JSON_FRAME_BYTES_MAX) {
    const problem = `The answer does not fit into a frame: ${length} bytes, at most ${JSON_FRAME_BYTES_MAX}`
    throw new CodedError('FRAME_TOO_LARGE', problem)
  }
  const frame = Buffer.allocUnsafe(JSON_FRAME_HEADER_BYTES + length)
  frame.writeUInt32BE(length, 0)
  frame.write(text, JSON_FRAME_HEADER_BYTES)
  return frame
}

/** An error must fit into a frame, whoever wrote its message. */
const REASON_LENGTH_MAX = 4096

/** What a session says that has no memory left for the rest of a frame. */
export const NO_MEMORY = 'Frame too long for the memory that is left: try again later'

export interface ErrorPayload {
  readonly error: string
  readonly code: string
}

/** The payload of an `error` frame. What the store says of itself is for our own log; the peer gets the usual words. */
export function errorPayload(error: unknown): ErrorPayload {
  if (error instanceof AssertionError) throw error
  if (!isCodedError(error)) return { error: QUERY_REFUSALS.internal, code: 'INTERNAL_ERROR' }
  const reason = STORE_REASONS.get(error.code) ?? error.message
  return { error: reason.slice(0, REASON_LENGTH_MAX), code: error.code }
}

const STORE_REASONS: ReadonlyMap<string, string> = new Map([
  ['STORE_FULL', LOG_REFUSALS.storageFull],
  ['STORE_READ_ONLY', LOG_REFUSALS.storageFull],
  ['STORE_CLOSED', LOG_REFUSALS.shuttingDown],
])
