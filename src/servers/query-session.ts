/**
 * One peer on the query port: requests in, answers out, one after the other in the order of asking.
 *
 * Invariants:
 *  - at most one chunk waits to be decoded, and one request to be answered; the socket is paused meanwhile. So a peer
 *    may pipeline as much as it likes.
 *  - while a request is answered and nothing waits, the peer is listened to: its leaving cancels the query, and a
 *    line from it ends a tail.
 *  - every request is answered: with its answer, with an ERROR line, or by the end of the connection.
 */
import { AssertionError, type Clock, isCodedError } from '../base/base.ts'
import type { Hub } from '../hub/hub.ts'
import {
  type ByteBudget,
  type Dialect,
  printQueryError,
  QUERY_LINE_BYTES_MAX,
  QUERY_REFUSALS,
  type QueryRefusal,
  type QueryRequest,
  QueryTextDecoder,
  type QueryTextRequest,
} from '../ingest/ingest.ts'
import type { SessionAccess } from './access.ts'
import { type AnswerSink, AnswerWriter } from './answer-writer.ts'
import type { Connection, ConnectionEnd } from './connection.ts'
import type { Arrival, ProtocolSession } from './protocol.ts'
import { findQueryType, QUERY_TYPES, type QueryType } from './query-types.ts'

/** What all sessions of a query server share. */
export interface QuerySurroundings {
  readonly hub: Hub
  readonly clock: Clock
  readonly store: string | undefined
  readonly rowsMax: number
  /** 0: no limit. */
  readonly queryMsMax: number
  readonly halfLines: ByteBudget
  readonly serverStats: () => unknown
  readonly problem: (message: string, error: unknown) => void
  readonly ended: (session: QuerySession, how: QuerySessionEnd) => void
}

export type QuerySessionEnd = ConnectionEnd | 'idle'

export interface QueryCounters {
  bytes: number
  requests: number
  /** Requests that were answered with an ERROR line. */
  errors: number
  /** Rows sent. */
  rows: number
}

export class QuerySession implements ProtocolSession, AnswerSink {
  readonly closed: Promise<void>
  readonly counters: QueryCounters = { bytes: 0, requests: 0, errors: 0, rows: 0 }
  readonly #around: QuerySurroundings
  readonly #access: SessionAccess
  readonly #client: string
  readonly #decoder: QueryTextDecoder
  readonly #connection: Connection
  readonly #gone = new AbortController()
  readonly #startedMs: number
  #resolveClosed: () => void = () => {}
  /** The request after the one that is answered. */
  #next: QueryRequest | null = null
  #isServing = false
  /** Ends the tail that runs. */
  #tail: AbortController | null = null
  #isReadingOver = false
  #isLastLineWhole = false
  #isQuit = false
  #how: QuerySessionEnd | null = null
  #isOver = false
  /** Of the query that is answered: its time also runs while the peer takes nothing. */
  #queryDeadline: AbortSignal | null = null

  constructor(connection: Connection, { access, peer }: Arrival, around: QuerySurroundings) {
    this.#client = peer.address
    this.#around = around
    this.#access = access
    this.#decoder = new QueryTextDecoder(around.halfLines)
    this.#connection = connection
    this.#startedMs = around.clock.monotonicMs()
    this.closed = new Promise((resolve) => {
      this.#resolveClosed = resolve
    })
  }

  drain(): void {
    this.#stopReading(false)
  }

  cut(): void {
    this.#how ??= 'cut'
    this.#connection.cut()
    this.#gone.abort()
    this.#over()
  }

  deny(): void {
    if (this.#isQuit) return
    this.#refuse('main', 'notAllowed')
    this.#isQuit = true
    this.#stopReading(false)
  }

  // ---- from the connection ------------------------------------------------------------------------------------

  onChunk(chunk: Buffer): void {
    this.counters.bytes += chunk.length
    if (this.#isReadingOver) return
    this.#decoder.push(chunk)
    this.#look()
    this.#start()
  }

  onEnd(): void {
    this.#stopReading(true)
  }

  onIdle(): void {
    this.#how ??= 'idle'
    this.#stopReading(false)
  }

  onRoom(): void {}

  isBusy(): boolean {
    return this.#isServing
  }

  onClosed(end: ConnectionEnd): void {
    this.#how ??= end
    this.#isQuit = true
    this.#gone.abort()
    this.#stopReading(false)
  }

  // ---- for answers --------------------------------------------------------------------------------------------

  write(bytes: Uint8Array): void {
    this.#connection.write(bytes)
  }

  get hasRoom(): boolean {
    return this.#connection.hasRoom
  }

  room(): Promise<void> {
    return this.#connection.room(this.#queryDeadline ?? undefined)
  }

  // ---- requests -----------------------------------------------------------------------------------------------

  /** Looks for the next request, reads on while there is none, and ends a tail when there is one. */
  #look(): void {
    this.#next ??= this.#decoder.next()
    if (this.#next === null && this.#isReadingOver && this.#isLastLineWhole) {
      this.#decoder.end()
      this.#next = this.#decoder.next()
    }
    if (this.#next !== null || this.#isReadingOver) this.#connection.pauseReading()
    else this.#connection.resumeReading()
    if (this.#next !== null || this.#isReadingOver) this.#tail?.abort()
  }

  #stopReading(isLastLineWhole: boolean): void {
    if (!this.#isReadingOver) {
      this.#isReadingOver = true
      this.#isLastLineWhole = isLastLineWhole
    }
    this.#look()
    this.#start()
  }

  #start(): void {
    if (this.#isServing || this.#isOver) return
    this.#isServing = true
    void this.#serve()
  }

  /** Answers requests until there is none, then ends or waits for more. */
  async #serve(): Promise<void> {
    while (this.#next !== null && !this.#isQuit) {
      const request = this.#next
      this.#next = null
      this.#look()
      await this.#answer(request)
      if (!this.#connection.hasRoom) await this.room()
    }
    this.#isServing = false
    if (this.#isQuit || this.#isReadingOver) this.#finish()
  }

  async #answer(request: QueryRequest): Promise<void> {
    if (request.kind !== 'blank') this.counters.requests++
    switch (request.kind) {
      case 'query':
        return this.#answerQuery(request)
      case 'help':
        return this.#answerQuery({ kind: 'query', dialect: 'main', type: 'HELP', parameter: '' })
      case 'auth':
        return this.#login(request.token)
      case 'bad':
        return this.#refuse(request.dialect, request.refusal)
      case 'ping':
        return this.write(Buffer.from('PONG\n'))
      case 'stats':
        return this.write(Buffer.from(`${JSON.stringify(this.#stats())}\n`))
      case 'quit':
        this.#isQuit = true
    }
  }

  // ---- queries ------------------------------------------------------------------------------------------------

  async #answerQuery(request: QueryTextRequest): Promise<void> {
    const type = findQueryType(request.type)
    if (type === null) return this.#refuse(request.dialect, 'unknownType')
    if (!this.#access.can(type.action)) {
      return this.#refuse(request.dialect, 'notAllowed')
    }
    const out = new AnswerWriter(this, request.dialect)
    const deadline = this.#deadline(type)
    this.#queryDeadline = deadline.signal
    try {
      await this.#runQuery(
        type,
        request.parameter,
        out,
        AbortSignal.any([this.#gone.signal, deadline.signal]),
      )
    } catch (error) {
      this.counters.errors++
      out.error(deadline.signal.aborted ? this.#reasonOf('tookTooLong') : this.#reasonOfError(error))
    } finally {
      this.#queryDeadline = null
      deadline.stop()
      this.counters.rows += out.rows
    }
  }

  async #runQuery(type: QueryType, parameter: string, out: AnswerWriter, signal: AbortSignal): Promise<void> {
    const { hub, store, rowsMax, serverStats, clock } = this.#around
    const tail = new AbortController()
    if (type.isTail) this.#tail = tail
    try {
      // A line that came with the request ends the tail at once.
      if (type.isTail) this.#look()
      const tailSignal = AbortSignal.any([signal, tail.signal])
      const nowMs = clock.wallMs()
      const context = {
        hub,
        store,
        nowMs,
        rowsMax,
        signal,
        tailSignal,
        out,
        serverStats,
        client: this.#client,
      }
      await type.answer(context, parameter)
    } finally {
      if (type.isTail) this.#endTail()
    }
  }

  /** The line that ended a tail is a request if it is one; any other has done its work. */
  #endTail(): void {
    this.#tail = null
    if (this.#next?.kind !== 'bad' && this.#next?.kind !== 'blank') return
    this.#next = null
    this.#look()
  }

  #deadline(type: QueryType): { readonly signal: AbortSignal; readonly stop: () => void } {
    const { queryMsMax, clock } = this.#around
    const controller = new AbortController()
    const hasLimit = queryMsMax > 0 && !type.isTail
    const stop = hasLimit ? clock.after(queryMsMax, () => controller.abort()) : () => {}
    return { signal: controller.signal, stop }
  }

  // ---- refusals -----------------------------------------------------------------------------------------------

  #refuse(dialect: Dialect, refusal: QueryRefusal): void {
    this.counters.errors++
    this.write(Buffer.from(printQueryError(dialect, this.#reasonOf(refusal))))
  }

  #reasonOf(refusal: QueryRefusal): string {
    return QUERY_REFUSALS[refusal]
      .replace('{bytesMax}', String(QUERY_LINE_BYTES_MAX))
      .replace('{types}', QUERY_TYPES.map(({ name }) => name).join(', '))
      .replace('{ms}', String(this.#around.queryMsMax))
  }

  #reasonOfError(error: unknown): string {
    if (error instanceof AssertionError) throw error
    if (isCodedError(error, 'STORE_CLOSED')) return this.#reasonOf('shuttingDown')
    if (isCodedError(error)) return error.message
    if (!this.#gone.signal.aborted) this.#around.problem('A query failed', error)
    return this.#reasonOf('internal')
  }

  // ---- access, counters, the end ------------------------------------------------------------------------------

  async #login(token: Uint8Array): Promise<void> {
    try {
      if (await this.#access.login(token)) return this.write(Buffer.from('OK\n'))
    } catch (error) {
      this.#around.problem('A login failed', error)
    }
    this.#refuse('main', 'badToken')
  }

  #stats(): Record<string, unknown> {
    return {
      connectedMs: Math.round(this.#around.clock.monotonicMs() - this.#startedMs),
      ...this.counters,
      ...(this.#access.can('stats.server') ? { server: this.#around.serverStats() } : {}),
    }
  }

  #finish(): void {
    if (this.#connection.isClosed) this.#over()
    else this.#connection.finish()
  }

  #over(): void {
    if (this.#isOver) return
    this.#isOver = true
    this.#around.ended(this, this.#how ?? 'finished')
    this.#resolveClosed()
  }
}
