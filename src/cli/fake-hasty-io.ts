/** For tests: a command line for which every pause is over at once, as if its time had passed. */
import { type Clock, systemClock } from '../base/base.ts'
import { FakeIo } from './fake-io.ts'

/** A longer one is no pause, but the patience with a server that does not answer. */
const PAUSE_MS_MAX = 30_000

export class HastyIo extends FakeIo {
  override readonly clock: Clock = {
    ...systemClock,
    monotonicMs: () => this.nowMs,
    after: (delayMs, callback) => {
      if (delayMs > PAUSE_MS_MAX) return () => {}
      const pause = setImmediate(() => {
        this.nowMs += delayMs
        callback()
      })
      return () => clearImmediate(pause)
    },
  }
}
