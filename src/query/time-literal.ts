/**
 * Times and durations as people write them in queries.
 *
 *   2025            2025-07-18Z      2025-07-18T10:20+09:00     a calendar unit, from year to nanosecond; a unit is a
 *                                                               stretch of time: all of 2025
 *   1752800000      1752800000.25    1752800000123              Unix s, ms, µs, ns by magnitude; the unit is the last digit
 *   now             now-5m           -5m                        relative to the query's own time
 *   5m              1d12h            1.5h                       durations
 *
 * Without a zone a time is UTC. Nanoseconds are BigInt here: this runs once a query, not once a record.
 */
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
  µs: 1_000n,
  ms: NS_PER_MS,
  s: 1_000_000_000n,
  m: 60_000_000_000n,
  h: 3_600_000_000_000n,
  d: 86_400_000_000_000n,
  w: 604_800_000_000_000n,
  y: 31_536_000_000_000_000n,
}
const DURATION_PART = /(\d{1,18})(?:\.(\d{1,9}))?(ns|us|µs|ms|s|m|h|d|w|y)/gy
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

const CALENDAR =
  /^(\d{4})(?:-(\d\d)(?:-(\d\d)(?:[T ](\d\d)(?::(\d\d)(?::(\d\d)(?:\.(\d{1,9}))?)?)?)?)?)?(?:([zZ])|([+-])(\d\d):(\d\d))?$/
const UNIX = /^-?(\d{5,19})(?:\.(\d{1,9}))?$/

/** The stretch of time that the text names, or null when it names none. */
export function parseTime(text: string, nowMs: number): Stretch | null {
  return parseRelative(text, nowMs) ?? parseCalendar(text) ?? parseUnix(text)
}

export function requireTime(text: string, nowMs: number, span: Span): Stretch {
  const time = parseTime(text, nowMs)
  if (time !== null) return time
  const hint = /\.\d+$/.test(text) && parseCalendar(`${text}Z`) !== null ? `write ${text}Z for UTC` : TIME_HINT
  throw syntaxProblem(`${shown(text)} is no time: ${hint}`, span)
}

const TIME_HINT = 'write it like 2025-07-18Z, 2025-07-18T10:20:30+09:00, now-5m or 1752800000'

/** The stretch of the query's own time: its millisecond, since a record may have come within it. */
export function nowStretch(nowMs: number): Stretch {
  const first = BigInt(Math.floor(nowMs)) * NS_PER_MS
  return { first, last: first + NS_PER_MS - 1n }
}

function parseRelative(text: string, nowMs: number): Stretch | null {
  const lower = text.toLowerCase()
  const rest = lower.startsWith('now') ? text.slice(3) : text
  if (lower === 'now') return nowStretch(nowMs)
  if (!/^[+-]/.test(rest)) return null
  const duration = parseDuration(rest)
  if (duration === null) return null
  const { first, last } = nowStretch(nowMs)
  return { first: first + duration, last: last + duration }
}

function parseCalendar(text: string): Stretch | null {
  const match = CALENDAR.exec(text)
  if (match === null) return null
  const [, year, month, day, hour, minute, second, fraction, utc, sign, zoneHours, zoneMinutes] = match
  // A fraction without a zone is more often half a copied time than meant so.
  if (fraction !== undefined && utc === undefined && sign === undefined) return null
  const parts = [year, month ?? '1', day ?? '1', hour ?? '0', minute ?? '0', second ?? '0'].map(Number)
  const start = calendarMs(parts)
  const zone = sign === undefined ? 0n : zoneNs(sign, Number(zoneHours), Number(zoneMinutes))
  if (start === null || zone === null) return null
  const first = BigInt(start) * NS_PER_MS + BigInt((fraction ?? '0').padEnd(9, '0')) - zone
  const next = nextUnitNs(parts, [month, day, hour, minute, second], fraction)
  return { first, last: first + next - 1n }
}

/** Milliseconds of year, month, day, hour, minute, second, or null when the calendar has no such time. */
function calendarMs([year, month, day, hour, minute, second]: number[]): number | null {
  if (hour > 23 || minute > 59 || second > 59) return null
  const date = new Date(0)
  date.setUTCFullYear(year, month - 1, day)
  const isReal = date.getUTCFullYear() === year && date.getUTCMonth() === month - 1 && date.getUTCDate() === day
  return isReal ? date.getTime() + ((hour * 60 + minute) * 60 + second) * 1000 : null
}

function zoneNs(sign: string, hours: number, minutes: number): bigint | null {
  if (hours > 23 || minutes > 59) return null
  const ns = BigInt(hours * 60 + minutes) * UNIT_NS.m
  return sign === '-' ? -ns : ns
}

/** How long the named unit is. `given`: month to second as they were written. */
function nextUnitNs(parts: readonly number[], given: readonly (string | undefined)[], fraction?: string): bigint {
  const [year, month] = parts
  const [givenMonth, givenDay, givenHour, givenMinute, givenSecond] = given
  if (fraction !== undefined) return 10n ** BigInt(9 - fraction.length)
  if (givenSecond !== undefined) return UNIT_NS.s
  if (givenMinute !== undefined) return UNIT_NS.m
  if (givenHour !== undefined) return UNIT_NS.h
  if (givenDay !== undefined) return UNIT_NS.d
  const end = new Date(0)
  const start = new Date(0)
  start.setUTCFullYear(year, month - 1, 1)
  if (givenMonth === undefined) end.setUTCFullYear(year + 1, 0, 1)
  else end.setUTCFullYear(year, month, 1)
  return BigInt(end.getTime() - start.getTime()) * NS_PER_MS
}

/** Digits before the point: up to 11 are seconds, 14 milliseconds, 17 microseconds, 19 nanoseconds. */
function parseUnix(text: string): Stretch | null {
  const match = UNIX.exec(text)
  if (match === null) return null
  const [, digits, fraction = ''] = match
  const scale = digits.length <= 11 ? 9 : digits.length <= 14 ? 6 : digits.length <= 17 ? 3 : 0
  const kept = fraction.slice(0, scale)
  const unit = 10n ** BigInt(scale - kept.length)
  const size = BigInt(digits + kept) * unit
  const first = text.startsWith('-') ? -size : size
  return { first, last: first + unit - 1n }
}
