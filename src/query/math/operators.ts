/** The operators of pipe `math`, one line each. All of them group from the left: `2 ^ 3 ^ 2` is 64. */

export interface Operator {
  /** The higher one binds more tightly. */
  readonly tightness: number
  compute(left: number, right: number): number
}

export const OPERATORS: ReadonlyMap<string, Operator> = new Map<string, Operator>([
  ['^', { tightness: 7, compute: (left, right) => left ** right }],
  ['*', { tightness: 6, compute: (left, right) => left * right }],
  ['/', { tightness: 6, compute: (left, right) => left / right }],
  ['%', { tightness: 6, compute: (left, right) => left % right }],
  ['+', { tightness: 5, compute: (left, right) => left + right }],
  ['-', { tightness: 5, compute: (left, right) => left - right }],
  ['&', { tightness: 4, compute: (left, right) => bitwise(left, right, (a, b) => a & b) }],
  ['xor', { tightness: 3, compute: (left, right) => bitwise(left, right, (a, b) => a ^ b) }],
  ['or', { tightness: 2, compute: (left, right) => bitwise(left, right, (a, b) => a | b) }],
  ['default', { tightness: 1, compute: (left, right) => (Number.isNaN(left) ? right : left) }],
])

/** What stands alone, and what binds like it. */
export const TIGHTNESS_MAX = 8

const BASE_32 = 0x1_0000_0000
const BASE_64 = BASE_32 * BASE_32

/** Of whole numbers from 0 to 2^53 - 1; fractions are cut off, and negative numbers have no bits: NaN. */
function bitwise(left: number, right: number, join: (a: number, b: number) => number): number {
  if (!(left >= 0 && left < BASE_64 && right >= 0 && right < BASE_64)) return Number.NaN
  const high = join(Math.floor(left / BASE_32), Math.floor(right / BASE_32)) >>> 0
  const low = join(left % BASE_32, right % BASE_32) >>> 0
  return high * BASE_32 + low
}
