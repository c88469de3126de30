/**
 * Splits values into their shape, the text with one `0` for every run of digits, and the numbers of these runs; a run of
 * more than 15 digits counts as several, of which all but the first have 15. What the shapes encoding is made of.
 *
 *   blk_-17/a    shape  blk_-0/a    numbers 17   widths 2
 */
import type { ValueTable } from './column-values.ts'
import { DIGITS_MAX, parseDigits, ZERO } from './digits.ts'

/** Above these a column has no shape worth the name. They also bound what a damaged column can ask for. */
export const SHAPES_MAX = 16
export const SLOTS_MAX = 24
export const SHAPE_LENGTH_MAX = 96

const NINE = ZERO + 9
/** Memory for more numbers is given back when the next column comes. */
const KEPT_NUMBERS_MAX = 1 << 18

/** By distinct value: its shape, and where the numbers and widths of its slots begin. */
export interface SplitValues {
  readonly shapes: readonly Uint8Array[]
  /** By shape. */
  readonly slotCounts: readonly number[]
  readonly shapeOf: Uint8Array
  readonly slotsOf: Uint32Array
  readonly numbers: Float64Array
  readonly widths: Uint8Array
}

/** Its memory is kept from column to column. */
export class ShapeSplitter {
  #shapes: Uint8Array[] = []
  #slotCounts: number[] = []
  #shapeOf = new Uint8Array(1024)
  #slotsOf = new Uint32Array(1024)
  #numbers = new Float64Array(4096)
  #widths = new Uint8Array(4096)
  #slots = 0
  readonly #shape = new Uint8Array(SHAPE_LENGTH_MAX)

  /** Null where there are too many shapes, a shape is too large, or no digit. Good until the next call. */
  split({ bytes, starts, ends }: ValueTable, distinct: Uint32Array): SplitValues | null {
    const count = distinct.length
    if (this.#shapeOf.length < count) {
      this.#shapeOf = new Uint8Array(count * 2)
      this.#slotsOf = new Uint32Array(count * 2)
    }
    if (this.#numbers.length > KEPT_NUMBERS_MAX) this.#resize(KEPT_NUMBERS_MAX)
    this.#shapes = []
    this.#slotCounts = []
    this.#slots = 0
    let last = 0
    for (let i = 0; i < count; i++) {
      last = this.#splitOne(bytes, starts[distinct[i]], ends[distinct[i]], i, last)
      if (last < 0) return null
      this.#shapeOf[i] = last
    }
    if (this.#slots === 0) return null
    return {
      shapes: this.#shapes,
      slotCounts: this.#slotCounts,
      shapeOf: this.#shapeOf,
      slotsOf: this.#slotsOf,
      numbers: this.#numbers,
      widths: this.#widths,
    }
  }

  #splitOne(bytes: Uint8Array, start: number, end: number, value: number, last: number): number {
    if (this.#slots + SLOTS_MAX > this.#numbers.length) this.#resize(this.#numbers.length * 2)
    const shape = this.#shape
    const numbers = this.#numbers
    const widths = this.#widths
    const first = this.#slots
    let slots = first
    let length = 0
    let at = start
    while (at < end) {
      if (length >= SHAPE_LENGTH_MAX) return -1
      const byte = bytes[at]
      if (byte < ZERO || byte > NINE) {
        shape[length++] = byte
        at++
        continue
      }
      let runEnd = at + 1
      while (runEnd < end && bytes[runEnd] >= ZERO && bytes[runEnd] <= NINE) runEnd++
      let chunkEnd = at + ((runEnd - at) % DIGITS_MAX || DIGITS_MAX)
      for (; at < runEnd; at = chunkEnd, chunkEnd += DIGITS_MAX) {
        if (slots - first >= SLOTS_MAX || length >= SHAPE_LENGTH_MAX) return -1
        shape[length++] = ZERO
        widths[slots] = chunkEnd - at
        numbers[slots++] = parseDigits(bytes, at, chunkEnd)
      }
    }
    this.#slotsOf[value] = first
    this.#slots = slots
    return this.#shapeNumber(length, slots - first, last)
  }

  /** Most values have the shape of the one before. */
  #shapeNumber(length: number, slots: number, last: number): number {
    const shapes = this.#shapes
    if (last < shapes.length && this.#isShape(shapes[last], length)) return last
    for (let i = 0; i < shapes.length; i++) if (this.#isShape(shapes[i], length)) return i
    if (shapes.length === SHAPES_MAX) return -1
    shapes.push(this.#shape.slice(0, length))
    this.#slotCounts.push(slots)
    return shapes.length - 1
  }

  #isShape(known: Uint8Array, length: number): boolean {
    if (known.length !== length) return false
    const shape = this.#shape
    for (let i = 0; i < length; i++) if (known[i] !== shape[i]) return false
    return true
  }

  #resize(length: number): void {
    const numbers = new Float64Array(length)
    numbers.set(this.#numbers.subarray(0, length))
    this.#numbers = numbers
    const widths = new Uint8Array(length)
    widths.set(this.#widths.subarray(0, length))
    this.#widths = widths
  }
}
