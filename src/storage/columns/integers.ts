/**
 * Integers: either all as a program prints them (`0`, `-17`, never `007`, `-0`, `+1` or `1e5`), or all of one width with
 * zeros in front (`007`, `015`). At most 15 digits, so that differences are exact too; longer ones are split (shapes.ts).
 *
 *   +-------+------------------------+
 *   | width | the numbers: sequence  |      width: 0 as printed, 1 to 15 digits each
 *   +-------+------------------------+
 */

import { digitCount, PRINT_SLACK, printDigits, printNumber } from '../../base/base.ts'
import { DIGIT, MINUS_SIGN } from './byte-classes.ts'
import { ByteSource, partCorrupt } from './byte-source.ts'
import { type ColumnFacts, gather } from './column-facts.ts'
import type { ValueTable } from './column-values.ts'
import { boundsOf, consecutiveOfLength, DecodedColumn, lazily, newSpans } from './decoded-column.ts'
import { DigitText } from './digit-run.ts'
import { DIGITS_MAX, isDigit, MINUS, parseDigits, ZERO } from './digits.ts'
import { bitsOfDigits, type Encoding, type MaterializedColumn } from './encoding.ts'
import { planSequence, readSequence } from './number-sequence.ts'

const CANONICAL = 0

export const integers: Encoding = {
  code: 3,
  name: 'integers',
  isText: false,

  plan({ table }, facts, form) {
    const numbers = integersOf(table, facts)
    if (numbers === null) return null
    const plan = planSequence(gather(numbers, facts), facts.scratch, true, form)
    return {
      bytes: 1 + plan.bytes,
      settles: true,
      detail: plan.form,
      write: (sink) => {
        sink.u8(isCanonical(table, facts) ? CANONICAL : facts.lengthMax)
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
      valuesWith: (text) => numbersWith(read(), width, text),
      materialize: () => print(read(), width),
      valueAt: (row) => print(read().subarray(row, row + 1), width).data,
    })
  },

  holds: (_bytes, bitsOf) => bitsOfDigits(bitsOf) | bitsOf[MINUS],
}

/** The integer of each distinct value; null where one is none, or neither all are as printed nor all of one width. */
export function integersOf(table: ValueTable, facts: ColumnFacts): Float64Array | null {
  const { findings } = facts
  if (findings.integers === undefined) findings.integers = parseAll(table, facts)
  return findings.integers
}

function parseAll(table: ValueTable, facts: ColumnFacts): Float64Array | null {
  const { classes, lengthMin, lengthMax, distinct, scratch } = facts
  if ((classes & ~(DIGIT | MINUS_SIGN)) !== 0 || lengthMin === 0 || lengthMax > DIGITS_MAX + 1) return null
  const isFixed = lengthMin === lengthMax && lengthMax <= DIGITS_MAX && (classes & MINUS_SIGN) === 0
  if (!isFixed && !isCanonical(table, facts)) return null
  const { bytes, starts, ends } = table
  const numbers = scratch.floats(distinct.length)
  for (let i = 0; i < numbers.length; i++) {
    const start = starts[distinct[i]]
    const end = ends[distinct[i]]
    numbers[i] = bytes[start] === MINUS ? -parseDigits(bytes, start + 1, end) : parseDigits(bytes, start, end)
  }
  return numbers
}

/** Whether all values, of digits and minus signs only, are integers as a program prints them. */
function isCanonical({ bytes, starts, ends }: ValueTable, { distinct, classes }: ColumnFacts): boolean {
  const mayBeNegative = (classes & MINUS_SIGN) !== 0
  for (let i = 0; i < distinct.length; i++) {
    const start = starts[distinct[i]]
    const end = ends[distinct[i]]
    if (mayBeNegative) {
      if (!isSignedInteger(bytes, start, end)) return false
    } else if ((bytes[start] === ZERO && end > start + 1) || end > start + DIGITS_MAX) return false
  }
  return true
}

function isSignedInteger(bytes: Uint8Array, start: number, end: number): boolean {
  const first = bytes[start] === MINUS ? start + 1 : start
  if (end === first || end > first + DIGITS_MAX) return false
  if (bytes[first] === ZERO && (first > start || end > first + 1)) return false
  for (let at = first; at < end; at++) if (!isDigit(bytes[at])) return false
  return true
}

/** No number is printed for that. */
function numbersWith(numbers: Float64Array, width: number, text: Uint8Array): Uint8Array | null {
  const digits = DigitText.of(text)
  if (digits === null) return null
  const least = digits.number
  const found = new Uint8Array(numbers.length)
  for (let row = 0; row < numbers.length; row++) {
    const value = Math.abs(numbers[row])
    if (value < least) continue
    if (digits.isIn(value, width === CANONICAL ? digitCount(value) : width)) found[row] = 1
  }
  return found
}

function print(numbers: Float64Array, width: number): MaterializedColumn {
  return width === CANONICAL ? printCanonical(numbers) : printFixed(numbers, width)
}

function printCanonical(numbers: Float64Array): MaterializedColumn {
  const rowCount = numbers.length
  const { min, max } = boundsOf(numbers)
  const widest = digitCount(Math.max(Math.abs(min), Math.abs(max))) + (min < 0 ? 1 : 0)
  const data = new Uint8Array(rowCount * widest + PRINT_SLACK)
  const { starts, lengths } = newSpans(rowCount)
  let at = 0
  for (let row = 0; row < rowCount; row++) {
    const value = numbers[row]
    const start = at
    if (value < 0) {
      data[at] = MINUS
      at = printNumber(-value, data, at + 1)
    } else at = printNumber(value, data, at)
    starts[row] = start
    lengths[row] = at - start
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
