/**
 * Numbers as queries and values spell them:
 *
 *   10  -1.5  1e3  1_000.5  0xff  0b11  0o17  inf      plain; `_` between digits means nothing
 *   10.5K  1.5KiB  22MB100KB                          sizes, in bytes
 *   1.5s  2h30m                                       durations, in nanoseconds
 *   10.0.0.1                                          IPv4 addresses
 *   2025-07-18T10:20:30.5Z   2025-07-18 10:20:30      times, in nanoseconds since the epoch; without a zone, of UTC
 */
import { parseDuration, parseTime } from './time-literal.ts'

const PLAIN = /^[+-]?(?:\d[\d_]*(?:\.(?:\d[\d_]*)?)?|\.\d[\d_]*)(?:[eE][+-]?\d+)?$/
const BASED = /^[+-]?0(?:[xX][0-9a-fA-F_]+|[bB][01_]+|[oO][0-7_]+)$/
const INFINITE = /^([+-]?)inf(?:inity)?$/i
const SIZE = /^[+-]?(?:\d[\d_]*(?:\.\d[\d_]*)?(?:[KMGT]i?B?|B))+$/
const SIZE_PART = /(\d[\d_]*(?:\.\d[\d_]*)?)([KMGT]i?B?|B)/g
const IPV4 = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})$/
/** A day and an hour at least: a day alone may be something else. */
const TIME = /^\d{4}-\d\d-\d\d[Tt ]\d\d(?::\d\d(?::\d\d(?:[.,]\d+)?)?)? ?(?:[Zz]|[+-]\d\d(?::?\d\d)?)?$/
const STEPS = 'BKMGT'

/** The number that the text is, or null. */
export function parseNumber(text: string): number | null {
  if (PLAIN.test(text)) return Number(text.replaceAll('_', ''))
  if (BASED.test(text)) return basedNumber(text)
  const infinite = INFINITE.exec(text)
  if (infinite !== null) return infinite[1] === '-' ? -Infinity : Infinity
  if (SIZE.test(text)) return sizeNumber(text)
  const address = IPV4.exec(text)
  if (address !== null) return addressNumber(address.slice(1).map(Number))
  if (TIME.test(text)) return timeNumber(text)
  const duration = parseDuration(text)
  return duration === null ? null : Number(duration)
}

function basedNumber(text: string): number {
  const digits = text.replace(/^[+-]/, '').replaceAll('_', '').toLowerCase()
  return text.startsWith('-') ? -Number(digits) : Number(digits)
}

function sizeNumber(text: string): number {
  let total = 0
  for (const [, count, unit] of text.matchAll(SIZE_PART)) {
    const base = unit.includes('i') ? 1024 : 1000
    total += Number(count.replaceAll('_', '')) * base ** STEPS.indexOf(unit[0])
  }
  return text.startsWith('-') ? -total : total
}

function addressNumber(parts: readonly number[]): number | null {
  return parts.some((part) => part > 255) ? null : parts.reduce((sum, part) => sum * 256 + part, 0)
}

function timeNumber(text: string): number | null {
  const time = parseTime(text, 0)
  return time === null ? null : Number(time.first)
}

const decoder = new TextDecoder()
const DIGITS_EXACT_MAX = 15
const BYTES_MAX = 64
const NOT_A_NUMBER = Number.NaN

/** The number that the bytes are, or NaN. Short whole numbers cost no text. */
export function parseNumberBytes(data: Uint8Array, start: number, end: number): number {
  const isNegative = data[start] === 0x2d
  const digitsStart = isNegative ? start + 1 : start
  if (end <= digitsStart || end - start > BYTES_MAX || !mayBeginNumber(data[digitsStart])) return NOT_A_NUMBER
  let value = 0
  let at = digitsStart
  while (at < end && data[at] >= 0x30 && data[at] <= 0x39) value = value * 10 + data[at++] - 0x30
  if (at === end && end - digitsStart <= DIGITS_EXACT_MAX) return isNegative ? -value : value
  return parseNumber(decoder.decode(new Uint8Array(data.subarray(start, end)))) ?? NOT_A_NUMBER
}

/** A digit, a sign, a point, or the i of `inf`. */
function mayBeginNumber(byte: number): boolean {
  return (byte >= 0x30 && byte <= 0x39) || byte === 0x2b || byte === 0x2e || (byte | 0x20) === 0x69
}
