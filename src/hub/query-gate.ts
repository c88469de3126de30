/**
 * Lets a bounded number of queries run at once. The others wait: each client's in the order they came, and the clients
 * by turns, so that one who asks a thousand questions holds up himself and nobody else.
 */
import { CodedError } from '../base/base.ts'

export class QueryGate {
  running = 0
  total = 0
  readonly #runningMax: number
  /** By client, who has waited longest for a turn first. No queue is empty. */
  readonly #waiting = new Map<string, Set<() => void>>()

  constructor(runningMax: number) {
    this.#runningMax = runningMax
  }

  /** Resolves with the function that must be called when the query ends. QUERY_CANCELLED. */
  async enter(signal: AbortSignal | undefined, client = ''): Promise<() => void> {
    this.total++
    if (this.running >= this.#runningMax) await this.#wait(signal, client)
    else this.running++
    let isLeft = false
    return () => {
      if (isLeft) return
      isLeft = true
      const next = this.#takeNext()
      if (next === null) this.running--
      else next() // It takes over this one's place.
    }
  }

  #wait(signal: AbortSignal | undefined, client: string): Promise<void> {
    return new Promise((resolve, reject) => {
      const start = (): void => {
        signal?.removeEventListener('abort', giveUp)
        resolve()
      }
      const giveUp = (): void => {
        this.#remove(client, start)
        reject(new CodedError('QUERY_CANCELLED', 'The query was cancelled while it waited for its turn.'))
      }
      if (signal?.aborted) return reject(new CodedError('QUERY_CANCELLED', 'The query was cancelled.'))
      signal?.addEventListener('abort', giveUp, { once: true })
      const queue = this.#waiting.get(client)
      if (queue === undefined) this.#waiting.set(client, new Set([start]))
      else queue.add(start)
    })
  }

  /** The next query of the client whose turn it is, who goes to the end of the line. */
  #takeNext(): (() => void) | null {
    const [turn] = this.#waiting
    if (turn === undefined) return null
    const [client, queue] = turn
    const [next] = queue
    queue.delete(next)
    this.#waiting.delete(client)
    if (queue.size > 0) this.#waiting.set(client, queue)
    return next
  }

  #remove(client: string, start: () => void): void {
    const queue = this.#waiting.get(client)
    queue?.delete(start)
    if (queue?.size === 0) this.#waiting.delete(client)
  }
}
