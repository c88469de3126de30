/**
 * Rows of blocks straight into the arrays of PackedRows. Where a good part of a block is wanted its columns are read
 * whole, and bytes are copied from them; where few rows are, or where the block has more fields than a sender in his
 * senses would use, rows are read one by one.
 *
 * Rows of one call count only when the call has come back: one that throws leaves nothing.
 */
import {
  type Block,
  type BlockField,
  type Column,
  FIELD_STRING,
  RECORD_FLAG_TRUNCATED,
} from '../../record/record.ts'
import { levelText, streamText } from '../special-fields.ts'
import {
  NUMBERS_PER_FIELD as FIELD_NUMBERS,
  HEADS_PER_ROW,
  heldBytesOfRow,
  type PackedRows,
  NUMBERS_PER_ROW as ROW_NUMBERS,
  STREAM_BIT as STREAM,
  TextNumbers,
} from './packed-rows.ts'

const NUMBERS_PER_FIELD = FIELD_NUMBERS
const NUMBERS_PER_ROW = ROW_NUMBERS
const STREAM_BIT = STREAM
/** So many rows are worth whole columns, and so many of a block as well. */
const WHOLE_ROWS_MIN = 1024
const WHOLE_SHARE = 8
/** Messages cost most, by far: of fewer rows among so many, only theirs are put together. */
const SPARSE_SHARE = 4
/** A block with more layouts, or with longer ones, gives its rows one by one. */
const LAYOUTS_MAX = 64
const LAYOUT_FIELDS_MAX = 32
/** Values up to this length are copied byte by byte: that is cheaper than to ask for it. */
const SHORT_BYTES = 64
const ROW_BYTES_USUAL = 256
const FIELDS_USUAL = 4
const NO_START = 0xffff_ffff
/** Streams told apart by where their values lie. */
const STREAM_PREFIXES_MAX = 1 << 20

export class RowPacker {
  #numbers: Float64Array<ArrayBuffer>
  #heads: Uint32Array<ArrayBuffer>
  #fields: Uint32Array<ArrayBuffer>
  #bytes: Uint8Array<ArrayBuffer>
  readonly #texts = new TextNumbers()
  #rowCount = 0
  #fieldCount = 0
  #byteCount = 0
  #bytesLeft: number

  /** `bytesMax`: memory that the rows may hold as objects. */
  constructor(rowsMax: number, bytesMax: number) {
    this.#numbers = new Float64Array(rowsMax * NUMBERS_PER_ROW)
    this.#heads = new Uint32Array(rowsMax * HEADS_PER_ROW)
    this.#fields = new Uint32Array(rowsMax * NUMBERS_PER_FIELD * FIELDS_USUAL)
    this.#bytes = new Uint8Array(Math.min(rowsMax * ROW_BYTES_USUAL, bytesMax))
    this.#bytesLeft = bytesMax
  }

  get rowCount(): number {
    return this.#rowCount
  }

  /** More memory than allowed. */
  get isOver(): boolean {
    return this.#bytesLeft < 0
  }

  /** These rows of the block, ascending; ends with the one that is too much. */
  add(block: Block, rows: Uint32Array): void {
    const before = [this.#rowCount, this.#fieldCount, this.#byteCount, this.#bytesLeft]
    try {
      const columns = isWholeRead(block, rows) ? columnsOf(block, this.#texts) : null
      if (columns === null) this.#addOneByOne(block, rows)
      else this.#addFromColumns(block, rows, columns)
    } catch (error) {
      ;[this.#rowCount, this.#fieldCount, this.#byteCount, this.#bytesLeft] = before
      throw error
    }
  }

  /** Once: the memory goes with the rows, cut to what they take. */
  take(): PackedRows {
    return {
      numbers: new Float64Array(resized(this.#numbers, this.#rowCount * NUMBERS_PER_ROW)),
      heads: new Uint32Array(resized(this.#heads, this.#rowCount * HEADS_PER_ROW)),
      fields: new Uint32Array(resized(this.#fields, this.#fieldCount * NUMBERS_PER_FIELD)),
      bytes: new Uint8Array(resized(this.#bytes, this.#byteCount)),
      texts: this.#texts.list,
    }
  }

  // ---- whole columns ------------------------------------------------------------------------------------------

  #addFromColumns(block: Block, rows: Uint32Array, columns: Columns): void {
    const some = isSparse(rows) ? block.messagesOf?.(rows) : undefined
    const { data, starts, lengths } = some ?? block.message
    const { flags } = block
    const head = this.#headOf(block)
    for (let at = 0; at < rows.length && this.#bytesLeft >= 0; at++) {
      const row = rows[at]
      const message = some === undefined ? row : at
      const start = this.#byteCount
      const field = this.#fieldCount
      this.#copy(data, starts[message], lengths[message])
      let stream = 0
      let nameLengths = 0
      if ((flags[row] & RECORD_FLAG_TRUNCATED) !== 0) {
        const fields = block.fieldsOf(row)
        nameLengths = this.#putFields(fields)
        stream = this.#streamOf(fields)
      } else {
        const layout = columns.layouts[columns.ofRow === null ? 0 : columns.ofRow[row]]
        this.#putLayout(layout, row)
        nameLengths = layout.nameLengths
        stream = layout.streams.numberOf(row)
      }
      head(row, stream, lengths[message], start, field)
      this.#bytesLeft -= heldBytesOfRow(this.#byteCount - start, nameLengths)
    }
  }

  #putLayout({ fields: layoutFields }: LayoutColumns, row: number): void {
    this.#roomForFields(layoutFields.length)
    const fields = this.#fields
    let at = this.#fieldCount * NUMBERS_PER_FIELD
    for (let number = 0; number < layoutFields.length; number++) {
      const { name, column, streamBit } = layoutFields[number]
      const { kinds, starts, lengths } = column
      fields[at++] = name
      fields[at++] = (kinds === null ? FIELD_STRING : kinds[row]) | streamBit
      fields[at++] = lengths[row]
      this.#copy(column.data, starts[row], lengths[row])
    }
    this.#fieldCount += layoutFields.length
  }

  // ---- one by one ---------------------------------------------------------------------------------------------

  #addOneByOne(block: Block, rows: Uint32Array): void {
    const { messageOf } = block
    const whole = messageOf === undefined ? block.message : null
    const head = this.#headOf(block)
    for (let at = 0; at < rows.length && this.#bytesLeft >= 0; at++) {
      const row = rows[at]
      const start = this.#byteCount
      const field = this.#fieldCount
      let length = 0
      if (whole === null) {
        const message = messageOf!.call(block, row)
        length = message.length
        this.#copy(message, 0, length)
      } else {
        length = whole.lengths[row]
        this.#copy(whole.data, whole.starts[row], length)
      }
      const fields = block.fieldsOf(row)
      const nameLengths = this.#putFields(fields)
      head(row, this.#streamOf(fields), length, start, field)
      this.#bytesLeft -= heldBytesOfRow(this.#byteCount - start, nameLengths)
    }
  }

  /** Answers how long their names are, together. */
  #putFields(fields: readonly BlockField[]): number {
    this.#roomForFields(fields.length)
    let at = this.#fieldCount * NUMBERS_PER_FIELD
    let nameLengths = 0
    for (const { name, kind, value, isStream } of fields) {
      this.#fields[at++] = this.#texts.numberOf(name)
      this.#fields[at++] = kind | (isStream ? STREAM_BIT : 0)
      this.#fields[at++] = value.length
      this.#copy(value, 0, value.length)
      nameLengths += name.length
    }
    this.#fieldCount += fields.length
    return nameLengths
  }

  #streamOf(fields: readonly BlockField[]): number {
    return this.#texts.numberOf(streamTextOf(fields.filter(({ isStream }) => isStream)))
  }

  // ---- of every row -------------------------------------------------------------------------------------------

  #headOf(block: Block) {
    const { ids, timesMs, timesNs, receivedMs, receivedNs, severities } = block
    const numbers = this.#numbers
    const heads = this.#heads
    return (row: number, stream: number, messageLength: number, start: number, field: number): void => {
      let at = this.#rowCount * NUMBERS_PER_ROW
      numbers[at++] = ids[row]
      numbers[at++] = timesMs[row]
      numbers[at++] = timesNs[row]
      numbers[at++] = receivedMs[row]
      numbers[at] = receivedNs[row]
      let place = this.#rowCount * HEADS_PER_ROW
      heads[place++] = severities[row]
      heads[place++] = this.#texts.numberOf(levelText(block, row))
      heads[place++] = stream
      heads[place++] = messageLength
      heads[place++] = start
      heads[place++] = field
      heads[place] = this.#fieldCount - field
      this.#rowCount++
    }
  }

  #copy(data: Uint8Array, start: number, length: number): void {
    const at = this.#byteCount
    if (at + length > this.#bytes.length) this.#growBytes(at + length)
    const bytes = this.#bytes
    if (length > SHORT_BYTES) bytes.set(data.subarray(start, start + length), at)
    else for (let offset = 0; offset < length; offset++) bytes[at + offset] = data[start + offset]
    this.#byteCount = at + length
  }

  #growBytes(needed: number): void {
    this.#bytes = new Uint8Array(resized(this.#bytes, Math.max(needed, 2 * this.#bytes.length)))
  }

  #roomForFields(count: number): void {
    const needed = (this.#fieldCount + count) * NUMBERS_PER_FIELD
    if (needed <= this.#fields.length) return
    this.#fields = new Uint32Array(resized(this.#fields, Math.max(needed, 2 * this.#fields.length)))
  }
}

/** Its memory with so many elements, the rest 0. What it was before is given back at once, not when garbage is collected. */
function resized(
  {
    buffer,
    BYTES_PER_ELEMENT,
  }: Float64Array<ArrayBuffer> | Uint32Array<ArrayBuffer> | Uint8Array<ArrayBuffer>,
  length: number,
): ArrayBuffer {
  return buffer.transfer(length * BYTES_PER_ELEMENT)
}

/** Whether the rows are so many that whole columns are read for them. */
export function isWholeRead({ rowCount }: Block, rows: Uint32Array): boolean {
  return rows.length >= WHOLE_ROWS_MIN || rows.length * WHOLE_SHARE >= rowCount
}

/** Rows that follow each other are mostly some of all, and the next ones are asked for next. */
function isSparse(rows: Uint32Array): boolean {
  return rows.length * SPARSE_SHARE < rows[rows.length - 1] - rows[0]
}

/** In memory of their own: decoders take no shared memory. */
function streamTextOf(fields: readonly { readonly name: string; readonly value: Uint8Array }[]): string {
  if (fields.length === 0) return ''
  return streamText(fields.map(({ name, value }) => ({ name, value: new Uint8Array(value) })))
}

// ---- columns of a block -----------------------------------------------------------------------------------------

interface Columns {
  readonly layouts: readonly LayoutColumns[]
  /** By row: its layout; null where all are the first one. */
  readonly ofRow: Uint32Array | null
}

interface LayoutColumns {
  readonly fields: readonly LayoutColumn[]
  /** Together. */
  readonly nameLengths: number
  readonly streams: StreamNumbers
}

interface LayoutColumn {
  /** Number of the text. */
  readonly name: number
  readonly column: Column
  /** 0: it does not name the stream. */
  readonly streamBit: number
}

/** Null where rows are better read one by one. */
function columnsOf(block: Block, texts: TextNumbers): Columns | null {
  const layouts = block.layoutGroups?.() ?? null
  if (layouts === null || layouts.held.length > LAYOUTS_MAX) return null
  const names = new Set(layouts.held.flatMap((layout) => layout.map(({ name }) => name)))
  if (names.size > LAYOUT_FIELDS_MAX) return null
  const found: LayoutColumns[] = []
  for (const layout of layouts.held) {
    const fields: LayoutColumn[] = []
    for (const { name, isStream } of layout) {
      const column = block.field(name)
      // No row has this layout.
      if (column === null) continue
      fields.push({ name: texts.numberOf(name), column, streamBit: isStream ? STREAM_BIT : 0 })
    }
    const nameLengths = layout.reduce((sum, { name }) => sum + name.length, 0)
    found.push({ fields, nameLengths, streams: new StreamNumbers(fields, texts) })
  }
  return { layouts: found, ofRow: layouts.ofRow() }
}

/**
 * Streams of rows of one layout as numbers of texts. A stream whose values lie where those of another row lie is not
 * made again: prefix by prefix the places of values are numbered.
 */
class StreamNumbers {
  readonly #fields: readonly LayoutColumn[]
  readonly #texts: TextNumbers
  /** By field: the number of the prefix before it and the place of its value, to the number of the prefix with it. */
  readonly #prefixes: readonly Map<number, number>[]
  /** By prefix: the length of its last value, and the number of its text, -1 before somebody asked. */
  readonly #lengths: number[] = [0]
  readonly #numbers: number[] = [-1]

  constructor(fields: readonly LayoutColumn[], texts: TextNumbers) {
    this.#fields = fields.filter(({ streamBit }) => streamBit !== 0)
    this.#prefixes = this.#fields.map(() => new Map())
    this.#texts = texts
  }

  numberOf(row: number): number {
    const prefix = this.#prefixOf(row)
    if (prefix < 0) return this.#make(row)
    if (this.#numbers[prefix] < 0) this.#numbers[prefix] = this.#make(row)
    return this.#numbers[prefix]
  }

  /** -1 where values overlap, or are too many to be told apart. */
  #prefixOf(row: number): number {
    let prefix = 0
    for (let at = 0; at < this.#fields.length; at++) {
      const { starts, lengths } = this.#fields[at].column
      const length = lengths[row]
      const key = prefix * (NO_START + 1) + (length === 0 ? NO_START : starts[row])
      let next = this.#prefixes[at].get(key)
      if (next === undefined) {
        if (this.#lengths.length >= STREAM_PREFIXES_MAX) return -1
        next = this.#lengths.push(length) - 1
        this.#numbers.push(-1)
        this.#prefixes[at].set(key, next)
      }
      if (this.#lengths[next] !== length) return -1
      prefix = next
    }
    return prefix
  }

  #make(row: number): number {
    const pairs = this.#fields.map(({ name, column: { data, starts, lengths } }) => ({
      name: this.#texts.list[name],
      value: data.subarray(starts[row], starts[row] + lengths[row]),
    }))
    return this.#texts.numberOf(streamTextOf(pairs))
  }
}
