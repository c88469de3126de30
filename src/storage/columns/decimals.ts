/**
 * Decimals that print back the same: `0.25`, `-3`, `17.50`; digits in front of the point as a program prints them, at
 * most 15 in all. Each is kept as the integer without its point, and how many digits stood behind it.
 *
 *   +------------------------+----------------------------------+
 *   | the integers: sequence | digits behind the point: sequence |      12.50 → 1250, 2
 *   +------------------------+----------------------------------+
 */

import { PRINT_SLACK, printDigits, printNumber } from '../../base/base.ts'
import { DIGIT, MINUS_SIGN, POINT } from './byte-classes.ts'
import { ByteSource, partCorrupt } from './byte-source.ts'
import { type ColumnFacts, gather } from './column-facts.ts'
import type { ValueTable } from './column-values.ts'
import { DecodedColumn, lazily, newSpans } from './decoded-column.ts'
import { DIGITS_MAX, DOT, isDigit, MINUS, POWERS_OF_TEN, parseDigits, ZERO } from './digits.ts'
import { bitsOfDigits, type Encoding, type MaterializedColumn, type NumberBounds } from './encoding.ts'
import { planSequence, readIndexes, readSequence } from './number-sequence.ts'

/** Sign and point beside the digits. */
const LENGTH_MAX = DIGITS_MAX + 2
/** Imported constants cost a look-up each time: this one is for hot functions. */
const POWERS = POWERS_OF_TEN
const MAGNITUDE_END = 10 ** DIGITS_MAX

interface Decimals {
  readonly scaled: Float64Array
  readonly places: Float64Array
}

export const decimals: Encoding = {
  code: 4,
  name: 'decimals',
  isText: false,

  plan({ table }, facts) {
    const { classes, lengthMin, lengthMax } = facts
    if ((classes & POINT) === 0 || (classes & ~(DIGIT | MINUS_SIGN | POINT)) !== 0) return null
    if (lengthMin === 0 || lengthMax > LENGTH_MAX) return null
    const parsed = parseAll(table, facts)
    if (parsed === null) return null
    const scaled = planSequence(gather(parsed.scaled, facts), facts.scratch)
    const places = planSequence(gather(parsed.places, facts), facts.scratch)
    return {
      bytes: scaled.bytes + places.bytes,
      settles: true,
      write: (sink) => {
        scaled.write(sink)
        places.write(sink)
      },
    }
  },

  decode(bytes, rowCount) {
    const read = lazily(() => {
      const source = new ByteSource(bytes)
      const scaled = readSequence(source, rowCount)
      const places = readIndexes(source, rowCount, DIGITS_MAX - 1, 'the number of digits behind a point')
      source.expectEnd()
      return { scaled, places }
    })
    return new DecodedColumn({
      rowCount,
      numbers: lazily(() => decimalBounds(read())),
      materialize: () => print(read()),
    })
  },

  holds: (_bytes, bitsOf) => bitsOfDigits(bitsOf) | bitsOf[MINUS] | bitsOf[DOT],
}

function parseAll({ bytes, starts, ends }: ValueTable, { distinct, scratch }: ColumnFacts): Decimals | null {
  const scaled = scratch.floats(distinct.length)
  const places = scratch.floats(distinct.length)
  for (let i = 0; i < distinct.length; i++) {
    const end = ends[distinct[i]]
    const start = starts[distinct[i]]
    const isNegative = bytes[start] === MINUS
    const first = isNegative ? start + 1 : start
    let point = first
    while (point < end && isDigit(bytes[point])) point++
    let last = point < end && bytes[point] === DOT ? point + 1 : point
    while (last < end && isDigit(bytes[last])) last++
    const behind = point < end ? end - point - 1 : 0
    if (last !== end || point === first || (point < end && behind === 0)) return null
    if (point - first + behind > DIGITS_MAX || (bytes[first] === ZERO && point - first > 1)) return null
    const whole = parseDigits(bytes, first, point)
    const magnitude = behind === 0 ? whole : whole * 10 ** behind + parseDigits(bytes, point + 1, end)
    if (isNegative && magnitude === 0) return null
    scaled[i] = isNegative ? -magnitude : magnitude
    places[i] = behind
  }
  return { scaled, places }
}

/** The nearest doubles: a reader of these bounds compares with doubles too. */
function decimalBounds({ scaled, places }: { scaled: Float64Array; places: Uint32Array }): NumberBounds {
  let min = Number.POSITIVE_INFINITY
  let max = Number.NEGATIVE_INFINITY
  for (let row = 0; row < scaled.length; row++) {
    const value = scaled[row] / 10 ** places[row]
    if (value < min) min = value
    if (value > max) max = value
  }
  return { min, max }
}

function print({ scaled, places }: { scaled: Float64Array; places: Uint32Array }): MaterializedColumn {
  const rowCount = scaled.length
  const { starts, lengths } = newSpans(rowCount)
  const data = new Uint8Array(rowCount * LENGTH_MAX + PRINT_SLACK)
  let at = 0
  for (let row = 0; row < rowCount; row++) {
    starts[row] = at
    const magnitude = Math.abs(scaled[row])
    const behind = places[row]
    const scale = POWERS[behind]
    // With at most 15 digits no quotient is rounded up to the next whole number.
    const whole = Math.floor(magnitude / scale)
    if (magnitude >= MAGNITUDE_END || behind >= DIGITS_MAX)
      throw partCorrupt('a decimal has more than 15 digits')
    if (scaled[row] < 0) data[at++] = MINUS
    at = printNumber(whole, data, at)
    if (behind > 0) {
      data[at] = DOT
      printDigits(magnitude - whole * scale, behind, data, at + 1)
      at += behind + 1
    }
    lengths[row] = at - starts[row]
  }
  return { data: data.subarray(0, at), starts, lengths }
}
