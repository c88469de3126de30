/**
 * Times and durations as people write them in queries.
 *
 *   now   now-5m   -5m   5m  relative to the query's own time; without a sign, so long ago
 *   5m    1d12h    1.5h      durations
 *   2025-07-18Z, 1752800000  what record/ reads as a time: a stretch as long as its smallest unit
 *
 * Nanoseconds are BigInt here: this runs once a query, not once a record.
 */
import { parseTimeSpan } from '../../record/record.ts'
import { type Span, syntaxProblem } from './problem.ts'
import { shown } from './quoting.ts'

/** A moment as queries keep it. `ns` is within the millisecond, 0 to 999,999. */
export interface Moment {
  readonly ms: number
  readonly ns: number
}

/** Both inclusive, nanoseconds since the epoch. */
export interface Stretch {
  readonly first: bigint
  readonly last: bigint
}

const NS_PER_MS = 1_000_000n
const MS_BOUND = 8_640_000_000_000_000n

export function momentOf(ns: bigint): Moment {
  const ms = floorDivide(ns, NS_PER_MS)
  if (ms > MS_BOUND) return { ms: Number(MS_BOUND), ns: 0 }
  if (ms < -MS_BOUND) return { ms: Number(-MS_BOUND), ns: 0 }
  return { ms: Number(ms), ns: Number(ns - ms * NS_PER_MS) }
}

function floorDivide(value: bigint, by: bigint): bigint {
  const quotient = value / by
  return value < 0n && quotient * by !== value ? quotient - 1n : quotient
}

// ---- durations ----------------------------------------------------------------------------------------------

const UNIT_NS: Readonly<Record<string, bigint>> = {
  ns: 1n,
  us: 1_000n,
  '\u00b5s': 1_000n,
  '\u03bcs': 1_000n,
  ms: NS_PER_MS,
  s: 1_000_000_000n,
  m: 60_000_000_000n,
  h: 3_600_000_000_000n,
  d: 86_400_000_000_000n,
  w: 604_800_000_000_000n,
  y: 31_536_000_000_000_000n,
}
const DURATION_PART = /(\d{1,18})(?:\.(\d{1,9}))?(ns|[u\u00b5\u03bc]s|ms|s|m|h|d|w|y)/gy
const FRACTION_BASE = 1_000_000_000n

/** Nanoseconds of `1d12h`, `1.5h`, `-5m`, or null. */
export function parseDuration(text: string): bigint | null {
  const isNegative = text.startsWith('-')
  let at = isNegative || text.startsWith('+') ? 1 : 0
  let total = 0n
  if (at === text.length) return null
  while (at < text.length) {
    DURATION_PART.lastIndex = at
    const part = DURATION_PART.exec(text)
    if (part === null) return null
    const [all, whole, fraction = '', unit] = part
    total += BigInt(whole) * UNIT_NS[unit] + (BigInt(fraction.padEnd(9, '0')) * UNIT_NS[unit]) / FRACTION_BASE
    at += all.length
  }
  return isNegative ? -total : total
}

export function requireDuration(text: string, span: Span): bigint {
  const duration = parseDuration(text)
  if (duration !== null) return duration
  throw syntaxProblem(`${shown(text)} is no duration: write it like 5m, 1.5h or 2d12h`, span)
}

// ---- times --------------------------------------------------------------------------------------------------

/** The stretch of time that the text names, or null when it names none. */
export function parseTime(text: string, nowMs: number): Stretch | null {
  return parseRelative(text, nowMs) ?? parseNamed(text)
}

export function requireTime(text: string, nowMs: number, span: Span): Stretch {
  if (BARE_FRACTION.test(text))
    throw syntaxProblem(`${shown(text)} has no zone: write ${text}Z for UTC`, span)
  if (HOURS_ZONE.test(text)) throw syntaxProblem(`${shown(text)} has half a zone: write ${text}:00`, span)
  const time = parseTime(text, nowMs)
  if (time !== null) return time
  throw syntaxProblem(
    `${shown(text)} is no time: write it like 5m, 2025-07-18Z, 2025-07-18T10:20:30+09:00, now-5m or 1752800000`,
    span,
  )
}

/** More often half a copied time than meant so. */
const BARE_FRACTION = /^\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d\.\d+$/
const HOURS_ZONE = /^\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:\.\d+)?[+-]\d\d$/

/** The query's own time: all of its millisecond, since a record may have come within it. */
export function nowStretch(nowMs: number): Stretch {
  const first = BigInt(Math.floor(nowMs)) * NS_PER_MS
  return { first, last: first + NS_PER_MS - 1n }
}

function parseRelative(text: string, nowMs: number): Stretch | null {
  const lower = text.toLowerCase()
  if (lower === 'now') return nowStretch(nowMs)
  const isOfNow = lower.startsWith('now')
  const rest = isOfNow ? text.slice('now'.length) : text
  const hasSign = /^[+-]/.test(rest)
  const duration = isOfNow && !hasSign ? null : parseDuration(rest)
  if (duration === null) return null
  const since = hasSign ? duration : -duration
  const { first, last } = nowStretch(nowMs)
  return { first: first + since, last: last + since }
}

function parseNamed(text: string): Stretch | null {
  const first = { ms: 0, ns: 0 }
  const last = { ms: 0, ns: 0 }
  return parseTimeSpan(text, first, last) ? { first: nanosecondsOf(first), last: nanosecondsOf(last) } : null
}

function nanosecondsOf({ ms, ns }: Moment): bigint {
  return BigInt(ms) * NS_PER_MS + BigInt(ns)
}
