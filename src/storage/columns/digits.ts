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

export function digitCount(value: number): number {
  if (value < 10) return 1
  if (value < 100) return 2
  if (value < 1000) return 3
  let count = 4
  for (let limit = 10_000; value >= limit; limit *= 10) count++
  return count
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
  for (let at = end - 1; at >= start; at--) {
    const next = (rest / 10) | 0
    out[at] = ZERO + rest - next * 10
    rest = next
  }
}
