/**
 * Times as people write them in queries: whatever parses elsewhere, and parts of a date.
 *
 *   2025   2025-01   2025-01-15   2025-01-15T09   2025-01-15 09:50   2025-01-15T09:50:00.25+09:00
 *   1705312200   1705312200.25   1705312200250 (also µs and ns)   15/Jan/2025:09:50:00 +0000   …
 *
 * A text names a span: as long as the smallest unit that it spells. `2025-01-15` is a whole day, `1705312200` a whole
 * second, `09:50:00.25` ten milliseconds. Four digits are a year. Without a zone it is UTC. A time must name its year.
 *
 * Not for durations or `now`: those belong to the query language.
 */
import { TIME_MS_MAX } from './limits.ts'
import { type LineTime, readLineTime } from './line-time.ts'
import {
  clockOf,
  dayStartMs,
  isTimeInRange,
  parseUnixTime,
  readFraction,
  readZone,
  type TimeResult,
} from './time.ts'

const TEXT_LENGTH_MAX = 64
const NS_PER_MS = 1_000_000
const SECOND_MS = 1000
const MINUTE_MS = 60 * SECOND_MS
const HOUR_MS = 60 * MINUTE_MS
const DAY_MS = 24 * HOUR_MS

const UNIX = /^-?(\d+)(?:\.(\d+))?$/
const CALENDAR =
  /^(\d{4})(?:-(\d\d)(?:-(\d\d)(?:[Tt ](\d\d)(?::(\d\d)(?::(\d\d)([.,]\d+)?)?)?)?)?)? ?([Zz]|[+-]\d\d(?::?\d\d)?)?$/

const utf8 = new TextEncoder()

/** The first moment of what the text names. False, with `out` in an undefined state, when it names no time. */
export function parseTimeText(text: string, out: TimeResult): boolean {
  return parseTimeSpan(text, out, { ms: 0, ns: 0 })
}

/** The first and the last nanosecond of what the text names. False, with both in an undefined state, when it names no time. */
export function parseTimeSpan(text: string, first: TimeResult, last: TimeResult): boolean {
  const trimmed = text.trim()
  if (trimmed.length === 0 || trimmed.length > TEXT_LENGTH_MAX) return false
  const calendar = CALENDAR.exec(trimmed)
  if (calendar !== null) return readCalendar(calendar, first, last)
  const unix = UNIX.exec(trimmed)
  if (unix !== null) return readUnix(trimmed, unix, first, last)
  return readLogSpelling(trimmed, first, last)
}

function readUnix(text: string, match: RegExpExecArray, first: TimeResult, last: TimeResult): boolean {
  const bytes = utf8.encode(text)
  if (!parseUnixTime(bytes, 0, bytes.length, first)) return false
  const digits = match[1].replace(/^0+/, '').length
  const unitDecimals = digits <= 11 ? 0 : digits <= 14 ? 3 : digits <= 17 ? 6 : 9
  setLast(first, last, unitDecimals + (match[2] ?? '').length)
  return true
}

/** Spellings of logs that name their year. */
function readLogSpelling(text: string, first: TimeResult, last: TimeResult): boolean {
  const bytes = utf8.encode(text)
  const one: LineTime = { ms: 0, ns: 0, isLocal: false }
  const other: LineTime = { ms: 0, ns: 0, isLocal: false }
  const isWhole = (arrivalMs: number, out: LineTime): boolean =>
    readLineTime(bytes, 0, bytes.length, false, arrivalMs, out) === bytes.length
  // A time that is another one for another arrival did not name its year.
  if (!isWhole(0, one) || !isWhole(TIME_MS_MAX / 2, other) || one.ms !== other.ms) return false
  first.ms = one.ms
  first.ns = one.ns
  const decimals = /[.,](\d+)(?!.*[.,])/.exec(text)
  setLast(first, last, decimals === null ? 0 : decimals[1].length)
  return true
}

/** Makes `last` the last nanosecond of the unit with so many decimals of a second that begins at `first`. */
function setLast(first: TimeResult, last: TimeResult, decimals: number): void {
  const spanNs = 10 ** (9 - Math.min(decimals, 9)) - 1
  const ns = first.ns + (spanNs % NS_PER_MS)
  last.ms = first.ms + Math.floor(spanNs / NS_PER_MS) + Math.floor(ns / NS_PER_MS)
  last.ns = ns % NS_PER_MS
}

function readCalendar(match: RegExpExecArray, first: TimeResult, last: TimeResult): boolean {
  const [, year, month, day, hour, minute, second, fraction = '', zone = ''] = match
  const dayMs = dayStartMs(Number(year), Number(month ?? 1), Number(day ?? 1))
  const clockMs = clockOf(Number(hour ?? 0), Number(minute ?? 0), Number(second ?? 0))
  if (Number.isNaN(dayMs) || clockMs < 0) return false
  const tail = utf8.encode(fraction + zone)
  const zoneAt = readFraction(tail, 0, tail.length, dayMs + clockMs, first)
  if (zoneAt < 0) return false
  if (readZone(tail, zoneAt, tail.length, first) !== tail.length) return false
  if (second !== undefined) {
    setLast(first, last, Math.max(fraction.length - 1, 0))
  } else {
    last.ms = first.ms + unitMs(Number(year), month, day, hour, minute) - 1
    last.ns = NS_PER_MS - 1
  }
  if (last.ms > TIME_MS_MAX) last.ms = TIME_MS_MAX
  return isTimeInRange(first.ms)
}

/** Milliseconds of the smallest unit that is spelled, of minute, hour, day, month and year. */
function unitMs(year: number, month?: string, day?: string, hour?: string, minute?: string): number {
  if (minute !== undefined) return MINUTE_MS
  if (hour !== undefined) return HOUR_MS
  if (day !== undefined) return DAY_MS
  if (month === undefined) return dayStartMs(year + 1, 1, 1) - dayStartMs(year, 1, 1)
  const next = month === '12' ? dayStartMs(year + 1, 1, 1) : dayStartMs(year, Number(month) + 1, 1)
  return next - dayStartMs(year, Number(month), 1)
}
