/**
 * What a part knows of the values of a slot without reading them: which classes of bytes occur in them, and how long
 * they are. Enough to tell that a text cannot stand there (template-match.ts).
 */

import { classesOf } from '../columns/byte-classes.ts'

/** What is known of all values that the slots of a template have in a part. By slot; lengths in bytes. */
export interface SlotFacts {
  /** The bits of all byte classes that occur in any value. */
  readonly classes: Uint16Array
  readonly lengthMin: Uint32Array
  readonly lengthMax: Uint32Array
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
