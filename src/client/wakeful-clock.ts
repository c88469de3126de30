/**
 * The system's clock, whose timers keep the process alive: a client that waits before its next try still has records
 * to send. (`systemClock` lets the process end.) Until it is closed, an open client keeps its process running.
 */
import { type Clock, systemClock } from '../base/base.ts'

export const wakefulClock: Clock = {
  wallMs: systemClock.wallMs,
  monotonicMs: systemClock.monotonicMs,
  after(delayMs, callback) {
    const timer = setTimeout(callback, delayMs)
    return () => clearTimeout(timer)
  },
}
