/**
 * Classes of bytes, as bits: what is known of a value, or of all values of a slot, without reading them again.
 *
 * The classes are part of the file format (docs/formats/part-templates.md): their numbers never change.
 */

const DIGITS = 0
const LOWER_HEX_LETTERS = 1
const UPPER_HEX_LETTERS = 3
const UNDERSCORE = 5
const MINUS = 6
const FULL_STOP = 7
const OTHER_PRINTABLE = 13
const CONTROL = 14
const NOT_ASCII = 15

/** Class n is the n-th text; what is in none of them is OTHER_PRINTABLE, CONTROL or NOT_ASCII. */
const CLASS_CHARACTERS = [
  '0123456789',
  'abcdef',
  'ghijklmnopqrstuvwxyz',
  'ABCDEF',
  'GHIJKLMNOPQRSTUVWXYZ',
  '_',
  '-',
  '.',
  ':',
  '/',
  ' ',
  '=&?%+#',
  '"\'`()[]{}<>',
]

/** The bit of any byte that is not ASCII. */
export const NOT_ASCII_BIT = 1 << NOT_ASCII
/** The bits of the bytes that are a word character on their own: the first six classes. */
export const WORD_BITS = (1 << (UNDERSCORE + 1)) - (1 << DIGITS)

/** By byte: the bit of its class. */
export const CLASS_BITS: Uint16Array = classBits()

function classBits(): Uint16Array {
  const bits = new Uint16Array(256).fill(1 << OTHER_PRINTABLE)
  bits.fill(1 << CONTROL, 0, 0x20)
  bits[0x7f] = 1 << CONTROL
  bits.fill(NOT_ASCII_BIT, 0x80)
  for (const [number, characters] of CLASS_CHARACTERS.entries())
    for (const character of characters) bits[character.charCodeAt(0)] = 1 << number
  return bits
}

/** By byte: the bits of the classes that it may have where ASCII letters stand in either case. */
const ANY_CASE_BITS: Uint16Array = CLASS_BITS.map((bits, byte) => {
  const isLetter = (byte | 0x20) >= 0x61 && (byte | 0x20) <= 0x7a
  return isLetter ? bits | CLASS_BITS[byte ^ 0x20] : bits
})

/** By byte of a needle: the bits of the classes of the bytes that match it. */
export function classesOfNeedle(bytes: Uint8Array, anyCase: boolean): Uint16Array {
  const bits = anyCase ? ANY_CASE_BITS : CLASS_BITS
  return Uint16Array.from(bytes, (byte) => bits[byte])
}

// What encodings ask for.
export const DIGIT = 1 << DIGITS
export const LOWER_HEX = 1 << LOWER_HEX_LETTERS
export const UPPER_HEX = 1 << UPPER_HEX_LETTERS
export const MINUS_SIGN = 1 << MINUS
export const POINT = 1 << FULL_STOP

/** The bits of the classes of the bytes from `start` to `end`. */
export function classesOf(bytes: Uint8Array, start: number, end: number): number {
  const bits = CLASS_BITS
  let classes = 0
  for (let at = start; at < end; at++) classes |= bits[bytes[at]]
  return classes
}

/** The same for values `from` to below `to`, each into its place of `into`. */
export function classifyValues(
  bytes: Uint8Array,
  starts: Uint32Array,
  ends: Uint32Array,
  from: number,
  to: number,
  into: Uint16Array,
): void {
  for (let value = from; value < to; value++) into[value] = classesOf(bytes, starts[value], ends[value])
}
