/** A signal that aborts when the time is up, or when another one does. */
import { type Clock, isCodedError } from '../../base/base.ts'
import { HttpProblem } from './problem-document.ts'

export class Deadline {
  readonly signal: AbortSignal
  readonly ms: number
  readonly #time = new AbortController()
  readonly stop: () => void

  /** 0: no limit. */
  constructor(clock: Clock, ms: number, other: AbortSignal) {
    this.ms = ms
    this.signal = AbortSignal.any([this.#time.signal, other])
    this.stop = ms === 0 ? () => {} : clock.after(ms, () => this.#time.abort())
  }

  get isOver(): boolean {
    return this.#time.signal.aborted
  }

  /**
   * What a query's error is to its client: one that was cancelled because its time was up, took too long, or never had
   * its turn.
   */
  problemOf(error: unknown): unknown {
    if (!isCodedError(error, 'QUERY_CANCELLED')) return error
    if (!this.isOver) return error
    if (error.details['hadTurn'] === false) {
      const detail = `Other queries run, and this one had no turn for ${this.ms} ms: ask again soon.`
      return new HttpProblem('SERVER_BUSY', detail, { cause: error })
    }
    return new HttpProblem('QUERY_CANCELLED', `The query took longer than ${this.ms} ms.`, { status: 504 })
  }
}
