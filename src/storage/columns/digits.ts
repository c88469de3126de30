/** Decimal digits to numbers, at most 16 of them: what a double holds exactly, without strings. base/digits.ts writes them. */

/** Runs of digits up to this length are one number, and differences of such numbers are exact too. */
export const DIGITS_MAX = 15

/** By exponent, 0 to DIGITS_MAX. */
export const POWERS_OF_TEN = Float64Array.from({ length: DIGITS_MAX + 1 }, (_, exponent) => 10 ** exponent)

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
