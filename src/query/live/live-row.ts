/**
 * Rows for tails. What comes in at once mostly has the same few fields, and often the same values of them: which fields
 * rows have is found out once a block, and a field that a row shares with the row before is made once.
 *
 * Most rows are written down at once, and not looked at again: for these there is one object a block, which copies nothing
 * but the fields that it is asked for. A copy of a message costs more than to write it.
 */
import { type Block, type Column, FIELD_STRING, RECORD_FLAG_TRUNCATED } from '../../record/record.ts'
import { recordRowOf, recordRowWith } from '../materialize.ts'
import type { RecordRow, RowField } from '../row.ts'
import { copyOf, levelText } from '../special-fields.ts'

/** A block with more layouts, or with longer ones, makes its rows one by one. */
const LAYOUTS_MAX = 16
const LAYOUT_FIELDS_MAX = 32

export class LiveRows {
  readonly #block: Block
  /** By layout; null where rows are made one by one. */
  readonly #makers: readonly FieldsMaker[] | null
  /** By row: its layout; null where all are the first one. */
  readonly #layouts: Uint32Array | null
  #passing: PassingRow | null = null

  constructor(block: Block) {
    // What is stored has ways of its own to read one row.
    const layouts = block.messageOf === undefined ? (block.layoutGroups?.() ?? null) : null
    const isUsual =
      layouts !== null &&
      layouts.held.length <= LAYOUTS_MAX &&
      layouts.held.every((layout) => layout.length <= LAYOUT_FIELDS_MAX)
    this.#block = block
    this.#makers = isUsual ? layouts.held.map((layout) => new FieldsMaker(block, layout)) : null
    this.#layouts = layouts?.ofRow() ?? null
  }

  /** The record as a row that outlives the block. */
  row(row: number): RecordRow {
    const block = this.#block
    const maker = this.#makerOf(row)
    if (maker === null) return recordRowOf(block, row)
    maker.take(row)
    return recordRowWith(block, row, maker)
  }

  /** The record as a row that is good until another one is asked for so, and as long as the block. */
  passing(row: number): RecordRow {
    this.#passing ??= new PassingRow(this.#block, this)
    return this.#passing.at(row)
  }

  /** Fields that outlive the block; what holds them is good until they are asked for another row. */
  fieldsOf(row: number): Pick<RecordRow, 'fields' | 'stream'> {
    const maker = this.#makerOf(row)
    if (maker === null) return recordRowOf(this.#block, row)
    maker.take(row)
    return maker
  }

  /** Null for rows that are made one by one. */
  #makerOf(row: number): FieldsMaker | null {
    if (this.#makers === null || (this.#block.flags[row] & RECORD_FLAG_TRUNCATED) !== 0) return null
    return this.#makers[this.#layouts === null ? 0 : this.#layouts[row]] ?? null
  }
}

/** One row after the other. Its message lies in the block. */
class PassingRow implements RecordRow {
  readonly kind = 'record'
  readonly #block: Block
  readonly #rows: LiveRows
  #row = 0

  constructor(block: Block, rows: LiveRows) {
    this.#block = block
    this.#rows = rows
  }

  at(row: number): this {
    this.#row = row
    return this
  }

  get id(): number {
    return this.#block.ids[this.#row]
  }

  get timeMs(): number {
    return this.#block.timesMs[this.#row]
  }

  get timeNs(): number {
    return this.#block.timesNs[this.#row]
  }

  get receivedMs(): number {
    return this.#block.receivedMs[this.#row]
  }

  get receivedNs(): number {
    return this.#block.receivedNs[this.#row]
  }

  get severity(): number {
    return this.#block.severities[this.#row]
  }

  get level(): string {
    return levelText(this.#block, this.#row)
  }

  get message(): Uint8Array {
    const { messageOf, message } = this.#block
    if (messageOf !== undefined) return messageOf.call(this.#block, this.#row)
    const start = message.starts[this.#row]
    return message.data.subarray(start, start + message.lengths[this.#row])
  }

  get fields(): readonly RowField[] {
    return this.#rows.fieldsOf(this.#row).fields
  }

  get stream(): readonly RowField[] {
    return this.#rows.fieldsOf(this.#row).stream
  }
}

/** The fields of rows of one layout, row by row. */
class FieldsMaker {
  fields: readonly RowField[] = []
  /** Those of them that name the stream. */
  stream: readonly RowField[] = []
  readonly #makers: readonly FieldMaker[]

  constructor(block: Block, layout: readonly { readonly name: string; readonly isStream: boolean }[]) {
    this.#makers = layout.map(({ name, isStream }) => new FieldMaker(name, block.field(name), isStream))
  }

  take(row: number): void {
    let isSame = true
    for (const maker of this.#makers) if (!maker.take(row)) isSame = false
    if (isSame) return
    this.fields = this.#makers.map(({ field }) => field)
    this.stream = this.#makers.filter(({ isStream }) => isStream).map(({ field }) => field)
  }
}

const NOTHING = new Uint8Array(0)

class FieldMaker {
  readonly isStream: boolean
  field: RowField
  readonly #column: Column | null
  #lastStart = -1
  #lastLength = -1

  constructor(name: string, column: Column | null, isStream: boolean) {
    this.isStream = isStream
    this.field = { name, kind: FIELD_STRING, value: NOTHING }
    this.#column = column
  }

  /** True where it is what it was for the row before. */
  take(row: number): boolean {
    const column = this.#column
    if (column === null) return true
    const { starts, lengths, kinds } = column
    if (starts[row] === this.#lastStart && lengths[row] === this.#lastLength) return true
    this.#lastStart = starts[row]
    this.#lastLength = lengths[row]
    const kind = kinds === null ? FIELD_STRING : kinds[row]
    this.field = { name: this.field.name, kind, value: copyOf(column, row) }
    return false
  }
}
