/**
 * Where the values of one line stand, by number of span: its first byte and the byte behind its last, its kind, how
 * its bytes must be changed to be kept, and its node (0: it does not count). Arrays, so that a line makes no objects.
 */
import { FIELD_FALSE, FIELD_NULL, FIELD_TRUE } from '../record/record.ts'

export const NO_SPAN = -1

/** How the bytes of a value must be changed to be kept. */
export const AS_IT_IS = 0
export const UNESCAPE = 1
export const COMPACT = 2
/** It was unescaped already: start and end are of the workspace's `unescaped`. */
export const UNESCAPED = 3

export class NdjsonSpans {
  readonly start: Int32Array
  readonly end: Int32Array
  readonly kind: Uint8Array
  readonly change: Uint8Array
  readonly node: Int32Array
  count = 0
  /** By slot: the span of a time, a message, the level, a stream field; or NO_SPAN. */
  readonly ofSlot: Int32Array

  constructor(spanMax: number, slotCount: number) {
    this.start = new Int32Array(spanMax)
    this.end = new Int32Array(spanMax)
    this.kind = new Uint8Array(spanMax)
    this.change = new Uint8Array(spanMax)
    this.node = new Int32Array(spanMax)
    this.ofSlot = new Int32Array(slotCount)
  }

  clear(): void {
    this.count = 0
    for (let slot = 0; slot < this.ofSlot.length; slot++) this.ofSlot[slot] = NO_SPAN
  }

  /** The value is there and not empty. */
  isFilled(span: number): boolean {
    return span !== NO_SPAN && this.node[span] !== 0 && this.end[span] > this.start[span]
  }
}

/** The kind of `true`, `false` or `null`, by its first byte. */
export function kindOfLiteral(first: number): number {
  if (first === 0x6e) return FIELD_NULL
  return first === 0x74 ? FIELD_TRUE : FIELD_FALSE
}
