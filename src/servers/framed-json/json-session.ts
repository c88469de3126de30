/**
 * One peer that speaks framed JSON: frames in, replies out as they become ready, each with the correlation id of its
 * request.
 *
 * Invariants:
 *  - requests run at the same time, as many as `requestsMax`; queries and tails have a bound of their own, beyond
 *    which they are refused. Log messages reach the store in the order in which they came.
 *  - frames are decoded only while there is room: for bytes of requests that are not answered (of this session and of
 *    all), and for replies that are not sent. Otherwise they stay as they came and the socket is paused.
 *  - every request is answered, with its result or an `error` frame, or by the end of the connection.
 *
 * How it ends: the peer ends its side, sends a frame that is too long, is idle, breaks off, or the server drains. In
 * each case what was read is answered, tails are ended, and then the connection is finished.
 */
import { isCodedError } from '../../base/base.ts'
import type { ByteBudget } from '../../ingest/ingest.ts'
import { type JsonBadFrame, type JsonFrame, JsonFrameDecoder, type JsonMessage } from '../../wire/wire.ts'
import type { PeerAddress, SessionAccess } from '../access.ts'
import type { Connection, ConnectionEnd } from '../connection.ts'
import type { Arrival, ProtocolSession } from '../protocol.ts'
import type { StoreGate } from '../store-gate.ts'
import type { JsonServices, LastingOptions, LastingRequest } from './context.ts'
import { JsonRequest, type RequestHost } from './json-request.ts'
import { LastingRequests } from './lasting-requests.ts'
import type { JsonHandler, JsonRegistry } from './registry.ts'
import { type ErrorPayload, encodeReply, NO_MEMORY } from './reply-frame.ts'

/** What all framed JSON sessions share. */
export interface JsonSurroundings {
  readonly services: JsonServices
  readonly registry: JsonRegistry
  readonly gate: StoreGate
  /** Bytes of frames of one session whose requests are not answered. */
  readonly unackedBytesMax: number
  /** Requests of one session that run at once. */
  readonly requestsMax: number
  /** Queries and tails of one session that run at once. */
  readonly lastingMax: number
  readonly halfFrames: ByteBudget
  /** Told once, when the session is over. */
  readonly ended: (session: JsonSession, how: JsonSessionEnd) => void
}

export type JsonSessionEnd = ConnectionEnd | 'idle'

export interface JsonSessionCounters {
  bytes: number
  messages: number
  /** Messages that were answered with an `error` frame. */
  errors: number
  /** Frames that held no message, or were too long; they count as errors too. */
  badFrames: number
}

const SECOND_MS = 1000

export class JsonSession implements ProtocolSession, RequestHost {
  readonly closed: Promise<void>
  readonly counters: JsonSessionCounters = { bytes: 0, messages: 0, errors: 0, badFrames: 0 }
  readonly peer: PeerAddress
  readonly access: SessionAccess
  readonly #around: JsonSurroundings
  readonly #connection: Connection
  readonly #decoder = new JsonFrameDecoder()
  readonly #lasting: LastingRequests
  readonly #startedMs: number
  #resolveClosed: () => void = () => {}
  /** Requests that are not answered, those that last included. */
  #unanswered = 0
  /** Of them, those that others wait for when there are too many. */
  #running = 0
  #isBarred = false
  #heldBytes = 0
  #halfFrameBytes = 0
  #isPumping = false
  #isReadingOver = false
  #isDecoded = false
  #how: JsonSessionEnd | null = null
  #isOver = false

  constructor(connection: Connection, { peer, access }: Arrival, around: JsonSurroundings) {
    this.#around = around
    this.peer = peer
    this.access = access
    this.#connection = connection
    this.#lasting = new LastingRequests(around.lastingMax)
    this.#startedMs = around.services.clock.monotonicMs()
    this.closed = new Promise((resolve) => {
      this.#resolveClosed = resolve
    })
    this.services.broadcasts.enter(this)
  }

  get services(): JsonServices {
    return this.#around.services
  }

  drain(): void {
    this.#stopReading()
  }

  cut(): void {
    this.#how ??= 'cut'
    this.#connection.cut()
    this.#lasting.endAll()
    this.#over()
  }

  deny(): void {
    if (this.#isReadingOver) return
    this.#sendError({ error: 'Not allowed: log in with "auth" first', code: 'NOT_ALLOWED' }, null)
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
    return this.#unanswered > 0
  }

  onClosed(end: ConnectionEnd): void {
    this.#how ??= end
    this.#lasting.endAll()
    this.#stopReading()
  }

  // ---- decoding -----------------------------------------------------------------------------------------------

  /** Decodes while there is room, and reads while everything is decoded. */
  #pump(): void {
    if (this.#isPumping || this.#isOver) return
    this.#isPumping = true
    if (!this.#isDecoded) this.#decode()
    this.#isPumping = false
    if (this.#isReadingOver || !this.#hasRoomForMore()) this.#connection.pauseReading()
    else this.#connection.resumeReading()
    if (this.#isDecoded && this.#unanswered === 0) this.#finish()
  }

  #decode(): void {
    while (this.#hasRoomForMore()) {
      const before = this.#decoder.heldBytes
      const frame = this.#decoder.next()
      if (frame !== null) this.#take(frame, before - this.#decoder.heldBytes)
      else if (this.#isReadingOver) {
        this.#isDecoded = true
        this.#lasting.endEndless()
        return
      } else if (this.#chargeHalfFrame()) return
    }
  }

  #hasRoomForMore(): boolean {
    if (this.#isBarred || this.#running >= this.#around.requestsMax) return false
    if (this.#heldBytes >= this.#around.unackedBytesMax || !this.#connection.hasRoom) return false
    return this.#around.gate.admits(this, this.#heldBytes)
  }

  /** False when there is no memory for the half frame of this session: then it ends. */
  #chargeHalfFrame(): boolean {
    const { halfFrames } = this.#around
    const { heldBytes } = this.#decoder
    halfFrames.give(this.#halfFrameBytes)
    const isTaken = halfFrames.take(heldBytes)
    this.#halfFrameBytes = isTaken ? heldBytes : 0
    if (!isTaken) this.#refuseToHold()
    return isTaken
  }

  /** Reads nothing more; what was read is answered, and then the session ends. */
  #stopReading(): void {
    this.#isReadingOver = true
    this.#lasting.endEndless()
    this.#pump()
  }

  // ---- requests -----------------------------------------------------------------------------------------------

  #take(frame: JsonFrame, bytes: number): void {
    if (frame.kind === 'bad') this.#refuseFrame(frame)
    else this.#start(frame.message, bytes)
  }

  /** The only frame that closes the connection is one that is too long. */
  #refuseFrame({ reason, correlationId, isClosing }: JsonBadFrame): void {
    this.counters.badFrames++
    const code = isClosing ? 'FRAME_TOO_LARGE' : 'REQUEST_INVALID'
    this.#sendError({ error: reason, code }, correlationId)
    if (isClosing) this.#isReadingOver = true
  }

  #refuseToHold(): void {
    this.counters.badFrames++
    this.#sendError({ error: NO_MEMORY, code: 'SERVER_BUSY' }, null)
    this.#isReadingOver = true
  }

  #start(message: JsonMessage, bytes: number): void {
    this.counters.messages++
    const { type, handler } = this.#around.registry.find(message.type)
    const request = new JsonRequest(this, message, bytes, { type, action: handler.action })
    this.#unanswered++
    this.#running++
    this.#heldBytes += bytes
    this.#around.gate.take(bytes)
    if (handler.isBarrier) this.#isBarred = true
    void this.#run(request, handler)
  }

  async #run(request: JsonRequest, handler: JsonHandler): Promise<void> {
    try {
      await this.#around.registry.run(handler, request, request.message)
    } catch (error) {
      this.counters.errors++
      if (!isCodedError(error)) this.services.problem(`A message of type ${request.type} failed`, error)
      request.refuse(error)
    }
    if (handler.isBarrier) this.#isBarred = false
    this.#letGo(request)
    this.#unanswered--
    this.#pump()
  }

  /** Others do not wait for it any more. */
  #letGo(request: JsonRequest): void {
    if (!request.isHolding) return
    request.isHolding = false
    this.#running--
    this.#heldBytes -= request.bytes
    this.#around.gate.give(request.bytes)
  }

  // ---- for requests -------------------------------------------------------------------------------------------

  get hasRoom(): boolean {
    return this.#connection.hasRoom
  }

  send(frame: Uint8Array): void {
    this.#connection.write(frame)
  }

  room(signal: AbortSignal): Promise<void> {
    return this.#connection.room(signal)
  }

  last(options: LastingOptions, request: JsonRequest): LastingRequest {
    const lasting = this.#lasting.begin(options, request.message.correlationId)
    this.#letGo(request)
    // What came with the peer's end ends at once; for a peer that is gone nothing is looked for any more.
    if (this.#connection.isClosed) this.#lasting.endAll()
    else if (this.#isDecoded) this.#lasting.endEndless()
    return lasting
  }

  end(endedBy: string, correlationId: JsonMessage['correlationId']): number {
    return this.#lasting.end(endedBy, correlationId)
  }

  sessionStats(): object {
    const { bytes, messages, errors, badFrames } = this.counters
    return {
      connectedMs: Math.round(this.services.clock.monotonicMs() - this.#startedMs),
      bytes,
      messages,
      errors,
      badFrames,
      running: this.#unanswered,
      lasting: this.#lasting.count,
      unsentBytes: this.#connection.unsentBytes,
    }
  }

  // ---- broadcasts ---------------------------------------------------------------------------------------------

  get mayReceive(): boolean {
    return !this.#isReadingOver && this.access.can('broadcast.receive')
  }

  deliver(frame: Uint8Array): boolean {
    if (!this.hasRoom) return false
    this.send(frame)
    return true
  }

  // ---- the end ------------------------------------------------------------------------------------------------

  #sendError(payload: ErrorPayload, correlationId: JsonMessage['correlationId']): void {
    this.counters.errors++
    const { clock, serverName } = this.services
    const envelope = { timestamp: clock.wallMs() / SECOND_MS, senderId: serverName, correlationId }
    this.send(encodeReply('error', JSON.stringify(payload), envelope))
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
    this.services.broadcasts.leave(this)
    this.#around.ended(this, this.#how ?? 'finished')
    this.#resolveClosed()
  }
}
