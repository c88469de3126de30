/**
 * IPv4 addresses as everybody prints them (`10.0.0.1`, never `010.0.0.1`): one sequence of numbers of 32 bits, the first
 * of the four on top.
 */

import { PRINT_SLACK, printNumber } from '../../base/base.ts'
import { DIGIT, POINT } from './byte-classes.ts'
import { ByteSource } from './byte-source.ts'
import { gather } from './column-facts.ts'
import { DecodedColumn, lazily, newSpans } from './decoded-column.ts'
import { DigitText } from './digit-run.ts'
import { DOT, isDigit, ZERO } from './digits.ts'
import { bitsOfDigits, type Encoding, type MaterializedColumn } from './encoding.ts'
import { planSequence, readIndexes } from './number-sequence.ts'

const SHORTEST = '0.0.0.0'.length
const LONGEST = '255.255.255.255'.length

export const addresses: Encoding = {
  code: 5,
  name: 'ipv4',
  isText: false,

  plan({ table }, facts, detail) {
    const { classes, lengthMin, lengthMax, distinct, scratch } = facts
    if (classes !== (DIGIT | POINT) || lengthMin < SHORTEST || lengthMax > LONGEST) return null
    const numbers = scratch.floats(distinct.length)
    for (let i = 0; i < numbers.length; i++) {
      const value = parseAddress(table.bytes, table.starts[distinct[i]], table.ends[distinct[i]])
      if (value < 0) return null
      numbers[i] = value
    }
    const { form, ...plan } = planSequence(gather(numbers, facts), scratch, true, detail)
    return { ...plan, settles: true, detail: form }
  },

  decode(bytes, rowCount) {
    const read = lazily(() => {
      const source = new ByteSource(bytes)
      const numbers = readIndexes(source, rowCount, 0xffff_ffff, 'an address')
      source.expectEnd()
      return numbers
    })
    return new DecodedColumn({
      rowCount,
      valuesWith: (text) => addressesWith(read(), text),
      materialize: () => print(read()),
    })
  },

  holds: (_bytes, bitsOf) => bitsOfDigits(bitsOf) | bitsOf[DOT],
}

/** -1 where it is none. */
function parseAddress(bytes: Uint8Array, start: number, end: number): number {
  let address = 0
  let at = start
  for (let part = 0; part < 4; part++) {
    if (part > 0 && (at >= end || bytes[at++] !== DOT)) return -1
    const first = at
    let value = 0
    while (at < end && at < first + 3 && isDigit(bytes[at])) value = value * 10 + bytes[at++] - ZERO
    if (at === first || value > 255 || (bytes[first] === ZERO && at > first + 1)) return -1
    address = address * 256 + value
  }
  return at === end ? address : -1
}

/** Digits can only stand within one of the four numbers: those that have them are few. */
function addressesWith(numbers: Uint32Array, text: Uint8Array): Uint8Array | null {
  const digits = DigitText.of(text)
  if (digits === null) return null
  const has = digits.bytes
  const found = new Uint8Array(numbers.length)
  for (let row = 0; row < found.length; row++) {
    const address = numbers[row]
    found[row] =
      has[address >>> 24] | has[(address >>> 16) & 0xff] | has[(address >>> 8) & 0xff] | has[address & 0xff]
  }
  return found
}

function print(numbers: Uint32Array): MaterializedColumn {
  const rowCount = numbers.length
  const data = new Uint8Array(rowCount * LONGEST + PRINT_SLACK)
  const { starts, lengths } = newSpans(rowCount)
  let at = 0
  for (let row = 0; row < rowCount; row++) {
    const start = at
    const address = numbers[row]
    at = printNumber(address >>> 24, data, at)
    data[at] = DOT
    at = printNumber((address >>> 16) & 0xff, data, at + 1)
    data[at] = DOT
    at = printNumber((address >>> 8) & 0xff, data, at + 1)
    data[at] = DOT
    at = printNumber(address & 0xff, data, at + 1)
    starts[row] = start
    lengths[row] = at - start
  }
  return { data: data.subarray(0, at), starts, lengths }
}
