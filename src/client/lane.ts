/**
 * Keeps one connection up for as long as the client is open: connects, waits for its loss, waits a little, connects
 * again, without an end. Sends, pings and statistics share it.
 *
 * The back-off starts afresh only after a connection that answered more than the first question: a server that
 * accepts and resets is not besieged.
 */
import { CodedError, isCodedError } from '../base/base.ts'
import type { Backoff } from './backoff.ts'
import type { ClientSettings } from './client-options.ts'
import type { Connection } from './connection.ts'
import type { Dial } from './dial.ts'
import { pause } from './waiting.ts'

/** What the client is about to do. */
export type ClientState =
  | { readonly state: 'connecting' }
  | { readonly state: 'connected' }
  /** Connects again after `retryMs`. */
  | { readonly state: 'waiting'; readonly retryMs: number; readonly reason: CodedError }
  | { readonly state: 'closed' }

export interface LaneEvents {
  readonly onState: (state: ClientState) => void
  readonly onUp: (connection: Connection) => void
  /** The connection is gone, or there was none. */
  readonly onDown: (error: CodedError) => void
}

/** Answers after which a connection has proven itself: the one to the first question is not enough. */
const PROVEN_ANSWERS = 2

export class Lane {
  readonly #dial: Dial
  readonly #backoff: Backoff
  readonly #settings: ClientSettings
  readonly #events: LaneEvents
  readonly #ending = new AbortController()
  #connection: Connection | null = null
  #state: ClientState = { state: 'connecting' }
  #running: Promise<void> = Promise.resolve()
  /** Whoever waits for a connection. */
  #waiting: PromiseWithResolvers<Connection>[] = []

  constructor(dial: Dial, backoff: Backoff, settings: ClientSettings, events: LaneEvents) {
    this.#dial = dial
    this.#backoff = backoff
    this.#settings = settings
    this.#events = events
  }

  get state(): ClientState {
    return this.#state
  }

  open(): void {
    this.#running = this.#run()
  }

  /** The connection, now or after the next try. Rejects with the reason when that fails. */
  async connection(): Promise<Connection> {
    if (this.#connection !== null) return this.#connection
    if (this.#ending.signal.aborted) throw closed()
    if (this.#state.state === 'waiting') throw this.#state.reason
    const waiting = Promise.withResolvers<Connection>()
    this.#waiting.push(waiting)
    return waiting.promise
  }

  async close(): Promise<void> {
    this.#ending.abort()
    this.#connection?.lose(closed())
    await this.#running
    this.#setState({ state: 'closed' })
  }

  async #run(): Promise<void> {
    const { signal } = this.#ending
    while (!signal.aborted) {
      this.#setState({ state: 'connecting' })
      const reason = await this.#live(signal)
      if (signal.aborted) return
      const retryMs = this.#backoff.next()
      this.#setState({ state: 'waiting', retryMs, reason })
      await pause(this.#settings.clock, retryMs, signal)
    }
  }

  /** One connection from its try to its loss; why it ended. */
  async #live(signal: AbortSignal): Promise<CodedError> {
    let connection: Connection
    try {
      connection = await this.#dial(signal)
    } catch (error) {
      if (!isCodedError(error)) throw error
      return this.#down(error)
    }
    this.#up(connection)
    const reason = await connection.lost
    this.#connection = null
    if (connection.answers >= PROVEN_ANSWERS) this.#backoff.reset()
    return this.#down(reason)
  }

  #up(connection: Connection): void {
    this.#connection = connection
    this.#setState({ state: 'connected' })
    for (const { resolve } of this.#waiting.splice(0)) resolve(connection)
    this.#events.onUp(connection)
  }

  #down(reason: CodedError): CodedError {
    for (const { reject } of this.#waiting.splice(0)) reject(reason)
    this.#events.onDown(reason)
    return reason
  }

  #setState(state: ClientState): void {
    this.#state = state
    this.#events.onState(state)
  }
}

function closed(): CodedError {
  return new CodedError('CLIENT_CLOSED', 'The client was closed.')
}
