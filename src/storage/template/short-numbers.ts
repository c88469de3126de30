/**
 * Numbers of up to four digits are a large part of what logs hold (times, ports, states, ids of processes), so they are
 * interned by a table, without a hash: `007`, `07` and `7` have different places in it.
 */

/** Places for all texts of one to four digits. */
export const SHORT_NUMBERS = 10 + 100 + 1000 + 10_000
export const SHORT_NUMBER_BYTES_MAX = 4
export const NO_SHORT_NUMBER = -1

/** By length: where its numbers begin, and zeros for the bytes that it lacks. */
const FIRST = Int32Array.of(0, 0, 10, 110, 1110)
const ZEROS = Int32Array.of(0x30303030, 0x303030, 0x3030, 0x30, 0)

/** The last `length` bytes of `data[.. start + length)` in the high bytes of a word, as little-endian memory has them. */
export function shortWordAt(data: Uint8Array, start: number, length: number): number {
  let word = 0
  for (let at = start; at < start + length; at++) word = (word >>> 8) | (data[at] << 24)
  return word
}

/** Place of a text of one to four bytes, given as `shortWordAt` does; NO_SHORT_NUMBER where not all are digits. */
export function shortNumberPlace(word: number, length: number): number {
  const digits = (word | ZEROS[length]) ^ 0x30303030
  // No byte is above 9: neither its high half is set, nor is that of the byte plus 6.
  if (((digits | (digits + 0x06060606)) & 0xf0f0f0f0) !== 0) return NO_SHORT_NUMBER
  const pairs = (digits * 10 + (digits >>> 8)) & 0xff00ff
  return FIRST[length] + (pairs & 0xff) * 100 + (pairs >>> 16)
}
