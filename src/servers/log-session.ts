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
import type { SessionAccess } from './access.ts'
import type { Connection, ConnectionEnd } from './connection.ts'
import type { Arrival, ProtocolSession } from './protocol.ts'
import { ReplyQueue, Turn } from './reply-queue.ts'
import type { StoreGate } from './store-gate.ts'

/** What all sessions of a log server share. */
export interface LogSurroundings {
  readonly clock: Clock
  readonly gate: StoreGate
  readonly workspace: TextLogWorkspace
  readonly replies: LogReplyEncoder
  readonly text: TextLogOptions
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

export interface LogProgress {
  readonly bytes: number
  readonly records: number
  readonly pending: number
  /** Bytes of replies that the peer has not taken. */
  readonly unsentBytes: number
  readonly refused: Readonly<Partial<Record<LogRefusal, number>>>
}

export type LogSessionEnd = ConnectionEnd | 'idle'

/** How long plain lines wait before a full store is tried again. */
const RETRY_MS = 100
export class LogSession implements ProtocolSession {
  readonly closed: Promise<void>
  readonly #around: LogSurroundings
  readonly #decoder: TextLogDecoder
  readonly #access: SessionAccess
  readonly #connection: Connection
  readonly #turns = new ReplyQueue()
  readonly #startedMs: number
  readonly #refused: Partial<Record<LogRefusal, number>> = {}
  #resolveClosed: () => void = () => {}
  #stored = 0
  #heldBytes = 0
  /** Records in turns that are not settled. */
  #pending = 0
  #isPumping = false
  #isRetrying = false
  #isLoggingIn = false
  /** Turns whose plain lines wait for a full store. */
  #waiting = 0
  #isReadingOver = false
  /** Whether a last line without its newline counts as a command. */
  #isLastLineWhole = false
  #isLastLineRead = false
  #isDecoded = false
  #isFinished = false
  /** Plain lines cannot be stored any more: all that follows is refused, and then the session ends. */
  #refusal: LogRefusal | null = null
  /** Plain lines were refused, and their turn has come. */
  #isSilent = false
  #how: LogSessionEnd | null = null
  #isOver = false

  constructor(connection: Connection, { peer, access }: Arrival, around: LogSurroundings) {
    this.#around = around
    this.#decoder = new TextLogDecoder(around.workspace, around.text, around.clientFields ? peer : null)
    this.#access = access
    this.#connection = connection
    this.#startedMs = around.clock.monotonicMs()
    this.closed = new Promise((resolve) => {
      this.#resolveClosed = resolve
    })
  }

  get counters(): TextLogCounters {
    return this.#decoder.counters
  }

  /** What became of what was read. */
  get progress(): LogProgress {
    return {
      bytes: this.#connection.bytesIn,
      records: this.#stored,
      pending: this.#pending,
      unsentBytes: this.#connection.unsentBytes,
      refused: this.#refused,
    }
  }

  drain(): void {
    this.#stopReading(false)
  }

  cut(): void {
    this.#how ??= 'cut'
    this.#giveUpWaiting()
    this.#connection.cut()
    this.#over()
  }

  deny(): void {
    this.#refuseAll('notAllowed')
  }

  /** The gate may be open again. */
  go(): void {
    this.#pump()
  }

  // ---- from the connection ------------------------------------------------------------------------------------

  onChunk(chunk: Buffer): void {
    if (this.#isReadingOver) return
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
    this.#pump()
  }

  isBusy(): boolean {
    return this.#turns.length > 0 || this.#isLoggingIn
  }

  onClosed(end: ConnectionEnd): void {
    this.#how ??= end
    this.#stopReading(false)
  }

  // ---- decoding -----------------------------------------------------------------------------------------------

  /** Decodes while there is room, tells what can be told, and reads while everything is decoded. */
  #pump(): void {
    if (this.#isPumping || this.#isOver) return
    this.#isPumping = true
    while (!this.#isDecoded && this.#hasRoom()) {
      const step = this.#decoder.next()
      if (step !== null) this.#take(step)
      else if (this.#isReadingOver) this.#endDecoding()
      else break
    }
    this.#isPumping = false
    this.#tell()
    if (this.#isReadingOver || !this.#hasRoom()) this.#connection.pauseReading()
    else this.#connection.resumeReading()
  }

  #hasRoom(): boolean {
    if (this.#isLoggingIn || this.#waiting > 0) return false
    if (this.#heldBytes >= this.#around.unackedBytesMax || !this.#connection.hasRoom) return false
    return this.#around.gate.admits(this, this.#heldBytes)
  }

  /** Reads nothing more; what was read is decoded to its end, and then the session ends. */
  #stopReading(isLastLineWhole: boolean): void {
    if (!this.#isReadingOver) {
      this.#isReadingOver = true
      this.#isLastLineWhole = isLastLineWhole
    }
    this.#pump()
  }

  /** First the line that has no newline, then nothing. */
  #endDecoding(): void {
    if (this.#isLastLineRead) {
      this.#isDecoded = true
      return
    }
    this.#isLastLineRead = true
    const nowMs = this.#around.clock.wallMs()
    this.#decoder.end(this.#isLastLineWhole, Math.floor(nowMs), nanosecondsOf(nowMs))
  }

  #take(step: LogStep): void {
    switch (step.kind) {
      case 'batch':
        this.#takeBatch(step)
        break
      case 'replies':
        this.#push(new Turn({ codes: step.codes.slice() }))
        break
      case 'stats':
        this.#push(new Turn({ print: () => this.#printStats() }))
        break
      case 'auth':
        void this.#login(step.token)
        break
      case 'quit':
        this.#stopReading(true)
    }
  }

  // ---- storing ------------------------------------------------------------------------------------------------

  #takeBatch(step: LogBatchStep): void {
    const refusal = this.#refusal ?? (this.#access.can('record.write') ? null : 'notAllowed')
    if (refusal === null) this.#storeBatch(step)
    else this.#refuseBatch(step, refusal)
  }

  #storeBatch(step: LogBatchStep): void {
    const plainBatch = step.isPlain ? step.bytes.slice() : null
    const batchBytes = step.bytes.length
    const { isPlain, count } = step
    const turn = new Turn({ codes: step.codes.slice(), count, isPlain, plainBatch, batchBytes })
    this.#push(turn)
    this.#pending += step.count
    this.#around.gate.take(batchBytes)
    this.#around.gate.append(plainBatch ?? step.bytes).then(
      (firstId) => this.#storedTurn(turn, firstId),
      (error: unknown) => this.#notStoredTurn(turn, error),
    )
  }

  #refuseBatch(step: LogBatchStep, refusal: LogRefusal): void {
    const turn = new Turn({ codes: step.codes.slice(), isPlain: step.isPlain })
    turn.settle({ refusal })
    this.#push(turn)
    this.#countRefused(refusal, step.count)
    if (step.isPlain) this.#refuseAll(refusal)
  }

  #storedTurn(turn: Turn, firstId: number): void {
    this.#around.gate.storeTook()
    this.#stored += turn.count
    this.#settle(turn, { firstId })
  }

  #notStoredTurn(turn: Turn, error: unknown): void {
    const isFull = isCodedError(error, 'STORE_FULL')
    if (isFull) this.#around.gate.storeRefused()
    if (isFull && turn.plainBatch !== null && !this.#isOver) this.#wait(turn)
    else this.#refuseTurn(turn, error)
  }

  #refuseTurn(turn: Turn, error: unknown): void {
    const isPlain = turn.plainBatch !== null
    const refusal = this.#refusalOf(error)
    this.#countRefused(refusal, turn.count)
    this.#settle(turn, { refusal })
    if (isPlain) this.#refuseAll(refusal)
  }

  #refusalOf(error: unknown): LogRefusal {
    if (error instanceof AssertionError) throw error
    if (isCodedError(error, 'STORE_FULL') || isCodedError(error, 'STORE_READ_ONLY')) return 'storageFull'
    if (isCodedError(error, 'STORE_CLOSED')) return 'shuttingDown'
    this.#around.problem('A batch could not be stored', error)
    return 'notStored'
  }

  #settle(turn: Turn, outcome: { readonly firstId: number } | { readonly refusal: LogRefusal }): void {
    turn.settle(outcome)
    this.#pending -= turn.count
    this.#heldBytes -= turn.batchBytes
    this.#around.gate.give(turn.batchBytes)
    this.#pump()
  }

  // ---- a full store -------------------------------------------------------------------------------------------

  /** Plain lines cannot be refused: they wait for room, and the peer with them. */
  #wait(turn: Turn): void {
    turn.state = 'waiting'
    this.#waiting++
    this.#connection.pauseReading()
    if (!this.#isRetrying) void this.#retry()
  }

  async #retry(): Promise<void> {
    this.#isRetrying = true
    for (let turn = this.#turns.firstWaiting(); turn !== undefined; turn = this.#turns.firstWaiting()) {
      const error = await this.#retryTurn(turn, turn.plainBatch)
      if (error !== null && isCodedError(error, 'STORE_FULL')) await this.#pause(RETRY_MS)
    }
    this.#isRetrying = false
  }

  /** Tries once, as soon as the store says that it has room; what went wrong, or null. */
  async #retryTurn(turn: Turn, batch: Uint8Array | null): Promise<unknown> {
    try {
      await this.#around.gate.store.writable()
      if (turn.state !== 'waiting' || batch === null) return null
      const firstId = await this.#around.gate.append(batch)
      if (turn.state !== 'waiting') return null
      this.#waiting--
      this.#storedTurn(turn, firstId)
      return null
    } catch (error) {
      if (turn.state === 'waiting' && !isCodedError(error, 'STORE_FULL')) {
        this.#waiting--
        this.#refuseTurn(turn, error)
      }
      return error
    }
  }

  #pause(ms: number): Promise<void> {
    return new Promise((resolve) => {
      this.#around.clock.after(ms, resolve)
    })
  }

  /** Nobody waits any more for room. */
  #giveUpWaiting(): void {
    for (let turn = this.#turns.firstWaiting(); turn !== undefined; turn = this.#turns.firstWaiting()) {
      this.#waiting--
      this.#countRefused('storageFull', turn.count)
      this.#settle(turn, { refusal: 'storageFull' })
    }
  }

  // ---- telling ------------------------------------------------------------------------------------------------

  #push(turn: Turn): void {
    this.#turns.push(turn)
    this.#heldBytes += turn.batchBytes + turn.replyBytes
  }

  /** Writes the replies whose turn has come, while the peer takes them; ends the session behind the last one. */
  #tell(): void {
    while (this.#connection.hasRoom) {
      const turn = this.#turns.first
      if (turn === undefined || turn.state !== 'settled') break
      this.#turns.shift()
      this.#heldBytes -= turn.replyBytes
      // A PONG says that all plain lines before it are stored: after some that are not, only the reason is told.
      if (turn.isPlain && turn.refusal !== null) this.#isSilent = true
      if (!this.#isSilent) this.#connection.write(this.#replyOf(turn))
    }
    if (this.#isDecoded && this.#turns.length === 0) this.#finish()
  }

  #replyOf(turn: Turn): Uint8Array {
    const { replies } = this.#around
    if (turn.codes === null) return turn.print?.() ?? new Uint8Array(0)
    if (turn.refusal !== null) return replies.encodeRefused(turn.codes, turn.refusal)
    return replies.encode(turn.codes, turn.firstId)
  }

  /** A port that cannot take plain lines says so once and ends: the sender must notice. */
  #refuseAll(refusal: LogRefusal): void {
    if (this.#refusal !== null) return
    this.#refusal = refusal
    this.#stopReading(false)
  }

  #finish(): void {
    if (this.#connection.isClosed) {
      this.#over()
      return
    }
    if (this.#isFinished) return
    this.#isFinished = true
    if (this.#refusal !== null) this.#connection.write(this.#around.replies.refusal(this.#refusal, 'main'))
    this.#connection.finish()
  }

  #over(): void {
    if (this.#isOver) return
    this.#isOver = true
    this.#around.gate.leave(this)
    this.#around.ended(this, this.#how ?? 'finished')
    this.#resolveClosed()
  }

  // ---- access and counters ------------------------------------------------------------------------------------

  async #login(token: Uint8Array): Promise<void> {
    this.#isLoggingIn = true
    let isKnown = false
    try {
      isKnown = await this.#access.login(token)
    } catch (error) {
      this.#around.problem('A login failed', error)
    }
    this.#isLoggingIn = false
    this.#push(
      new Turn({ print: () => (isKnown ? LOGGED_IN : this.#around.replies.refusal('badToken', 'main')) }),
    )
    this.#pump()
  }

  #countRefused(refusal: LogRefusal, count: number): void {
    this.#refused[refusal] = (this.#refused[refusal] ?? 0) + count
  }

  #printStats(): Uint8Array {
    const { refused, ...lines } = this.#decoder.counters
    const stats = {
      connectedMs: Math.round(this.#around.clock.monotonicMs() - this.#startedMs),
      bytes: this.#connection.bytesIn,
      ...lines,
      records: this.#stored,
      pending: this.#pending,
      refused: { ...refused, ...this.#refused },
      ...(this.#access.can('stats.server') ? { server: this.#around.serverStats() } : {}),
    }
    return Buffer.from(`${JSON.stringify(stats)}\n`)
  }
}

const LOGGED_IN = Buffer.from('OK\n')

function nanosecondsOf(ms: number): number {
  return Math.min(999_999, Math.floor((ms - Math.floor(ms)) * 1_000_000))
}
