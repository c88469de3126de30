/**
 * Values of one length, position by position: UUIDs, hexadecimal ids, and what else has its parts at the same places.
 * A position with the same byte in all values is written once; hexadecimal digits of one case take four bits, anything
 * else as many as the distance of its smallest and largest byte needs. All values of a position stand together.
 *
 *   +--------+-------------------+---------------------+----------------+----------------+- - -
 *   | length | kind of each      | a byte for each not | first varying  | second varying |
 *   | u8     | position, 4 bits  | of kind 9 or 10     | position       | position       |
 *   +--------+-------------------+---------------------+----------------+----------------+- - -
 *
 *   kind      0 constant: the byte   1 to 8 so many bits each, to be added to the byte
 *             9 digit or a-f, four bits   10 digit or A-F, four bits
 */
import { bitWidth, packBits, packedLength, sharedWords, unpackBits, type Words } from './bit-packing.ts'
import { CLASS_BITS, DIGIT, LOWER_HEX, UPPER_HEX } from './byte-classes.ts'
import type { ByteSink } from './byte-sink.ts'
import { ByteSource, partCorrupt } from './byte-source.ts'
import type { ColumnFacts } from './column-facts.ts'
import type { ValueTable } from './column-values.ts'
import { consecutiveOfLength, DecodedColumn, repeated } from './decoded-column.ts'
import { bitsOfBytes, type Encoding, type MaterializedColumn } from './encoding.ts'
import { planeBits } from './entropy.ts'

/** Also bounds what a damaged column can ask for: every row takes its length in memory. */
const LENGTH_MAX = 64
/** Shorter values gain nothing. */
const LENGTH_MIN = 2

const CONSTANT = 0
const WHOLE = 8
const LOWER_NIBBLE = 9
const UPPER_NIBBLE = 10
const NIBBLE_BITS = 4
const KIND_BITS = 4

/** Sixteen values of four bits, of which the last six are letters. */
const digitsWith = (letterA: number): Uint8Array =>
  Uint8Array.from({ length: 16 }, (_, value) => (value < 10 ? 0x30 + value : letterA - 10 + value))
const LOWER_DIGITS = digitsWith(0x61)
const UPPER_DIGITS = digitsWith(0x41)

interface Position {
  readonly kind: number
  /** What the byte of a value exceeds, of kinds that have one. */
  readonly base: number
  readonly bits: number
}

export const positions: Encoding = {
  code: 6,
  name: 'positions',
  isText: true,

  plan({ table }, facts) {
    const length = facts.lengthMax
    if (facts.lengthMin !== length || length < LENGTH_MIN || length > LENGTH_MAX) return null
    const ranges = new PositionRanges(table, facts.distinct, length)
    if (ranges.countWide() * 2 > length) return null
    const starts = rowStarts(table, facts)
    const planned: Position[] = []
    let bits = 8 + length * (KIND_BITS + 8)
    for (let at = 0; at < length; at++) {
      const position = planPosition(table.bytes, starts, ranges, at)
      planned.push(position)
      bits += position.bits
    }
    return { bytes: bits / 8, write: (sink) => writePositions(planned, table.bytes, starts, sink) }
  },

  decode(bytes, rowCount) {
    return new DecodedColumn({ rowCount, materialize: () => read(bytes, rowCount) })
  },

  holds(bytes, bitsOf) {
    const { kinds, bases } = readFrame(new ByteSource(bytes))
    let bits = 0
    for (let at = 0; at < kinds.length; at++) {
      const kind = kinds[at]
      if (kind === LOWER_NIBBLE) bits |= bitsOfBytes(LOWER_DIGITS, bitsOf)
      else if (kind === UPPER_NIBBLE) bits |= bitsOfBytes(UPPER_DIGITS, bitsOf)
      else for (let offset = 2 ** kind - 1; offset >= 0; offset--) bits |= bitsOf[(bases[at] + offset) & 0xff]
    }
    return bits
  },
}

/** By position: the smallest and the largest byte, and the classes of all. */
class PositionRanges {
  readonly classes: Uint16Array
  readonly min: Uint8Array
  readonly max: Uint8Array

  constructor({ bytes, starts }: ValueTable, distinct: Uint32Array, length: number) {
    this.classes = new Uint16Array(length)
    this.min = new Uint8Array(length).fill(255)
    this.max = new Uint8Array(length)
    const { classes, min, max } = this
    for (let i = 0; i < distinct.length; i++) {
      const start = starts[distinct[i]]
      for (let at = 0; at < length; at++) {
        const byte = bytes[start + at]
        classes[at] |= CLASS_BITS[byte]
        if (byte < min[at]) min[at] = byte
        if (byte > max[at]) max[at] = byte
      }
    }
  }

  width(at: number): number {
    return bitWidth(this.max[at] - this.min[at])
  }

  nibbleKind(at: number): number {
    if ((this.classes[at] & ~(DIGIT | LOWER_HEX)) === 0) return LOWER_NIBBLE
    return (this.classes[at] & ~(DIGIT | UPPER_HEX)) === 0 ? UPPER_NIBBLE : CONSTANT
  }

  /** Positions that need more than four bits. */
  countWide(): number {
    let count = 0
    for (let at = 0; at < this.min.length; at++)
      if (this.width(at) > NIBBLE_BITS && this.nibbleKind(at) === CONSTANT) count++
    return count
  }
}

/** By row: where its value begins. */
function rowStarts({ starts }: ValueTable, { distinct, codes, scratch }: ColumnFacts): Uint32Array {
  const ofRows = scratch.words(codes.length)
  for (let row = 0; row < codes.length; row++) ofRows[row] = starts[distinct[codes[row]]]
  return ofRows
}

function planPosition(bytes: Uint8Array, starts: Uint32Array, ranges: PositionRanges, at: number): Position {
  const width = ranges.width(at)
  const base = ranges.min[at]
  if (width === 0) return { kind: CONSTANT, base, bits: 0 }
  const nibbleKind = ranges.nibbleKind(at)
  if (width > NIBBLE_BITS && nibbleKind !== CONSTANT) {
    const { low, count } = nibbleWords(bytes, starts, at)
    return { kind: nibbleKind, base, bits: planeBits(low, count, 0, NIBBLE_BITS) }
  }
  const { low, count } = offsetWords(bytes, starts, at, base)
  // Where no value crosses a byte, compression finds what is alike.
  const aligned = width <= 2 ? width : width <= NIBBLE_BITS ? NIBBLE_BITS : WHOLE
  const bits = planeBits(low, count, 0, aligned)
  const exact = count * width
  return exact < bits ? { kind: width, base, bits: exact } : { kind: aligned, base, bits }
}

/** Digits have bit 6 clear and are their low four bits; letters of either case are nine more than theirs. */
function nibbleWords(bytes: Uint8Array, starts: Uint32Array, at: number): Words {
  const words = sharedWords(starts.length, false)
  const { low, count } = words
  for (let row = 0; row < count; row++) {
    const byte = bytes[starts[row] + at]
    low[row] = (byte & 0x0f) + (byte >>> 6) * 9
  }
  return words
}

function offsetWords(bytes: Uint8Array, starts: Uint32Array, at: number, base: number): Words {
  const words = sharedWords(starts.length, false)
  const { low, count } = words
  for (let row = 0; row < count; row++) low[row] = bytes[starts[row] + at] - base
  return words
}

function writePositions(
  planned: readonly Position[],
  bytes: Uint8Array,
  starts: Uint32Array,
  sink: ByteSink,
): void {
  sink.u8(planned.length)
  const kinds = sharedWords(planned.length, false)
  planned.forEach(({ kind }, at) => {
    kinds.low[at] = kind
  })
  packBits(kinds, KIND_BITS, sink)
  for (const { kind, base } of planned) if (kind < LOWER_NIBBLE) sink.u8(base)
  for (let at = 0; at < planned.length; at++) {
    const { kind, base } = planned[at]
    if (kind === CONSTANT) continue
    const isNibble = kind >= LOWER_NIBBLE
    const words = isNibble ? nibbleWords(bytes, starts, at) : offsetWords(bytes, starts, at, base)
    packBits(words, bitsOf(kind), sink)
  }
}

function bitsOf(kind: number): number {
  return kind < LOWER_NIBBLE ? kind : NIBBLE_BITS
}

/** By position: its kind, and its base where it has one. */
function readFrame(source: ByteSource): { readonly kinds: Uint32Array; readonly bases: Uint32Array } {
  const length = source.u8()
  if (length > LENGTH_MAX) throw partCorrupt(`its values have ${length} bytes`)
  const kinds = unpackBits(source, length, KIND_BITS).low.slice(0, length)
  for (const kind of kinds)
    if (kind > UPPER_NIBBLE) throw partCorrupt(`there is no kind ${kind} of a position`)
  const bases = kinds.map((kind) => (kind < LOWER_NIBBLE ? source.u8() : 0))
  return { kinds, bases }
}

function read(bytes: Uint8Array, rowCount: number): MaterializedColumn {
  const source = new ByteSource(bytes)
  const { kinds, bases } = readFrame(source)
  const { length } = kinds
  checkRoom(source, kinds, rowCount)
  const data = repeated(bases, rowCount)
  for (let position = 0; position < length; position++) {
    const kind = kinds[position]
    if (kind === CONSTANT) continue
    if (kind < LOWER_NIBBLE)
      spread(unpackBits(source, rowCount, kind), bases[position], data, position, length)
    else
      spreadNibbles(
        source,
        rowCount,
        kind === LOWER_NIBBLE ? LOWER_DIGITS : UPPER_DIGITS,
        data,
        position,
        length,
      )
  }
  source.expectEnd()
  return consecutiveOfLength(data, length, rowCount)
}

/** Makes sure that all bytes are there, before memory for the values is taken. */
function checkRoom(source: ByteSource, kinds: Uint32Array, rowCount: number): void {
  let needed = 0
  for (const kind of kinds) needed += packedLength(rowCount, bitsOf(kind))
  if (needed !== source.remaining) throw partCorrupt(`its positions need ${needed} bytes`)
}

function spread(
  { low, count }: Words,
  base: number,
  data: Uint8Array,
  position: number,
  length: number,
): void {
  for (let row = 0, at = position; row < count; row++, at += length) data[at] = low[row] + base
}

/** As `unpackBits` of four bits and `spread`: ids in hexadecimal are long. */
function spreadNibbles(
  source: ByteSource,
  rowCount: number,
  digits: Uint8Array,
  data: Uint8Array,
  position: number,
  length: number,
): void {
  const { bytes } = source
  let from = source.skip(packedLength(rowCount, NIBBLE_BITS))
  let at = position
  for (let row = 1; row < rowCount; row += 2) {
    const byte = bytes[from++]
    data[at] = digits[byte & 0x0f]
    data[at + length] = digits[byte >>> 4]
    at += 2 * length
  }
  if ((rowCount & 1) === 1) data[at] = digits[bytes[from] & 0x0f]
}
