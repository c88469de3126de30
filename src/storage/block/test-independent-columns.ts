/**
 * Numbers and columns of the second reader (independent-reader.test.ts), written from docs/formats/part-columns.md
 * alone. It imports nothing of the engine, and must stay so.
 */
import assert from 'node:assert/strict'

// ---- numbers ----------------------------------------------------------------------------------------------------

export class Source {
  readonly bytes: Buffer
  at = 0

  constructor(bytes: Buffer) {
    this.bytes = bytes
  }

  get isAtEnd(): boolean {
    return this.at === this.bytes.length
  }

  take(count: number): Buffer {
    assert.ok(count <= this.bytes.length - this.at, 'it ends too early')
    this.at += count
    return this.bytes.subarray(this.at - count, this.at)
  }

  u8(): number {
    return this.take(1)[0]
  }

  varint(): number {
    let value = 0
    for (let scale = 1; ; scale *= 128) {
      const byte = this.u8()
      value += (byte % 128) * scale
      if (byte < 128) return value
    }
  }

  signedVarint(): number {
    const first = this.u8()
    const magnitude = ((first >> 1) & 63) + (first < 128 ? 0 : this.varint() * 64)
    return first % 2 === 0 ? magnitude : 0 - magnitude
  }

  packed(count: number, width: number): number[] {
    const bytes = this.take(Math.ceil((count * width) / 8))
    const bit = (n: number): number => (bytes[n >> 3] >> (n & 7)) & 1
    return times(count, (n) => times(width, (b) => bit(n * width + b) * 2 ** b).reduce(sum, 0))
  }

  planes(count: number, planes: number): number[] {
    const each = times(planes, () => this.take(count))
    return times(count, (n) => each.map((plane, index) => plane[n] * 256 ** index).reduce(sum, 0))
  }

  sequence(count: number): number[] {
    const tag = this.u8()
    if (tag === 160) {
      const runs = this.varint()
      const values = this.sequence(runs)
      const lengths = this.sequence(runs)
      return values.flatMap((value, run) => times(lengths[run] + 1, () => value))
    }
    const base = this.signedVarint()
    if (tag === 0) return times(count, () => base)
    if (tag <= 53) return this.packed(count, tag).map((value) => base + value)
    if (tag <= 117) return fromDifferences(base, this.packed(count, tag - 64))
    if (tag <= 134) return this.planes(count, tag - 127).map((value) => base + value)
    return fromDifferences(base, this.planes(count, tag - 135))
  }
}

export const times = <T>(count: number, make: (index: number) => T): T[] =>
  Array.from({ length: count }, (_, index) => make(index))
export const sum = (one: number, other: number): number => one + other

function fromDifferences(first: number, zigzag: readonly number[]): number[] {
  let value = first
  return zigzag.map((code) => {
    value += code % 2 === 0 ? code / 2 : -(code + 1) / 2
    return value
  })
}

/** The place of each among those with the same number: 0 for the first. */
export function ordinals(numbers: readonly number[]): number[] {
  const counts = new Map<number, number>()
  return numbers.map((number) => {
    const ordinal = counts.get(number) ?? 0
    counts.set(number, ordinal + 1)
    return ordinal
  })
}

// ---- columns ----------------------------------------------------------------------------------------------------

type Decode = (source: Source, rows: number) => Buffer[]

const printed = (value: number, width: number): string =>
  width === 0 ? String(value) : String(value).padStart(width, '0')

const ENCODINGS: Readonly<Record<number, Decode>> = {
  1: (source, rows) => {
    const value = source.take(source.bytes.length - source.at)
    return times(rows, () => value)
  },
  2: (source, rows) => source.sequence(rows).map((length) => source.take(length)),
  3: (source, rows) => {
    const width = source.u8()
    return source.sequence(rows).map((value) => Buffer.from(printed(value, width)))
  },
  4: (source, rows) => {
    const values = source.sequence(rows)
    return source.sequence(rows).map((behind, row) => Buffer.from(decimal(values[row], behind)))
  },
  5: (source, rows) =>
    source
      .sequence(rows)
      .map((value) =>
        Buffer.from([24, 16, 8, 0].map((bits) => Math.floor(value / 2 ** bits) % 256).join('.')),
      ),
  6: decodePositions,
  7: decodeTimestamps,
  8: decodeShapes,
  9: decodeDictionary,
}

function decimal(value: number, behind: number): string {
  if (behind === 0) return String(value)
  const digits = String(Math.abs(value)).padStart(behind + 1, '0')
  return `${value < 0 ? '-' : ''}${digits.slice(0, -behind)}.${digits.slice(-behind)}`
}

function decodePositions(source: Source, rows: number): Buffer[] {
  const length = source.u8()
  const kinds = source.packed(length, 4)
  const bases = kinds.map((kind) => (kind <= 8 ? source.u8() : 0))
  const values = times(rows, () => Buffer.from(bases))
  for (const [at, kind] of kinds.entries()) {
    if (kind === 0) continue
    const varying = source.packed(rows, kind <= 8 ? kind : 4)
    const digits = Buffer.from(kind === 9 ? '0123456789abcdef' : '0123456789ABCDEF')
    for (const [row, value] of values.entries())
      value[at] = kind <= 8 ? (bases[at] + varying[row]) % 256 : digits[varying[row]]
  }
  return values
}

function decodeTimestamps(source: Source, rows: number): Buffer[] {
  const fraction = source.u8()
  const sample = source.take(source.u8()).toString('latin1')
  const coarse = Math.min(fraction, 6)
  const units = source.sequence(rows)
  const rests = fraction > 6 ? source.sequence(rows) : []
  return units.map((unit, row) => {
    const scale = 10 ** coarse
    const seconds = Math.floor(unit / scale)
    const date = new Date(seconds * 1000).toISOString()
    const digits = printed(unit - seconds * scale, coarse)
    const rest = fraction > 6 ? printed(rests[row], fraction - 6) : ''
    const value = [...sample]
    for (const [at, count] of [0, 5, 8, 11, 14, 17].map((at) => [at, at === 0 ? 4 : 2]))
      value.splice(at, count, ...date.slice(at, at + count))
    if (fraction > 0) value.splice(20, fraction, ...digits, ...rest)
    return Buffer.from(value.join(''), 'latin1')
  })
}

function decodeShapes(source: Source, rows: number): Buffer[] {
  const texts = times(source.u8(), () => source.take(source.u8()).toString('latin1'))
  const ofRows = texts.length > 1 ? source.sequence(rows) : times(rows, () => 0)
  const columns = texts.map((text, shape) => {
    const count = ofRows.filter((each) => each === shape).length
    return [...text].filter((character) => character === '0').map(() => decodeShapeSlot(source, count))
  })
  const places = ordinals(ofRows)
  return ofRows.map((shape, row) => {
    let slot = 0
    const text = texts[shape].replaceAll('0', () => columns[shape][slot++][places[row]])
    return Buffer.from(text, 'latin1')
  })
}

function decodeShapeSlot(source: Source, rows: number): string[] {
  const width = source.u8()
  const widths = width === 16 ? source.sequence(rows) : times(rows, () => width)
  return source.sequence(rows).map((value, row) => printed(value, widths[row]))
}

function decodeDictionary(source: Source, rows: number): Buffer[] {
  const count = source.varint()
  const code = source.u8()
  const values = ENCODINGS[code](new Source(source.take(source.varint())), count)
  const way = source.u8()
  let next = 0
  return source.sequence(rows).map((number) => {
    if (way === 0) return values[number]
    return values[number === 0 ? next++ : next - number]
  })
}

/** A column up to the end of the source. */
export function decodeColumn(source: Source, rows: number): Buffer[] {
  const values = ENCODINGS[source.u8()](source, rows)
  assert.ok(source.isAtEnd, 'there are bytes behind the column')
  return values
}
