/**
 * LOG requests of the binary protocol that are stored together: encoded as they are decoded, without an object of
 * their own. One for all sessions, since a batch is begun and taken within one turn of the event loop.
 */
import { BatchEncoder, RECORD_FLAG_SENDER_TIME, RECORD_HEADER_BYTES } from '../record/record.ts'
import type { BinaryLog } from '../wire/wire.ts'

export interface TakenBatch {
  /** For the store; valid until the next batch is begun. */
  readonly bytes: Uint8Array
  /** Sequences of the requests, in the order of the records. For the caller to keep. */
  readonly sequences: Uint32Array
}

const INITIAL_RECORDS = 1024
const SECOND_MS = 1000

export class BinaryLogBatch {
  readonly #encoder = new BatchEncoder()
  readonly #batchBytesMax: number
  #sequences = new Uint32Array(INITIAL_RECORDS)
  #count = 0
  #arrivalMs = 0
  #arrivalNs = 0

  constructor(batchBytesMax: number) {
    this.#batchBytesMax = batchBytesMax
  }

  get isEmpty(): boolean {
    return this.#count === 0
  }

  /** Whether one more message fits. The first always does. */
  hasRoomFor(messageBytes: number): boolean {
    const bytes = this.#encoder.position + RECORD_HEADER_BYTES + messageBytes
    return this.#count === 0 || bytes <= this.#batchBytesMax
  }

  /** `nowMs` may have a fraction. */
  begin(nowMs: number): void {
    this.#count = 0
    this.#arrivalMs = Math.floor(nowMs)
    this.#arrivalNs = Math.min(999_999, Math.floor((nowMs - this.#arrivalMs) * 1_000_000))
    this.#encoder.reset(this.#arrivalMs, this.#arrivalNs)
  }

  add({ sequence, severity, timeSeconds, message }: BinaryLog): void {
    const encoder = this.#encoder
    encoder.beginRecord()
    encoder.putMessage(message, 0, message.length)
    if (timeSeconds === 0) encoder.endRecord(severity, 0, this.#arrivalMs, this.#arrivalNs)
    else encoder.endRecord(severity, RECORD_FLAG_SENDER_TIME, timeSeconds * SECOND_MS, 0)
    if (this.#count === this.#sequences.length) this.#grow()
    this.#sequences[this.#count++] = sequence
  }

  /** What was added since `begin`; at least one record. */
  take(): TakenBatch {
    const taken = { bytes: this.#encoder.finish(), sequences: this.#sequences.slice(0, this.#count) }
    this.#count = 0
    return taken
  }

  #grow(): void {
    const grown = new Uint32Array(this.#sequences.length * 2)
    grown.set(this.#sequences)
    this.#sequences = grown
  }
}
