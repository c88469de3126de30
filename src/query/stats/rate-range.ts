/** Seconds that `rate` and `rate_sum` divide by. */
import type { PipeSettings } from '../pipes/kind.ts'

const SECOND_MS = 1000

/**
 * Of a step where whoever asks, or the query, has steps of time, else of the time range of the query; 1 where that is
 * open. A range that ends with the last millisecond of a second (`_time:2025-07-18Z`) is as long as it looks.
 */
export function rateSecondsOf({ rateSeconds, timeMsMin, timeMsMax }: PipeSettings): number {
  if (rateSeconds !== null) return rateSeconds
  const ms = timeMsMax - timeMsMin
  if (!Number.isFinite(ms) || ms < 0) return 1
  return (ms % SECOND_MS === 0 && ms > 0 ? ms : ms + 1) / SECOND_MS
}
