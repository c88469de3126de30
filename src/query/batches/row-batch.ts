/**
 * Rows on their way through pipes, column by column: a pipe takes a batch and gives another one. Batches are never
 * changed; what a pipe leaves alone, the next batch shares.
 *
 * All values are texts, and what is absent is the empty text. Bytes that are not UTF-8 are kept (text.ts). A column is
 * read when somebody asks for it, and only for the rows that are left: reading may fail where a block is damaged.
 */
import { Bitset } from '../../base/base.ts'
import type { Block, Column, RowGroups, RowRuns, TextTemplates, ValueTest } from '../../record/record.ts'
import { FIELD_NUMBER, FIELD_STRING, formatRfc3339 } from '../../record/record.ts'
import type { ValuesRow } from '../row.ts'
import { TIME_FIELD } from '../special-fields.ts'
import { decodeText, encodeText } from '../values/text.ts'

/** What the total order of records goes by; one a row, where rows are records or come from one. */
export interface BatchKeys {
  readonly timesMs: Float64Array
  readonly timesNs: Uint32Array
  readonly ids: Float64Array
}

/** Rows in groups of the same text. Two groups may have the same text, and some may have no row. */
export interface TextGroups {
  readonly texts: readonly string[]
  /** By row: its group; null where all rows are of group 0. */
  readonly ofRow: Uint32Array | null
  /** By group: how many rows it has. Absent where that has to be counted by `ofRow`. */
  readonly rowCounts?: () => Uint32Array
  /** All rows in runs of the same group, where they are kept so; else null. Absent: they are not. */
  readonly runs?: () => RowRuns | null
}

export interface BatchColumn {
  /** One a row. */
  texts(): readonly string[]
  /** FIELD_* by row: the JSON type it came with. Null: all are texts. */
  kinds(): Uint8Array | null
  /** Where that costs less than the texts of the rows; else null. */
  groups(): TextGroups | null
  /** How many rows have the field, where that is known without reading values; else null. Absent: never known. */
  filledCount?(): number | null
  /** The bytes of its values, where it has them anyway; else null. Absent: never. */
  stored?(): StoredValues | null
  /** The rows by their templates, all of a block: null where it has none, or not all rows are here. Absent: never. */
  templates?(): TextTemplates | null
  /** Rows whose value passes, ascending, judged on what a block keeps; null where that is not possible. Absent: never. */
  passing?(test: ValueTest): Uint32Array | null
  /** The column of these rows, which may repeat. */
  select(rows: Uint32Array): BatchColumn
}

/** Values where a block keeps them. */
export interface StoredValues {
  /** Null: all rows are empty. */
  readonly column: Column | null
  /** Of the block, by row of the batch; null: all, in their order. */
  readonly rows: Uint32Array | null
}

const NOTHING: readonly string[] = []

/** Rows of a block, with nothing changed: filters may ask the block, which knows more than the texts of its rows. */
export interface BatchOrigin {
  readonly block: Block
  /** Null: all, in their order. */
  readonly rows: Uint32Array | null
}

export class RowBatch {
  readonly rowCount: number
  readonly keys: BatchKeys | null
  readonly origin: BatchOrigin | null
  readonly #columns: ReadonlyMap<string, BatchColumn>
  #empty = NOTHING

  /** `columns` in the order in which their fields are shown; each has `rowCount` values. */
  constructor(
    rowCount: number,
    columns: ReadonlyMap<string, BatchColumn>,
    keys: BatchKeys | null = null,
    origin: BatchOrigin | null = null,
  ) {
    this.rowCount = rowCount
    this.#columns = columns
    this.keys = keys
    this.origin = origin
  }

  /** Of texts by name, each list as long as the others. */
  static of(columns: Readonly<Record<string, readonly string[]>>): RowBatch {
    const lists = Object.entries(columns)
    const rowCount = lists.length === 0 ? 0 : lists[0][1].length
    return new RowBatch(rowCount, new Map(lists.map(([name, texts]) => [name, new TextColumn(texts)])))
  }

  /** Of rows as pairs of names and texts. */
  static ofRows(rows: readonly (readonly (readonly [string, string])[])[]): RowBatch {
    const columns = new Map<string, string[]>()
    for (const [row, pairs] of rows.entries()) {
      for (const [name, text] of pairs) {
        let texts = columns.get(name)
        if (texts === undefined) {
          texts = new Array<string>(rows.length).fill('')
          columns.set(name, texts)
        }
        texts[row] = text
      }
    }
    return new RowBatch(
      rows.length,
      new Map([...columns].map(([name, texts]) => [name, new TextColumn(texts)])),
    )
  }

  /** Names of the fields that some row may have. */
  get names(): string[] {
    return [...this.#columns.keys()]
  }

  get columns(): ReadonlyMap<string, BatchColumn> {
    return this.#columns
  }

  /** Null: all rows are empty. */
  column(name: string): BatchColumn | null {
    return this.#columns.get(name) ?? null
  }

  /** The text of a field by row. */
  texts(name: string): readonly string[] {
    const column = this.#columns.get(name)
    if (column !== undefined) return column.texts()
    if (this.#empty.length !== this.rowCount) this.#empty = new Array<string>(this.rowCount).fill('')
    return this.#empty
  }

  /** The rows by the text of a field. */
  groups(name: string): TextGroups {
    const column = this.#columns.get(name)
    if (column === undefined) return { texts: [''], ofRow: null }
    return column.groups() ?? groupsOfTexts(column.texts())
  }

  /** The moments of a field whose texts are moments of records; null for any other text. */
  timesOf(name: string): TimeColumn | null {
    const column = this.#columns.get(name)
    return column instanceof TimeColumn ? column : null
  }

  /** These rows, in this order; a row may stand there several times. */
  select(rows: Uint32Array): RowBatch {
    const columns = new Map<string, BatchColumn>()
    for (const [name, column] of this.#columns) columns.set(name, column.select(rows))
    const keys = this.keys === null ? null : selectKeys(this.keys, rows)
    return new RowBatch(
      rows.length,
      columns,
      keys,
      this.origin === null ? null : selectOrigin(this.origin, rows),
    )
  }

  /** With a field set in every row: in its place where there is one of that name, else as the last. */
  with(name: string, column: BatchColumn | readonly string[]): RowBatch {
    const columns = new Map(this.#columns)
    columns.set(name, isColumn(column) ? column : new TextColumn(column))
    return new RowBatch(this.rowCount, columns, this.keys)
  }

  /** The same rows with other columns. */
  withColumns(columns: ReadonlyMap<string, BatchColumn>): RowBatch {
    return new RowBatch(this.rowCount, columns, this.keys)
  }
}

function isColumn(column: BatchColumn | readonly string[]): column is BatchColumn {
  return !Array.isArray(column)
}

function selectOrigin({ block, rows: own }: BatchOrigin, rows: Uint32Array): BatchOrigin {
  return { block, rows: own === null ? rows : pick(own, rows) }
}

/** Picked when somebody asks. */
function selectKeys(from: BatchKeys, rows: Uint32Array): BatchKeys {
  const keys: { timesMs?: Float64Array; timesNs?: Uint32Array; ids?: Float64Array } = {}
  return {
    get timesMs() {
      keys.timesMs ??= pick(from.timesMs, rows)
      return keys.timesMs
    },
    get timesNs() {
      keys.timesNs ??= pick(from.timesNs, rows)
      return keys.timesNs
    },
    get ids() {
      keys.ids ??= pick(from.ids, rows)
      return keys.ids
    },
  }
}

/** The values of these rows. */
export function pick<T extends Float64Array | Uint32Array | Uint8Array>(values: T, rows: Uint32Array): T {
  const picked = values.slice(0, rows.length) as T
  const all =
    picked.length === rows.length ? picked : new (values.constructor as new (n: number) => T)(rows.length)
  for (let at = 0; at < rows.length; at++) all[at] = values[rows[at]]
  return all
}

// ---- columns ------------------------------------------------------------------------------------------------

/** Texts as they are. */
export class TextColumn implements BatchColumn {
  readonly #texts: readonly string[]
  readonly #kinds: Uint8Array | null

  constructor(texts: readonly string[], kinds: Uint8Array | null = null) {
    this.#texts = texts
    this.#kinds = kinds
  }

  texts(): readonly string[] {
    return this.#texts
  }

  kinds(): Uint8Array | null {
    return this.#kinds
  }

  groups(): null {
    return null
  }

  select(rows: Uint32Array): BatchColumn {
    const texts = new Array<string>(rows.length)
    for (let at = 0; at < rows.length; at++) texts[at] = this.#texts[rows[at]]
    return new TextColumn(texts, this.#kinds === null ? null : pick(this.#kinds, rows))
  }
}

/** Rows by their text. */
export class GroupColumn implements BatchColumn {
  readonly #groups: TextGroups
  readonly #rowCount: number
  readonly #kinds: Uint8Array | null
  #texts: readonly string[] | null = null

  constructor(groups: TextGroups, rowCount: number, kinds: Uint8Array | null = null) {
    this.#groups = groups
    this.#rowCount = rowCount
    this.#kinds = kinds
  }

  texts(): readonly string[] {
    this.#texts ??= textsOfGroups(this.#groups, this.#rowCount)
    return this.#texts
  }

  kinds(): Uint8Array | null {
    return this.#kinds
  }

  groups(): TextGroups {
    return this.#groups
  }

  select(rows: Uint32Array): BatchColumn {
    const { texts, ofRow } = this.#groups
    const kinds = this.#kinds === null ? null : pick(this.#kinds, rows)
    return new GroupColumn({ texts, ofRow: ofRow === null ? null : pick(ofRow, rows) }, rows.length, kinds)
  }
}

function textsOfGroups({ texts, ofRow }: TextGroups, rowCount: number): string[] {
  if (ofRow === null) return new Array<string>(rowCount).fill(texts[0])
  const all = new Array<string>(rowCount)
  for (let row = 0; row < rowCount; row++) all[row] = texts[ofRow[row]]
  return all
}

/** One text in all rows. */
export class ConstantColumn implements BatchColumn {
  readonly #text: string
  readonly #rowCount: number

  constructor(text: string, rowCount: number) {
    this.#text = text
    this.#rowCount = rowCount
  }

  texts(): readonly string[] {
    return new Array<string>(this.#rowCount).fill(this.#text)
  }

  kinds(): null {
    return null
  }

  groups(): TextGroups {
    return { texts: [this.#text], ofRow: null }
  }

  select(rows: Uint32Array): BatchColumn {
    return new ConstantColumn(this.#text, rows.length)
  }
}

/** The time of records: text only where somebody reads it. */
export class TimeColumn implements BatchColumn {
  /** By row: milliseconds since the epoch, and nanoseconds within that millisecond. */
  readonly timesMs: Float64Array
  readonly timesNs: Uint32Array
  #texts: readonly string[] | null = null

  constructor(timesMs: Float64Array, timesNs: Uint32Array) {
    this.timesMs = timesMs
    this.timesNs = timesNs
  }

  texts(): readonly string[] {
    this.#texts ??= Array.from(this.timesMs, (ms, row) => formatRfc3339(ms, this.timesNs[row]))
    return this.#texts
  }

  kinds(): null {
    return null
  }

  groups(): null {
    return null
  }

  filledCount(): number {
    return this.timesMs.length
  }

  select(rows: Uint32Array): BatchColumn {
    return new TimeColumn(pick(this.timesMs, rows), pick(this.timesNs, rows))
  }
}

/** A row by itself costs about as much as so many of a whole column. */
const SPARSE_SHARE = 8

/** The ids of records: text only where somebody reads it. */
export class IdColumn implements BatchColumn {
  readonly #ids: Float64Array
  #texts: readonly string[] | null = null

  constructor(ids: Float64Array) {
    this.#ids = ids
  }

  texts(): readonly string[] {
    this.#texts ??= Array.from(this.#ids, String)
    return this.#texts
  }

  kinds(): Uint8Array {
    return new Uint8Array(this.#ids.length).fill(FIELD_NUMBER)
  }

  groups(): null {
    return null
  }

  filledCount(): number {
    return this.#ids.length
  }

  select(rows: Uint32Array): BatchColumn {
    return new IdColumn(pick(this.#ids, rows))
  }
}

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
  /** Takes the rows of the block out whose value does not pass. Absent: values have to be read for that. */
  narrow?(test: ValueTest, rows: Bitset): void
  /** How many of these rows, null: of all, have the field; null where values would have to be read. */
  filledCount?(rows: Uint32Array | null): number | null
}

interface StoredState {
  column?: Column | null
  groups?: RowGroups<Uint8Array> | null
  groupTexts?: readonly string[]
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
        text = textOf(column.data, start, length)
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

  stored(): StoredValues | null {
    return this.#isSparse() ? null : { column: this.#column(), rows: this.#rows }
  }

  passing(test: ValueTest): Uint32Array | null {
    const { narrow, rowCount } = this.#source
    if (narrow === undefined) return null
    const rows = this.#rows
    const left = rows === null ? Bitset.full(rowCount) : new Bitset(rowCount)
    if (rows !== null) for (let at = 0; at < rows.length; at++) left.set(rows[at])
    narrow(test, left)
    const passing: number[] = []
    if (rows === null) left.forEach((row) => void passing.push(row))
    else for (let at = 0; at < rows.length; at++) if (left.has(rows[at])) passing.push(at)
    return Uint32Array.from(passing)
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

/** Rows by their text, one group a text. */
export function groupsOfTexts(texts: readonly string[]): TextGroups {
  const numbers = new Map<string, number>()
  const held: string[] = []
  const ofRow = new Uint32Array(texts.length)
  let last: string | null = null
  let number = 0
  for (let row = 0; row < texts.length; row++) {
    const text = texts[row]
    if (text !== last) {
      last = text
      number = numbers.get(text) ?? -1
      if (number < 0) {
        number = held.push(text) - 1
        numbers.set(text, number)
      }
    }
    ofRow[row] = number
  }
  return { texts: held, ofRow }
}

// ---- rows ---------------------------------------------------------------------------------------------------

/** The rows as they leave; empty fields are left out. */
export function rowsOfBatch(batch: RowBatch): ValuesRow[] {
  const columns = [...batch.columns].map(([name, column]) => ({
    name,
    texts: column.texts(),
    kinds: column.kinds(),
  }))
  return Array.from({ length: batch.rowCount }, (_, row) => ({
    kind: 'values' as const,
    values: columns
      .filter(({ texts }) => texts[row] !== '')
      .map(({ name, texts, kinds }) => ({
        name,
        kind: kinds === null ? FIELD_STRING : kinds[row],
        value: encodeText(texts[row]),
      })),
  }))
}

/** The keys as a column named `_time`. */
export function timeColumnOf({ timesMs, timesNs }: BatchKeys): [string, BatchColumn] {
  return [TIME_FIELD, new TimeColumn(timesMs, timesNs)]
}
