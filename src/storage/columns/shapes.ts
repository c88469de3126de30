/**
 * Text around numbers: `blk_-3886`, `10.0.0.1:80`, `dn228/dn228`. Its shape is the text with one `0` for every run of
 * digits (no other digit can be in it); a run of more than 15 digits counts as several runs, of which all but the first
 * have 15. A column may have a few shapes; for each, every run of digits is a slot with a sequence of its own.
 *
 *   +--------+-----------------------+---------------------+---------+---------+- - -+
 *   | shapes | length u8, text, each | shape of each row,  | shape 0 | shape 1 |     |
 *   | u8     |                       | if several: seq.    |         |         |     |
 *   +--------+-----------------------+---------------------+---------+---------+- - -+
 *                                                           |
 *       slot by slot, rows of this shape only:  +-------+------------------------------+-------------------+
 *                                               | width | widths, if they vary: seq.   | numbers: sequence |
 *                                               +-------+------------------------------+-------------------+
 *   width   0 as printed without zeros in front   1 to 15 so many digits in every row   16 they vary, with zeros
 */

import { digitCount, PRINT_SLACK, printDigits, printNumber } from '../../base/base.ts'
import { DIGIT } from './byte-classes.ts'
import type { ByteSink } from './byte-sink.ts'
import { ByteSource, partCorrupt } from './byte-source.ts'
import type { ColumnFacts } from './column-facts.ts'
import type { ValueTable } from './column-values.ts'
import { boundsOf, DecodedColumn, lazily, newSpans } from './decoded-column.ts'
import { DigitRun, DigitText } from './digit-run.ts'
import { DIGITS_MAX, POWERS_OF_TEN, ZERO } from './digits.ts'
import {
  bitsOfBytes,
  bitsOfDigits,
  type Encoding,
  type EncodingPlan,
  type MaterializedColumn,
} from './encoding.ts'
import { planSequence, readIndexes, readSequence, type SequencePlan } from './number-sequence.ts'
import type { Scratch } from './scratch.ts'
import { SHAPE_LENGTH_MAX, SHAPES_MAX, SLOTS_MAX, type SplitValues } from './shape-splitter.ts'

const VALUE_LENGTH_MAX = 255

const CANONICAL = 0
const VARYING = DIGITS_MAX + 1

/** Imported constants cost a look-up each time: this one is for hot functions. */
const POWERS = POWERS_OF_TEN

export const shapes: Encoding = {
  code: 8,
  name: 'shapes',
  isText: true,

  plan({ table }, facts) {
    if ((facts.classes & DIGIT) === 0 || facts.lengthMax > VALUE_LENGTH_MAX) return null
    const split = splitOf(table, facts)
    return split === null ? null : planShapes(split, facts)
  },

  decode(bytes, rowCount) {
    const read = lazily(() => new ShapeReader(bytes, rowCount).read())
    return new DecodedColumn({
      rowCount,
      mayContain: (text) => mayContain(read(), text),
      valuesWith: (text) => valuesWith(read(), text),
      materialize: () => print(read()),
    })
  },

  holds(bytes, bitsOf) {
    const source = new ByteSource(bytes)
    let bits = 0
    for (let left = source.u8(); left > 0; left--) {
      const text = source.take(source.u8())
      bits |= bitsOfBytes(text, bitsOf)
      if (text.includes(ZERO)) bits |= bitsOfDigits(bitsOf)
    }
    return bits
  },
}

function splitOf(table: ValueTable, { distinct, findings }: ColumnFacts): SplitValues | null {
  if (findings.split === undefined) findings.split = findings.splitter.split(table, distinct)
  return findings.split
}

// ---- writing -------------------------------------------------------------------------------------------------------

function planShapes(split: SplitValues, facts: ColumnFacts): EncodingPlan {
  const { shapes: texts, slotCounts } = split
  const rowsOf = slotsByShape(split, facts)
  const plans: SlotPlan[] = []
  let bytes = 1
  for (let shape = 0; shape < texts.length; shape++) {
    bytes += 1 + texts[shape].length
    for (let slot = 0; slot < slotCounts[shape]; slot++) {
      const plan = planSlot(split, rowsOf[shape], slot, facts.scratch)
      bytes += plan.bytes
      plans.push(plan)
    }
  }
  const shapePlan = texts.length > 1 ? planSequence(shapeNumbers(split, facts), facts.scratch) : null
  const write = (sink: ByteSink): void => {
    sink.u8(texts.length)
    for (const text of texts) {
      sink.u8(text.length)
      sink.append(text)
    }
    shapePlan?.write(sink)
    for (const plan of plans) {
      sink.u8(plan.width)
      plan.widths?.write(sink)
      plan.numbers.write(sink)
    }
  }
  return { bytes: bytes + (shapePlan?.bytes ?? 0), write }
}

function shapeNumbers({ shapeOf }: SplitValues, { codes, scratch }: ColumnFacts): Float64Array {
  const numbers = scratch.floats(codes.length)
  for (let row = 0; row < codes.length; row++) numbers[row] = shapeOf[codes[row]]
  return numbers
}

/** By shape, for each of its rows: where the numbers of its slots begin. */
function slotsByShape(split: SplitValues, { codes, scratch }: ColumnFacts): Uint32Array[] {
  const { shapes: texts, shapeOf, slotsOf } = split
  const counts = new Uint32Array(texts.length)
  if (texts.length === 1) counts[0] = codes.length
  else for (let row = 0; row < codes.length; row++) counts[shapeOf[codes[row]]]++
  const rowsOf = texts.map((_, shape) => scratch.words(counts[shape]))
  if (texts.length === 1) {
    const [rows] = rowsOf
    for (let row = 0; row < codes.length; row++) rows[row] = slotsOf[codes[row]]
    return rowsOf
  }
  counts.fill(0)
  for (let row = 0; row < codes.length; row++) {
    const shape = shapeOf[codes[row]]
    rowsOf[shape][counts[shape]++] = slotsOf[codes[row]]
  }
  return rowsOf
}

interface SlotPlan {
  readonly width: number
  readonly widths: SequencePlan | null
  readonly numbers: SequencePlan
  readonly bytes: number
}

function planSlot(split: SplitValues, rows: Uint32Array, slot: number, scratch: Scratch): SlotPlan {
  const { numbers, widths } = split
  const count = rows.length
  const slotNumbers = scratch.floats(count)
  const firstWidth = widths[rows[0] + slot]
  let isCanonical = true
  let isFixed = true
  for (let i = 0; i < count; i++) {
    const at = rows[i] + slot
    const value = numbers[at]
    const width = widths[at]
    slotNumbers[i] = value
    if (width !== firstWidth) isFixed = false
    if (isCanonical && width > 1 && value < POWERS[width - 1]) isCanonical = false
  }
  const plan = planSequence(slotNumbers, scratch)
  if (isCanonical || isFixed) {
    const width = isCanonical ? CANONICAL : firstWidth
    return { width, widths: null, numbers: plan, bytes: 1 + plan.bytes }
  }
  const slotWidths = scratch.floats(count)
  for (let i = 0; i < count; i++) slotWidths[i] = widths[rows[i] + slot]
  const widthPlan = planSequence(slotWidths, scratch)
  return { width: VARYING, widths: widthPlan, numbers: plan, bytes: 1 + plan.bytes + widthPlan.bytes }
}

// ---- reading -------------------------------------------------------------------------------------------------------

interface Slot {
  /** Where it stands in the text of its shape. */
  readonly textAt: number
  readonly width: number
  /** By row, where they vary. */
  readonly widths: Uint32Array
  readonly widthMax: number
  readonly numbers: Float64Array
}

const NO_WIDTHS = new Uint32Array(0)

class ShapeReader {
  readonly #source: ByteSource
  readonly #rowCount: number

  constructor(bytes: Uint8Array, rowCount: number) {
    this.#source = new ByteSource(bytes)
    this.#rowCount = rowCount
  }

  read(): ReadShapes {
    const source = this.#source
    const count = source.u8()
    if (count < 1 || count > SHAPES_MAX) throw partCorrupt(`${count} is no number of shapes`)
    const texts: Uint8Array[] = []
    for (let shape = 0; shape < count; shape++) texts.push(this.#shapeText())
    const shapeOf =
      count === 1
        ? new Uint32Array(this.#rowCount)
        : readIndexes(source, this.#rowCount, count - 1, 'the shape of a row')
    const rowCounts = new Uint32Array(count)
    for (let row = 0; row < this.#rowCount; row++) rowCounts[shapeOf[row]]++
    const slots = texts.map((text, shape) => this.#slots(text, rowCounts[shape]))
    source.expectEnd()
    return { texts, shapeOf, slots, rowCounts }
  }

  #shapeText(): Uint8Array {
    const length = this.#source.u8()
    if (length > SHAPE_LENGTH_MAX) throw partCorrupt(`a shape has ${length} bytes`)
    return this.#source.take(length)
  }

  #slots(text: Uint8Array, rowCount: number): Slot[] {
    const slots: Slot[] = []
    if (rowCount === 0) throw partCorrupt('a shape has no rows')
    for (let at = 0; at < text.length; at++) if (text[at] === ZERO) slots.push(this.#slot(rowCount, at))
    if (slots.length > SLOTS_MAX) throw partCorrupt(`a shape has ${slots.length} slots`)
    return slots
  }

  #slot(rowCount: number, textAt: number): Slot {
    const width = this.#source.u8()
    if (width > VARYING) throw partCorrupt(`${width} is no width of a slot`)
    const isVarying = width === VARYING
    const widths = isVarying ? readIndexes(this.#source, rowCount, DIGITS_MAX, 'a width') : NO_WIDTHS
    const numbers = readSequence(this.#source, rowCount)
    const { min, max } = boundsOf(numbers)
    if (!(min >= 0 && max < 10 ** DIGITS_MAX)) throw partCorrupt('a slot has too many digits')
    const widthMax = width === CANONICAL ? digitCount(max) : isVarying ? DIGITS_MAX : width
    return { textAt, width, widths, widthMax, numbers }
  }
}

interface ReadShapes {
  readonly texts: readonly Uint8Array[]
  /** By row. */
  readonly shapeOf: Uint32Array
  /** By shape. */
  readonly slots: readonly (readonly Slot[])[]
  readonly rowCounts: Uint32Array
}

/** Looks at the first number of every run of digits, and prints none. */
function mayContain({ texts, slots, rowCounts }: ReadShapes, needle: Uint8Array): boolean {
  const run = DigitRun.of(needle)
  if (run === null) return true
  return texts.some((text, shape) =>
    slots[shape].some((slot) => text[slot.textAt - 1] !== ZERO && mayBegin(slot, rowCounts[shape], run)),
  )
}

function mayBegin({ width, widths, numbers }: Slot, rowCount: number, run: DigitRun): boolean {
  for (let row = 0; row < rowCount; row++) {
    const number = numbers[row]
    const digits = width === CANONICAL ? digitCount(number) : width === VARYING ? widths[row] : width
    if (run.mayBegin(number, digits)) return true
  }
  return false
}

/** Digits can only stand in one run of digits; no number is printed to know which rows have them. */
function valuesWith({ texts, shapeOf, slots }: ReadShapes, text: Uint8Array): Uint8Array | null {
  const digits = DigitText.of(text)
  // Runs beside each other are one in print.
  if (
    digits === null ||
    texts.some((shape) => Buffer.from(shape.buffer, shape.byteOffset, shape.length).includes('00'))
  )
    return null
  const byShape = slots.map((ofShape) => rowsWith(ofShape, digits))
  if (texts.length === 1) return byShape[0] ?? new Uint8Array(shapeOf.length)
  const found = new Uint8Array(shapeOf.length)
  const rowsSoFar = new Uint32Array(texts.length)
  for (let row = 0; row < found.length; row++) {
    const shape = shapeOf[row]
    found[row] = byShape[shape]?.[rowsSoFar[shape]++] ?? 0
  }
  return found
}

/** By row of the shape; null where it has no numbers. */
function rowsWith(slots: readonly Slot[], digits: DigitText): Uint8Array | null {
  if (slots.length === 0) return null
  const least = digits.number
  const found = new Uint8Array(slots[0].numbers.length)
  for (const { width, widths, numbers } of slots) {
    for (let row = 0; row < found.length; row++) {
      const number = numbers[row]
      if (number < least) continue
      const length = width === CANONICAL ? digitCount(number) : width === VARYING ? widths[row] : width
      if (digits.isIn(number, length)) found[row] = 1
    }
  }
  return found
}

function print(read: ReadShapes): MaterializedColumn {
  const { texts, shapeOf, slots } = read
  const rowCount = shapeOf.length
  const { starts, lengths } = newSpans(rowCount)
  const data = new Uint8Array(lengthMax(read))
  const rowsSoFar = new Uint32Array(texts.length)
  let at = 0
  for (let row = 0; row < rowCount; row++) {
    const shape = shapeOf[row]
    starts[row] = at
    at = printRow(texts[shape], slots[shape], rowsSoFar[shape]++, data, at)
    lengths[row] = at - starts[row]
  }
  return { data: data.subarray(0, at), starts, lengths }
}

/** Bytes of all rows, if every number had as many digits as the longest of its slot. */
function lengthMax({ texts, slots, rowCounts }: ReadShapes): number {
  let bytes = PRINT_SLACK
  for (let shape = 0; shape < texts.length; shape++) {
    let length = texts[shape].length
    for (const { widthMax } of slots[shape]) length += widthMax
    bytes += length * rowCounts[shape]
  }
  return bytes
}

function printRow(
  text: Uint8Array,
  slots: readonly Slot[],
  index: number,
  data: Uint8Array,
  start: number,
): number {
  let at = start
  let textAt = 0
  for (let i = 0; i < slots.length; i++) {
    const slot = slots[i]
    for (const end = slot.textAt; textAt < end; textAt++) data[at++] = text[textAt]
    textAt++
    const value = slot.numbers[index]
    if (slot.width === CANONICAL) {
      at = printNumber(value, data, at)
    } else {
      const digits = slot.width === VARYING ? slot.widths[index] : slot.width
      printDigits(value, digits, data, at)
      at += digits
    }
  }
  for (; textAt < text.length; textAt++) data[at++] = text[textAt]
  return at
}
