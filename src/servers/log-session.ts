/**
 * One peer on the log port: chunks in, batches to the store, replies out in order.
 *
 * Invariants:
 *  - a reply that says stored is written after its batch resolved, and after the replies before it.
 *  - a chunk is decoded only while there is room: for bytes that are not stored (of this session and of all), for
 *    replies that are not sent, and while no plain line waits for a full store. Otherwise it stays as it came and the
 *    socket is paused; so what a session holds is bounded, whatever its peer does.
 *  - a record that was read is stored, refused with a reason, or counted under one (`refused` in STATS).
 *
 * How it ends: the peer ends its side, sends QUIT, is idle, breaks off, or the server drains. In each case what was
 * read is decoded to the end, stored and answered, and then the connection is finished.
 */
import type { Socket } from 'node:net'
import { AssertionError, type Clock, isCodedError } from '../base/base.ts'
import {
  type LogBatchStep,
  type LogRefusal,
  type LogReplyEncoder,
  type LogStep,
  type TextLogCounters,
  TextLogDecoder,
  type TextLogOptions,
  type TextLogWorkspace,
} from '../ingest/ingest.ts'
import { type PeerAddress, SessionAccess, type AccessPolicy } from './access.ts'
import { Connection, type ConnectionEnd, type ConnectionEvents, type ConnectionOptions } from './connection.ts'
import type { Session } from './listener.ts'
import { ReplyQueue, Turn } from './reply-queue.ts'
import type { StoreGate } from './store-gate.ts'

/** What all sessions of a log server share. */
export interface LogSurroundings {
  readonly clock: Clock
  readonly gate: StoreGate
  readonly workspace: TextLogWorkspace
  readonly replies: LogReplyEncoder
  readonly text: TextLogOptions
  readonly connection: ConnectionOptions
  readonly access: AccessPolicy
  /** Bytes of one session that were read and are not stored. */
  readonly unackedBytesMax: number
  /** Whether records keep the address of their sender. */
  readonly clientFields: boolean
  /** For STATS, where `read` is granted. */
  readonly serverStats: () => unknown
  /** Told what our own log should say. */
  readonly problem: (message: string, error: unknown) => void
  /** Told once, when the session is over. */
  readonly ended: (session: LogSession, how: LogSessionEnd) => void
}

export type LogSessionEnd = ConnectionEnd | 'idle'

/** How long plain lines wait before a full store is tried again. */
const RETRY_MS = 100
/** What a reply that is made later is charged with. */
const PRINTED_BYTES = 1024

export class LogSession implements Session, ConnectionEvents {
  readonly closed: Promise<void>
  readonly #around: LogSurroundings
  readonly #decoder: TextLogDecoder
  readonly #access: SessionAccess
  readonly #connection: Connection
  readonly #turns = new ReplyQueue()
  readonly #startedMs: number
  readonly #refused: Partial<Record<LogRefusal, number>> = {}
  #resolveClosed: () => void = () => {}
  #bytes = 0
  #stored = 0
  #heldBytes = 0
  /** Records in turns that are not settled. */
  #pending = 0
  #isPumping = false
  #isRetrying = false
  #isLoggingIn = false
  /** Nothing more is read; `null` while it is. Whether a last line without its newline counts as a command. */
  #isLastLineWhole: boolean | null = null
  #isDecoded = false
  /** Plain lines cannot be stored any more: all that follows is refused, and then the session ends. */
  #refusal: LogRefusal | null = null
  #how: LogSessionEnd | null = null
  #isOver = false
  #stopUnknownTimer: () => void = () => {}

  constructor(socket: Socket, peer: PeerAddress, around: LogSurroundings) {
    this.#around = around
    this.#decoder = new TextLogDecoder(around.workspace, around.text, around.clientFields ? peer : null)
    this.#access = new SessionAccess(around.access, peer)
    this.#connection = new Connection(socket, around.clock, around.connection, this)
    this.#startedMs = around.clock.monotonicMs()
    this.closed = new Promise((resolve) => {
      this.#resolveClosed = resolve
    })
    this.#watchUnknown()
    this.#connection.start()
  }

  get counters(): TextLogCounters {
    return this.#decoder.counters
  }

  /** Records that are durable, records on their way, bytes read, and what was refused after decoding. */
  get progress(): LogProgress {
    return { bytes: this.#bytes, records: this.#stored, pending: this.#pending, refused: this.#refused }
  }

  drain(): void {
    this.#stopReading(false)
  }

  cut(): void {
    this.#giveUpWaiting('shuttingDown')
    this.#connection.cut()
    this.#over('cut')
  }

  /** The gate may be open again. */
  go(): void {
    this.#pump()
  }

  // ---- from the connection ------------------------------------------------------------------------------------

  onChunk(chunk: Buffer): void {
    this.#bytes += chunk.length
    if (this.#access.isUnknown && !this.#access.countUnknown(chunk.length)) return this.#refuseAll('notAllowed')
    const nowMs = this.#around.clock.wallMs()
    this.#decoder.push(chunk, Math.floor(nowMs), nanosecondsOf(nowMs))
    this.#pump()
  }

  onEnd(): void {
    this.#stopReading(true)
  }

  onIdle(): void {
    this.#how ??= 'idle'
    this.#stopReading(false)
  }

  onRoom(): void {
    this.#flush()
    this.#pump()
  }

  isBusy(): boolean {
    return this.#turns.length > 0 || this.#isLoggingIn
  }

  onClosed(end: ConnectionEnd): void {
    this.#how ??= end
    this.#stopUnknownTimer()
    this.#stopReading(false)
    this.#flush()
  }

  // ---- decoding -----------------------------------------------------------------------------------------------

  /** Decodes while there is room, and reads while everything is decoded. */
  #pump(): void {
    if (this.#isPumping || this.#isOver) return
    this.#isPumping = true
    while (!this.#isDecoded && this.#hasRoom()) {
      const step = this.#decoder.next()
      if (step !== null) this.#take(step)
      else if (this.#isLastLineWhole === null) break
      else if (!this.#endDecoding()) break
    }
    this.#isPumping = false
    this.#flush()
    if (this.#isLastLineWhole !== null) return
    if (this.#hasRoom()) this.#connection.resumeReading()
    else this.#connection.pauseReading()
  }
}
