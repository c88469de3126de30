/**
 * The times of NDJSON lines. Lines that follow each other are mostly of one minute, so `2026-01-01T00:00:` is
 * compared with that of the line before, and only seconds and fraction are read. Every other spelling takes the long
 * way, which decides alone what is a time.
 */
import { parseRfc3339, parseUnixTime, TIME_MS_MAX, TIME_MS_MIN, type TimeResult } from '../record/record.ts'

const MINUTE_MS = 60_000
const NS_PER_MS = 1_000_000
/** Bytes of `2026-01-01T00:00:`. */
const MINUTE_BYTES = 17
/** Bytes of `2026-01-01T00:00:00Z`, and with nine decimals. */
const LENGTH_MIN = 20
const LENGTH_MAX = 30
/** Longest text that can be a time. */
const TIME_BYTES_MAX = 64
const ZERO = 0x30
const DOT = 0x2e
const COLON = 0x3a
const CAPITAL_Z = 0x5a
/** What a fraction of so many digits is multiplied by to be nanoseconds. */
const NS_OF_DIGIT = Float64Array.from({ length: 10 }, (_, digits) => 10 ** (9 - digits))

export class NdjsonTime implements TimeResult {
  ms = 0
  ns = 0
  /** The minute that is remembered: its first sixteen bytes (the next is a colon) and its beginning; NaN for none. */
  #first = 0
  #second = 0
  #third = 0
  #fourth = 0
  #minuteMs = Number.NaN

  /** Reads a time into `ms` and `ns`; false when it is none. `view` is of `bytes`. */
  read(bytes: Uint8Array, view: DataView, start: number, end: number): boolean {
    return this.#readOfMinute(bytes, view, start, end) || this.#readAny(bytes, view, start, end)
  }

  /** `ss[.digits]Z` of the minute that is remembered; false when it is anything else. */
  #readOfMinute(bytes: Uint8Array, view: DataView, start: number, end: number): boolean {
    const length = end - start
    if (length < LENGTH_MIN || length > LENGTH_MAX || bytes[end - 1] !== CAPITAL_Z) return false
    if (
      view.getInt32(start, true) !== this.#first ||
      view.getInt32(start + 4, true) !== this.#second ||
      view.getInt32(start + 8, true) !== this.#third ||
      view.getInt32(start + 12, true) !== this.#fourth ||
      bytes[start + 16] !== COLON
    ) {
      return false
    }
    const secondMs = this.#minuteMs + secondOf(bytes, start + MINUTE_BYTES) * 1000
    if (Number.isNaN(secondMs)) return false
    this.ms = secondMs
    this.ns = 0
    return length === LENGTH_MIN || this.#readFraction(bytes, start + 19, end - 1)
  }

  /** `.` and one to nine digits, the last before `end`. */
  #readFraction(bytes: Uint8Array, start: number, end: number): boolean {
    if (bytes[start] !== DOT) return false
    const digits = end - start - 1
    let fraction = 0
    for (let at = start + 1; at < end; at++) {
      const digit = bytes[at] - ZERO
      if (digit < 0 || digit > 9) return false
      fraction = fraction * 10 + digit
    }
    if (digits === 3) {
      this.ms += fraction
      return true
    }
    const ns = fraction * NS_OF_DIGIT[digits]
    const wholeMs = Math.floor(ns / NS_PER_MS)
    this.ms += wholeMs
    this.ns = ns - wholeMs * NS_PER_MS
    return digits > 0
  }

  #readAny(bytes: Uint8Array, view: DataView, start: number, end: number): boolean {
    if (end - start > TIME_BYTES_MAX) return false
    if (!parseRfc3339(bytes, start, end, this)) return parseUnixTime(bytes, start, end, this)
    if (bytes[end - 1] === CAPITAL_Z) this.#remember(bytes, view, start)
    return true
  }

  /** Remembers the minute of the UTC time that stands at `start` and was read. */
  #remember(bytes: Uint8Array, view: DataView, start: number): void {
    const minuteMs = Math.floor(this.ms / MINUTE_MS) * MINUTE_MS
    // Not a leap second, which counts as one of the next minute, and no minute that is not wholly in range.
    const isUsual = !Number.isNaN(secondOf(bytes, start + MINUTE_BYTES))
    if (!isUsual || minuteMs < TIME_MS_MIN || minuteMs + MINUTE_MS > TIME_MS_MAX) return
    this.#first = view.getInt32(start, true)
    this.#second = view.getInt32(start + 4, true)
    this.#third = view.getInt32(start + 8, true)
    this.#fourth = view.getInt32(start + 12, true)
    this.#minuteMs = minuteMs
  }
}

/** `00` to `59`, or NaN. */
function secondOf(bytes: Uint8Array, at: number): number {
  const tens = bytes[at] - ZERO
  const ones = bytes[at + 1] - ZERO
  return tens >= 0 && tens <= 5 && ones >= 0 && ones <= 9 ? tens * 10 + ones : Number.NaN
}
