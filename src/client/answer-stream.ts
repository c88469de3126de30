/**
 * The answers of one query or tail, in their order, for a reader that takes its time: when too many wait, the
 * connection is not read from, and the server stops sending.
 */
import type { CodedError } from '../base/base.ts'
import type { JsonMessage } from '../wire/wire.ts'
import type { Connection, Exchange } from './connection.ts'

const WAITING_MAX = 64

export class AnswerStream implements Exchange {
  readonly #connection: Connection
  readonly #id: number
  readonly #waiting: JsonMessage[] = []
  #reader: PromiseWithResolvers<JsonMessage> | null = null
  #lostBy: CodedError | null = null
  #isPaused = false
  #isEnded = false
  /** Answers are thrown away: only their end is awaited. */
  #onEnd: (() => void) | null = null

  /** Sends the request. FRAME_TOO_LARGE. */
  constructor(connection: Connection, type: 'query' | 'tail', payload: object) {
    this.#connection = connection
    this.#id = connection.start(type, payload, this)
  }

  /** The next answer. Rejects when the connection was lost; what came before is given first. */
  next(): Promise<JsonMessage> {
    const message = this.#waiting.shift()
    if (message !== undefined) {
      if (this.#waiting.length === 0) this.#flow()
      return Promise.resolve(message)
    }
    if (this.#lostBy !== null) return Promise.reject(this.#lostBy)
    this.#reader = Promise.withResolvers()
    return this.#reader.promise
  }

  /** Asks the server to stop, and resolves when it has. Every answer until then is thrown away. */
  async stop(type: 'cancel' | 'stop'): Promise<void> {
    if (this.#isEnded || this.#lostBy !== null) return
    const { promise, resolve } = Promise.withResolvers<void>()
    this.#onEnd = resolve
    this.#waiting.length = 0
    this.#flow()
    this.#connection.follow(this.#id, type)
    await promise
  }

  onAnswer(message: JsonMessage): boolean {
    this.#isEnded = message.type === 'end' || message.type === 'error'
    if (this.#onEnd !== null) {
      if (this.#isEnded) this.#onEnd()
    } else if (this.#reader !== null) {
      this.#reader.resolve(message)
      this.#reader = null
    } else {
      this.#waiting.push(message)
      if (this.#waiting.length >= WAITING_MAX) this.#hold()
    }
    return this.#isEnded
  }

  onLost(error: CodedError): void {
    this.#lostBy = error
    this.#reader?.reject(error)
    this.#reader = null
    this.#onEnd?.()
  }

  #hold(): void {
    this.#isPaused = true
    this.#connection.pause()
  }

  #flow(): void {
    if (!this.#isPaused) return
    this.#isPaused = false
    this.#connection.resume()
  }
}
