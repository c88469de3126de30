/**
 * What is known of a block before anything of it is read: enough to skip most blocks (docs/formats/part-blocks.md).
 * Lies in the block table of the part, so it is in memory for every open part.
 */
import type { ByteSink } from '../columns/byte-sink.ts'
import { ByteSource, partCorrupt } from '../columns/byte-source.ts'
import { FORM_ENCODED, FORM_TEMPLATES } from './block-layout.ts'

const VERSION = 1
const HAS_KINDS = 1
const HAS_BOUNDS = 2
const HAS_VALUES = 4
/** A block has no more rows than this; keeps a damaged count from asking for memory. */
const BLOCK_ROWS_MAX = 1 << 20

export interface BlockFacts {
  readonly rowCount: number
  readonly firstId: number
  readonly lastId: number
  readonly timeMsMin: number
  readonly timeMsMax: number
  readonly receivedMsMin: number
  readonly receivedMsMax: number
  /** Bit n: some row has the severity n. */
  readonly severities: number
  /** Times are the received ones. */
  readonly isTimeReceived: boolean
  /** Some fields lie in the overflow. */
  readonly hasOverflow: boolean
  /** By field of the block. */
  readonly fields: readonly FieldFacts[]
}

export interface FieldFacts {
  /** Number of its name in the part. */
  readonly name: number
  /** Rows that have the field. */
  readonly rows: number
  readonly form: number
  /** Not all values are strings. */
  readonly hasKinds: boolean
  /** All values are decimal numbers, and these are the smallest and the largest; null: not known. */
  readonly bounds: { readonly min: number; readonly max: number } | null
  /** All distinct values, where they are few and small; null: not known. */
  readonly values: readonly Uint8Array[] | null
}

export function encodeBlockFacts(sink: ByteSink, facts: BlockFacts): void {
  sink.u8(VERSION)
  sink.u8((facts.isTimeReceived ? 1 : 0) | (facts.hasOverflow ? 2 : 0))
  sink.varint(facts.rowCount)
  sink.varint(facts.firstId)
  sink.varint(facts.lastId - facts.firstId)
  sink.signedVarint(facts.timeMsMin)
  sink.varint(facts.timeMsMax - facts.timeMsMin)
  sink.signedVarint(facts.receivedMsMin)
  sink.varint(facts.receivedMsMax - facts.receivedMsMin)
  sink.varint(facts.severities)
  sink.varint(facts.fields.length)
  for (const field of facts.fields) encodeFieldFacts(sink, field)
}

const boundsBytes = new DataView(new ArrayBuffer(16))

function encodeFieldFacts(sink: ByteSink, field: FieldFacts): void {
  const { bounds, values } = field
  sink.varint(field.name)
  sink.varint(field.rows)
  const bits =
    (field.hasKinds ? HAS_KINDS : 0) | (bounds !== null ? HAS_BOUNDS : 0) | (values !== null ? HAS_VALUES : 0)
  sink.u8((field.form << 4) | bits)
  if (bounds !== null) {
    boundsBytes.setFloat64(0, bounds.min, true)
    boundsBytes.setFloat64(8, bounds.max, true)
    sink.append(new Uint8Array(boundsBytes.buffer))
  }
  if (values === null) return
  sink.varint(values.length)
  for (const value of values) {
    sink.varint(value.length)
    sink.append(value)
  }
}

/** PART_CORRUPT. Values are views of `bytes`. */
export function decodeBlockFacts(bytes: Uint8Array): BlockFacts {
  const source = new ByteSource(bytes)
  const version = source.u8()
  if (version !== VERSION) throw partCorrupt(`the facts of a block have the version ${version}`)
  const bits = source.u8()
  const rowCount = source.varintUpTo(BLOCK_ROWS_MAX, 'the rows of a block')
  if (rowCount === 0) throw partCorrupt('a block has no rows')
  const firstId = source.varint()
  const lastId = firstId + source.varint()
  const timeMsMin = source.signedVarint()
  const timeMsMax = timeMsMin + source.varint()
  const receivedMsMin = source.signedVarint()
  const receivedMsMax = receivedMsMin + source.varint()
  const severities = source.varint()
  const fieldCount = source.varintUpTo(source.remaining, 'the fields of a block')
  const fields: FieldFacts[] = []
  for (let field = 0; field < fieldCount; field++) fields.push(decodeFieldFacts(source, rowCount))
  source.expectEnd()
  return {
    rowCount,
    firstId,
    lastId,
    timeMsMin,
    timeMsMax,
    receivedMsMin,
    receivedMsMax,
    severities,
    isTimeReceived: (bits & 1) !== 0,
    hasOverflow: (bits & 2) !== 0,
    fields,
  }
}

function decodeFieldFacts(source: ByteSource, rowCount: number): FieldFacts {
  const name = source.varint()
  const rows = source.varintUpTo(rowCount, 'the rows of a field')
  const packed = source.u8()
  const form = packed >> 4
  if (form !== FORM_ENCODED && form !== FORM_TEMPLATES) throw partCorrupt(`a column has the form ${form}`)
  const hasBounds = (packed & HAS_BOUNDS) !== 0
  const bounds = hasBounds ? decodeBounds(source.take(16)) : null
  const values = (packed & HAS_VALUES) !== 0 ? decodeValues(source) : null
  return { name, rows, form, hasKinds: (packed & HAS_KINDS) !== 0, bounds, values }
}

function decodeBounds(bytes: Uint8Array): { min: number; max: number } {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  return { min: view.getFloat64(0, true), max: view.getFloat64(8, true) }
}

function decodeValues(source: ByteSource): Uint8Array[] {
  const count = source.varintUpTo(source.remaining, 'the values of a field')
  const values: Uint8Array[] = []
  for (let value = 0; value < count; value++)
    values.push(source.take(source.varintUpTo(source.remaining, 'a value')))
  return values
}
