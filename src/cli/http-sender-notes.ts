/** What a command says while a server is away: nothing of short pauses, and once for several requests at a time. */
import type { Clock } from '../base/base.ts'

const PAUSE_MS_MIN = 1000

/** For `onRetry` of HttpSender. */
export function retryNotes(
  clock: Clock,
  say: (text: string) => void,
): (reason: string, delayMs: number) => void {
  let quietUntilMs = Number.NEGATIVE_INFINITY
  return (reason, delayMs) => {
    const nowMs = clock.monotonicMs()
    if (delayMs < PAUSE_MS_MIN || nowMs < quietUntilMs) return
    quietUntilMs = nowMs + delayMs
    say(`${reason} Trying again in ${Math.round(delayMs / 1000)} s.`)
  }
}
