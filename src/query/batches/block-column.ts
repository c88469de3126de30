/**
 * Columns whose values lie in a block: read when somebody asks, once for all columns that are selected of one another,
 * and only for the rows that are left. Reading may fail where a block is damaged.
 */
import { isAscii } from 'node:buffer'
import { Bitset } from '../../base/portable.ts'
import type { Column, RowGroups, RowRuns, TextTemplates, ValueTest } from '../../record/record.ts'
import { FIELD_STRING } from '../../record/record.ts'
import { decodeText } from '../values/text.ts'
import {
  type BatchColumn,
  pick,
  type SelectedTemplates,
  type StoredValues,
  type TextGroups,
  textsOfGroups,
} from './batch-column.ts'

/** A row by itself costs about as much as so many of a whole column. */
const SPARSE_SHARE = 8

/** What a column of a block knows; each is asked once at most, and may fail. */
export interface StoredColumn {
  /** Of the block. */
  readonly rowCount: number
  /** Null: all rows are empty. */
  column(): Column | null
  /** Distinct values, where the block keeps them. */
  groups(): RowGroups<Uint8Array> | null
  /** Absent: it is not kept as templates. */
  templates?(): TextTemplates | null
  /** All values are texts. */
  readonly isText?: boolean
  /** FIELD_* of few rows; null: all are texts. Absent: the column is all there is. */
  kindsOf?(rows: Uint32Array): Uint8Array | null
  /** The values of few rows, in their order, all of them texts. Absent: the column is all there is. */
  valuesOf?(rows: Uint32Array): Column
  /** How many bytes the values have, without making the column. Absent: the column is all there is. */
  lengths?(): Uint32Array
  /** Takes the rows of the block out whose value does not pass. Absent: values have to be read for that. */
  narrow?(test: ValueTest, rows: Bitset): void
  /** How many of these rows, null: of all, have the field; null where values would have to be read. */
  filledCount?(rows: Uint32Array | null): number | null
}

interface StoredState {
  column?: Column | null
  groups?: RowGroups<Uint8Array> | null
  groupTexts?: readonly string[]
  templates?: TextTemplates | null
}

/** A column of a block, or of some of its rows. */
export class BlockColumn implements BatchColumn {
  readonly #source: StoredColumn
  /** Of the source; null: all, in their order. */
  readonly #rows: Uint32Array | null
  readonly #rowCount: number
  /** Shared by all that are selected of it. */
  readonly #state: StoredState
  #texts: readonly string[] | null = null

  constructor(
    source: StoredColumn,
    rowCount: number,
    rows: Uint32Array | null = null,
    state: StoredState = {},
  ) {
    this.#source = source
    this.#rowCount = rowCount
    this.#rows = rows
    this.#state = state
  }

  texts(): readonly string[] {
    this.#texts ??= this.#textsOfGroups() ?? this.#textsOfColumn()
    return this.#texts
  }

  #textsOfGroups(): readonly string[] | null {
    const groups = this.groups()
    if (groups !== null) return textsOfGroups(groups, this.#rowCount)
    const stored = this.#groups()
    return stored === null ? null : this.#textsOfSome(stored)
  }

  /** Of few rows: only the groups that they are in are decoded. */
  #textsOfSome({ held, ofRow }: RowGroups<Uint8Array>): string[] {
    const rows = this.#rows!
    const groupOf = ofRow()
    const decoded = new Map<number, string>()
    const texts = new Array<string>(rows.length)
    for (let at = 0; at < rows.length; at++) {
      const group = groupOf === null ? 0 : groupOf[rows[at]]
      let text = decoded.get(group)
      if (text === undefined) {
        text = textOf(held[group], 0, held[group].length)
        decoded.set(group, text)
      }
      texts[at] = text
    }
    return texts
  }

  #textsOfColumn(): readonly string[] {
    const texts = new Array<string>(this.#rowCount)
    if (this.#isSparse()) {
      const { data, starts, lengths } = this.#source.valuesOf!(this.#rows!)
      for (let at = 0; at < texts.length; at++) texts[at] = textOf(data, starts[at], lengths[at])
      return texts
    }
    const column = this.#column()
    if (column === null) return texts.fill('')
    const decode = decoderOf(column.data)
    let lastStart = -1
    let lastLength = -1
    let text = ''
    for (let at = 0; at < texts.length; at++) {
      const row = this.#rows === null ? at : this.#rows[at]
      const start = column.starts[row]
      const length = column.lengths[row]
      if (start !== lastStart || length !== lastLength) {
        lastStart = start
        lastLength = length
        text = decode(start, length)
      }
      texts[at] = text
    }
    return texts
  }

  /** So few rows are wanted that each is read by itself. */
  #isSparse(): boolean {
    if (this.#rows === null || this.#source.valuesOf === undefined || this.#state.column !== undefined)
      return false
    return this.#rowCount * SPARSE_SHARE < this.#source.rowCount
  }

  kinds(): Uint8Array | null {
    const { isText, kindsOf, valuesOf, rowCount } = this.#source
    if (isText === true || valuesOf !== undefined) return null
    const isRead = this.#state.column !== undefined
    if (!isRead && kindsOf !== undefined && this.#rows !== null && this.#rowCount * SPARSE_SHARE < rowCount)
      return kindsOf(this.#rows)
    const kinds = this.#column()?.kinds ?? null
    if (kinds === null || kinds.every((kind) => kind === FIELD_STRING)) return null
    return this.#rows === null ? kinds : pick(kinds, this.#rows)
  }

  groups(): TextGroups | null {
    const groups = this.#groups()
    const state = this.#state
    if (groups === null) return null
    const isOfFew = this.#rows !== null && this.#rowCount < groups.held.length
    if (isOfFew && state.groupTexts === undefined) return null
    state.groupTexts ??= groups.held.map((bytes) => textOf(bytes, 0, bytes.length))
    return new BlockGroups(groups, state.groupTexts, this.#rows)
  }

  select(rows: Uint32Array): BatchColumn {
    const own = this.#rows
    const selected = own === null ? rows : pick(own, rows)
    return new BlockColumn(this.#source, rows.length, selected, this.#state)
  }

  templates(): TextTemplates | null {
    return this.#rows === null ? (this.#source.templates?.() ?? null) : null
  }

  selectedTemplates(): SelectedTemplates | null {
    const state = this.#state
    if (state.templates === undefined) state.templates = this.#source.templates?.() ?? null
    return state.templates === null ? null : { templates: state.templates, rows: this.#rows }
  }

  stored(): StoredValues | null {
    return this.#isSparse() ? null : { column: this.#column(), rows: this.#rows }
  }

  byteLengths(): Uint32Array | null {
    if (this.#source.lengths === undefined || this.#isSparse()) return null
    const lengths = this.#source.lengths()
    return this.#rows === null ? lengths : pick(lengths, this.#rows)
  }

  passing(test: ValueTest): Uint32Array | null {
    const { narrow, rowCount } = this.#source
    if (narrow === undefined) return null
    const rows = this.#rows
    const left = rows === null ? Bitset.full(rowCount) : Bitset.of(rowCount, rows)
    narrow(test, left)
    return rows === null ? left.indexes() : left.placesIn(rows)
  }

  filledCount(): number | null {
    return this.#source.filledCount?.(this.#rows) ?? null
  }

  #column(): Column | null {
    if (this.#state.column === undefined) this.#state.column = this.#source.column()
    return this.#state.column
  }

  #groups(): RowGroups<Uint8Array> | null {
    if (this.#state.groups === undefined) this.#state.groups = this.#source.groups()
    return this.#state.groups
  }
}

/** Which row is in which group is found out when somebody asks: counts of whole blocks are known without it. */
class BlockGroups implements TextGroups {
  readonly texts: readonly string[]
  readonly rowCounts?: () => Uint32Array
  readonly runs?: () => RowRuns | null
  readonly #groups: RowGroups<Uint8Array>
  readonly #rows: Uint32Array | null
  #ofRow: Uint32Array | null | undefined

  constructor(groups: RowGroups<Uint8Array>, texts: readonly string[], rows: Uint32Array | null) {
    this.texts = texts
    this.#groups = groups
    this.#rows = rows
    if (rows !== null) return
    this.rowCounts = () => groups.rowCounts()
    this.runs = () => groups.runs?.() ?? null
  }

  get ofRow(): Uint32Array | null {
    if (this.#ofRow === undefined) {
      const ofRow = this.#groups.ofRow()
      this.#ofRow = ofRow === null || this.#rows === null ? ofRow : pick(ofRow, this.#rows)
    }
    return this.#ofRow
  }
}

/** Texts within the bytes. Whole columns are mostly ASCII, whose texts need no decoder. */
function decoderOf(data: Uint8Array): (start: number, length: number) => string {
  const bytes = Buffer.from(data.buffer, data.byteOffset, data.byteLength)
  return isAscii(bytes)
    ? (start, length) => bytes.toString('latin1', start, start + length)
    : (start, length) => textOf(data, start, length)
}

const ASCII_LOOP_MAX = 24
const codes: number[] = []

/** Short ASCII texts cost no call of a decoder. */
function textOf(data: Uint8Array, start: number, length: number): string {
  if (length === 0) return ''
  if (length <= ASCII_LOOP_MAX) {
    let at = 0
    for (; at < length && data[start + at] < 0x80; at++) codes[at] = data[start + at]
    if (at === length) {
      codes.length = length
      return String.fromCharCode.apply(null, codes)
    }
  }
  // Decoders take no shared memory.
  return decodeText(data.slice(start, start + length))
}
