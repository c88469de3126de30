/**
 * What a part knows of the values of a slot without reading them: which classes of bytes occur in them, and how long
 * they are. Enough to tell that a text cannot stand there (template-match.ts).
 *
 * The classes are part of the file format (docs/formats/part-templates.md): their numbers never change.
 */

/** What is known of all values that the slots of a template have in a part. By slot; lengths in bytes. */
export interface SlotFacts {
  /** The bits of all byte classes that occur in any value. */
  readonly classes: Uint16Array
  readonly lengthMin: Uint32Array
  readonly lengthMax: Uint32Array
}

const DIGITS = 0
const UNDERSCORE = 5
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

/** The bits of the classes of the bytes from `start` to `end`. */
export function classesOf(bytes: Uint8Array, start: number, end: number): number {
  const bits = CLASS_BITS
  let classes = 0
  for (let at = start; at < end; at++) classes |= bits[bytes[at]]
  return classes
}

/** Facts of slots that have no value yet; `addValue` tells them. */
export function noSlotFacts(slotCount: number): SlotFacts {
  return {
    classes: new Uint16Array(slotCount),
    lengthMin: new Uint32Array(slotCount).fill(0xffff_ffff),
    lengthMax: new Uint32Array(slotCount),
  }
}

/** Tells the facts of `slot` that the bytes from `start` to `end` are a value of it. */
export function addValue(
  { classes, lengthMin, lengthMax }: SlotFacts,
  slot: number,
  bytes: Uint8Array,
  start: number,
  end: number,
): void {
  const length = end - start
  classes[slot] |= classesOf(bytes, start, end)
  if (length < lengthMin[slot]) lengthMin[slot] = length
  if (length > lengthMax[slot]) lengthMax[slot] = length
}
