/**
 * One connection that speaks HTTP: what Node's server does not do for it.
 *
 * Invariants:
 *  - headers that take longer than `headersMsMax` are refused; a peer that lets nothing move for `idleMsMax`, when it
 *    is its turn to send or to take, is cut off. The turn is ours while a route works.
 *  - it ends by sending its end, and listens on for a short while: a socket that is closed with unread bytes in it
 *    resets the connection, and a reset may destroy an answer that the peer has not read yet.
 *  - it is closed when its stream is, and no route works for it any more.
 *  - draining answers what is under way, says `Connection: close` where it still can, and ends.
 *  - requests are answered one after the other, however many came at once: the next begins when the answer to the one
 *    before it is with the peer, so who reads nothing makes us work for one request. Only few may wait.
 *  - a refusal never stands in the place of the answer to a request that came whole.
 */
import type { ServerResponse } from 'node:http'
import type { Duplex } from 'node:stream'
import { type Clock, CodedError } from '../../base/base.ts'
import type { Arrival, Session } from '../protocol.ts'
import { HttpProblem, problemResponse } from './problem-document.ts'

/** A socket, or what is like one; others do not count their bytes. */
export type HttpStream = Duplex & {
  readonly bytesRead?: number
  readonly bytesWritten?: number
  readonly localAddress?: string
}

export interface HttpSessionLimits {
  readonly idleMsMax: number
  readonly headersMsMax: number
  readonly lingerMsMax: number
  readonly requestsPerConnectionMax: number
}

export interface HttpSessionEvents {
  /** A drain begins. */
  draining(): void
  /** What came was refused before it was a request, or while it was read. */
  refused(error: unknown): void
}

/** Requests whose answers have not begun may be sent ahead, but not without end. */
const WAITING_MAX = 100
const TOO_MANY_WAITING = new HttpProblem(
  'RATE_EXCEEDED',
  `More than ${WAITING_MAX} requests of this connection wait for their answer: read answers in between.`,
)

export class HttpSession implements Session {
  readonly arrival: Arrival
  readonly closed: Promise<void>
  /** Aborts when the peer has ended its side or is gone. */
  readonly gone: AbortSignal
  readonly #gone = new AbortController()
  readonly #stream: HttpStream
  readonly #clock: Clock
  readonly #limits: HttpSessionLimits
  readonly #events: HttpSessionEvents
  /** Answers that are not finished, in the order of their requests. */
  readonly #responses = new Set<ServerResponse>()
  /** Begin with the answers behind the first. */
  readonly #waiting: (() => void)[] = []
  /** What is refused when the answers that the peer is owed are finished. */
  #refusal: { readonly error: unknown } | null = null
  #requests = 0
  /** Routes at work. */
  #working = 0
  /** Routes that wait for bytes of the peer. */
  #listening = 0
  #isDraining = false
  #isEnding = false
  #isStreamClosed = false
  #resolveClosed: () => void = () => {}
  #meteredBytes: number
  #countedBytes = 0
  /** What had come when the last answer was finished: more than that is a request whose headers are not whole. */
  #bytesAtRest: number
  #headersSinceMs: number | null
  #movedBytes = 0
  #movedMs: number
  #stopWatch: () => void
  #stopLinger: () => void = () => {}

  /** The first bytes can be read from the stream again, and were metered. */
  constructor(
    stream: HttpStream,
    arrival: Arrival,
    clock: Clock,
    limits: HttpSessionLimits,
    events: HttpSessionEvents,
  ) {
    this.arrival = arrival
    this.gone = this.#gone.signal
    this.#stream = stream
    this.#clock = clock
    this.#limits = limits
    this.#events = events
    this.#meteredBytes = this.#bytesAtRest = this.#bytesIn
    this.#headersSinceMs = this.#movedMs = clock.monotonicMs()
    this.closed = new Promise((resolve) => {
      this.#resolveClosed = resolve
    })
    stream.on('error', () => {})
    stream.on('end', () => this.#gone.abort())
    stream.on('close', () => this.#streamClosed())
    this.#stopWatch = this.#watch()
  }

  /** After Node's server has taken the stream: this is how that ends it. */
  takeOverEnd(): void {
    Object.assign(this.#stream, { destroySoon: () => this.#end() })
  }

  get isEnding(): boolean {
    return this.#isEnding
  }

  /** Whether the peer reached us over the loopback interface. */
  get isLocal(): boolean {
    const address = this.#stream.localAddress ?? ''
    return address === '::1' || /^(?:::ffff:)?127\./i.test(address)
  }

  drain(): void {
    this.#events.draining()
    this.#isDraining = true
    const last = [...this.#responses].at(-1)
    if (last === undefined) this.#end()
    else if (!last.headersSent) last.setHeader('Connection', 'close')
  }

  cut(): void {
    this.#stream.destroy()
  }

  /** Refuses what is no request, or did not come whole, behind the answers that the peer is owed; ends. */
  refuse(error: unknown): void {
    if (this.#isEnding || this.#refusal !== null) return
    this.#refusal = { error }
    this.#holdUp()
    this.#refuseInTurn()
  }

  #refuseInTurn(): void {
    if (this.#refusal === null || this.#isEnding) return
    const responses = [...this.#responses]
    if (responses.some(({ req }) => req.complete)) return
    if (responses.some(({ headersSent }) => headersSent) || !this.#stream.writable) {
      this.#stream.destroy()
      return
    }
    this.#events.refused(this.#refusal.error)
    this.#stream.write(problemResponse(this.#refusal.error))
    this.#end()
  }

  // ---- requests -----------------------------------------------------------------------------------------------

  /** A request came: `answer` begins to answer it, when those before it are answered. */
  begin(response: ServerResponse, answer: () => void): void {
    if (this.#isEnding || this.#refusal !== null) return
    this.#headersSinceMs = null
    if (this.#responses.size >= WAITING_MAX) {
      this.refuse(TOO_MANY_WAITING)
      return
    }
    this.#requests++
    this.#responses.add(response)
    const { requestsPerConnectionMax } = this.#limits
    const isLast = requestsPerConnectionMax > 0 && this.#requests >= requestsPerConnectionMax
    if (isLast || this.#isDraining) response.setHeader('Connection', 'close')
    response.once('close', () => this.#finished(response))
    if (this.#responses.size === 1) answer()
    else this.#waiting.push(answer)
  }

  /** A route works; the session is not closed before it is done. */
  async work<T>(route: () => Promise<T>): Promise<T> {
    this.#working++
    try {
      return await route()
    } finally {
      this.#working--
      this.#checkClosed()
    }
  }

  /** A route waits for bytes of the peer. */
  async listen<T>(bytes: () => Promise<T>): Promise<T> {
    this.#listening++
    try {
      return await bytes()
    } finally {
      this.#listening--
    }
  }

  /** Counts what came since the last call; how many bytes, and for how long to read nothing, ms. */
  meter(): { readonly byteCount: number; readonly waitMs: number } {
    const bytesIn = this.#bytesIn
    const byteCount = bytesIn - this.#countedBytes
    const waitMs = this.arrival.meter.take(bytesIn - this.#meteredBytes)
    this.#countedBytes = this.#meteredBytes = bytesIn
    return { byteCount, waitMs }
  }

  pause(ms: number): Promise<void> {
    return new Promise((resolve) => {
      this.#clock.after(ms, resolve)
    })
  }

  #finished(response: ServerResponse): void {
    this.#responses.delete(response)
    this.#refuseInTurn()
    if (!this.#isEnding && !this.#isStreamClosed) this.#waiting.shift()?.()
    if (this.#responses.size > 0) return
    this.#bytesAtRest = this.#bytesIn
    this.#movedMs = this.#clock.monotonicMs()
    if (this.#isDraining) this.#end()
  }

  // ---- the end ------------------------------------------------------------------------------------------------

  #end(): void {
    if (this.#isEnding) return
    this.#isEnding = true
    this.#deafen()
    this.#stream.end()
    this.#stopLinger = this.#clock.after(this.#limits.lingerMsMax, () => this.#stream.destroy())
  }

  /** Nothing more is read. Whoever resumes the stream, as Node does between requests, loses one chunk of it. */
  #holdUp(): void {
    this.#stream.removeAllListeners('data')
    this.#stream.on('data', () => this.#stream.pause())
    this.#stream.pause()
  }

  /** What still comes is heard and thrown away; Node's parser does not see it any more. */
  #deafen(): void {
    this.#stream.removeAllListeners('data')
    this.#stream.on('data', () => {})
    this.#stream.resume()
  }

  #streamClosed(): void {
    this.#isStreamClosed = true
    this.#gone.abort()
    this.#stopWatch()
    this.#stopLinger()
    this.#checkClosed()
  }

  #checkClosed(): void {
    if (this.#isStreamClosed && this.#working === 0) this.#resolveClosed()
  }

  // ---- time limits --------------------------------------------------------------------------------------------

  get #bytesIn(): number {
    return this.#stream.bytesRead ?? 0
  }

  /** One timer a connection: limits are kept to within one period of it. */
  #watch(): () => void {
    return this.#clock.after(this.#limits.headersMsMax, () => {
      this.#look()
      if (!this.#isStreamClosed) this.#stopWatch = this.#watch()
    })
  }

  #look(): void {
    if (this.#isEnding || this.#isStreamClosed) return
    const nowMs = this.#clock.monotonicMs()
    const movedBytes = this.#bytesIn + (this.#stream.bytesWritten ?? 0) - this.#stream.writableLength
    if (movedBytes !== this.#movedBytes || !this.#isPeersTurn) this.#movedMs = nowMs
    this.#movedBytes = movedBytes
    if (this.#responses.size === 0) this.#lookAtHeaders(nowMs)
    const { idleMsMax } = this.#limits
    if (idleMsMax === 0 || nowMs - this.#movedMs < idleMsMax) return
    if (this.#responses.size === 0) this.#end()
    else this.#stream.destroy()
  }

  get #isPeersTurn(): boolean {
    return this.#responses.size === 0 || this.#listening > 0 || this.#stream.writableLength > 0
  }

  #lookAtHeaders(nowMs: number): void {
    const hasBegun = this.#headersSinceMs !== null || this.#bytesIn !== this.#bytesAtRest
    if (!hasBegun) return
    this.#headersSinceMs ??= nowMs
    if (nowMs - this.#headersSinceMs < this.#limits.headersMsMax) return
    const seconds = this.#limits.headersMsMax / 1000
    this.refuse(new CodedError('TIMED_OUT', `The headers of the request took longer than ${seconds} s.`))
  }
}
