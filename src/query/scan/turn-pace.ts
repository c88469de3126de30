/**
 * How many rows a turn of a query takes, so that it lasts some milliseconds, whatever a row turns out to cost: a few at
 * first, more while turns are short, fewer when one was long. What a row costs cannot be foreseen: values may be long,
 * and of what is stored most rows cost next to nothing.
 */

/** A turn should not last longer. */
const TURN_MS = 8
/** A turn that is shorter may have more rows. */
const SHORT_TURN_MS = 2
const GROWTH = 8

export class TurnPace {
  readonly #rowsMax: number
  readonly #nowMs: () => number
  #rows: number

  constructor(rowsFirst: number, rowsMax: number, nowMs: () => number = () => performance.now()) {
    this.#rows = rowsFirst
    this.#rowsMax = rowsMax
    this.#nowMs = nowMs
  }

  /** Rows of the next turn, at least one. */
  get rows(): number {
    return this.#rows
  }

  /** Does a turn of so many rows, and learns from how long it takes. */
  turn<T>(rows: number, work: () => T): T {
    const beganMs = this.#nowMs()
    const result = work()
    const tookMs = this.#nowMs() - beganMs
    if (tookMs > TURN_MS) this.#rows = Math.max(1, Math.floor((rows * TURN_MS) / tookMs))
    else if (tookMs < SHORT_TURN_MS && rows >= this.#rows)
      this.#rows = Math.min(this.#rowsMax, this.#rows * GROWTH)
    return result
  }
}
