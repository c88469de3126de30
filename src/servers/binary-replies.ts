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

/** First in, first out; taking is cheap however many there are. */
export class BinaryTurns {
  #turns: BinaryTurn[] = []
  #head = 0

  get length(): number {
    return this.#turns.length - this.#head
  }

  get first(): BinaryTurn | undefined {
    return this.#turns[this.#head]
  }

  push(turn: BinaryTurn): void {
    this.#turns.push(turn)
  }

  shift(): void {
    this.#head++
    if (this.#head * 2 < this.#turns.length) return
    this.#turns = this.#turns.slice(this.#head)
    this.#head = 0
  }
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
