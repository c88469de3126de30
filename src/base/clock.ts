/**
 * Time as an argument. Wall time may jump; everything that waits uses the monotonic side.
 * Times are milliseconds; `wallMs` may have a fraction (microseconds).
 */
export interface Clock {
  /** Milliseconds since the Unix epoch. May step backwards. */
  wallMs(): number
  /** Milliseconds since some fixed point. Never steps. */
  monotonicMs(): number
  /** Calls `callback` once after `delayMs`; the returned function cancels. Does not keep the process alive. */
  after(delayMs: number, callback: () => void): () => void
}

export const systemClock: Clock = {
  wallMs: () => Date.now(),
  monotonicMs: () => performance.now(),
  after(delayMs, callback) {
    const timer = setTimeout(callback, delayMs)
    timer.unref()
    return () => clearTimeout(timer)
  },
}
