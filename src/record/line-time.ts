/**
 * The spellings of time in log lines. Each reader takes a position, and gives where the time ends or -1; a time that
 * names no year is of the year that brings it nearest to the arrival. Every spelling but numbers may have a zone behind
 * it: `Z`, `+0900`, `+09:00`, ` +0900`, ` UTC`, ` GMT`, ` GMT+0900`. A time that names none is local: it is read as if
 * it were UTC, and who knows its zone moves it there (time-zone.ts). Other names of zones (`KST`) say nothing.
 *
 *   2025-01-15T09:50:00.25+09:00   2025-01-15 09:50:00,250   2025/01/15 09:50:00   2025.01.15 09:50:00
 *   15/Jan/2025:09:50:00 +0000     15-Jan-2025 09:50:00.250  15 Jan 2025 09:50:00
 *   Jan 15 09:50:00                Jan 15 2025 09:50:00      Wed Jan 15 09:50:00 2025    Wed, 15 Jan 2025 09:50:00 GMT
 *   at the beginning of a line only:
 *   1705312200.25   1705312200250   250115 095000   20250115T095000   20250115-9:50:0:250   25/01/15 09:50:00
 *   01-15 09:50:00.250 (month and day)   I0115 09:50:00.250000 (letter of the level, month and day)
 *
 * Not for deciding where in a line to look (line-detection.ts).
 */
import {
  clockOf,
  dayStartMs,
  fourDigits,
  isDigit,
  isTimeInRange,
  parseUnixTime,
  readClock,
  readDateAndClock,
  readFraction,
  readZone,
  type TimeResult,
  twoDigits,
  yearOf,
} from './time.ts'

const COLON = 0x3a
const COMMA = 0x2c
const DOT = 0x2e
const MINUS = 0x2d
const PLUS = 0x2b
const SLASH = 0x2f
const SPACE = 0x20

/** A time in a line. */
export interface LineTime extends TimeResult {
  /** The time named no zone and was not Unix time: `ms` is what a clock read, as if it were UTC. False without a time. */
  isLocal: boolean
}

/** Bytes that cannot follow a time directly: then it was something else. */
function isWordByte(byte: number): boolean {
  return isDigit(byte) || isLetter(byte) || byte === 0x5f || byte >= 0x80
}

function isLetter(byte: number): boolean {
  return (byte | 0x20) >= 0x61 && (byte | 0x20) <= 0x7a
}

/**
 * Reads a time of any spelling at `at`; where it ends, or -1. Spellings that could as well be numbers count only
 * where `isLineStart`. `arrivalMs` is the arrival as clocks read it where local times come from.
 */
export function readLineTime(
  bytes: Uint8Array,
  at: number,
  end: number,
  isLineStart: boolean,
  arrivalMs: number,
  out: LineTime,
): number {
  if (end - at < 8) return -1
  const isNumber = isDigit(bytes[at])
  if (!isNumber && !isLetter(bytes[at])) return -1
  out.isLocal = true
  let stop = isNumber
    ? readFromDigit(bytes, at, end, isLineStart, arrivalMs, out)
    : readFromLetter(bytes, at, end, isLineStart, arrivalMs, out)
  if (out.isLocal) stop = readZoneBehind(bytes, stop, end, out)
  if (stop >= 0 && (stop === end || !isWordByte(bytes[stop]))) return stop
  out.isLocal = false
  return -1
}

/** A zone directly behind the time, or behind one space. `stop` may be -1. */
function readZoneBehind(bytes: Uint8Array, stop: number, end: number, out: LineTime): number {
  if (stop < 0 || stop === end) return stop
  let at = stop
  let isNamed = false
  if (bytes[stop] === SPACE) {
    isNamed = isUtcWord(bytes, stop + 1, end)
    if (isNamed) at = stop + 4
    else if (isSpacedZone(bytes, stop + 1, end)) at = stop + 1
  }
  const zoneEnd = readZone(bytes, at, end, out)
  out.isLocal = !isNamed && zoneEnd === at
  return zoneEnd
}

/** `+0900` or `-05:00` as a word of its own: a dash between other things is none. */
function isSpacedZone(bytes: Uint8Array, at: number, end: number): boolean {
  if (end - at < 5 || (bytes[at] !== PLUS && bytes[at] !== MINUS)) return false
  const minutesAt = bytes[at + 3] === COLON ? at + 4 : at + 3
  if (minutesAt + 2 > end || twoDigits(bytes, at + 1) < 0 || twoDigits(bytes, minutesAt) < 0) return false
  return minutesAt + 2 === end || !isWordByte(bytes[minutesAt + 2])
}

/** `UTC` or `GMT`, also before an offset; a name of a machine that begins like that is none. */
function isUtcWord(bytes: Uint8Array, at: number, end: number): boolean {
  if (!isUtcName(bytes, at, end)) return false
  if (at + 3 === end) return true
  const behind = bytes[at + 3]
  if (behind === PLUS || behind === MINUS) return isSpacedZone(bytes, at + 3, end)
  return !isWordByte(behind) && behind !== DOT
}

function readFromDigit(
  bytes: Uint8Array,
  at: number,
  end: number,
  isLineStart: boolean,
  arrivalMs: number,
  out: LineTime,
): number {
  const third = bytes[at + 2]
  const fifth = bytes[at + 4]
  if (isDigit(third) && (fifth === MINUS || fifth === SLASH || fifth === DOT)) {
    return readYearFirst(bytes, at, end, fifth, out)
  }
  if ((third === SLASH || third === MINUS || third === SPACE) && isLetter(bytes[at + 3])) {
    return readDayFirst(bytes, at, end, out)
  }
  if (!isLineStart) return -1
  if (third === SLASH) return readShortYear(bytes, at, end, out)
  if (third === MINUS) return readMonthAndDay(bytes, at, end, arrivalMs, out)
  return readNumber(bytes, at, end, out)
}

function readFromLetter(
  bytes: Uint8Array,
  at: number,
  end: number,
  isLineStart: boolean,
  arrivalMs: number,
  out: LineTime,
): number {
  if (isDigit(bytes[at + 1])) return isLineStart ? readLetterMonthDay(bytes, at, end, arrivalMs, out) : -1
  const fourth = bytes[at + 3]
  if (fourth === SPACE && monthOf(bytes, at) > 0) return readMonthName(bytes, at, end, arrivalMs, out)
  if ((fourth !== SPACE && fourth !== COMMA) || !isWeekday(bytes, at)) return -1
  if (fourth === COMMA) return bytes[at + 4] === SPACE ? readDayFirst(bytes, at + 5, end, out) : -1
  return end - at >= 12 && monthOf(bytes, at + 4) > 0 ? readMonthName(bytes, at + 4, end, arrivalMs, out) : -1
}

// ---- spellings with a year ----------------------------------------------------------------------------------

/** `2025-01-15T09:50:00`, `2025/01/15 09:50:00`, `2025.01.15 09:50:00`. */
function readYearFirst(
  bytes: Uint8Array,
  at: number,
  end: number,
  separator: number,
  out: TimeResult,
): number {
  if (separator === MINUS) return readDateAndClock(bytes, at, end, out)
  if (end - at < 19 || bytes[at + 7] !== separator || bytes[at + 10] !== SPACE) return -1
  const dayMs = dayStartMs(fourDigits(bytes, at), twoDigits(bytes, at + 5), twoDigits(bytes, at + 8))
  return readClock(bytes, at + 11, end, dayMs, out)
}

/** `15/Jan/2025:09:50:00 +0000`, `15-Jan-2025 09:50:00`, `15 Jan 2025 09:50:00`. */
function readDayFirst(bytes: Uint8Array, at: number, end: number, out: TimeResult): number {
  if (end - at < 20 || bytes[at + 6] !== bytes[at + 2]) return -1
  if (bytes[at + 11] !== COLON && bytes[at + 11] !== SPACE) return -1
  const dayMs = dayStartMs(fourDigits(bytes, at + 7), monthOf(bytes, at + 3), twoDigits(bytes, at))
  return readClock(bytes, at + 12, end, dayMs, out)
}

/** `25/01/15 09:50:00`: 70 to 99 are of the last century. */
function readShortYear(bytes: Uint8Array, at: number, end: number, out: TimeResult): number {
  if (end - at < 17 || bytes[at + 5] !== SLASH || bytes[at + 8] !== SPACE) return -1
  const dayMs = dayStartMs(fullYear(twoDigits(bytes, at)), twoDigits(bytes, at + 3), twoDigits(bytes, at + 6))
  return readClock(bytes, at + 9, end, dayMs, out)
}

function fullYear(short: number): number {
  if (short < 0) return -1
  return short < 70 ? 2000 + short : 1900 + short
}

// ---- spellings without a year -------------------------------------------------------------------------------

/** `Jan 15 09:50:00`, the day in one or two digits; a year may stand behind the day or behind the time. */
function readMonthName(bytes: Uint8Array, at: number, end: number, arrivalMs: number, out: LineTime): number {
  const month = monthOf(bytes, at)
  let position = bytes[at + 4] === SPACE ? at + 5 : at + 4
  let day = twoDigits(bytes, position)
  position += 2
  if (day < 0) {
    if (!isDigit(bytes[position - 2])) return -1
    day = bytes[position - 2] - 0x30
    position--
  }
  if (position + 9 > end || bytes[position] !== SPACE) return -1
  position++
  if (bytes[position + 4] === SPACE) {
    const dayMs = dayStartMs(fourDigits(bytes, position), month, day)
    return readClock(bytes, position + 5, end, dayMs, out)
  }
  const stop = readClock(bytes, position, end, 0, out)
  return stop < 0 ? -1 : readYearBehind(bytes, stop, end, month, day, arrivalMs, out)
}

/** A word of four digits from 1970 on behind the time is its year: `Wed Jan 15 09:50:00 2025`, `… 09:50:00 UTC 2025`. */
function readYearBehind(
  bytes: Uint8Array,
  stop: number,
  end: number,
  month: number,
  day: number,
  arrivalMs: number,
  out: LineTime,
): number {
  const yearAt = isUtcName(bytes, stop + 1, end) ? stop + 5 : stop + 1
  const hasWord = yearAt + 4 <= end && bytes[stop] === SPACE && bytes[yearAt - 1] === SPACE
  const isWhole = hasWord && (yearAt + 4 === end || !isWordByte(bytes[yearAt + 4]))
  const year = isWhole ? fourDigits(bytes, yearAt) : -1
  if (year < 1970 || year > 2261) return setYear(month, day, arrivalMs, out) ? stop : -1
  if (yearAt > stop + 1) out.isLocal = false
  out.ms += dayStartMs(year, month, day)
  return Number.isNaN(out.ms) ? -1 : yearAt + 4
}

function isUtcName(bytes: Uint8Array, at: number, end: number): boolean {
  if (at + 3 > end) return false
  const name = threeLetters(bytes, at)
  return name === 0x757463 || name === 0x676d74
}

/** `01-15 09:50:00.250`. */
function readMonthAndDay(
  bytes: Uint8Array,
  at: number,
  end: number,
  arrivalMs: number,
  out: TimeResult,
): number {
  if (end - at < 14 || bytes[at + 5] !== SPACE) return -1
  const stop = readClock(bytes, at + 6, end, 0, out)
  return stop >= 0 && setYear(twoDigits(bytes, at), twoDigits(bytes, at + 3), arrivalMs, out) ? stop : -1
}

/** `I0115 09:50:00.250000`, and with a year `I20250115 09:50:00.250000`. */
function readLetterMonthDay(
  bytes: Uint8Array,
  at: number,
  end: number,
  arrivalMs: number,
  out: TimeResult,
): number {
  if (bytes[at + 5] === SPACE) {
    const stop = readClock(bytes, at + 6, end, 0, out)
    return stop >= 0 && setYear(twoDigits(bytes, at + 1), twoDigits(bytes, at + 3), arrivalMs, out)
      ? stop
      : -1
  }
  if (end - at < 18 || bytes[at + 9] !== SPACE) return -1
  const dayMs = dayStartMs(fourDigits(bytes, at + 1), twoDigits(bytes, at + 5), twoDigits(bytes, at + 7))
  return readClock(bytes, at + 10, end, dayMs, out)
}

const HALF_YEAR_MS = 182 * 86_400_000

/** Adds to `out`, which holds a time of day, the day in the year that is nearest to the arrival; false: no such day. */
function setYear(month: number, day: number, arrivalMs: number, out: TimeResult): boolean {
  const year = yearOf(arrivalMs)
  let ms = dayStartMs(year, month, day) + out.ms
  if (Number.isNaN(ms)) ms = nearestLeapDay(year, month, day, arrivalMs) + out.ms
  else if (Math.abs(ms - arrivalMs) > HALF_YEAR_MS) {
    const otherMs = dayStartMs(ms < arrivalMs ? year + 1 : year - 1, month, day) + out.ms
    if (Math.abs(otherMs - arrivalMs) < Math.abs(ms - arrivalMs)) ms = otherMs
  }
  out.ms = ms
  return isTimeInRange(ms)
}

/** NaN for a day that is in no year. */
function nearestLeapDay(year: number, month: number, day: number, arrivalMs: number): number {
  if (month !== 2 || day !== 29) return Number.NaN
  let nearestMs = Number.NaN
  // Up to eight years away, around 1900 and 2100.
  for (let leapYear = year - 8; leapYear <= year + 8; leapYear++) {
    const ms = dayStartMs(leapYear, 2, 29)
    if (Number.isNaN(ms) || Math.abs(ms - arrivalMs) > Math.abs(nearestMs - arrivalMs)) continue
    nearestMs = ms
  }
  return nearestMs
}

// ---- numbers ------------------------------------------------------------------------------------------------

/** Unix seconds from 2001-09-09 on to 2100: the first with ten digits. Other numbers are no times. */
const UNIX_MS_MIN = 1_000_000_000_000
const UNIX_MS_MAX = 4_102_444_800_000

function readNumber(bytes: Uint8Array, at: number, end: number, out: LineTime): number {
  let position = at
  while (position < end && isDigit(bytes[position])) position++
  const digits = position - at
  if (digits === 6 && bytes[position] === SPACE) return readCompact(bytes, at, end, out)
  if (digits === 8 && position < end) return readCompactDay(bytes, at, end, out)
  if (digits !== 10 && digits !== 13 && digits !== 16 && digits !== 19) return -1
  return readUnix(bytes, at, position, end, out)
}

/** Digits up to `point`, perhaps a fraction, and something behind them. */
function readUnix(bytes: Uint8Array, at: number, point: number, end: number, out: LineTime): number {
  let stop = point
  if (point + 1 < end && bytes[point] === DOT && isDigit(bytes[point + 1])) {
    stop = point + 1
    while (stop < end && isDigit(bytes[stop])) stop++
  }
  if (stop >= end || !isNumberEnd(bytes[stop])) return -1
  if (!parseUnixTime(bytes, at, stop, out)) return -1
  out.isLocal = false
  return out.ms >= UNIX_MS_MIN && out.ms < UNIX_MS_MAX ? stop : -1
}

/** White space, `]`, `,`, `:`, `;`, `|`, or `"` and `}` of JSON. */
function isNumberEnd(byte: number): boolean {
  if (byte <= SPACE || byte === 0x5d || byte === COMMA || byte === COLON) return true
  return byte === 0x3b || byte === 0x7c || byte === 0x22 || byte === 0x7d
}

/** `1117838570 2005.06.03 `: Unix seconds, then their day, as some clusters' logs begin behind a tag. */
export function readUnixAndDay(bytes: Uint8Array, at: number, end: number, out: LineTime): number {
  if (end - at < 22 || bytes[at + 10] !== SPACE || bytes[at + 15] !== DOT || bytes[at + 18] !== DOT) return -1
  if (bytes[at + 21] !== SPACE || fourDigits(bytes, at + 11) < 0 || twoDigits(bytes, at + 16) < 0) return -1
  out.isLocal = false
  return parseUnixTime(bytes, at, at + 10, out) ? at + 21 : -1
}

/** `250115 095000`. */
function readCompact(bytes: Uint8Array, at: number, end: number, out: TimeResult): number {
  if (end - at < 13) return -1
  const year = fullYear(twoDigits(bytes, at))
  const dayMs = dayStartMs(year, twoDigits(bytes, at + 2), twoDigits(bytes, at + 4))
  return readCompactClock(bytes, at + 7, end, dayMs, out)
}

/** `20250115T095000Z`, `20250115 095000`, `20250115-9:50:0:250`. */
function readCompactDay(bytes: Uint8Array, at: number, end: number, out: TimeResult): number {
  const dayMs = dayStartMs(fourDigits(bytes, at), twoDigits(bytes, at + 4), twoDigits(bytes, at + 6))
  const separator = bytes[at + 8]
  if (separator === MINUS) return readLooseClock(bytes, at + 9, end, dayMs, out)
  if ((separator !== 0x54 && separator !== SPACE) || end - at < 15) return -1
  return readCompactClock(bytes, at + 9, end, dayMs, out)
}

/** `095000` and a fraction. */
function readCompactClock(
  bytes: Uint8Array,
  at: number,
  end: number,
  dayMs: number,
  out: TimeResult,
): number {
  const clockMs = clockOf(twoDigits(bytes, at), twoDigits(bytes, at + 2), twoDigits(bytes, at + 4))
  if (clockMs < 0 || Number.isNaN(dayMs)) return -1
  return readFraction(bytes, at + 6, end, dayMs + clockMs, out)
}

/** `9:50:0:250`: numbers as short as they come, milliseconds behind a colon. */
function readLooseClock(bytes: Uint8Array, at: number, end: number, dayMs: number, out: TimeResult): number {
  let position = at
  let part = 0
  let hour = 0
  let minute = 0
  let second = 0
  for (; part < 4 && position < end && isDigit(bytes[position]); part++) {
    let value = 0
    for (; position < end && isDigit(bytes[position]); position++) {
      value = Math.min(value * 10 + bytes[position] - 0x30, 10_000)
    }
    if (part === 0) hour = value
    else if (part === 1) minute = value
    else if (part === 2) second = value
    else out.ms = value
    if (part < 3 && bytes[position++] !== COLON) return -1
  }
  const clockMs = clockOf(hour, minute, second)
  if (part < 4 || clockMs < 0 || out.ms > 999 || Number.isNaN(dayMs)) return -1
  out.ms += dayMs + clockMs
  out.ns = 0
  return position
}

// ---- names --------------------------------------------------------------------------------------------------

/** 1 to 12, or 0. The case of the letters does not matter. */
function monthOf(bytes: Uint8Array, at: number): number {
  switch (threeLetters(bytes, at)) {
    case 0x6a616e:
      return 1
    case 0x666562:
      return 2
    case 0x6d6172:
      return 3
    case 0x617072:
      return 4
    case 0x6d6179:
      return 5
    case 0x6a756e:
      return 6
    case 0x6a756c:
      return 7
    case 0x617567:
      return 8
    case 0x736570:
      return 9
    case 0x6f6374:
      return 10
    case 0x6e6f76:
      return 11
    case 0x646563:
      return 12
    default:
      return 0
  }
}

function isWeekday(bytes: Uint8Array, at: number): boolean {
  switch (threeLetters(bytes, at)) {
    case 0x6d6f6e:
    case 0x747565:
    case 0x776564:
    case 0x746875:
    case 0x667269:
    case 0x736174:
    case 0x73756e:
      return true
    default:
      return false
  }
}

/** Three bytes in small letters as one number. */
function threeLetters(bytes: Uint8Array, at: number): number {
  return ((bytes[at] | 0x20) << 16) | ((bytes[at + 1] | 0x20) << 8) | bytes[at + 2] | 0x20
}
