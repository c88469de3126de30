/**
 * Log lines of datagrams on their way into the store. They are decoded like those of a connection, but nobody is
 * answered: LOG commands are records or counted as refused, and PING, STATS, AUTH and QUIT mean nothing here.
 *
 * Invariants:
 *  - what waits here, as it came or decoded, is bounded by `queueBytesMax`; what comes beyond is not taken, and the
 *    caller counts it.
 *  - lines are decoded only when the store takes records; while it is full, batches wait for room.
 *  - every line that was taken becomes a record that is stored, or is counted: as a refused command, or as a drop.
 */
import { AssertionError, type Clock, isCodedError } from '../base/base.ts'
import {
  type LogBatchStep,
  type TextLogCounters,
  TextLogDecoder,
  type TextLogOptions,
  TextLogWorkspace,
} from '../ingest/ingest.ts'
import type { GateWaiter, StoreGate } from './store-gate.ts'
import type { UdpDrop, UdpDrops } from './udp-drops.ts'
import { DatagramGather, type DatagramGroup } from './udp-gather.ts'

export interface UdpLinesOptions {
  readonly text: TextLogOptions
  /** Whether records keep their sender as `client.address` and `client.port`. */
  readonly clientFields: boolean
  /** Bytes that wait for the store. */
  readonly queueBytesMax: number
  /** How long lines are gathered before they are decoded. */
  readonly gatherMs: number
  /** Told what our own log should say. */
  readonly problem: (message: string, error: unknown) => void
}

export interface UdpLinesStats extends TextLogCounters {
  /** PING, STATS, AUTH and QUIT. */
  readonly ignoredCommands: number
  /** Records that are durable. */
  readonly stored: number
  /** Records on their way to the disk. */
  readonly pending: number
  /** Bytes that wait for the store. */
  readonly heldBytes: number
}

interface Batch {
  readonly bytes: Uint8Array
  readonly count: number
}

/** How long batches wait before a full store is tried again. */
const RETRY_MS = 100
/** A datagram ends its lines, so no decoder of this workspace ever holds half of one. */
const HALF_LINE_BYTES_MAX = 0

export class UdpLines implements GateWaiter {
  readonly #gate: StoreGate
  readonly #clock: Clock
  readonly #options: UdpLinesOptions
  readonly #drops: UdpDrops
  readonly #gather: DatagramGather
  readonly #decoder: TextLogDecoder
  /** What the decoder reads. */
  #group: DatagramGroup | null = null
  /** Batches that wait for a full store. */
  readonly #waiting: Batch[] = []
  #isRetrying = false
  #isPumping = false
  #isGivenUp = false
  #unstoredBytes = 0
  #stored = 0
  #pending = 0
  #stopTimer: (() => void) | null = null
  #settled: (() => void) | null = null

  constructor(gate: StoreGate, clock: Clock, options: UdpLinesOptions, drops: UdpDrops) {
    this.#gate = gate
    this.#clock = clock
    this.#options = options
    this.#drops = drops
    this.#gather = new DatagramGather(options.clientFields, clock)
    const text: TextLogOptions = { ...options.text, plainLinesReply: 'none', isEndless: true }
    this.#decoder = new TextLogDecoder(new TextLogWorkspace(HALF_LINE_BYTES_MAX), text, null)
  }

  /** Takes the lines of a datagram; false when there is no room for them. */
  push(datagram: Buffer, address: string, port: number): boolean {
    if (this.#heldBytes + datagram.length > this.#options.queueBytesMax) return false
    this.#gather.add(datagram, address, port)
    this.#stopTimer ??= this.#clock.after(this.#options.gatherMs, () => this.#seal())
    return true
  }

  /** Decodes what is gathered, and resolves when all of it is stored or counted as dropped. */
  settle(): Promise<void> {
    return new Promise((resolve) => {
      this.#settled = resolve
      this.#seal()
    })
  }

  /** Stores nothing more; how many records were dropped by that. */
  giveUp(): number {
    this.#isGivenUp = true
    this.#stopTimer?.()
    this.#gate.leave(this)
    this.#gather.seal()
    while (this.#hasWork()) this.#step()
    for (const batch of this.#waiting.splice(0)) this.#giveUpBatch(batch)
    return this.#drops.counts.outOfTime
  }

  stats(): UdpLinesStats {
    const { refused, ...counters } = this.#decoder.counters
    const { lines, emptyLines, records } = counters
    const refusedCount = Object.values(refused).reduce((sum, count) => sum + count, 0)
    return {
      ...counters,
      refused: { ...refused },
      ignoredCommands: lines - emptyLines - records - refusedCount,
      stored: this.#stored,
      pending: this.#pending,
      heldBytes: this.#heldBytes,
    }
  }

  /** The gate may be open again. */
  go(): void {
    this.#pump()
  }

  get #heldBytes(): number {
    return this.#gather.heldBytes + this.#unstoredBytes
  }

  // ---- decoding -----------------------------------------------------------------------------------------------

  #seal(): void {
    this.#stopTimer?.()
    this.#stopTimer = null
    this.#gather.seal()
    this.#pump()
  }

  /** Decodes while the store takes records. */
  #pump(): void {
    if (this.#isPumping) return
    this.#isPumping = true
    while (this.#hasWork() && this.#hasRoom()) this.#step()
    this.#isPumping = false
    this.#tellSettled()
  }

  #hasWork(): boolean {
    return this.#group !== null || this.#gather.hasSealed
  }

  #hasRoom(): boolean {
    if (this.#isGivenUp || this.#waiting.length > 0) return false
    if (this.#unstoredBytes >= this.#options.queueBytesMax) return false
    return this.#gate.admits(this, this.#unstoredBytes)
  }

  /** One batch, or the next group. Steps that are not a batch are replies or ask for one. */
  #step(): void {
    if (this.#group === null) this.#begin()
    const step = this.#decoder.next()
    if (step === null) this.#endGroup()
    else if (step.kind === 'batch') this.#store(step)
  }

  #begin(): void {
    const group = this.#gather.take()
    if (group === null) return
    this.#group = group
    this.#decoder.setPeer(group.peer)
    const wholeMs = Math.floor(group.arrivalMs)
    this.#decoder.push(group.bytes, wholeMs, Math.floor((group.arrivalMs - wholeMs) * 1_000_000))
  }

  #endGroup(): void {
    if (this.#group !== null) this.#gather.release(this.#group)
    this.#group = null
  }

  // ---- storing ------------------------------------------------------------------------------------------------

  #store({ bytes, count }: LogBatchStep): void {
    const batch = { bytes: bytes.slice(), count }
    this.#pending += count
    this.#unstoredBytes += bytes.length
    this.#gate.take(bytes.length)
    if (this.#isGivenUp) this.#giveUpBatch(batch)
    else this.#append(batch)
  }

  #append(batch: Batch): void {
    this.#gate.append(batch.bytes).then(
      () => this.#storedBatch(batch),
      (error: unknown) => this.#notStoredBatch(batch, error),
    )
  }

  #storedBatch(batch: Batch): void {
    this.#gate.storeTook()
    this.#stored += batch.count
    this.#release(batch)
  }

  #notStoredBatch(batch: Batch, error: unknown): void {
    if (!isCodedError(error, 'STORE_FULL') || this.#isGivenUp) {
      this.#dropBatch(batch, error)
      return
    }
    this.#gate.storeRefused()
    this.#waiting.push(batch)
    if (!this.#isRetrying) void this.#retry()
  }

  #dropBatch(batch: Batch, error: unknown): void {
    this.#drops.count(this.#dropOf(error), batch.count)
    this.#release(batch)
  }

  #giveUpBatch(batch: Batch): void {
    this.#drops.count('outOfTime', batch.count)
    this.#release(batch)
  }

  #dropOf(error: unknown): UdpDrop {
    if (error instanceof AssertionError) throw error
    if (isCodedError(error, 'STORE_FULL')) return 'outOfTime'
    if (isCodedError(error, 'STORE_READ_ONLY')) return 'storageReadOnly'
    this.#options.problem('A batch that came over UDP could not be stored', error)
    return 'notStored'
  }

  #release(batch: Batch): void {
    this.#pending -= batch.count
    this.#unstoredBytes -= batch.bytes.length
    this.#gate.give(batch.bytes.length)
    this.#pump()
  }

  #tellSettled(): void {
    if (this.#settled === null || this.#hasWork() || this.#gather.isOpen || this.#pending > 0) return
    this.#settled()
    this.#settled = null
  }

  // ---- a full store -------------------------------------------------------------------------------------------

  /** Tries the batches that wait, in their order, whenever the store says that it has room. */
  async #retry(): Promise<void> {
    this.#isRetrying = true
    while (this.#waiting.length > 0) {
      const batch = this.#waiting[0]
      const error = await this.#retryBatch(batch)
      if (batch !== this.#waiting[0]) continue
      if (isCodedError(error, 'STORE_FULL')) await this.#pause(RETRY_MS)
      else this.#endWaiting(batch, error)
    }
    this.#isRetrying = false
  }

  #endWaiting(batch: Batch, error: unknown): void {
    this.#waiting.shift()
    if (error === null) this.#storedBatch(batch)
    else this.#dropBatch(batch, error)
  }

  /** What went wrong, or null. */
  async #retryBatch({ bytes }: Batch): Promise<unknown> {
    try {
      await this.#gate.store.writable()
      if (this.#isGivenUp) return null
      await this.#gate.append(bytes)
      return null
    } catch (error) {
      return error
    }
  }

  #pause(ms: number): Promise<void> {
    return new Promise((resolve) => {
      this.#clock.after(ms, resolve)
    })
  }
}
