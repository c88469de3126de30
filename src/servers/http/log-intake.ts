/**
 * Takes the records of one body to the store, and counts what became of them.
 *
 * Invariants:
 *  - a chunk is decoded only while there is room: for bytes that are not stored, of this request and of all.
 *  - `finished` resolves when every batch is durable or refused: only then may an answer say how many are stored.
 *  - after a batch that the store refused nothing more is decoded.
 */
import { AssertionError, type Clock, isCodedError } from '../../base/base.ts'
import type { GateWaiter, StoreGate } from '../store-gate.ts'
import type { LineRefusal, RecordDecoder } from './record-decoder.ts'

export interface IntakeResult {
  /** Records that are durable. */
  readonly accepted: number
  /** Of those, the ones that were not there before. */
  readonly stored: number
  /** Lines that were refused, each for itself. */
  readonly refused: number
  /** The first of them. */
  readonly refusals: readonly LineRefusal[]
  /** Of the records that are durable; null when there are none. */
  readonly firstId: number | null
  readonly lastId: number | null
  /** Records whose time is too far ahead or too old: they are filed by their arrival. */
  readonly filedByReceived: number
  /** All of it was stored before, under the same key. */
  readonly isRepeated: boolean
  /** Why not all of it was stored, or null. */
  readonly failure: unknown
}

export interface IntakeOptions {
  /** Bytes of this request that were read and are not stored. */
  readonly unackedBytesMax: number
  /** The decoder gives its batches keys. */
  readonly isKeyed: boolean
}

export class LogIntake implements GateWaiter {
  readonly #gate: StoreGate
  readonly #clock: Clock
  readonly #decoder: RecordDecoder
  readonly #unackedBytesMax: number
  readonly #isKeyed: boolean
  #heldBytes = 0
  #pending = 0
  #accepted = 0
  #firstId = Infinity
  #lastId = -Infinity
  #filed = 0
  /** Of batches that were there before. */
  #repeated = 0
  #failure: unknown = null
  #isMoreComing = false
  /** Whoever waits for room, or for the last batch. */
  #wake: (() => void) | null = null

  constructor(gate: StoreGate, clock: Clock, decoder: RecordDecoder, options: IntakeOptions) {
    this.#gate = gate
    this.#clock = clock
    this.#decoder = decoder
    this.#unackedBytesMax = options.unackedBytesMax
    this.#isKeyed = options.isKeyed
  }

  get hasFailed(): boolean {
    return this.#failure !== null
  }

  /** The gate may be open again. */
  go(): void {
    this.#wakeUp()
  }

  /**
   * Stores what the chunk holds, as soon as there is room. The chunk must not change any more. `isMoreComing`: it is not the
   * last one.
   */
  async take(chunk: Uint8Array, isMoreComing = false): Promise<void> {
    const { ms, ns } = this.#arrival()
    this.#isMoreComing = isMoreComing
    this.#decoder.push(chunk, ms, ns)
    await this.#storeDecoded()
  }

  /** Nothing more comes; a last line without its newline counts when the body is whole. */
  async end(isWhole: boolean): Promise<void> {
    if (this.hasFailed) return
    const { ms, ns } = this.#arrival()
    this.#isMoreComing = false
    this.#decoder.end(isWhole, ms, ns)
    await this.#storeDecoded()
    this.#gate.store.hurry()
  }

  /** What became of it all. */
  async finished(): Promise<IntakeResult> {
    while (this.#pending > 0) await this.#sleep()
    this.#gate.leave(this)
    const hasRecords = this.#accepted > 0
    const result: IntakeResult = {
      accepted: this.#accepted,
      refused: this.#decoder.refused,
      refusals: this.#decoder.refusals(),
      firstId: hasRecords ? this.#firstId : null,
      lastId: hasRecords ? this.#lastId : null,
      filedByReceived: this.#filed,
      stored: this.#accepted - this.#repeated,
      isRepeated: hasRecords && this.#repeated === this.#accepted,
      failure: this.#failure,
    }
    this.#releaseDecoder()
    return result
  }

  async #storeDecoded(): Promise<void> {
    while (!this.hasFailed) {
      if (!this.#hasRoom()) await this.#sleep()
      else {
        const batch = this.#decoder.next()
        if (batch === null) return
        this.#store(batch.bytes, batch.count)
      }
    }
  }

  #hasRoom(): boolean {
    return this.#heldBytes < this.#unackedBytesMax && this.#gate.admits(this, this.#heldBytes)
  }

  #store(bytes: Uint8Array, count: number): void {
    const byteCount = bytes.length
    this.#pending++
    this.#heldBytes += byteCount
    this.#gate.take(byteCount)
    const before = this.#repeatedBatches()
    const filedBefore = this.#gate.store.filedByReceived ?? 0
    const isMoreComing = this.#isMoreComing && this.#heldBytes < this.#unackedBytesMax
    const appended = this.#gate.append(bytes, { isMoreComing })
    const filed = (this.#gate.store.filedByReceived ?? 0) - filedBefore
    // A store that knows the key of a batch says so in its statistics, at once.
    const isRepeated = this.#repeatedBatches() > before
    appended.then(
      (firstId) => this.#stored(firstId, count, byteCount, isRepeated ? 0 : filed, isRepeated),
      (error: unknown) => this.#notStored(error, byteCount),
    )
  }

  #repeatedBatches(): number {
    return this.#isKeyed ? this.#gate.store.stats().repeatedBatches : 0
  }

  #stored(firstId: number, count: number, byteCount: number, filed: number, isRepeated: boolean): void {
    this.#gate.storeTook()
    this.#filed += filed
    this.#accepted += count
    if (isRepeated) this.#repeated += count
    this.#firstId = Math.min(this.#firstId, firstId)
    this.#lastId = Math.max(this.#lastId, firstId + count - 1)
    this.#settled(byteCount)
  }

  #notStored(error: unknown, byteCount: number): void {
    if (error instanceof AssertionError) throw error
    if (isCodedError(error, 'STORE_FULL')) this.#gate.storeRefused()
    this.#failure ??= error
    this.#settled(byteCount)
  }

  #settled(byteCount: number): void {
    this.#pending--
    this.#heldBytes -= byteCount
    this.#gate.give(byteCount)
    this.#wakeUp()
  }

  /** Until a batch is settled or the gate may be open. */
  #sleep(): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = resolve
    })
  }

  #wakeUp(): void {
    this.#wake?.()
    this.#wake = null
  }

  /** Gives back what the decoder holds of a line; what it still finds is not stored. */
  #releaseDecoder(): void {
    this.#decoder.end(false, 0, 0)
    while (this.#decoder.next() !== null) {
      // Not stored: the store refused what came before.
    }
  }

  #arrival(): { readonly ms: number; readonly ns: number } {
    const nowMs = this.#clock.wallMs()
    const ms = Math.floor(nowMs)
    return { ms, ns: Math.min(999_999, Math.floor((nowMs - ms) * 1_000_000)) }
  }
}
