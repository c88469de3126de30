/**
 * Sends records until they are acknowledged: takes them in (or not: `overflow`), gathers small sends into batches while
 * one is in flight, keeps a bounded number of batches in flight, and sends again, under the same batch id, what a lost
 * connection or a full store left without an answer.
 *
 * Invariants: a record is in exactly one place (waiting for room, gathering, queued, in flight, or in a spill file)
 * until its ticket has an outcome; batches are sent in the order of their sequence; a batch leaves only with an answer
 * that is about it, or when everybody who waited for it gave up.
 *
 * Memory holds what is older than anything in the spill files: while those have unread batches, all that is new goes
 * behind them.
 */
import { CodedError } from '../base/base.ts'
import type { NewRecord } from '../record/record.ts'
import {
  type Acknowledgement,
  isAccessProblem,
  isPassing,
  type Refusal,
  readAcknowledgement,
  readRefusedRequest,
} from './answers.ts'
import { Backoff } from './backoff.ts'
import { BatchCutter, type BatchNumbers, heldBytesOf } from './batch-cutter.ts'
import type { ClientSettings } from './client-options.ts'
import { type Connection, invalidAnswer } from './connection.ts'
import { encodeLogFrame } from './log-frame.ts'
import { MemoryGate, type Waiter } from './memory-gate.ts'
import {
  isAbandoned,
  type OutgoingBatch,
  recordsOf,
  refuseWhole,
  settleBatch,
  splitBatch,
} from './outgoing-batch.ts'
import { encodeRecordText, type RecordText } from './record-text.ts'
import { SendTicket, type SentIds } from './send-ticket.ts'
import type { Spill } from './spill.ts'

/** A record that the server did not take, with its reason. */
export interface RefusedRecord extends Omit<Refusal, 'index'> {
  /** As it was sent: `message`, `level`, `timestamp`, `fields`, `stream`. */
  readonly record: unknown
}

export interface SenderEvents {
  readonly onRefused: (refused: RefusedRecord) => void
  readonly onProblem: (error: CodedError) => void
}

export interface SenderCounters {
  /** Records that the server acknowledged with an id. */
  acknowledged: number
  /** Records that it refused. */
  refused: number
  /** Batches that were sent, and those of them that were sent before. */
  batches: number
  batchesAgain: number
  /** Sends that gave up because of `sendMsMax`. */
  timedOut: number
}

export class Sender {
  readonly counters: SenderCounters = {
    acknowledged: 0,
    refused: 0,
    batches: 0,
    batchesAgain: 0,
    timedOut: 0,
  }
  readonly #settings: ClientSettings
  readonly #spill: Spill | null
  readonly #events: SenderEvents
  readonly #gate: MemoryGate
  readonly #cutter: BatchCutter
  readonly #backoff: Backoff
  /** In the order of their sequence. */
  #queue: OutgoingBatch[] = []
  readonly #inFlight = new Set<OutgoingBatch>()
  #connection: Connection | null = null
  /** Why the last connection was lost, or could not be made. */
  #lost: CodedError | null = null
  /** Set while the store cannot take records. */
  #cancelPause: (() => void) | null = null
  #isPumpDue = false
  #isReading = false
  /** Called whenever something left. */
  #watchers: (() => void)[] = []

  constructor(settings: ClientSettings, spill: Spill | null, numbers: BatchNumbers, events: SenderEvents) {
    this.#settings = settings
    this.#spill = spill
    this.#events = events
    this.#gate = new MemoryGate(settings.memoryBytesMax)
    this.#cutter = new BatchCutter(settings, numbers)
    this.#backoff = new Backoff(settings.random, settings.retryMsMin, settings.retryMsMax)
  }

  /** Bytes of records in memory. */
  get heldBytes(): number {
    return this.#gate.heldBytes
  }

  get batchesInFlight(): number {
    return this.#inFlight.size
  }

  /** Records in memory without an outcome. */
  get unacknowledged(): number {
    const batches = [...this.#queue, ...this.#inFlight].filter(({ spilled }) => spilled === null)
    const counts = batches.reduce((total, { count }) => total + count, 0)
    return counts + this.#cutter.records + this.#gate.waitingRecords
  }

  get #isIdle(): boolean {
    return this.unacknowledged === 0 && (this.#spill === null || this.#isSpillEmpty(this.#spill))
  }

  #isSpillEmpty({ isActive, records }: Spill): boolean {
    return !isActive && records === 0
  }

  get #hasRoom(): boolean {
    if (this.#spill === null) return this.#gate.hasRoom
    return this.#spill.gatheredBytes <= this.#settings.memoryBytesMax / 2
  }

  // ---- taking in --------------------------------------------------------------------------------------------

  /** RECORD_INVALID and RECORD_TOO_LARGE before anything is sent, SEND_BUFFER_FULL, TIMED_OUT, SPILL_UNUSABLE. */
  async send(records: readonly NewRecord[]): Promise<SentIds> {
    const nowMs = this.#settings.clock.wallMs()
    const texts = records.map((record) => encodeRecordText(record, nowMs))
    if (texts.length === 0) return []
    const ticket = new SendTicket(texts.length)
    this.#takeIn(ticket, texts)
    this.#limit(ticket)
    return ticket.promise
  }

  #takeIn(ticket: SendTicket, texts: readonly RecordText[]): void {
    const bytes = heldBytesOf(texts)
    const enter = (): void => this.#gather(ticket, texts)
    if (this.#spill?.isActive) this.#spill.append(ticket, texts)
    else if (this.#gate.take(bytes)) enter()
    else if (this.#spill !== null) this.#spill.append(ticket, texts)
    else this.#wait({ bytes, records: texts.length, ticket, enter })
  }

  #wait(waiter: Waiter): void {
    const { overflow, memoryBytesMax } = this.#settings
    if (overflow !== 'wait' || !this.#gate.wait(waiter)) throw full(memoryBytesMax)
  }

  #limit(ticket: SendTicket): void {
    const { clock, sendMsMax } = this.#settings
    if (sendMsMax === 0) return
    ticket.onDone = clock.after(sendMsMax, () => {
      this.counters.timedOut++
      ticket.fail(this.#timedOut(sendMsMax))
      this.#dropAbandoned()
    })
  }

  /** Names what stands in the way: an address that is wrong looks like a slow server otherwise. */
  #timedOut(sendMsMax: number): CodedError {
    const lost = this.#connection === null ? this.#lost : null
    const reason = lost === null ? '' : ` There is no connection: ${lost.message}`
    const cause = lost === null ? {} : { cause: lost }
    return new CodedError('TIMED_OUT', `No acknowledgement within ${sendMsMax} ms.${reason}`, cause)
  }

  #gather(ticket: SendTicket, texts: readonly RecordText[]): void {
    this.#queue.push(...this.#cutter.add(ticket, texts))
    this.#pumpSoon()
  }

  #dropAbandoned(): void {
    const [gone, kept] = partition([...this.#queue, ...this.#cutter.cut()], isAbandoned)
    this.#queue = kept
    for (const { heldBytes } of gone) this.#gate.release(heldBytes)
    this.#gate.sweep()
    this.#changed()
  }

  /** Resolves when `send` would take in a record without waiting or refusing. */
  room(): Promise<void> {
    return this.#until(() => this.#hasRoom)
  }

  /** Resolves when everything has an outcome, the spill files included. */
  idle(): Promise<void> {
    return this.#until(() => this.#isIdle)
  }

  #until(condition: () => boolean): Promise<void> {
    if (condition()) return Promise.resolve()
    return new Promise((resolve) => {
      const look = (): void => {
        if (condition()) resolve()
        else this.#watchers.push(look)
      }
      this.#watchers.push(look)
    })
  }

  #changed(): void {
    for (const look of this.#watchers.splice(0)) look()
  }

  // ---- sending ----------------------------------------------------------------------------------------------

  /** There is a connection. */
  up(connection: Connection): void {
    this.#connection = connection
    this.#pump()
  }

  /** There is none. What was in flight came back to the queue when it was lost. */
  down(error: CodedError): void {
    this.#lost = error
    this.#connection = null
    if (isAccessProblem(error)) this.#failMemory(error)
  }

  /** A spill file was written to. */
  spilled(): void {
    this.#pump()
    this.#changed()
  }

  /** At the end of this turn: what is sent together travels together. */
  #pumpSoon(): void {
    if (this.#isPumpDue) return
    this.#isPumpDue = true
    queueMicrotask(() => {
      this.#isPumpDue = false
      this.#pump()
    })
  }

  #pump(): void {
    if (this.#cancelPause !== null) return
    while (this.#isConnected(this.#connection) && this.#inFlight.size < this.#settings.batchesInFlightMax) {
      const batch = this.#next()
      if (batch === null) break
      this.#transmit(this.#connection, batch)
    }
    this.#readAhead()
  }

  #isConnected(connection: Connection | null): connection is Connection {
    return connection !== null && !connection.isLost
  }

  /** What is to be sent now: a batch that is full, or what has gathered when nothing else is in flight. */
  #next(): OutgoingBatch | null {
    const mayCut = this.#inFlight.size === 0 || this.#spill?.isActive === true
    if (this.#queue.length === 0 && mayCut) this.#queue.push(...this.#cutter.cut())
    const batch = this.#queue.shift()
    if (batch === undefined) return null
    if (!isAbandoned(batch)) return batch
    this.#gate.release(batch.heldBytes)
    return this.#next()
  }

  #transmit(connection: Connection, batch: OutgoingBatch): void {
    this.#inFlight.add(batch)
    this.counters.batches++
    if (batch.tries > 0) this.counters.batchesAgain++
    batch.tries++
    const { name: senderId } = this.#settings
    const frameOf = (correlationId: number): Uint8Array =>
      encodeLogFrame({ correlationId, senderId, batchId: batch.id, body: batch.body })
    connection.startFrame(frameOf, {
      onAnswer: ({ type, payload }) => {
        if (type === 'error') this.#takeRefusal(batch, readRefusedRequest(payload))
        else this.#takeAnswer(connection, batch, type === 'ack' ? payload : null)
        return true
      },
      onLost: () => this.#requeue(batch),
    })
  }

  #requeue(batch: OutgoingBatch): void {
    this.#inFlight.delete(batch)
    if (isAbandoned(batch)) this.#gate.release(batch.heldBytes)
    else this.#enqueue(batch)
  }

  #enqueue(batch: OutgoingBatch): void {
    const later = this.#queue.findIndex(({ sequence }) => sequence > batch.sequence)
    this.#queue.splice(later === -1 ? this.#queue.length : later, 0, batch)
  }

  /** The next batch of the spill files, once memory has nothing older. */
  #readAhead(): void {
    const spill = this.#spill
    if (spill === null || !spill.hasUnread || this.#isReading || !this.#isConnected(this.#connection)) return
    if (this.#queue.length > 0 || this.#inFlight.size >= this.#settings.batchesInFlightMax) return
    this.#isReading = true
    spill.read().then((batch) => {
      this.#isReading = false
      if (batch !== null) {
        this.#gate.force(batch.heldBytes)
        this.#queue.push(batch)
      } else if (spill.hasUnread) {
        this.#pause()
      }
      this.#pump()
      this.#changed()
    })
  }

  // ---- answers ----------------------------------------------------------------------------------------------

  #takeAnswer(connection: Connection, batch: OutgoingBatch, payload: unknown): void {
    const acknowledgement = readAcknowledgement(payload, batch.count)
    if (acknowledgement === null) {
      this.#requeue(batch)
      connection.lose(invalidAnswer('no acknowledgement that fits the batch'))
    } else {
      this.#backoff.reset()
      this.#settle(batch, acknowledgement)
      this.#pump()
    }
  }

  /** The whole request was refused. */
  #takeRefusal(batch: OutgoingBatch, error: CodedError): void {
    const isKept = isPassing(error) || (isAccessProblem(error) && batch.spilled !== null)
    if (isKept) {
      this.#requeue(batch)
      this.#pause(error)
    } else if (error.code === 'BATCH_TOO_LARGE' && batch.count > 1) this.#split(batch)
    else this.#settle(batch, refuseWhole(batch, { code: error.code, reason: error.message }))
    this.#pump()
  }

  #split(batch: OutgoingBatch): void {
    this.#inFlight.delete(batch)
    for (const piece of splitBatch(batch)) this.#enqueue(piece)
  }

  #settle(batch: OutgoingBatch, acknowledgement: Acknowledgement): void {
    const { refused } = acknowledgement
    this.#inFlight.delete(batch)
    this.counters.refused += refused.length
    this.counters.acknowledged += batch.count - refused.length
    settleBatch(batch, acknowledgement)
    if (batch.spilled !== null) this.#spill?.acknowledge(batch.spilled, batch.count)
    if (refused.length > 0) this.#tellRefused(batch, refused)
    this.#gate.release(batch.heldBytes)
    this.#changed()
  }

  #tellRefused(batch: OutgoingBatch, refused: readonly Refusal[]): void {
    const records = recordsOf(batch)
    for (const { index, code, reason } of refused) {
      this.#events.onRefused({ code, reason, record: records[index] })
    }
  }

  /** Sends nothing for a while. */
  #pause(error?: CodedError): void {
    if (this.#cancelPause !== null) return
    if (error !== undefined) this.#events.onProblem(error)
    this.#cancelPause = this.#settings.clock.after(this.#backoff.next(), () => {
      this.#cancelPause = null
      this.#pump()
    })
  }

  // ---- the end ----------------------------------------------------------------------------------------------

  /**
   * After the connection was closed: what is left goes to the spill file, or its sends reject with CLIENT_CLOSED. The
   * number of records for which that was so.
   */
  async end(): Promise<number> {
    this.#cancelPause?.()
    if (this.#spill !== null) return this.#spill.keep(this.#takeMemory())
    const { unacknowledged } = this
    this.#failMemory(new CodedError('CLIENT_CLOSED', 'The client was closed before the acknowledgement.'))
    return unacknowledged
  }

  #failMemory(error: CodedError): void {
    for (const { shares } of this.#takeMemory()) for (const { ticket } of shares) ticket.fail(error)
    this.#changed()
  }

  /** All batches that no file keeps, taken out of the queue. */
  #takeMemory(): OutgoingBatch[] {
    this.#gate.open()
    const [kept, memory] = partition(
      [...this.#queue, ...this.#cutter.cut()],
      ({ spilled }) => spilled !== null,
    )
    this.#queue = kept
    for (const { heldBytes } of memory) this.#gate.release(heldBytes)
    return memory
  }
}

function partition<T>(values: readonly T[], isFirst: (value: T) => boolean): readonly [T[], T[]] {
  return [values.filter(isFirst), values.filter((value) => !isFirst(value))]
}

function full(bytesMax: number): CodedError {
  const message = `The client holds all it may: memoryBytesMax is ${bytesMax} bytes.`
  return new CodedError('SEND_BUFFER_FULL', message)
}
