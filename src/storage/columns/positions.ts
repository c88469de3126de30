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
import { bitWidth, newWords, packBits, packedLength, unpackBits, type Words } from './bit-packing.ts'
import type { ByteSink } from './byte-sink.ts'
import { ByteSource, partCorrupt } from './byte-source.ts'
import { BYTE_CLASSES, type ColumnFacts, DIGIT, LOWER_HEX, UPPER_HEX } from './column-facts.ts'
import type { ValueTable } from './column-values.ts'
import { consecutiveOfLength, DecodedColumn } from './decoded-column.ts'
import type { Encoding, MaterializedColumn } from './encoding.ts'
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

interface Position {
  readonly kind: number
  /** What the byte of a value exceeds, of kinds that have one. */
  readonly base: number
  readonly words: Words
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
    const planned: Position[] = []
    let bits = 8 + length * (KIND_BITS + 8)
    for (let at = 0; at < length; at++) {
      const position = planPosition(table, facts, ranges, at)
      planned.push(position)
      bits += position.bits
    }
    return { bytes: bits / 8, write: (sink) => writePositions(planned, sink) }
  },

  decode(bytes, rowCount) {
    return new DecodedColumn({ rowCount, materialize: () => read(bytes, rowCount) })
  },
}

/** By position: the smallest and the largest byte, and the classes of all. */
class PositionRanges {
  readonly classes: Uint8Array
  readonly min: Uint8Array
  readonly max: Uint8Array

  constructor({ bytes, starts }: ValueTable, distinct: Uint32Array, length: number) {
    this.classes = new Uint8Array(length)
    this.min = new Uint8Array(length).fill(255)
    this.max = new Uint8Array(length)
    const { classes, min, max } = this
    for (let i = 0; i < distinct.length; i++) {
      const start = starts[distinct[i]]
      for (let at = 0; at < length; at++) {
        const byte = bytes[start + at]
        classes[at] |= BYTE_CLASSES[byte]
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

function planPosition(table: ValueTable, facts: ColumnFacts, ranges: PositionRanges, at: number): Position {
  const width = ranges.width(at)
  const base = ranges.min[at]
  if (width === 0) return { kind: CONSTANT, base, words: newWords(0, 8), bits: 0 }
  const nibbleKind = ranges.nibbleKind(at)
  if (width > NIBBLE_BITS && nibbleKind !== CONSTANT) {
    const words = positionWords(table, facts, at)
    // Digits have bit 6 clear and are their low four bits; letters of either case are nine more than theirs.
    const { low } = words
    for (let row = 0; row < low.length; row++) low[row] = (low[row] & 0x0f) + (low[row] >>> 6) * 9
    return { kind: nibbleKind, base, words, bits: planeBits(low, 0, NIBBLE_BITS) }
  }
  const words = positionWords(table, facts, at)
  const { low } = words
  for (let row = 0; row < low.length; row++) low[row] -= base
  // Where no value crosses a byte, compression finds what is alike.
  const aligned = width <= 2 ? width : width <= NIBBLE_BITS ? NIBBLE_BITS : WHOLE
  const bits = planeBits(low, 0, aligned)
  const exact = low.length * width
  return exact < bits ? { kind: width, base, words, bits: exact } : { kind: aligned, base, words, bits }
}

function positionWords({ bytes, starts }: ValueTable, { distinct, codes }: ColumnFacts, at: number): Words {
  const words = newWords(codes.length, 8)
  for (let row = 0; row < codes.length; row++) words.low[row] = bytes[starts[distinct[codes[row]]] + at]
  return words
}

function writePositions(planned: readonly Position[], sink: ByteSink): void {
  sink.u8(planned.length)
  const kinds = newWords(planned.length, KIND_BITS)
  planned.forEach(({ kind }, at) => {
    kinds.low[at] = kind
  })
  packBits(kinds, KIND_BITS, sink)
  for (const { kind, base } of planned) if (kind < LOWER_NIBBLE) sink.u8(base)
  for (const { kind, words } of planned) if (kind !== CONSTANT) packBits(words, bitsOf(kind), sink)
}

function bitsOf(kind: number): number {
  return kind < LOWER_NIBBLE ? kind : NIBBLE_BITS
}

function read(bytes: Uint8Array, rowCount: number): MaterializedColumn {
  const source = new ByteSource(bytes)
  const length = source.u8()
  if (length > LENGTH_MAX) throw partCorrupt(`its values have ${length} bytes`)
  const kinds = unpackBits(source, length, KIND_BITS).low
  const bases = kinds.map((kind) => (kind < LOWER_NIBBLE ? source.u8() : 0))
  checkRoom(source, kinds, rowCount)
  const data = new Uint8Array(rowCount * length)
  for (let position = 0; position < length; position++) {
    const kind = kinds[position]
    const { low } = unpackBits(source, rowCount, bitsOf(kind))
    if (kind < LOWER_NIBBLE) spread(low, bases[position], data, position, length)
    else spreadNibbles(low, kind === LOWER_NIBBLE ? 0x61 : 0x41, data, position, length)
  }
  source.expectEnd()
  return consecutiveOfLength(data, length, rowCount)
}

/** Makes sure that all bytes are there, before memory for the values is taken. */
function checkRoom(source: ByteSource, kinds: Uint32Array, rowCount: number): void {
  let needed = 0
  for (const kind of kinds) {
    if (kind > UPPER_NIBBLE) throw partCorrupt(`there is no kind ${kind} of a position`)
    needed += packedLength(rowCount, bitsOf(kind))
  }
  if (needed !== source.remaining) throw partCorrupt(`its positions need ${needed} bytes`)
}

function spread(low: Uint32Array, base: number, data: Uint8Array, position: number, length: number): void {
  for (let row = 0, at = position; row < low.length; row++, at += length) data[at] = low[row] + base
}

function spreadNibbles(
  low: Uint32Array,
  letterA: number,
  data: Uint8Array,
  position: number,
  length: number,
): void {
  for (let row = 0, at = position; row < low.length; row++, at += length)
    data[at] = low[row] < 10 ? 0x30 + low[row] : letterA - 10 + low[row]
}
