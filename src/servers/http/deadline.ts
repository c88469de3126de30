/** A signal that aborts when the time is up, or when another one does. */
import type { Clock } from '../../base/base.ts'

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
}
