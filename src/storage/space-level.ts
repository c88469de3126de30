/**
 * How much room a store's disk has left, as levels with a border each. A level is left only when there is a little more
 * room than its border, so that a disk that stays at a border does not change its level every second.
 */
import type { StoreOptions } from './store-options.ts'

/**
 * `warn`: an operator should look. `shed`: what can wait and needs room, merging, waits. `refuse`: records are refused,
 * or the oldest parts dropped.
 */
export type SpaceLevel = 'roomy' | 'warn' | 'shed' | 'refuse'

export interface SpaceStats {
  readonly level: SpaceLevel
  /** Null until they were measured. */
  readonly freeBytes: number | null
  readonly totalBytes: number | null
}

export type SpaceBorders = Pick<StoreOptions, 'warnFreeBytesMin' | 'shedFreeBytesMin' | 'freeBytesMin'>

const ORDER: readonly SpaceLevel[] = ['roomy', 'warn', 'shed', 'refuse']
const LEAVE_FACTOR = 1.05

/** Bytes free below which a level begins: never below those of the level after it. */
export function borderOf(
  level: SpaceLevel,
  { warnFreeBytesMin, shedFreeBytesMin, freeBytesMin }: SpaceBorders,
): number {
  if (level === 'refuse') return freeBytesMin
  if (level === 'shed') return Math.max(shedFreeBytesMin, freeBytesMin)
  return level === 'warn'
    ? Math.max(warnFreeBytesMin, shedFreeBytesMin, freeBytesMin)
    : Number.POSITIVE_INFINITY
}

export function spaceLevel(freeBytes: number, before: SpaceLevel, borders: SpaceBorders): SpaceLevel {
  const reached = ORDER.filter((level) => freeBytes < borderOf(level, borders) * factorOf(level, before))
  return reached.at(-1) ?? 'roomy'
}

const factorOf = (level: SpaceLevel, before: SpaceLevel): number =>
  ORDER.indexOf(before) >= ORDER.indexOf(level) ? LEAVE_FACTOR : 1

/** How many bytes may be taken before the next level begins; Infinity where there is none. */
export function bytesToNextLevel(freeBytes: number, borders: SpaceBorders): number {
  const below = ORDER.slice(1)
    .map((level) => borderOf(level, borders))
    .filter((border) => border > 0 && border <= freeBytes)
  return freeBytes - Math.max(Number.NEGATIVE_INFINITY, ...below)
}

/** Whether `level` is `border` or worse. */
export const isAtLeast = (level: SpaceLevel, border: SpaceLevel): boolean =>
  ORDER.indexOf(level) >= ORDER.indexOf(border)
