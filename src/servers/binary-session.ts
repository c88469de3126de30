/**
 * One peer that speaks the binary protocol: frames in, batches to the store, replies out in the order of asking.
 *
 * Invariants:
 *  - all LOG requests of a chunk that follow each other are one batch; their replies are written after it is durable,
 *    and after the replies before them.
 *  - frames are decoded only while there is room: for bytes that are not stored (of this session and of all) and for
 *    replies that are not sent. Otherwise they stay as they came and the socket is paused.
 *  - one query is answered at a time, and nothing behind it is begun meanwhile; the peer is listened to until it sends
 *    more, so that its leaving cancels the query.
 *  - every request is answered, with its result or a status that says why not, or by the end of the connection.
 *
 * How it ends: the peer ends its side, sends a frame that does not fit, is idle, breaks off, or the server drains. In
 * each case what was read is stored and answered, and then the connection is finished.
 */
import { AssertionError, type Clock, isCodedError } from '../base/base.ts'
import type { Hub } from '../hub/hub.ts'
import { type ByteBudget, LOG_REFUSALS, QUERY_REFUSALS, refusalReason } from '../ingest/ingest.ts'
import {
  BINARY_COMMANDS,
  BINARY_PAYLOAD_BYTES_MAX,
  type BinaryLog,
  type BinaryRefusal,
  type BinaryRequest,
  BinaryRequestDecoder,
  encodeBinaryPong,
  encodeBinaryRefusal,
  encodeBinaryStatsReply,
  encodeBinaryStoredRun,
} from '../wire/wire.ts'
import type { SessionAccess } from './access.ts'
import type { BinaryLogBatch } from './binary-log-batch.ts'
import { answerBinaryQuery, type BinaryQueryContext } from './binary-query.ts'
import { type BinaryTurn, encodeRefusedReplies, STORED_REPLY_BYTES } from './binary-replies.ts'
import type { Connection, ConnectionEnd } from './connection.ts'
import type { Arrival, ProtocolSession } from './protocol.ts'
import type { StoreGate } from './store-gate.ts'
import { TurnQueue } from './turn-queue.ts'

/** What all binary sessions share. */
export interface BinarySurroundings {
  readonly hub: Hub
  readonly gate: StoreGate
  readonly clock: Clock
  readonly store: string | undefined
  readonly recordBytesMax: number
  readonly unackedBytesMax: number
  readonly rowsMax: number
  readonly queryMsMax: number
  readonly batch: BinaryLogBatch
  readonly halfFrames: ByteBudget
  readonly serverStats: () => unknown
  readonly problem: (message: string, error: unknown) => void
  /** Told once, when the session is over. */
  readonly ended: (session: BinarySession, how: BinarySessionEnd) => void
}

export type BinarySessionEnd = ConnectionEnd | 'idle'

export interface BinaryCounters {
  bytes: number
  requests: number
  /** Records that are durable. */
  records: number
  /** Records on their way to the disk. */
  pending: number
  /** Rows sent. */
  rows: number
  /** Requests that were refused, by the name of their status. */
  readonly refused: Partial<Record<BinaryRefusal, number>>
}

export function newBinaryCounters(): BinaryCounters {
  return { bytes: 0, requests: 0, records: 0, pending: 0, rows: 0, refused: {} }
}

const NO_MEMORY = 'Frame too long for the memory that is left: try again later'
/** What a STATS reply is charged with before it is made. */
const STATS_REPLY_BYTES = 1024

export class BinarySession implements ProtocolSession {
  readonly closed: Promise<void>
  readonly counters = newBinaryCounters()
  readonly #around: BinarySurroundings
  readonly #access: SessionAccess
  readonly #client: string
  readonly #connection: Connection
  readonly #decoder = new BinaryRequestDecoder()
  readonly #turns = new TurnQueue<BinaryTurn>()
  readonly #gone = new AbortController()
  readonly #startedMs: number
  #resolveClosed: () => void = () => {}
  /** The request behind a query that is answered. */
  #ahead: BinaryRequest | null = null
  #query: { readonly sequence: number; readonly text: string } | null = null
  #isQuerying = false
  #heldBytes = 0
  #halfFrameBytes = 0
  #isPumping = false
  #isReadingOver = false
  #isDecoded = false
  #how: BinarySessionEnd | null = null
  #isOver = false

  constructor(connection: Connection, { access, peer }: Arrival, around: BinarySurroundings) {
    this.#client = peer.address
    this.#around = around
    this.#access = access
    this.#connection = connection
    this.#startedMs = around.clock.monotonicMs()
    this.closed = new Promise((resolve) => {
      this.#resolveClosed = resolve
    })
  }

  drain(): void {
    this.#stopReading()
  }

  cut(): void {
    this.#how ??= 'cut'
    this.#gone.abort()
    this.#connection.cut()
    this.#over()
  }

  deny(): void {
    if (this.#isReadingOver) return
    this.#refuse(0, 0, 'notAllowed', LOG_REFUSALS.notAllowed)
    this.#stopReading()
  }

  /** The gate may be open again. */
  go(): void {
    this.#pump()
  }

  // ---- from the connection ------------------------------------------------------------------------------------

  onChunk(chunk: Buffer): void {
    this.counters.bytes += chunk.length
    if (this.#isReadingOver) return
    this.#decoder.push(chunk)
    this.#pump()
  }

  onEnd(): void {
    this.#stopReading()
  }

  onIdle(): void {
    this.#how ??= 'idle'
    this.#stopReading()
  }

  onRoom(): void {
    this.#pump()
  }

  isBusy(): boolean {
    return this.#turns.length > 0 || this.#query !== null
  }

  onClosed(end: ConnectionEnd): void {
    this.#how ??= end
    this.#gone.abort()
    this.#stopReading()
  }

  // ---- decoding -----------------------------------------------------------------------------------------------

  /** Decodes while there is room, tells what can be told, and reads while everything is decoded. */
  #pump(): void {
    if (this.#isPumping || this.#isOver) return
    this.#isPumping = true
    if (!this.#isDecoded) this.#decode()
    this.#tell()
    this.#isPumping = false
    if (this.#isReadingOver || !this.#isListening()) this.#connection.pauseReading()
    else this.#connection.resumeReading()
    if (this.#isDone()) this.#finish()
  }

  #decode(): void {
    this.#around.batch.begin(this.#around.clock.wallMs())
    while (this.#hasRoom()) {
      const request = this.#next()
      if (request === null) {
        if (!this.#chargeHalfFrame()) continue
        this.#isDecoded = this.#isReadingOver
        break
      }
      this.counters.requests++
      if (request.kind === 'log') this.#log(request)
      else this.#take(request)
    }
    this.#storeBatch()
  }

  #next(): BinaryRequest | null {
    const request = this.#ahead ?? this.#decoder.next()
    this.#ahead = null
    return request
  }

  #hasRoom(): boolean {
    if (this.#query !== null) return false
    if (this.#heldBytes >= this.#around.unackedBytesMax || !this.#connection.hasRoom) return false
    return this.#around.gate.admits(this, this.#heldBytes)
  }

  /** Whether more may come. While a query is answered, until there is something behind it. */
  #isListening(): boolean {
    if (this.#query === null) return this.#hasRoom()
    this.#ahead ??= this.#decoder.next()
    return this.#ahead === null && this.#chargeHalfFrame()
  }

  /** False when there is no memory for the half frame of this session: then it ends. */
  #chargeHalfFrame(): boolean {
    const { halfFrames } = this.#around
    halfFrames.give(this.#halfFrameBytes)
    this.#halfFrameBytes = 0
    const { heldBytes } = this.#decoder
    if (!this.#isReadingOver && !halfFrames.take(heldBytes)) {
      this.#refuse(0, 0, 'tooLong', NO_MEMORY)
      this.#isReadingOver = true
      return false
    }
    if (!this.#isReadingOver) this.#halfFrameBytes = heldBytes
    return true
  }

  /** Reads nothing more; what was read is decoded to its end, and then the session ends. */
  #stopReading(): void {
    this.#isReadingOver = true
    this.#pump()
  }

  // ---- requests -----------------------------------------------------------------------------------------------

  #take(request: Exclude<BinaryRequest, BinaryLog>): void {
    this.#storeBatch()
    const { sequence } = request
    switch (request.kind) {
      case 'ping':
        this.#reply(encodeBinaryPong(sequence, request.payload))
        break
      case 'stats':
        this.#push({ print: () => this.#printStats(sequence), replyBytes: STATS_REPLY_BYTES })
        break
      case 'query':
        this.#takeQuery(sequence, request.text)
        break
      case 'bad':
        this.#refuse(request.command, sequence, request.refusal, request.reason)
        if (request.isClosing) this.#isReadingOver = true
    }
  }

  #log(log: BinaryLog): void {
    const { batch, recordBytesMax } = this.#around
    if (!this.#access.can('record.write')) this.#refuseLog(log, 'notAllowed', LOG_REFUSALS.notAllowed)
    else if (log.message.length === 0) this.#refuseLog(log, 'badFrame', LOG_REFUSALS.emptyMessage)
    else if (log.message.length > recordBytesMax) {
      this.#refuseLog(log, 'tooLong', refusalReason('tooLong', recordBytesMax))
    } else {
      if (!batch.hasRoomFor(log.message.length)) this.#storeBatch()
      batch.add(log)
    }
  }

  /** The records before it are answered first. */
  #refuseLog({ sequence }: BinaryLog, refusal: BinaryRefusal, reason: string): void {
    this.#storeBatch()
    this.#refuse(BINARY_COMMANDS.log, sequence, refusal, reason)
  }

  #refuse(command: number, sequence: number, refusal: BinaryRefusal, reason: string): void {
    this.#countRefused(refusal, 1)
    this.#reply(encodeBinaryRefusal(command, sequence, refusal, reason))
  }

  #reply(bytes: Uint8Array): void {
    this.#push({ print: () => bytes, replyBytes: bytes.length })
  }

  // ---- storing ------------------------------------------------------------------------------------------------

  #storeBatch(): void {
    const { batch, gate, clock } = this.#around
    if (batch.isEmpty) return
    const { bytes, sequences } = batch.take()
    const { length } = bytes
    const turn: BinaryTurn = { print: null, replyBytes: sequences.length * STORED_REPLY_BYTES }
    this.#push(turn)
    this.#heldBytes += length
    this.counters.pending += sequences.length
    gate.take(length)
    gate.append(bytes).then(
      (firstId) => {
        gate.storeTook()
        this.counters.records += sequences.length
        turn.print = () => encodeBinaryStoredRun(sequences, firstId)
        this.#settle(sequences.length, length)
      },
      (error: unknown) => {
        const [refusal, reason] = this.#refusalOf(error)
        this.#countRefused(refusal, sequences.length)
        turn.print = () => encodeRefusedReplies(sequences, refusal, reason)
        this.#settle(sequences.length, length)
      },
    )
    batch.begin(clock.wallMs())
  }

  #settle(count: number, batchBytes: number): void {
    this.counters.pending -= count
    this.#heldBytes -= batchBytes
    this.#around.gate.give(batchBytes)
    this.#pump()
  }

  #refusalOf(error: unknown): [BinaryRefusal, string] {
    if (error instanceof AssertionError) throw error
    if (isCodedError(error, 'STORE_FULL')) this.#around.gate.storeRefused()
    if (isCodedError(error, 'STORE_FULL') || isCodedError(error, 'STORE_READ_ONLY')) {
      return ['storageFull', LOG_REFUSALS.storageFull]
    }
    if (isCodedError(error, 'STORE_CLOSED')) return ['storageFull', LOG_REFUSALS.shuttingDown]
    this.#around.problem('A batch could not be stored', error)
    return ['storageFull', LOG_REFUSALS.notStored]
  }

  // ---- telling ------------------------------------------------------------------------------------------------

  #push(turn: BinaryTurn): void {
    this.#turns.push(turn)
    this.#heldBytes += turn.replyBytes
  }

  /** Writes the replies whose turn has come, while the peer takes them; a query begins behind the last one. */
  #tell(): void {
    while (this.#connection.hasRoom) {
      const turn = this.#turns.first
      if (turn === undefined || turn.print === null) break
      this.#turns.shift()
      this.#heldBytes -= turn.replyBytes
      this.#connection.write(turn.print())
    }
    if (this.#query !== null && this.#turns.length === 0 && !this.#isQuerying) {
      void this.#answer(this.#query.sequence, this.#query.text)
    }
  }

  // ---- queries ------------------------------------------------------------------------------------------------

  #takeQuery(sequence: number, text: string): void {
    if (this.#access.can('query')) this.#query = { sequence, text }
    else this.#refuse(BINARY_COMMANDS.query, sequence, 'notAllowed', QUERY_REFUSALS.notAllowed)
  }

  async #answer(sequence: number, text: string): Promise<void> {
    this.#isQuerying = true
    const { rows, isRefused } = await answerBinaryQuery(this.#queryContext(), sequence, text)
    this.counters.rows += rows
    if (isRefused) this.#countRefused('badQuery', 1)
    this.#isQuerying = false
    this.#query = null
    this.#pump()
  }

  #queryContext(): BinaryQueryContext {
    const connection = this.#connection
    return {
      ...this.#around,
      client: this.#client,
      gone: this.#gone.signal,
      write: (bytes) => connection.write(bytes),
      get hasRoom() {
        return connection.hasRoom
      },
      room: (signal) => connection.room(signal),
    }
  }

  // ---- counters and the end -----------------------------------------------------------------------------------

  #countRefused(refusal: BinaryRefusal, count: number): void {
    this.counters.refused[refusal] = (this.counters.refused[refusal] ?? 0) + count
  }

  /** The counters of the server are left out where they do not fit into a frame. */
  #printStats(sequence: number): Uint8Array {
    const connectedMs = Math.round(this.#around.clock.monotonicMs() - this.#startedMs)
    const own = { connectedMs, ...this.counters }
    const whole = this.#access.can('stats.server') ? { ...own, server: this.#around.serverStats() } : own
    const json = JSON.stringify(whole)
    const fits = Buffer.byteLength(json) < BINARY_PAYLOAD_BYTES_MAX
    return encodeBinaryStatsReply(sequence, fits ? json : JSON.stringify({ ...own, server: null }))
  }

  #isDone(): boolean {
    return this.#isDecoded && this.#turns.length === 0 && this.#query === null
  }

  #finish(): void {
    if (this.#connection.isClosed) this.#over()
    else this.#connection.finish()
  }

  #over(): void {
    if (this.#isOver) return
    this.#isOver = true
    this.#around.gate.leave(this)
    this.#around.halfFrames.give(this.#halfFrameBytes)
    this.#halfFrameBytes = 0
    this.#around.ended(this, this.#how ?? 'finished')
    this.#resolveClosed()
  }
}
