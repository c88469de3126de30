/**
 * Which parts retention drops: pure planning over the parts that the manifest lists. Always whole parts; single records
 * go by bitmaps (StoreMaintenance.deleteRows).
 *
 * A record counts by the larger of its time and its receivedTime; one that is filed by receivedTime (seal.ts), by that
 * alone, so that a time in a far future keeps nothing for ever. `newestMs` is at or above that of every record of its
 * part: what is dropped is never too young.
 */
import type { ManifestPart, PartSummary } from './manifest.ts'

const DAY_MS = 86_400_000

/** No record of the part is younger than this. */
export function newestMs({ day, timeMsMax, receivedMsMax }: PartSummary): number {
  // Of a mixed part: a time more than a day ahead of its receivedTime is not what the record is filed by.
  const timeMs = day === null ? Math.min(timeMsMax, receivedMsMax + DAY_MS) : (day + 1) * DAY_MS
  return Math.max(timeMs, receivedMsMax)
}

/** Numbers of the parts in which every record is older than `retentionMs`; 0: none ever is. */
export function planExpired(parts: readonly ManifestPart[], nowMs: number, retentionMs: number): number[] {
  if (retentionMs === 0) return []
  return parts.filter(({ summary }) => newestMs(summary) < nowMs - retentionMs).map(({ number }) => number)
}

/** Numbers of the oldest parts that must go so that at least `bytes` go; all of them where that is not enough. */
export function planOldest(parts: readonly ManifestPart[], bytes: number): number[] {
  const oldestFirst = [...parts].sort(
    (a, b) => newestMs(a.summary) - newestMs(b.summary) || a.number - b.number,
  )
  const numbers: number[] = []
  let left = bytes
  for (const { number, summary } of oldestFirst) {
    if (left <= 0) break
    numbers.push(number)
    left -= summary.bytes
  }
  return numbers
}
