/** Lets a bounded number of queries run at once; the others wait in the order they came. */
import { CodedError } from '../base/base.ts'

export class QueryGate {
  running = 0
  total = 0
  readonly #runningMax: number
  readonly #waiting: (() => void)[] = []

  constructor(runningMax: number) {
    this.#runningMax = runningMax
  }

  /** Resolves with the function that must be called when the query ends. QUERY_CANCELLED. */
  async enter(signal: AbortSignal | undefined): Promise<() => void> {
    this.total++
    if (this.running >= this.#runningMax) await this.#wait(signal)
    else this.running++
    let isLeft = false
    return () => {
      if (isLeft) return
      isLeft = true
      const next = this.#waiting.shift()
      if (next === undefined) this.running--
      else next() // It takes over this one's place.
    }
  }

  #wait(signal: AbortSignal | undefined): Promise<void> {
    return new Promise((resolve, reject) => {
      const start = (): void => {
        signal?.removeEventListener('abort', giveUp)
        resolve()
      }
      const giveUp = (): void => {
        this.#waiting.splice(this.#waiting.indexOf(start), 1)
        reject(new CodedError('QUERY_CANCELLED', 'The query was cancelled while it waited for its turn.'))
      }
      if (signal?.aborted) return reject(new CodedError('QUERY_CANCELLED', 'The query was cancelled.'))
      signal?.addEventListener('abort', giveUp, { once: true })
      this.#waiting.push(start)
    })
  }
}
