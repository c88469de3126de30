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
import type { ByteSink } from './byte-sink.ts'
import { ByteSource, partCorrupt } from './byte-source.ts'
import { type ColumnFacts, DIGIT } from './column-facts.ts'
import type { ValueTable } from './column-values.ts'
import { DecodedColumn } from './decoded-column.ts'
import { DIGITS_MAX, digitCount, parseDigits, printDigits, ZERO } from './digits.ts'
import type { Encoding, EncodingPlan, MaterializedColumn } from './encoding.ts'
import { planSequence, readIndexes, readSequence, type SequencePlan } from './number-sequence.ts'

/** Above these a column has no shape worth the name. They also bound what a damaged column can ask for. */
const SHAPES_MAX = 16
const SLOTS_MAX = 24
const SHAPE_LENGTH_MAX = 96
const VALUE_LENGTH_MAX = 255

const CANONICAL = 0
const VARYING = DIGITS_MAX + 1

export const shapes: Encoding = {
  code: 8,
  name: 'shapes',
  isText: true,

  plan({ table }, facts) {
    if ((facts.classes & DIGIT) === 0 || facts.lengthMax > VALUE_LENGTH_MAX) return null
    const splitter = new Splitter(facts.distinct.length)
    if (!splitter.splitAll(table, facts.distinct)) return null
    return planShapes(splitter, facts)
  },

  decode(bytes, rowCount) {
    return new DecodedColumn({ rowCount, materialize: () => new ShapeReader(bytes, rowCount).read() })
  },
}

// ---- splitting -----------------------------------------------------------------------------------------------------

/** Splits distinct values into shapes and the numbers of their slots. */
class Splitter {
  readonly shapes: Uint8Array[] = []
  readonly slotCounts: number[] = []
  /** By distinct value: its shape, and where the numbers and widths of its slots begin. */
  readonly shapeOf: Uint8Array
  readonly slotsOf: Uint32Array
  numbers: Float64Array
  widths: Uint8Array
  #slots = 0
  readonly #shape = new Uint8Array(SHAPE_LENGTH_MAX)

  constructor(count: number) {
    this.shapeOf = new Uint8Array(count)
    this.slotsOf = new Uint32Array(count)
    this.numbers = new Float64Array(count * 4)
    this.widths = new Uint8Array(count * 4)
  }

  /** False where there are too many shapes, or a shape is too large. */
  splitAll({ bytes, starts, ends }: ValueTable, distinct: Uint32Array): boolean {
    for (let i = 0; i < distinct.length; i++) {
      const shape = this.#split(bytes, starts[distinct[i]], ends[distinct[i]], i)
      if (shape < 0) return false
      this.shapeOf[i] = shape
    }
    return this.slotCounts.some((count) => count > 0)
  }

  #split(bytes: Uint8Array, start: number, end: number, value: number): number {
    if (this.#slots + SLOTS_MAX > this.numbers.length) this.#grow()
    const first = this.#slots
    const shape = this.#shape
    let length = 0
    let at = start
    while (at < end) {
      if (length >= SHAPE_LENGTH_MAX) return -1
      const byte = bytes[at]
      if (byte < 0x30 || byte > 0x39) {
        shape[length++] = byte
        at++
        continue
      }
      let runEnd = at + 1
      while (runEnd < end && bytes[runEnd] >= 0x30 && bytes[runEnd] <= 0x39) runEnd++
      let chunkEnd = at + ((runEnd - at) % DIGITS_MAX || DIGITS_MAX)
      for (; at < runEnd; at = chunkEnd, chunkEnd += DIGITS_MAX) {
        if (this.#slots - first >= SLOTS_MAX || length >= SHAPE_LENGTH_MAX) return -1
        shape[length++] = ZERO
        this.widths[this.#slots] = chunkEnd - at
        this.numbers[this.#slots++] = parseDigits(bytes, at, chunkEnd)
      }
    }
    this.slotsOf[value] = first
    return this.#shapeNumber(length, this.#slots - first)
  }

  #shapeNumber(length: number, slots: number): number {
    for (let i = 0; i < this.shapes.length; i++) if (this.#isShape(this.shapes[i], length)) return i
    if (this.shapes.length === SHAPES_MAX) return -1
    this.shapes.push(this.#shape.slice(0, length))
    this.slotCounts.push(slots)
    return this.shapes.length - 1
  }

  #isShape(known: Uint8Array, length: number): boolean {
    if (known.length !== length) return false
    for (let i = 0; i < length; i++) if (known[i] !== this.#shape[i]) return false
    return true
  }

  #grow(): void {
    const numbers = new Float64Array(this.numbers.length * 2 + SLOTS_MAX)
    numbers.set(this.numbers)
    this.numbers = numbers
    const widths = new Uint8Array(numbers.length)
    widths.set(this.widths)
    this.widths = widths
  }
}

// ---- writing -------------------------------------------------------------------------------------------------------

function planShapes(splitter: Splitter, facts: ColumnFacts): EncodingPlan {
  const { codes } = facts
  const rowsOf = rowsByShape(splitter, codes)
  const plans: SlotPlan[] = []
  let bytes = 1
  for (let shape = 0; shape < splitter.shapes.length; shape++) {
    bytes += 1 + splitter.shapes[shape].length
    for (let slot = 0; slot < splitter.slotCounts[shape]; slot++) {
      const plan = planSlot(splitter, codes, rowsOf[shape], slot)
      bytes += plan.bytes
      plans.push(plan)
    }
  }
  const shapePlan = splitter.shapes.length > 1 ? planSequence(shapeNumbers(splitter, codes)) : null
  const write = (sink: ByteSink): void => {
    sink.u8(splitter.shapes.length)
    for (const shape of splitter.shapes) {
      sink.u8(shape.length)
      sink.append(shape)
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

function shapeNumbers({ shapeOf }: Splitter, codes: Uint32Array): Float64Array {
  const numbers = new Float64Array(codes.length)
  for (let row = 0; row < codes.length; row++) numbers[row] = shapeOf[codes[row]]
  return numbers
}

function rowsByShape({ shapes, shapeOf }: Splitter, codes: Uint32Array): Uint32Array[] {
  const counts = new Uint32Array(shapes.length)
  for (let row = 0; row < codes.length; row++) counts[shapeOf[codes[row]]]++
  const rowsOf = shapes.map((_, shape) => new Uint32Array(counts[shape]))
  counts.fill(0)
  for (let row = 0; row < codes.length; row++) {
    const shape = shapeOf[codes[row]]
    rowsOf[shape][counts[shape]++] = row
  }
  return rowsOf
}

interface SlotPlan {
  readonly width: number
  readonly widths: SequencePlan | null
  readonly numbers: SequencePlan
  readonly bytes: number
}

function planSlot(splitter: Splitter, codes: Uint32Array, rows: Uint32Array, slot: number): SlotPlan {
  const { slotsOf, numbers, widths } = splitter
  const count = rows.length
  const slotNumbers = new Float64Array(count)
  const slotWidths = new Float64Array(count)
  let isCanonical = true
  let isFixed = true
  for (let i = 0; i < count; i++) {
    const at = slotsOf[codes[rows[i]]] + slot
    slotNumbers[i] = numbers[at]
    slotWidths[i] = widths[at]
    if (isFixed && widths[at] !== slotWidths[0]) isFixed = false
    if (isCanonical && widths[at] > 1 && digitCount(numbers[at]) !== widths[at]) isCanonical = false
  }
  const plan = planSequence(slotNumbers)
  if (isCanonical || isFixed) {
    const width = isCanonical ? CANONICAL : slotWidths[0]
    return { width, widths: null, numbers: plan, bytes: 1 + plan.bytes }
  }
  const widthPlan = planSequence(slotWidths)
  return { width: VARYING, widths: widthPlan, numbers: plan, bytes: 1 + plan.bytes + widthPlan.bytes }
}

// ---- reading -------------------------------------------------------------------------------------------------------

interface Slot {
  readonly width: number
  readonly widths: Uint32Array | null
  readonly numbers: Float64Array
}

class ShapeReader {
  readonly #source: ByteSource
  readonly #rowCount: number

  constructor(bytes: Uint8Array, rowCount: number) {
    this.#source = new ByteSource(bytes)
    this.#rowCount = rowCount
  }

  read(): MaterializedColumn {
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
    return print(texts, shapeOf, slots, this.#rowCount)
  }

  #shapeText(): Uint8Array {
    const length = this.#source.u8()
    if (length > SHAPE_LENGTH_MAX) throw partCorrupt(`a shape has ${length} bytes`)
    return this.#source.take(length)
  }

  #slots(text: Uint8Array, rowCount: number): Slot[] {
    const slots: Slot[] = []
    if (rowCount === 0) throw partCorrupt('a shape has no rows')
    for (const byte of text) if (byte === ZERO) slots.push(this.#slot(rowCount))
    if (slots.length > SLOTS_MAX) throw partCorrupt(`a shape has ${slots.length} slots`)
    return slots
  }

  #slot(rowCount: number): Slot {
    const width = this.#source.u8()
    if (width > VARYING) throw partCorrupt(`${width} is no width of a slot`)
    const widths = width === VARYING ? readIndexes(this.#source, rowCount, DIGITS_MAX, 'a width') : null
    const numbers = readSequence(this.#source, rowCount)
    for (let i = 0; i < rowCount; i++)
      if (!(numbers[i] >= 0 && numbers[i] < 10 ** DIGITS_MAX)) throw partCorrupt('a slot has too many digits')
    return { width, widths, numbers }
  }
}

function print(
  texts: Uint8Array[],
  shapeOf: Uint32Array,
  slots: Slot[][],
  rowCount: number,
): MaterializedColumn {
  const starts = new Uint32Array(rowCount)
  const lengths = new Uint32Array(rowCount)
  const rowsSoFar = new Uint32Array(texts.length)
  let data = new Uint8Array(rowCount * 16 + SHAPE_LENGTH_MAX + SLOTS_MAX * DIGITS_MAX)
  let at = 0
  for (let row = 0; row < rowCount; row++) {
    if (at + SHAPE_LENGTH_MAX + SLOTS_MAX * DIGITS_MAX > data.length) data = doubled(data)
    const shape = shapeOf[row]
    const text = texts[shape]
    const own = slots[shape]
    const index = rowsSoFar[shape]++
    let slot = 0
    starts[row] = at
    for (let i = 0; i < text.length; i++) {
      const byte = text[i]
      if (byte !== ZERO) {
        data[at++] = byte
        continue
      }
      const { width, widths, numbers } = own[slot++]
      const value = numbers[index]
      const digits = widths !== null ? widths[index] : width === CANONICAL ? digitCount(value) : width
      printDigits(value, digits, data, at)
      at += digits
    }
    lengths[row] = at - starts[row]
  }
  return { data: data.subarray(0, at), starts, lengths }
}

function doubled(data: Uint8Array): Uint8Array<ArrayBuffer> {
  const more = new Uint8Array(data.length * 2)
  more.set(data)
  return more
}
