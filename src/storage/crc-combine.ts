/**
 * The CRC-32 (IEEE 802.3, as zlib computes it) of two stretches of bytes, from the CRC of each: so that bytes can be summed
 * up when they are at hand, before those are known that stand in front of them.
 *
 * A CRC is a remainder of polynomials over GF(2) modulo the generator P. Behind `n` bytes more, a remainder is multiplied
 * by x^(8n); the remainder of the second stretch is added (the inversions at both ends cancel out).
 */

/** P without its highest term. As in every number here, the highest bit is the coefficient of x^0. */
const GENERATOR = 0xedb88320
const X_0 = 0x80000000
const X_8 = X_0 >>> 8
/** Powers of x for lengths up to 2 ** 32 - 1: the next is the square of the one before. */
const POWERS = powersOf(X_8, 32)

/** `lengthB` is in bytes, below 2 ** 32. */
export function combineCrc32(crcA: number, crcB: number, lengthB: number): number {
  let shift = X_0
  for (let bit = 0, rest = lengthB; rest > 0; bit++, rest >>>= 1) {
    if ((rest & 1) === 1) shift = multiply(shift, POWERS[bit])
  }
  return (multiply(shift, crcA) ^ crcB) >>> 0
}

/** The product of two polynomials modulo P. */
function multiply(a: number, b: number): number {
  let product = 0
  let term = b
  for (let mask = X_0; mask !== 0; mask >>>= 1) {
    if ((a & mask) !== 0) product ^= term
    term = (term & 1) === 1 ? (term >>> 1) ^ GENERATOR : term >>> 1
  }
  return product >>> 0
}

function powersOf(first: number, count: number): Uint32Array {
  const powers = new Uint32Array(count)
  let power = first
  for (let index = 0; index < count; index++) {
    powers[index] = power
    power = multiply(power, power)
  }
  return powers
}
