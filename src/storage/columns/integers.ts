/**
 * Integers: either all as a program prints them (`0`, `-17`, never `007`, `-0`, `+1` or `1e5`), or all of one width with
 * zeros in front (`007`, `015`). At most 15 digits, so that differences are exact too; longer ones are split (shapes.ts).
 *
 *   +-------+------------------------+
 *   | width | the numbers: sequence  |      width: 0 as printed, 1 to 15 digits each
 *   +-------+------------------------+
 */
import { ByteSource, partCorrupt } from './byte-source.ts'
import { type ColumnFacts, DIGIT, gather, MINUS_SIGN } from './column-facts.ts'
import type { ValueTable } from './column-values.ts'
import { boundsOf, consecutiveOfLength, DecodedColumn, lazily } from './decoded-column.ts'
import { DIGITS_MAX, digitCount, isDigit, MINUS, parseDigits, printDigits, ZERO } from './digits.ts'
import type { Encoding, MaterializedColumn } from './encoding.ts'
import { planSequence, readSequence } from './number-sequence.ts'

const CANONICAL = 0

export const integers: Encoding = {
  code: 3,
  name: 'integers',
  isText: false,

  plan({ table }, facts) {
    if ((facts.classes & ~(DIGIT | MINUS_SIGN)) !== 0) return null
    if (facts.lengthMin === 0 || facts.lengthMax > DIGITS_MAX + 1) return null
    const canonical = parseAll(table, facts, parseCanonical)
    const isFixed = facts.lengthMin === facts.lengthMax && facts.lengthMax <= DIGITS_MAX
    const numbers = canonical ?? (isFixed ? parseAll(table, facts, parseOnlyDigits) : null)
    if (numbers === null) return null
    const plan = planSequence(gather(numbers, facts))
    const width = canonical === null ? facts.lengthMax : CANONICAL
    return {
      bytes: 1 + plan.bytes,
      settles: true,
      write: (sink) => {
        sink.u8(width)
        plan.write(sink)
      },
    }
  },

  decode(bytes, rowCount) {
    const source = new ByteSource(bytes)
    const width = source.u8()
    if (width > DIGITS_MAX) throw partCorrupt(`${width} digits are no width of integers`)
    const read = lazily(() => {
      const numbers = readSequence(source, rowCount)
      source.expectEnd()
      return numbers
    })
    return new DecodedColumn({
      rowCount,
      numbers: lazily(() => boundsOf(read())),
      materialize: () => (width === CANONICAL ? printCanonical(read()) : printFixed(read(), width)),
    })
  },
}

type Parse = (bytes: Uint8Array, start: number, end: number) => number

/** The number of each distinct value, or null where `parse` answers NaN for one. */
function parseAll({ bytes, starts, ends }: ValueTable, { distinct }: ColumnFacts, parse: Parse) {
  const numbers = new Float64Array(distinct.length)
  for (let i = 0; i < numbers.length; i++) {
    const value = parse(bytes, starts[distinct[i]], ends[distinct[i]])
    if (Number.isNaN(value)) return null
    numbers[i] = value
  }
  return numbers
}

function parseOnlyDigits(bytes: Uint8Array, start: number, end: number): number {
  for (let at = start; at < end; at++) if (!isDigit(bytes[at])) return Number.NaN
  return parseDigits(bytes, start, end)
}

/** The integer that prints as exactly these bytes, of at most 15 digits; NaN where there is none. */
export function parseCanonical(bytes: Uint8Array, start: number, end: number): number {
  const isNegative = bytes[start] === MINUS
  const first = isNegative ? start + 1 : start
  const length = end - first
  if (length < 1 || length > DIGITS_MAX) return Number.NaN
  if (bytes[first] === ZERO && (length > 1 || isNegative)) return Number.NaN
  const magnitude = parseOnlyDigits(bytes, first, end)
  return isNegative ? -magnitude : magnitude
}

export function printCanonical(numbers: Float64Array): MaterializedColumn {
  const rowCount = numbers.length
  const { min, max } = boundsOf(numbers)
  const widest = digitCount(Math.max(Math.abs(min), Math.abs(max))) + (min < 0 ? 1 : 0)
  const data = new Uint8Array(rowCount * widest)
  const starts = new Uint32Array(rowCount)
  const lengths = new Uint32Array(rowCount)
  let at = 0
  for (let row = 0; row < rowCount; row++) {
    const value = numbers[row]
    starts[row] = at
    if (value < 0) data[at++] = MINUS
    const magnitude = Math.abs(value)
    const width = digitCount(magnitude)
    printDigits(magnitude, width, data, at)
    at += width
    lengths[row] = at - starts[row]
  }
  return { data: data.subarray(0, at), starts, lengths }
}

function printFixed(numbers: Float64Array, width: number): MaterializedColumn {
  const limit = 10 ** width
  const data = new Uint8Array(numbers.length * width)
  for (let row = 0; row < numbers.length; row++) {
    const value = numbers[row]
    if (!(value >= 0 && value < limit)) throw partCorrupt(`${value} does not have ${width} digits`)
    printDigits(value, width, data, row * width)
  }
  return consecutiveOfLength(data, width, numbers.length)
}
