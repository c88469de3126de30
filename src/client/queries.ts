/**
 * Queries and tails over connections of the pool. A query is one question on one connection. A tail goes on for as
 * long as it is wanted: when its connection is lost it asks again for what came after the last id.
 *
 * The connection goes back to the pool once the server has stopped; one that does not stop in time is broken.
 */
import { CodedError, isCodedError } from '../base/base.ts'
import type { JsonMessage } from '../wire/wire.ts'
import { AnswerStream } from './answer-stream.ts'
import {
  type Gap,
  isPassing,
  type RowObject,
  readGap,
  readRefusedRequest,
  readRows,
  readTailRecord,
} from './answers.ts'
import { Backoff } from './backoff.ts'
import type { ClientSettings } from './client-options.ts'
import { type Connection, invalidAnswer } from './connection.ts'
import { cancelled, type Pool } from './pool.ts'
import { pause } from './waiting.ts'

export interface QueryOptions {
  /** The newest rows, at most this many. Default: the server's own limit. */
  readonly limit?: number
  /** Ends the query with QUERY_CANCELLED. */
  readonly signal?: AbortSignal
}

export interface TailOptions {
  /** Resume after this id. Default: from now. */
  readonly after?: number
  /** Ends the tail, without an error. */
  readonly signal?: AbortSignal
}

export type TailItem =
  | { readonly row: RowObject; readonly id: number }
  /** Records that were not delivered. null: a connection was lost before the first id, so nobody knows how many. */
  | { readonly gap: Gap | null }

const NEVER = new AbortController().signal

export class Queries {
  readonly #pool: Pool
  readonly #settings: ClientSettings

  constructor(pool: Pool, settings: ClientSettings) {
    this.#pool = pool
    this.#settings = settings
  }

  async *query(text: string, options: QueryOptions): AsyncGenerator<RowObject, void> {
    const { limit, signal = NEVER } = options
    const connection = await this.#pool.acquire(signal, this.#settings.checkoutMsMax)
    const payload = limit === undefined ? { query: text } : { query: text, limit }
    await using session = this.#open(connection, 'query', payload, signal)
    for (;;) {
      const message = await session.next()
      if (message.type === 'end') return
      yield* session.read(message, 'result', readRows)
    }
  }

  async *tail(text: string, options: TailOptions): AsyncGenerator<TailItem, void> {
    const { signal = NEVER } = options
    const { clock, random, retryMsMin, retryMsMax } = this.#settings
    const backoff = new Backoff(random, retryMsMin, retryMsMax)
    const position: TailPosition = { after: options.after ?? null }
    for (let isFirst = true; !signal.aborted; isFirst = false) {
      const { after } = position
      try {
        const connection = await this.#pool.acquire(signal, null)
        if (!isFirst && after === null) yield { gap: null }
        yield* this.#tailOnce(connection, text, position, signal)
      } catch (error) {
        if (signal.aborted) return
        if (!isCodedError(error) || !isWorthRetrying(error)) throw error
      }
      if (position.after !== after) backoff.reset()
      await pause(clock, backoff.next(), AbortSignal.any([signal, this.#pool.ending]))
    }
  }

  /** Until the connection is lost, the server ends it or the reader goes. */
  async *#tailOnce(
    connection: Connection,
    text: string,
    position: TailPosition,
    signal: AbortSignal,
  ): AsyncGenerator<TailItem, void> {
    const payload = position.after === null ? { query: text } : { query: text, after: position.after }
    await using session = this.#open(connection, 'tail', payload, signal)
    for (;;) {
      const message = await session.next()
      if (message.type === 'end') return
      if (message.type === 'tail_started') continue
      if (message.type === 'gap') {
        const gap = session.read(message, 'gap', readGap)
        position.after = gap.to
        yield { gap }
      } else {
        const { id, row } = session.read(message, 'record', readTailRecord)
        if (position.after !== null && id <= position.after) continue
        position.after = id
        yield { id, row }
      }
    }
  }

  #open(connection: Connection, type: 'query' | 'tail', payload: object, signal: AbortSignal): QuerySession {
    try {
      return new QuerySession(this.#pool, connection, type, payload, signal, this.#settings)
    } catch (error) {
      this.#pool.release(connection)
      throw error
    }
  }
}

interface TailPosition {
  /** The last id that was seen. */
  after: number | null
}

const RETRIED = ['TIMED_OUT', 'ANSWER_INVALID']
const isWorthRetrying = (error: CodedError): boolean => isPassing(error) || RETRIED.includes(error.code)

/** One query or tail on its connection, until it is disposed of. */
class QuerySession implements AsyncDisposable {
  readonly #pool: Pool
  readonly #connection: Connection
  readonly #type: 'query' | 'tail'
  readonly #signal: AbortSignal
  readonly #settings: ClientSettings
  readonly #stream: AnswerStream

  constructor(
    pool: Pool,
    connection: Connection,
    type: 'query' | 'tail',
    payload: object,
    signal: AbortSignal,
    settings: ClientSettings,
  ) {
    this.#pool = pool
    this.#connection = connection
    this.#type = type
    this.#signal = signal
    this.#settings = settings
    this.#stream = new AnswerStream(connection, type, payload)
  }

  /** The next answer that is no error. */
  async next(): Promise<JsonMessage> {
    const message = await this.#unlessAborted(this.#stream.next())
    if (message.type === 'error') throw readRefusedRequest(message.payload)
    return message
  }

  /** What the payload says; a message of another type, or one that cannot be read, breaks the connection. */
  read<T>(message: JsonMessage, type: string, parse: (payload: unknown) => T | null): T {
    const value = message.type === type ? parse(message.payload) : null
    if (value !== null) return value
    const error = invalidAnswer(
      `a frame ${JSON.stringify(message.type)} that does not belong to a ${this.#type}`,
    )
    this.#connection.lose(error)
    throw error
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const { clock, answerMsMax } = this.#settings
    const cancel = clock.after(answerMsMax, () => {
      this.#connection.lose(new CodedError('TIMED_OUT', `The ${this.#type} did not stop in time.`))
    })
    await this.#stream.stop(this.#type === 'query' ? 'cancel' : 'stop')
    cancel()
    this.#pool.release(this.#connection)
  }

  async #unlessAborted<T>(promise: Promise<T>): Promise<T> {
    const { promise: aborted, reject } = Promise.withResolvers<never>()
    const abort = (): void => reject(cancelled(this.#signal))
    this.#signal.addEventListener('abort', abort, { once: true })
    if (this.#signal.aborted) abort()
    try {
      return await Promise.race([promise, aborted])
    } finally {
      this.#signal.removeEventListener('abort', abort)
    }
  }
}
