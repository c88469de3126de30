/** Packed rows without their hidden fields (hidden-fields.ts), as if their records had never had them. */
import { MESSAGE_FIELD, streamText } from '../special-fields.ts'
import type { HiddenFields } from './hidden-fields.ts'
import {
  HEAD_BYTES_START,
  HEAD_FIELD_COUNT,
  HEAD_FIELDS_START,
  HEAD_LEVEL,
  HEAD_MESSAGE_LENGTH,
  HEAD_SEVERITY,
  HEAD_STREAM,
  HEADS_PER_ROW,
  NUMBERS_PER_FIELD,
  type PackedRows,
  packedCount,
  STREAM_BIT,
  TextNumbers,
} from './packed-rows.ts'

/** Of the rows that go in only `numbers` is shared with those that come out: nobody may use the former any more. */
export function shownRows(rows: PackedRows, hidden: HiddenFields): PackedRows {
  const shown = new ShownRows(rows, hidden)
  const count = packedCount(rows)
  for (let row = 0; row < count; row++) shown.put(row * HEADS_PER_ROW)
  return shown.take()
}

interface Label {
  readonly name: string
  readonly value: Uint8Array
}

class ShownRows {
  readonly #rows: PackedRows
  readonly #hidden: HiddenFields
  readonly #heads: Uint32Array<ArrayBuffer>
  readonly #fields: Uint32Array<ArrayBuffer>
  readonly #bytes: Uint8Array<ArrayBuffer>
  readonly #texts = new TextNumbers()
  #fieldAt = 0
  #byteAt = 0

  constructor(rows: PackedRows, hidden: HiddenFields) {
    this.#rows = rows
    this.#hidden = hidden
    this.#heads = rows.heads.slice()
    this.#fields = new Uint32Array(rows.fields.length)
    this.#bytes = new Uint8Array(rows.bytes.length)
  }

  put(head: number): void {
    const { heads: from } = this.#rows
    const heads = this.#heads
    const start = from[head + HEAD_BYTES_START]
    const messageLength = from[head + HEAD_MESSAGE_LENGTH]
    const firstField = this.#fieldAt / NUMBERS_PER_FIELD
    heads[head + HEAD_BYTES_START] = this.#byteAt
    if (this.#hidden.hides(MESSAGE_FIELD)) heads[head + HEAD_MESSAGE_LENGTH] = 0
    else this.#copy(start, messageLength)
    heads[head + HEAD_FIELDS_START] = firstField
    heads[head + HEAD_STREAM] = this.#putFields(head, start + messageLength)
    heads[head + HEAD_FIELD_COUNT] = this.#fieldAt / NUMBERS_PER_FIELD - firstField
    heads[head + HEAD_LEVEL] = this.#hidden.hidesLevel ? 0 : this.#renumbered(from[head + HEAD_LEVEL])
    if (this.#hidden.hidesLevel) heads[head + HEAD_SEVERITY] = 0
  }

  take(): PackedRows {
    return {
      numbers: this.#rows.numbers,
      heads: this.#heads,
      fields: this.#fields.slice(0, this.#fieldAt),
      bytes: this.#bytes.slice(0, this.#byteAt),
      texts: this.#texts.list,
    }
  }

  /** The number of the text of the stream. */
  #putFields(head: number, valuesStart: number): number {
    const { heads, fields, bytes, texts } = this.#rows
    const { hidesStream } = this.#hidden
    const labels: Label[] = []
    let isStreamWhole = !hidesStream
    let at = heads[head + HEAD_FIELDS_START] * NUMBERS_PER_FIELD
    let start = valuesStart
    for (let left = heads[head + HEAD_FIELD_COUNT]; left > 0; left--, at += NUMBERS_PER_FIELD) {
      const name = texts[fields[at]]
      const isLabel = (fields[at + 1] & STREAM_BIT) !== 0
      const length = fields[at + 2]
      if (!this.#hidden.hides(name)) {
        if (isLabel) labels.push({ name, value: bytes.subarray(start, start + length) })
        this.#fields[this.#fieldAt++] = this.#texts.numberOf(name)
        this.#fields[this.#fieldAt++] = hidesStream ? fields[at + 1] & ~STREAM_BIT : fields[at + 1]
        this.#fields[this.#fieldAt++] = length
        this.#copy(start, length)
      } else if (isLabel) isStreamWhole = false
      start += length
    }
    if (isStreamWhole) return this.#renumbered(heads[head + HEAD_STREAM])
    return hidesStream ? 0 : this.#texts.numberOf(streamText(labels))
  }

  #copy(start: number, length: number): void {
    this.#bytes.set(this.#rows.bytes.subarray(start, start + length), this.#byteAt)
    this.#byteAt += length
  }

  #renumbered(number: number): number {
    return this.#texts.numberOf(this.#rows.texts[number])
  }
}
