/** Decimal digits to numbers and back, for numbers of at most 16 digits: what a double holds exactly, without strings. */

/** Runs of digits up to this length are one number, and differences of such numbers are exact too. */
export const DIGITS_MAX = 15

export const ZERO = 0x30
export const MINUS = 0x2d
export const DOT = 0x2e

export function isDigit(byte: number): boolean {
  return byte >= 0x30 && byte <= 0x39
}

/** The number that the digits from `start` to `end` print; the caller knows that they are digits, at most 16. */
export function parseDigits(bytes: Uint8Array, start: number, end: number): number {
  const split = end - start > 9 ? start + 9 : end
  let first = 0
  for (let i = start; i < split; i++) first = (first * 10 + bytes[i] - ZERO) | 0
  if (split === end) return first
  let value = first
  for (let i = split; i < end; i++) value = value * 10 + (bytes[i] - ZERO)
  return value
}

/** 00 to 99. */
const PAIRS = Uint8Array.from(
  { length: 200 },
  (_, i) => ZERO + ((i & 1) === 0 ? Math.floor(i / 20) : (i >> 1) % 10),
)

export function digitCount(value: number): number {
  if (value < 10) return 1
  if (value < 100) return 2
  if (value < 1000) return 3
  if (value < 10_000) return 4
  if (value < 100_000) return 5
  let count = 6
  for (let limit = 1_000_000; value >= limit; limit *= 10) count++
  return count
}

/** Writes `value`, an integer from 0 to 2^53, without zeros in front, and answers where it ends. */
export function printNumber(value: number, out: Uint8Array, start: number): number {
  if (value < 10) {
    out[start] = ZERO + value
    return start + 1
  }
  if (value < 100) {
    const pair = value * 2
    out[start] = PAIRS[pair]
    out[start + 1] = PAIRS[pair + 1]
    return start + 2
  }
  const end = start + digitCount(value)
  if (value <= 0x7fff_ffff) printSmall(value, out, start, end)
  else printDigits(value, end - start, out, start)
  return end
}

/** Writes `value`, an integer from 0 to 2^53, as exactly `width` digits; digits that do not fit are left out. */
export function printDigits(value: number, width: number, out: Uint8Array, start: number): void {
  let rest = value
  let at = start + width
  while (rest > 0x7fff_ffff && at > start) {
    // A quotient near a whole number may have been rounded up to it.
    let top = Math.floor(rest / 1e9)
    if (top * 1e9 > rest) top--
    const end = Math.max(start, at - 9)
    printSmall(rest - top * 1e9, out, end, at)
    rest = top
    at = end
  }
  printSmall(rest, out, start, at)
}

function printSmall(value: number, out: Uint8Array, start: number, end: number): void {
  let rest = value | 0
  let at = end - 1
  for (; at > start; at -= 2) {
    const next = (rest / 100) | 0
    const pair = (rest - next * 100) * 2
    out[at] = PAIRS[pair + 1]
    out[at - 1] = PAIRS[pair]
    rest = next
  }
  if (at === start) out[at] = ZERO + (rest % 10)
}
