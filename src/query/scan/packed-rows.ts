/**
 * Rows on their way between threads: thousands of small arrays are slow to clone, a few large ones are moved. What was
 * packed reads the same, but that the values of rows that came together share one memory.
 */
import type { RecordRow, RowField } from '../row.ts'

const NUMBERS_PER_ROW = 7
const NUMBERS_PER_FIELD = 3
/** With the kind of a field. */
const STREAM_BIT = 1 << 8

export interface PackedRows {
  /** Row by row: id, timeMs, timeNs, receivedMs, receivedNs, severity, fields. */
  readonly numbers: Float64Array<ArrayBuffer>
  /** Row by row: the number of the level, the length of the message. */
  readonly heads: Uint32Array<ArrayBuffer>
  /** Field by field: the number of its name, its kind with STREAM_BIT, the length of its value. */
  readonly fields: Uint32Array<ArrayBuffer>
  /** Row by row: the message, then the values of its fields. */
  readonly bytes: Uint8Array<ArrayBuffer>
  /** Names of fields, and levels. */
  readonly texts: readonly string[]
}

export function packRows(rows: readonly RecordRow[]): PackedRows {
  const fieldCount = rows.reduce((sum, { fields }) => sum + fields.length, 0)
  const numbers = new Float64Array(rows.length * NUMBERS_PER_ROW)
  const heads = new Uint32Array(rows.length * 2)
  const fields = new Uint32Array(fieldCount * NUMBERS_PER_FIELD)
  const bytes = new Uint8Array(rows.reduce((sum, row) => sum + valueBytes(row), 0))
  const texts = new TextNumbers()
  let fieldAt = 0
  let byteAt = 0
  for (const [at, row] of rows.entries()) {
    const { id, timeMs, timeNs, receivedMs, receivedNs, severity, message } = row
    numbers.set(
      [id, timeMs, timeNs, receivedMs, receivedNs, severity, row.fields.length],
      at * NUMBERS_PER_ROW,
    )
    heads[at * 2] = texts.numberOf(row.level)
    heads[at * 2 + 1] = message.length
    bytes.set(message, byteAt)
    byteAt += message.length
    const stream = new Set(row.stream)
    for (const field of row.fields) {
      fields[fieldAt++] = texts.numberOf(field.name)
      fields[fieldAt++] = field.kind | (stream.has(field) ? STREAM_BIT : 0)
      fields[fieldAt++] = field.value.length
      bytes.set(field.value, byteAt)
      byteAt += field.value.length
    }
  }
  return { numbers, heads, fields, bytes, texts: texts.list }
}

function valueBytes({ message, fields }: RecordRow): number {
  return fields.reduce((sum, { value }) => sum + value.length, message.length)
}

class TextNumbers {
  readonly list: string[] = []
  readonly #numbers = new Map<string, number>()

  numberOf(text: string): number {
    let number = this.#numbers.get(text)
    if (number === undefined) {
      number = this.list.push(text) - 1
      this.#numbers.set(text, number)
    }
    return number
  }
}

/** What is moved with them, for a transfer list. */
export function buffersOf({ numbers, heads, fields, bytes }: PackedRows): ArrayBuffer[] {
  return [numbers.buffer, heads.buffer, fields.buffer, bytes.buffer]
}

export function unpackRows(packed: PackedRows): RecordRow[] {
  const { numbers, heads, texts } = packed
  const values = new PackedValues(packed)
  return Array.from({ length: heads.length / 2 }, (_, row): RecordRow => {
    const at = row * NUMBERS_PER_ROW
    const message = values.take(heads[row * 2 + 1])
    const { fields, stream } = values.takeFields(numbers[at + 6])
    return {
      kind: 'record',
      id: numbers[at],
      timeMs: numbers[at + 1],
      timeNs: numbers[at + 2],
      receivedMs: numbers[at + 3],
      receivedNs: numbers[at + 4],
      severity: numbers[at + 5],
      level: texts[heads[row * 2]],
      message,
      fields,
      stream,
    }
  })
}

class PackedValues {
  readonly #packed: PackedRows
  #byteAt = 0
  #fieldAt = 0

  constructor(packed: PackedRows) {
    this.#packed = packed
  }

  take(length: number): Uint8Array {
    const start = this.#byteAt
    this.#byteAt += length
    return this.#packed.bytes.subarray(start, this.#byteAt)
  }

  takeFields(count: number): { fields: RowField[]; stream: RowField[] } {
    const { fields: numbers, texts } = this.#packed
    const fields: RowField[] = []
    const stream: RowField[] = []
    for (let left = count; left > 0; left--) {
      const name = texts[numbers[this.#fieldAt]]
      const flags = numbers[this.#fieldAt + 1]
      const field = { name, kind: flags & (STREAM_BIT - 1), value: this.take(numbers[this.#fieldAt + 2]) }
      this.#fieldAt += NUMBERS_PER_FIELD
      fields.push(field)
      if ((flags & STREAM_BIT) !== 0) stream.push(field)
    }
    return { fields, stream }
  }
}
