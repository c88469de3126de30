/**
 * Connections for queries and tails, each used by one of them at a time: made when they are needed, kept for the next
 * one for a while, asked whether they still live before they are handed out after a silence.
 *
 * Who comes when all are in use waits, in order, and at most as long as he said. While the server cannot be reached,
 * he who waits tries again, with a back-off that all share.
 */
import { CodedError, isCodedError } from '../base/base.ts'
import { isAccessProblem } from './answers.ts'
import type { Backoff } from './backoff.ts'
import type { ClientSettings } from './client-options.ts'
import type { Connection } from './connection.ts'
import type { Dial } from './dial.ts'
import { deadline, pause } from './waiting.ts'

export class Pool {
  readonly #dial: Dial
  readonly #backoff: Backoff
  readonly #settings: ClientSettings
  readonly #places: number
  readonly #ending = new AbortController()
  /** Connections that nobody uses, each with what cancels its end. */
  readonly #idle = new Map<Connection, () => void>()
  readonly #used = new Set<Connection>()
  /** Places that are taken: connections in use and those being made. */
  #taken = 0
  readonly #waiting: (() => void)[] = []

  constructor(dial: Dial, backoff: Backoff, settings: ClientSettings) {
    this.#dial = dial
    this.#backoff = backoff
    this.#settings = settings
    // One connection is the sender's.
    this.#places = settings.connectionsMax - 1
  }

  /** Aborts when the pool is closed. */
  get ending(): AbortSignal {
    return this.#ending.signal
  }

  get used(): number {
    return this.#used.size
  }

  get idle(): number {
    return this.#idle.size
  }

  /**
   * A connection for the caller alone, to be given back with `release`. TIMED_OUT after `msMax` (null: never), or the
   * problem that stood in the way; QUERY_CANCELLED when `signal` aborts; CLIENT_CLOSED; NOT_ALLOWED, TOKEN_UNKNOWN.
   */
  async acquire(signal: AbortSignal, msMax: number | null): Promise<Connection> {
    const { clock } = this.#settings
    const limit = deadline(clock, msMax ?? TIMER_MS_MAX, signal, this.#ending.signal)
    let problem: CodedError | null = null
    try {
      await this.#takePlace(limit.signal)
      while (!limit.signal.aborted) {
        const result = await this.#tryConnect(limit.signal)
        if (!isCodedError(result)) return this.#use(result)
        if (limit.signal.aborted) break
        problem = result
        if (isAccessProblem(result)) break
        await pause(clock, this.#backoff.next(), limit.signal)
      }
      this.#freePlace()
      throw this.#failure(signal, problem, msMax)
    } finally {
      limit.cancel()
    }
  }

  /** Gives a connection back; a lost one is forgotten. */
  release(connection: Connection): void {
    if (!this.#used.delete(connection)) return
    if (!connection.isLost) {
      this.#backoff.reset()
      this.#keep(connection)
    }
    this.#freePlace()
  }

  close(): void {
    this.#ending.abort()
    const error = closed()
    for (const connection of [...this.#used, ...this.#idle.keys()]) connection.lose(error)
  }

  // ---- places -----------------------------------------------------------------------------------------------

  async #takePlace(signal: AbortSignal): Promise<void> {
    if (this.#taken >= this.#places) await this.#waitForPlace(signal)
    else this.#taken++
  }

  /** Resolves with a place that another gave away, or when the signal aborts: with one too then, beyond the limit. */
  #waitForPlace(signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const enter = (): void => {
        signal.removeEventListener('abort', giveUp)
        resolve()
      }
      const giveUp = (): void => {
        this.#waiting.splice(this.#waiting.indexOf(enter), 1)
        this.#taken++
        resolve()
      }
      this.#waiting.push(enter)
      signal.addEventListener('abort', giveUp, { once: true })
      if (signal.aborted) giveUp()
    })
  }

  #freePlace(): void {
    const enter = this.#taken > this.#places ? undefined : this.#waiting.shift()
    if (enter === undefined) this.#taken--
    else enter()
  }

  // ---- connections ------------------------------------------------------------------------------------------

  async #tryConnect(signal: AbortSignal): Promise<Connection | CodedError> {
    try {
      return (await this.#takeIdle()) ?? (await this.#dial(signal))
    } catch (error) {
      if (isCodedError(error)) return error
      throw error
    }
  }

  /** One that is there already and lives. */
  async #takeIdle(): Promise<Connection | null> {
    for (const [connection, cancel] of this.#idle) {
      cancel()
      this.#idle.delete(connection)
      if (await isAlive(connection, this.#settings.pingMs)) return connection
    }
    return null
  }

  #use(connection: Connection): Connection {
    this.#used.add(connection)
    if (this.#ending.signal.aborted) connection.lose(closed())
    return connection
  }

  #keep(connection: Connection): void {
    const forget = (): void => {
      this.#idle.get(connection)?.()
      this.#idle.delete(connection)
    }
    const end = (): void => connection.lose(new CodedError('CLIENT_CLOSED', 'The connection was not needed.'))
    this.#idle.set(connection, this.#settings.clock.after(this.#settings.idleMsMax, end))
    connection.lost.then(forget)
  }

  #failure(signal: AbortSignal, problem: CodedError | null, msMax: number | null): CodedError {
    if (this.#ending.signal.aborted) return closed()
    if (signal.aborted) return cancelled(signal)
    if (problem !== null) return problem
    return new CodedError('TIMED_OUT', `No connection was free within ${msMax} ms.`)
  }
}

const TIMER_MS_MAX = 2_147_483_647

/** What was heard from lately lives; others are asked. */
async function isAlive(connection: Connection, quietMsMax: number): Promise<boolean> {
  if (connection.isLost) return false
  if (connection.quietMs < quietMsMax) return true
  try {
    await connection.check()
    return true
  } catch {
    return false
  }
}

export function cancelled(signal: AbortSignal): CodedError {
  return new CodedError('QUERY_CANCELLED', 'The query was cancelled by its caller.', { cause: signal.reason })
}

function closed(): CodedError {
  return new CodedError('CLIENT_CLOSED', 'The client was closed.')
}
