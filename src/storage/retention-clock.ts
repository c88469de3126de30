/**
 * What time it is for retention: the wall clock, unless it may be wrong. A clock that jumps ahead by ten years must not
 * drop a whole store, so a step forward of more than STEP_MS_MAX only counts when the clock has gone on evenly for a
 * day after it; until then this one goes on from before the step, by the monotonic clock. A start long after the newest
 * record is such a step too: nobody can tell it from a wrong clock. A step back counts at once: it drops less.
 */
import type { Clock } from '../base/base.ts'

const STEP_MS_MAX = 3_600_000
const START_STEP_MS_MAX = 86_400_000
const EVEN_MS_MIN = 86_400_000

export class RetentionClock {
  readonly #clock: Clock
  /** Wall time minus monotonic time, as believed. */
  #offsetMs: number
  /** What the wall clock has been showing, and since when by the monotonic clock. */
  #shownMs: number
  #shownSinceMs: number

  /** `newestMs`: the largest receivedTime in the store; -Infinity where it is empty. */
  constructor(clock: Clock, newestMs: number) {
    const wallMs = clock.wallMs()
    const monotonicMs = clock.monotonicMs()
    const isStep = newestMs > Number.NEGATIVE_INFINITY && wallMs > newestMs + START_STEP_MS_MAX
    this.#clock = clock
    this.#offsetMs = (isStep ? newestMs : wallMs) - monotonicMs
    this.#shownMs = wallMs - monotonicMs
    this.#shownSinceMs = monotonicMs
  }

  /** To be asked at least once an hour: steps between two questions are seen as one. */
  nowMs(): number {
    const monotonicMs = this.#clock.monotonicMs()
    const shownMs = this.#clock.wallMs() - monotonicMs
    if (Math.abs(shownMs - this.#shownMs) > STEP_MS_MAX) {
      this.#shownMs = shownMs
      this.#shownSinceMs = monotonicMs
    }
    if (shownMs > this.#offsetMs + STEP_MS_MAX && monotonicMs - this.#shownSinceMs >= EVEN_MS_MIN)
      this.#offsetMs = shownMs
    const isStep = shownMs > this.#offsetMs + STEP_MS_MAX
    return monotonicMs + (isStep ? this.#offsetMs : shownMs)
  }
}
