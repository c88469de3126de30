/**
 * One connection to the server: requests out, answers in, told apart by their correlation ids; asks for a sign of life
 * when it is quiet, and breaks when an answer is overdue.
 *
 * Invariants: every exchange ends exactly once, with its last answer or with `onLost`; a connection that is lost stays
 * lost; whatever the peer sends, nothing throws: what breaks the protocol's rules breaks the connection
 * (ANSWER_INVALID).
 *
 * Not for connecting (dial.ts) nor for trying again (lane.ts, pool.ts).
 */
import type { Duplex } from 'node:stream'
import { type Clock, CodedError, isCodedError, messageOf } from '../base/base.ts'
import { encodeJsonFrame, type JsonFrame, JsonFrameDecoder, type JsonMessage } from '../wire/wire.ts'
import { isPassing, readRefusedRequest } from './answers.ts'

export interface ConnectionSettings {
  readonly clock: Clock
  readonly name: string
  readonly pingMs: number
  readonly answerMsMax: number
}

/** One request and its answers. */
export interface Exchange {
  /** True when it was the last answer. */
  onAnswer(message: JsonMessage): boolean
  onLost(error: CodedError): void
}

/** Frames in a row that answer nothing, before the peer counts as mad. */
const UNASKED_MAX = 1000

export class Connection {
  /** Resolves, with the reason, when the connection is lost. */
  readonly lost: Promise<CodedError>
  /** Answers that came. */
  answers = 0
  readonly #duplex: Duplex
  readonly #settings: ConnectionSettings
  readonly #decoder = new JsonFrameDecoder()
  readonly #exchanges = new Map<number, Exchange>()
  readonly #setLost: (error: CodedError) => void
  #lostBy: CodedError | null = null
  #lastId = 0
  #unasked = 0
  #heardMs: number
  #isPaused = false
  #cancelWatch: () => void = () => {}

  constructor(duplex: Duplex, settings: ConnectionSettings) {
    const { promise, resolve } = Promise.withResolvers<CodedError>()
    this.lost = promise
    this.#setLost = resolve
    this.#duplex = duplex
    this.#settings = settings
    this.#heardMs = settings.clock.monotonicMs()
    duplex.on('data', (chunk: Uint8Array) => this.#read(chunk))
    duplex.on('error', (cause) => this.lose(unreachable(messageOf(cause), cause)))
    duplex.on('end', () => this.lose(unreachable('it ended the connection')))
    duplex.on('close', () => this.lose(unreachable('the connection closed')))
    this.#watch(settings.pingMs)
  }

  get isLost(): boolean {
    return this.#lostBy !== null
  }

  /** Milliseconds since the last sign of life. */
  get quietMs(): number {
    return this.#settings.clock.monotonicMs() - this.#heardMs
  }

  // ---- requests ---------------------------------------------------------------------------------------------

  /** A request with one answer. Rejects with what an `error` frame says, or when the connection is lost. */
  request(type: string, payload: object): Promise<JsonMessage> {
    return new Promise((resolve, reject) => {
      const onAnswer = (message: JsonMessage): true => {
        if (message.type === 'error') reject(readRefusedRequest(message.payload))
        else resolve(message)
        return true
      }
      this.start(type, payload, this.#overdue({ onAnswer, onLost: reject }, type))
    })
  }

  /** A request whose frame the caller makes, with the correlation id that it is given; one answer, in time. */
  startFrame(frameOf: (correlationId: number) => Uint8Array, exchange: Exchange): void {
    this.#start(frameOf, this.#overdue(exchange, 'log_batch'))
  }

  /** A request with any number of answers, at any time. Its correlation id. FRAME_TOO_LARGE. */
  start(type: string, payload: object, exchange: Exchange): number {
    return this.#start((correlationId) => this.#frame(type, payload, correlationId), exchange)
  }

  /** A further frame of a request that `start` began: `cancel`, `stop`. */
  follow(correlationId: number, type: string): void {
    if (this.#lostBy === null) this.#duplex.write(this.#frame(type, {}, correlationId))
  }

  #start(frameOf: (correlationId: number) => Uint8Array, exchange: Exchange): number {
    const id = this.#lastId + 1
    const frame = frameOf(id)
    this.#lastId = id
    if (this.#lostBy !== null) {
      exchange.onLost(this.#lostBy)
      return id
    }
    this.#exchanges.set(id, exchange)
    this.#duplex.write(frame)
    return id
  }

  #frame(type: string, payload: object, correlationId: number): Uint8Array {
    return encodeJsonFrame({ type, payload, timestamp: null, senderId: this.#settings.name, correlationId })
  }

  /** The exchange, under a clock: when its answer is overdue, the connection breaks. */
  #overdue(exchange: Exchange, type: string): Exchange {
    const { clock, answerMsMax } = this.#settings
    let cancel = (): void => {}
    const arm = (): void => {
      cancel = clock.after(answerMsMax, () => {
        if (this.#isPaused) arm()
        else
          this.lose(
            new CodedError('TIMED_OUT', `The server did not answer ${type} within ${answerMsMax} ms.`),
          )
      })
    }
    arm()
    return {
      onAnswer: (message) => {
        cancel()
        return exchange.onAnswer(message)
      },
      onLost: (error) => {
        cancel()
        exchange.onLost(error)
      },
    }
  }

  // ---- answers ----------------------------------------------------------------------------------------------

  /** Stops reading, so that the peer stops sending. */
  pause(): void {
    this.#isPaused = true
    this.#duplex.pause()
  }

  resume(): void {
    this.#isPaused = false
    this.#heardMs = this.#settings.clock.monotonicMs()
    this.#duplex.resume()
  }

  #read(chunk: Uint8Array): void {
    if (this.#lostBy !== null) return
    this.#decoder.push(chunk)
    for (let frame = this.#decoder.next(); frame !== null; frame = this.#decoder.next()) {
      this.#take(frame)
      if (this.isLost) return
    }
  }

  #take(frame: JsonFrame): void {
    if (frame.kind === 'bad') this.lose(invalidAnswer(frame.reason))
    else this.#takeMessage(frame.message)
  }

  #takeMessage(message: JsonMessage): void {
    const id = message.correlationId
    const exchange = typeof id === 'number' ? this.#exchanges.get(id) : undefined
    if (exchange === undefined) {
      this.#takeUnasked(message)
      return
    }
    this.#heardMs = this.#settings.clock.monotonicMs()
    this.#unasked = 0
    this.answers++
    this.#give(Number(id), exchange, message)
  }

  /** Out of the table while it takes its answer, so that one that breaks the connection then does not end twice. */
  #give(id: number, exchange: Exchange, message: JsonMessage): void {
    this.#exchanges.delete(id)
    if (exchange.onAnswer(message)) return
    if (this.#lostBy === null) this.#exchanges.set(id, exchange)
    else exchange.onLost(this.#lostBy)
  }

  /** `broadcast` comes to everybody; an `error` without an id is about the connection; the rest is nothing of ours. */
  #takeUnasked(message: JsonMessage): void {
    if (message.type === 'broadcast') return
    const isAboutConnection = message.type === 'error' && message.correlationId === null
    if (isAboutConnection) this.lose(readRefusedRequest(message.payload))
    else if (++this.#unasked > UNASKED_MAX)
      this.lose(invalidAnswer(`${UNASKED_MAX} frames that answer nothing`))
  }

  // ---- life and death ---------------------------------------------------------------------------------------

  #watch(delayMs: number): void {
    this.#cancelWatch = this.#settings.clock.after(delayMs, () => {
      const dueMs = this.#isPaused ? this.#settings.pingMs : this.#settings.pingMs - this.quietMs
      if (dueMs > 0) this.#watch(dueMs)
      else this.check().then(() => this.#watch(this.#settings.pingMs), ignoreLoss)
    })
  }

  /** Asks for a sign of life. Rejects when there is none: the connection is lost then. "Not now" is one. */
  async check(): Promise<void> {
    try {
      const { type } = await this.request('ping', {})
      if (type !== 'pong') throw invalidAnswer(`a frame ${JSON.stringify(type)} to a ping`)
    } catch (error) {
      if (isCodedError(error) && isPassing(error) && !this.isLost) return
      this.lose(isCodedError(error) ? error : unreachable(messageOf(error), error))
      throw error
    }
  }

  /** Breaks the connection. The first reason counts. */
  lose(error: CodedError): void {
    if (this.#lostBy !== null) return
    this.#lostBy = error
    this.#cancelWatch()
    this.#duplex.destroy()
    for (const exchange of this.#exchanges.values()) exchange.onLost(error)
    this.#exchanges.clear()
    this.#setLost(error)
  }
}

/** `lost` has told whom it concerns. */
const ignoreLoss = (): void => {}

export function unreachable(reason: string, cause?: unknown): CodedError {
  return new CodedError('SERVER_UNREACHABLE', `The server is not reachable: ${reason}.`, { cause })
}

export function invalidAnswer(what: string): CodedError {
  return new CodedError('ANSWER_INVALID', `The server sent ${what}.`)
}
