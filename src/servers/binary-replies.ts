/**
 * What a binary session owes its peer, in the order in which it was asked. A turn is the replies to a stretch of
 * requests: to a batch that must be durable first, or to one request that needs no record.
 */
import { BINARY_COMMANDS, type BinaryRefusal, encodeBinaryRefusal, encodeBinaryStored } from '../wire/wire.ts'

export interface BinaryTurn {
  /** Makes the replies when they can be sent; null while their records are on their way to the disk. */
  print: (() => Uint8Array) | null
  /** What it is charged with until it is told. */
  readonly replyBytes: number
}

/** Bytes of the reply to a record that was stored. */
export const STORED_REPLY_BYTES = encodeBinaryStored(0, 0).length

/** The replies to requests of which nothing was stored. */
export function encodeRefusedReplies(
  sequences: Uint32Array,
  refusal: BinaryRefusal,
  reason: string,
): Uint8Array {
  const replies = Array.from(sequences, (sequence) =>
    encodeBinaryRefusal(BINARY_COMMANDS.log, sequence, refusal, reason),
  )
  return Buffer.concat(replies)
}
