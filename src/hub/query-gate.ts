/**
 * Lets a bounded number of queries run at once, within a budget of memory. The others wait: each client's in the order
 * they came, and the clients by turns, so that one who asks a thousand questions holds up himself and nobody else.
 *
 * A query says before it runs what it may need; small ones need not wait for memory, and overtake those that do. When it has run, the ids of its rows are still held until their reader
 * has taken them. Where nothing runs, and what waits does not fit beside what readers hold, the reader who has held the longest
 * is ended: slow readers never keep others from asking.
 *
 * Invariant: what runs and what is held is within the budget, but for one query that runs alone.
 */
import { CodedError, isCodedError } from '../base/base.ts'

/** What needs no more is not counted. */
const SMALL_BYTES = 1024 * 1024

/** Ends a turn; more than once does nothing. */
export type Leave = () => void

interface Waiting {
  readonly bytes: number
  readonly start: () => void
}

interface Held {
  readonly bytes: number
  readonly end: () => void
}

export class QueryGate {
  running = 0
  total = 0
  readonly #runningMax: number
  readonly #bytesMax: number
  #bytes = 0
  /** By client, who has waited longest for a turn first. No queue is empty. */
  readonly #waiting = new Map<string, Set<Waiting>>()
  /** Oldest first. */
  readonly #held = new Set<Held>()

  constructor(runningMax: number, bytesMax = Number.POSITIVE_INFINITY) {
    this.#runningMax = runningMax
    this.#bytesMax = bytesMax
  }

  /** Of the budget, taken by what runs and by what readers hold. */
  get bytes(): number {
    return this.#bytes
  }

  /**
   * Resolves with the function that must be called when the query ends. QUERY_CANCELLED, or the coded error with which
   * the signal aborts.
   */
  async enter(signal: AbortSignal | undefined, client = '', bytesNeeded = 0): Promise<Leave> {
    this.total++
    const bytes = bytesNeeded > SMALL_BYTES ? bytesNeeded : 0
    const isInTurn = bytes === 0 || this.#waiting.size === 0
    if (isInTurn && this.#hasRoom(bytes)) this.#start(bytes)
    else await this.#wait(signal, client, bytes)
    let isLeft = false
    return () => {
      if (isLeft) return
      isLeft = true
      this.running--
      this.#bytes -= bytes
      this.#startNext()
    }
  }

  /**
   * Takes bytes that an answer holds until its reader has it all; called before the query leaves. `end` is called when
   * they are needed: then they are to be let go. The function that is answered gives them back.
   */
  hold(bytes: number, end: () => void): Leave {
    const held: Held = { bytes, end }
    this.#held.add(held)
    this.#bytes += bytes
    return () => {
      this.#forget(held)
      this.#startNext()
    }
  }

  #forget(held: Held): void {
    if (this.#held.delete(held)) this.#bytes -= held.bytes
  }

  #hasRoom(bytes: number): boolean {
    const fits = bytes === 0 || this.#bytes === 0 || this.#bytes + bytes <= this.#bytesMax
    return this.running < this.#runningMax && fits
  }

  #start(bytes: number): void {
    this.running++
    this.#bytes += bytes
  }

  #wait(signal: AbortSignal | undefined, client: string, bytes: number): Promise<void> {
    return new Promise((resolve, reject) => {
      const start = (): void => {
        signal?.removeEventListener('abort', giveUp)
        resolve()
      }
      const waiting: Waiting = { bytes, start }
      const giveUp = (): void => {
        this.#remove(client, waiting)
        reject(reasonOf(signal))
        this.#startNext()
      }
      if (signal?.aborted) return reject(reasonOf(signal))
      signal?.addEventListener('abort', giveUp, { once: true })
      const queue = this.#waiting.get(client)
      if (queue === undefined) this.#waiting.set(client, new Set([waiting]))
      else queue.add(waiting)
      this.#startNext()
    })
  }

  /** Starts queries while there is room: that of the client whose turn it is, who goes to the end of the line. */
  #startNext(): void {
    for (let turn = this.#nextTurn(); turn !== null; turn = this.#nextTurn()) {
      const { client, next } = turn
      const queue = this.#waiting.get(client)
      this.#remove(client, next)
      if (queue !== undefined && queue.size > 0) {
        this.#waiting.delete(client)
        this.#waiting.set(client, queue)
      }
      this.#start(next.bytes)
      next.start()
    }
  }

  /** The first in line; while it waits for memory, the first that needs none. */
  #nextTurn(): { readonly client: string; readonly next: Waiting } | null {
    let isFirst = true
    for (const [client, [next]] of this.#waiting) {
      if (isFirst && !this.#hasRoom(next.bytes)) this.#endReaders(next.bytes)
      if ((isFirst || next.bytes === 0) && this.#hasRoom(next.bytes)) return { client, next }
      isFirst = false
    }
    return null
  }

  /** Only when nothing runs that gives its memory back by itself. */
  #endReaders(bytes: number): void {
    if (this.running > 0) return
    for (const held of this.#held) {
      if (this.#hasRoom(bytes)) return
      this.#forget(held)
      held.end()
    }
  }

  #remove(client: string, waiting: Waiting): void {
    const queue = this.#waiting.get(client)
    queue?.delete(waiting)
    if (queue?.size === 0) this.#waiting.delete(client)
  }
}

/** `hadTurn` among its details tells whoever gave it a deadline that it has not been slow. */
function reasonOf(signal: AbortSignal | undefined): CodedError {
  const reason: unknown = signal?.reason
  if (isCodedError(reason)) return reason
  const message = 'The query was cancelled while it waited for its turn.'
  return new CodedError('QUERY_CANCELLED', message, { details: { hadTurn: false } })
}
