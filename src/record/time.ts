/**
 * Times: text to (ms, ns) and back, byte by byte, without an object or a string per call.
 *
 * A time is whole milliseconds since the epoch, which may be negative, and the nanoseconds within that millisecond,
 * 0 to 999,999; so -1 ns is { ms: -1, ns: 999_999 }. All digits are kept to the nanosecond, what is finer is cut off;
 * no float ever holds a fraction. A time outside TIME_MS_MIN to TIME_MS_MAX does not parse.
 *
 * A leap second (`23:59:60`) is the first second of the next minute, as Unix time has no room for it. A zone is
 * `Z` or a number; without one the time is UTC.
 *
 * Not for the many spellings in log lines (line-time.ts) nor for what people type in queries (time-text.ts).
 */
import { printDigits, printNumber } from '../base/portable.ts'
import { TIME_MS_MAX, TIME_MS_MIN } from './limits.ts'

export interface TimeResult {
  /** Milliseconds since the epoch. */
  ms: number
  /** Nanoseconds within the millisecond, 0 to 999,999. */
  ns: number
}

const SECOND_MS = 1000
const MINUTE_MS = 60 * SECOND_MS
const HOUR_MS = 60 * MINUTE_MS
const DAY_MS = 24 * HOUR_MS
const NS_PER_MS = 1_000_000

const COLON = 0x3a
const COMMA = 0x2c
const DOT = 0x2e
const MINUS = 0x2d
const PLUS = 0x2b
const SPACE = 0x20
const ZERO = 0x30

// ---- Unix time ----------------------------------------------------------------------------------------------

/** Digits before the point, leading zeros aside: up to 11 are seconds, 14 milliseconds, 17 microseconds, 19 nanoseconds. */
const SECONDS_DIGITS_MAX = 11
const MILLISECONDS_DIGITS_MAX = 14
const MICROSECONDS_DIGITS_MAX = 17
const NANOSECONDS_DIGITS_MAX = 19

/**
 * Unix seconds, milliseconds, microseconds or nanoseconds, told apart by magnitude: `1705312200`, `1705312200.25`,
 * `1705312200250`, `-1.5`. False, with `out` in an undefined state, when all of the bytes are not one such number.
 */
export function parseUnixTime(bytes: Uint8Array, start: number, end: number, out: TimeResult): boolean {
  const isNegative = start < end && bytes[start] === MINUS
  const first = isNegative ? start + 1 : start
  const point = digitsEnd(bytes, first, end)
  if (point === first) return false
  const stop = point < end && bytes[point] === DOT ? digitsEnd(bytes, point + 1, end) : point
  if (stop !== end || bytes[end - 1] === DOT) return false
  let significant = first
  while (significant < point && bytes[significant] === ZERO) significant++
  const shift = msDigitShift(point - significant)
  if (Number.isNaN(shift)) return false
  readScaled(bytes, significant, point, end, shift, out)
  if (isNegative) negate(out)
  return isTimeInRange(out.ms)
}

/** How many digits right of the point (negative: left of it) the digit of single milliseconds stands. */
function msDigitShift(digits: number): number {
  if (digits <= SECONDS_DIGITS_MAX) return 3
  if (digits <= MILLISECONDS_DIGITS_MAX) return 0
  if (digits <= MICROSECONDS_DIGITS_MAX) return -3
  return digits <= NANOSECONDS_DIGITS_MAX ? -6 : Number.NaN
}

/** Reads digits with a point after `point`: those up to `shift` places behind the point into ms, six more into ns. */
function readScaled(
  bytes: Uint8Array,
  start: number,
  point: number,
  end: number,
  shift: number,
  out: TimeResult,
): void {
  const msDigits = point - start + shift
  let ms = 0
  let ns = 0
  let at = start
  for (let index = 0; index < msDigits + 6; index++) {
    if (at === point && at < end) at++
    const digit = at < end ? bytes[at++] - ZERO : 0
    if (index < msDigits) ms = ms * 10 + digit
    else ns = ns * 10 + digit
  }
  out.ms = ms
  out.ns = ns
}

function negate(out: TimeResult): void {
  out.ms = out.ns === 0 ? 0 - out.ms : -1 - out.ms
  out.ns = out.ns === 0 ? 0 : NS_PER_MS - out.ns
}

function digitsEnd(bytes: Uint8Array, start: number, end: number): number {
  let at = start
  while (at < end && isDigit(bytes[at])) at++
  return at
}

export function isTimeInRange(ms: number): boolean {
  return ms >= TIME_MS_MIN && ms <= TIME_MS_MAX
}

// ---- RFC 3339 -----------------------------------------------------------------------------------------------

/**
 * RFC 3339 and its usual relatives: `2025-01-15T09:50:00Z`, `2025-01-15 09:50:00,250`, `…T09:50:00.5+0900`. False,
 * with `out` in an undefined state, when all of the bytes are not one such time.
 */
export function parseRfc3339(bytes: Uint8Array, start: number, end: number, out: TimeResult): boolean {
  const at = readDateAndClock(bytes, start, end, out)
  return at >= 0 && readZone(bytes, at, end, out) === end
}

/** Reads `yyyy-mm-dd`, `T` or a space, `hh:mm:ss` and a fraction at `start`, but no zone; where it ends, or -1. */
export function readDateAndClock(bytes: Uint8Array, start: number, end: number, out: TimeResult): number {
  if (end - start < 19 || bytes[start + 4] !== MINUS || bytes[start + 7] !== MINUS) return -1
  const separator = bytes[start + 10]
  if (separator !== 0x54 && separator !== SPACE && separator !== 0x74) return -1
  const dayMs = dayStartMs(fourDigits(bytes, start), twoDigits(bytes, start + 5), twoDigits(bytes, start + 8))
  return readClock(bytes, start + 11, end, dayMs, out)
}

/** Reads `hh:mm:ss` and a fraction at `start` of the day `dayMs`; where it ends, or -1, also when there is no such day. */
export function readClock(
  bytes: Uint8Array,
  start: number,
  end: number,
  dayMs: number,
  out: TimeResult,
): number {
  if (end - start < 8 || bytes[start + 2] !== COLON || bytes[start + 5] !== COLON) return -1
  if (Number.isNaN(dayMs)) return -1
  const clockMs = clockOf(twoDigits(bytes, start), twoDigits(bytes, start + 3), twoDigits(bytes, start + 6))
  if (clockMs < 0) return -1
  return readFraction(bytes, start + 8, end, dayMs + clockMs, out)
}

/** Milliseconds since midnight, or -1. Second 60 is a leap second. */
export function clockOf(hour: number, minute: number, second: number): number {
  if (hour < 0 || hour > 23 || minute < 0 || minute > 59 || second < 0 || second > 60) return -1
  return hour * HOUR_MS + minute * MINUTE_MS + second * SECOND_MS
}

/** Reads `.digits` or `,digits` at `at`, if it stands there, behind the whole second `secondMs`; where it ends, or -1. */
export function readFraction(
  bytes: Uint8Array,
  at: number,
  end: number,
  secondMs: number,
  out: TimeResult,
): number {
  out.ms = secondMs
  out.ns = 0
  const hasFraction = at + 1 < end && (bytes[at] === DOT || bytes[at] === COMMA) && isDigit(bytes[at + 1])
  if (!hasFraction) return isTimeInRange(secondMs) ? at : -1
  let ns = 0
  let digits = 0
  let position = at + 1
  for (; position < end && isDigit(bytes[position]); position++) {
    if (digits++ < 9) ns = ns * 10 + bytes[position] - ZERO
  }
  for (; digits < 9; digits++) ns *= 10
  const wholeMs = Math.floor(ns / NS_PER_MS)
  out.ms = secondMs + wholeMs
  out.ns = ns - wholeMs * NS_PER_MS
  return isTimeInRange(out.ms) ? position : -1
}

/** Reads `Z`, `+hh:mm`, `+hhmm` or `+hh` at `at`, if it stands there, and moves `out` to UTC; where it ends, or -1. */
export function readZone(bytes: Uint8Array, at: number, end: number, out: TimeResult): number {
  if (at >= end) return at
  const sign = bytes[at]
  if (sign === 0x5a || sign === 0x7a) return at + 1
  if ((sign !== PLUS && sign !== MINUS) || end - at < 3) return at
  const hours = twoDigits(bytes, at + 1)
  if (hours < 0) return at
  if (hours > 23) return -1
  const minutesAt = at + 3 < end && bytes[at + 3] === COLON ? at + 4 : at + 3
  const hasMinutes = minutesAt + 2 <= end && isDigit(bytes[minutesAt]) && isDigit(bytes[minutesAt + 1])
  const minutes = hasMinutes ? twoDigits(bytes, minutesAt) : 0
  if (minutes > 59) return -1
  const offsetMs = hours * HOUR_MS + minutes * MINUTE_MS
  out.ms += sign === PLUS ? -offsetMs : offsetMs
  if (!isTimeInRange(out.ms)) return -1
  return hasMinutes ? minutesAt + 2 : at + 3
}

// ---- the calendar -------------------------------------------------------------------------------------------

const DAYS_BEFORE_MONTH = [0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334, 365]

/** Milliseconds since the epoch of midnight, or NaN when there is no such day. Months and days count from 1. */
export function dayStartMs(year: number, month: number, day: number): number {
  if (year < 0 || month < 1 || month > 12) return Number.NaN
  if (day < 1 || day > daysOfMonth(year, month)) return Number.NaN
  const leapDay = month > 2 && isLeapYear(year) ? 1 : 0
  return (daysBeforeYear(year) + DAYS_BEFORE_MONTH[month - 1] + leapDay + day - 1) * DAY_MS
}

/** Days from the epoch to the first of January. */
function daysBeforeYear(year: number): number {
  const past = year - 1
  return past * 365 + Math.floor(past / 4) - Math.floor(past / 100) + Math.floor(past / 400) - 719_162
}

function isLeapYear(year: number): boolean {
  return year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0)
}

function daysOfMonth(year: number, month: number): number {
  if (month === 2 && isLeapYear(year)) return 29
  return DAYS_BEFORE_MONTH[month] - DAYS_BEFORE_MONTH[month - 1]
}

let knownYear = 1970
let knownYearFromMs = 0
let knownYearToMs = 0

/** The UTC year of a time. Remembers the last answer, as arrivals are of one year for long. */
export function yearOf(ms: number): number {
  if (ms >= knownYearFromMs && ms < knownYearToMs) return knownYear
  const days = Math.floor(ms / DAY_MS)
  // At most one off, because a year has 365.2425 days on average.
  let year = Math.floor(days / 365.2425) + 1970
  while (days < daysBeforeYear(year)) year--
  while (days >= daysBeforeYear(year + 1)) year++
  knownYear = year
  knownYearFromMs = daysBeforeYear(year) * DAY_MS
  knownYearToMs = daysBeforeYear(year + 1) * DAY_MS
  return year
}

// ---- digits -------------------------------------------------------------------------------------------------

export function isDigit(byte: number): boolean {
  return byte >= ZERO && byte <= 0x39
}

/** -1 unless both bytes are digits. */
export function twoDigits(bytes: Uint8Array, at: number): number {
  const tens = bytes[at] - ZERO
  const ones = bytes[at + 1] - ZERO
  return tens >= 0 && tens <= 9 && ones >= 0 && ones <= 9 ? tens * 10 + ones : -1
}

/** -1 unless all four bytes are digits. */
export function fourDigits(bytes: Uint8Array, at: number): number {
  const high = twoDigits(bytes, at)
  const low = twoDigits(bytes, at + 2)
  return high < 0 || low < 0 ? -1 : high * 100 + low
}

// ---- printing -----------------------------------------------------------------------------------------------

/** The most bytes that `writeUnixSeconds` writes: sign, ten digits, point, nine digits. */
export const UNIX_SECONDS_BYTES_MAX = 21

const printBuffer = new Uint8Array(UNIX_SECONDS_BYTES_MAX)

/** Unix seconds with as many decimals as the time has, at most 9: `1705312200`, `1705312200.25`, `-0.000000001`. */
export function formatUnixSeconds(ms: number, ns: number): string {
  return String.fromCharCode(...printBuffer.subarray(0, writeUnixSeconds(printBuffer, 0, ms, ns)))
}

/** Writes what `formatUnixSeconds` gives as ASCII at `at`, which must have UNIX_SECONDS_BYTES_MAX bytes of room; the new position. */
export function writeUnixSeconds(target: Uint8Array, at: number, ms: number, ns: number): number {
  let position = at
  let absoluteMs = ms
  let absoluteNs = ns
  if (ms < 0) {
    target[position++] = MINUS
    absoluteMs = ns === 0 ? -ms : -ms - 1
    absoluteNs = ns === 0 ? 0 : NS_PER_MS - ns
  }
  const seconds = Math.floor(absoluteMs / SECOND_MS)
  position = printNumber(seconds, target, position)
  return writeFraction(target, position, (absoluteMs - seconds * SECOND_MS) * NS_PER_MS + absoluteNs)
}

/** Writes a point and the digits of `ns` (of a second) without zeros at the end; nothing for 0. */
function writeFraction(target: Uint8Array, at: number, ns: number): number {
  if (ns === 0) return at
  target[at] = DOT
  printDigits(ns, 9, target, at + 1)
  let end = at + 10
  while (target[end - 1] === ZERO) end--
  return end
}

/** RFC 3339 in UTC with 0, 3, 6 or 9 decimals, as few as keep the time: `2025-01-15T09:50:00.250Z`. */
export function formatRfc3339(ms: number, ns: number): string {
  // Prints four-digit years, which all times in range have, with three decimals.
  const text = new Date(ms).toISOString()
  if (ns === 0) return text.endsWith('.000Z') ? `${text.slice(0, 19)}Z` : text
  const decimals = String(ns).padStart(6, '0')
  return `${text.slice(0, 23)}${ns % 1000 === 0 ? decimals.slice(0, 3) : decimals}Z`
}
