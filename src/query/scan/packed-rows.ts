/**
 * Rows on their way between threads, and as long as nothing but writing follows: thousands of small arrays are slow to
 * make, to clone and to collect, a few large ones are not. What is packed reads the same, but that the values of rows
 * that came together share one memory. They are made in row-packer.ts.
 */
import type { RecordRow, RowField } from '../row.ts'

/** Of `numbers`. */
export const NUMBERS_PER_ROW = 5
/** Of `heads`. */
export const HEADS_PER_ROW = 7
export const HEAD_SEVERITY = 0
export const HEAD_LEVEL = 1
export const HEAD_STREAM = 2
export const HEAD_MESSAGE_LENGTH = 3
export const HEAD_BYTES_START = 4
export const HEAD_FIELDS_START = 5
export const HEAD_FIELD_COUNT = 6
/** Of `fields`. */
export const NUMBERS_PER_FIELD = 3
/** With the kind of a field. */
export const STREAM_BIT = 1 << 8

/** Rows with values within it, in ascending order of their ids. */
export interface PackedRows {
  /** Row by row: id, timeMs, timeNs, receivedMs, receivedNs. */
  readonly numbers: Float64Array<ArrayBuffer>
  /**
   * Row by row: the severity, the numbers of the texts of its level and its stream, the length of the message, where its
   * bytes begin, the number of its first field, how many fields it has.
   */
  readonly heads: Uint32Array<ArrayBuffer>
  /** Field by field: the number of its name, its kind with STREAM_BIT, the length of its value. */
  readonly fields: Uint32Array<ArrayBuffer>
  /** Row by row: the message, then the values of its fields. */
  readonly bytes: Uint8Array<ArrayBuffer>
  /** Names of fields, levels, streams. */
  readonly texts: readonly string[]
}

export const NO_ROWS: PackedRows = {
  numbers: new Float64Array(0),
  heads: new Uint32Array(0),
  fields: new Uint32Array(0),
  bytes: new Uint8Array(0),
  texts: [],
}

/** The texts of rows that are being packed, each once. The empty text is number 0. */
export class TextNumbers {
  readonly list: string[] = ['']
  readonly #numbers = new Map<string, number>([['', 0]])

  numberOf(text: string): number {
    let number = this.#numbers.get(text)
    if (number === undefined) {
      number = this.list.push(text) - 1
      this.#numbers.set(text, number)
    }
    return number
  }
}

export function packedCount({ heads }: PackedRows): number {
  return heads.length / HEADS_PER_ROW
}

/** What is moved with them, for a transfer list. */
export function buffersOf({ numbers, heads, fields, bytes }: PackedRows): ArrayBuffer[] {
  return [numbers.buffer, heads.buffer, fields.buffer, bytes.buffer]
}

/** What a row takes besides its bytes as an object, roughly. */
const ROW_BYTES = 576

/** Memory that these rows hold where somebody takes them as objects, roughly. */
export function heldBytesOf({ heads, fields, bytes, texts }: PackedRows): number {
  let held = ROW_BYTES * (heads.length / HEADS_PER_ROW) + bytes.length
  for (let at = 0; at < fields.length; at += NUMBERS_PER_FIELD) held += texts[fields[at]].length
  return held
}

/** Memory that a row with these bytes and names of fields holds as an object. */
export function heldBytesOfRow(valueBytes: number, nameLengths: number): number {
  return ROW_BYTES + valueBytes + nameLengths
}

export function unpackRows(packed: PackedRows): RecordRow[] {
  return Array.from({ length: packedCount(packed) }, (_, row) => unpackRow(packed, row))
}

/** A row by its place among them. Its values lie in the memory of all. */
export function unpackRow(packed: PackedRows, row: number): RecordRow {
  const { numbers, heads, bytes, texts } = packed
  const at = row * NUMBERS_PER_ROW
  const head = row * HEADS_PER_ROW
  const start = heads[head + HEAD_BYTES_START]
  const { fields, stream } = unpackFields(packed, head)
  return {
    kind: 'record',
    id: numbers[at],
    timeMs: numbers[at + 1],
    timeNs: numbers[at + 2],
    receivedMs: numbers[at + 3],
    receivedNs: numbers[at + 4],
    severity: heads[head + HEAD_SEVERITY],
    level: texts[heads[head + HEAD_LEVEL]],
    message: bytes.subarray(start, start + heads[head + HEAD_MESSAGE_LENGTH]),
    fields,
    stream,
  }
}

function unpackFields(
  { heads, fields: numbers, bytes, texts }: PackedRows,
  head: number,
): { fields: RowField[]; stream: RowField[] } {
  const fields: RowField[] = []
  const stream: RowField[] = []
  let start = heads[head + HEAD_BYTES_START] + heads[head + HEAD_MESSAGE_LENGTH]
  const from = heads[head + HEAD_FIELDS_START]
  for (let number = from; number < from + heads[head + HEAD_FIELD_COUNT]; number++) {
    const at = number * NUMBERS_PER_FIELD
    const end = start + numbers[at + 2]
    const flags = numbers[at + 1]
    const field = {
      name: texts[numbers[at]],
      kind: flags & (STREAM_BIT - 1),
      value: bytes.subarray(start, end),
    }
    start = end
    fields.push(field)
    if ((flags & STREAM_BIT) !== 0) stream.push(field)
  }
  return { fields, stream }
}
