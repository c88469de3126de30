/**
 * Numbers as pipes print and read them. A number prints in as few digits as read back the same, never with an exponent:
 * `1500`, `-0.25`, `NaN`, `+Inf`. What a text is as a number, number-literal.ts says; here it is asked for values of
 * rows, of which most are short decimal numbers.
 */
import { parseNumber } from '../syntax/number-literal.ts'

const NOT_A_NUMBER = Number.NaN
/** As long as any number prints, with its zeros. */
const LENGTH_MAX = 400
const DIGITS_EXACT_MAX = 15
const POWERS = Float64Array.from({ length: DIGITS_EXACT_MAX + 1 }, (_, digits) => 10 ** digits)

const EXPONENT = /^(-?)(\d)(?:\.(\d+))?e([+-]\d+)$/
const ADDRESS = /^\d{1,3}\.\d{1,3}\.\d{1,3}\.\d{1,3}$/
const TIME = /^\d{4}-\d\d-\d\d[Tt ]/

/** Without an exponent: `1000000000000000000000`, `0.0000001`, `-0`, `NaN`, `+Inf`, `-Inf`. */
export function numberText(value: number): string {
  if (value === 0) return Object.is(value, -0) ? '-0' : '0'
  const text = String(value)
  const exponent = EXPONENT.exec(text)
  if (exponent === null) return value === Infinity ? '+Inf' : value === -Infinity ? '-Inf' : text
  const [, sign, first, rest = '', power] = exponent
  return sign + shifted(first + rest, Number(power))
}

/** `digits` with the point behind the first one, moved by `power` places. */
function shifted(digits: string, power: number): string {
  if (power < 0) return `0.${'0'.repeat(-power - 1)}${digits}`
  const whole = digits.slice(0, power + 1).padEnd(power + 1, '0')
  return digits.length > power + 1 ? `${whole}.${digits.slice(power + 1)}` : whole
}

/** The number that a text is: plain, a size in bytes, a duration in nanoseconds; NaN for any other text. */
export function parseNumberText(text: string): number {
  const value = decimalOf(text)
  if (!Number.isNaN(value)) return value
  return isCandidate(text) && !ADDRESS.test(text) && !TIME.test(text)
    ? (parseNumber(text) ?? NOT_A_NUMBER)
    : NOT_A_NUMBER
}

/** As `parseNumberText`, and IPv4 addresses as integers and times in nanoseconds since the epoch. */
export function parseNumberOrMoment(text: string): number {
  const value = decimalOf(text)
  if (!Number.isNaN(value)) return value
  return isCandidate(text) ? (parseNumber(text) ?? NOT_A_NUMBER) : NOT_A_NUMBER
}

/** Short decimal numbers, exactly; NaN for what is none of them. */
function decimalOf(text: string): number {
  const { length } = text
  const isNegative = length > 0 && text.charCodeAt(0) === 0x2d
  const first = isNegative ? 1 : 0
  if (length === first || length - first > DIGITS_EXACT_MAX + 1) return NOT_A_NUMBER
  let value = 0
  let point = -1
  for (let at = first; at < length; at++) {
    const code = text.charCodeAt(at)
    if (code >= 0x30 && code <= 0x39) value = value * 10 + code - 0x30
    else if (code === 0x2e && point < 0 && at > first && at + 1 < length) point = at
    else return NOT_A_NUMBER
  }
  if (point < 0 && length - first > DIGITS_EXACT_MAX) return NOT_A_NUMBER
  if (point >= 0) value /= POWERS[length - point - 1]
  return isNegative ? -value : value
}

/** Most texts are no numbers, which their first character shows. */
function isCandidate(text: string): boolean {
  if (text.length === 0 || text.length > LENGTH_MAX) return false
  const code = text.charCodeAt(0)
  if (code >= 0x30 && code <= 0x39) return true
  return code === 0x2b || code === 0x2d || code === 0x2e || (code | 0x20) === 0x69
}
