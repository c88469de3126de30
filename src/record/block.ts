/**
 * Blocks of columns: what a scan hands out. A row is a record; a column is all values of one field.
 *
 * A column is three arrays over one memory, so that rows that lie in a buffer or in a segment need no copy and
 * columns decoded from a part need one array only. Nothing here may be changed by a reader, and nothing may be kept
 * after the scan moved on, unless it was copied.
 */
import type { Bitset } from '../base/base.ts'
import type { RowGroups, RowLayout, RowRuns } from './row-groups.ts'
import type { ValueTest } from './value-test.ts'

export interface Column {
  readonly data: Uint8Array
  /** Where each row's value starts in `data`. */
  readonly starts: Uint32Array
  /** Bytes of each row's value; 0 where the field is absent. */
  readonly lengths: Uint32Array
  /** FIELD_* of each row's value; null means that all are strings. */
  readonly kinds: Uint8Array | null
}

/** Nothing in any row. */
export function emptyColumn(rowCount: number): Column {
  const none = new Uint32Array(rowCount)
  return { data: new Uint8Array(0), starts: none, lengths: none, kinds: null }
}

/** One field of one row. `value` lies in the block's memory. */
export interface BlockField {
  readonly name: string
  /** FIELD_*, never FIELD_ABSENT. */
  readonly kind: number
  readonly value: Uint8Array
  readonly isStream: boolean
}

export interface Block {
  readonly rowCount: number
  /** Ids of the rows, ascending. */
  readonly ids: Float64Array
  /** Milliseconds since the epoch, and nanoseconds within that millisecond (0 to 999,999). */
  readonly timesMs: Float64Array
  readonly timesNs: Uint32Array
  readonly receivedMs: Float64Array
  readonly receivedNs: Uint32Array
  /** OTLP severity number, 0 where the record has no level. */
  readonly severities: Uint8Array
  /** RECORD_FLAG_* bits. */
  readonly flags: Uint8Array
  /** Smallest and largest of `timesMs`. */
  readonly timeMsMin: number
  readonly timeMsMax: number
  readonly message: Column
  /** The sender's own word for the level; length 0 where it was a canonical name. */
  readonly levelWords: Column
  /** The column of a field as it was sent, or null when no row has it. Does not know `_time`, `_msg`, `level` and the like. */
  field(name: string): Column | null
  /** The fields of one row with their values, in the order they came, without doubles; costs only what the row holds. */
  fieldsOf(row: number): BlockField[]
  /** Names of the fields of one row, in the same order. */
  fieldNamesOf(row: number): string[]
  /** Names of the stream fields of one row. */
  streamFieldNamesOf(row: number): string[]
  /** Names of the fields of any row. */
  fieldNames(): string[]
  /**
   * Takes the rows out of `rows` whose value does not pass, judged on what is stored: it may look at dictionaries,
   * templates and indexes, and decodes as little as it can. `field` is a name as for `field()`, null the message.
   * Absent: whoever filters tests the values of the column.
   */
  narrow?(field: string | null, test: ValueTest, rows: Bitset): void
  /**
   * How many rows pass, where finding that out takes some milliseconds at most; null where it may take longer. `isCheap`:
   * null also where anything of a row would have to be looked at. Default false.
   */
  countPassing?(field: string | null, test: ValueTest, isCheap?: boolean): number | null
  /**
   * The rows by their value of a field, where the block keeps distinct values, else null. No bytes: the row has no such
   * field, or an empty one. `field` as for `narrow`. Absent: see the values of the column.
   */
  valueGroups?(field: string | null): RowGroups<Uint8Array> | null
  /**
   * Severities times 2, plus 1 for RECORD_FLAG_LEVEL_UPPER, in runs; null where they are not kept so, or some row has a
   * word of its own for its level. Absent: see `severities`.
   */
  levelRuns?(): RowRuns | null
  /** The rows by the fields that were sent with them; null as above. Absent: see `fieldNamesOf`. */
  layoutGroups?(): RowGroups<RowLayout> | null
  /**
   * The message of one row, without making the whole column. It lies in the block's memory. Absent: it is read from
   * `message`.
   */
  messageOf?(row: number): Uint8Array
  /** The messages of some rows, in their order, without making the whole column. Absent: see `message`. */
  messagesOf?(rows: Uint32Array): Column
  /** How many bytes each message has, without making the column. Absent: see `message`. */
  messageLengths?(): Uint32Array
  /** The messages by their templates, where the block keeps them so; else null. Absent: it does not. */
  messageTemplates?(): TextTemplates | null
  /** The level word of one row, likewise; empty where the level was a canonical name. Absent: see `levelWords`. */
  levelWordOf?(row: number): Uint8Array
}

/** Texts as templates with values in their slots. What follows from the values one by one need not see the texts. */
export interface TextTemplates {
  readonly templates: readonly TextTemplate[]
  /** By row: its template; the number of templates where it has none. */
  readonly ofRow: Uint32Array
  /** Texts of the rows that have none, in their order; null where there are none. */
  readonly plain: Omit<Column, 'kinds'> | null
}

export interface TextTemplate {
  /** The text between the slots; slot `i` stands before its byte `slots[i]`. */
  readonly text: Uint8Array
  readonly slots: ArrayLike<number>
  readonly rowCount: number
  /** All values of the slot are digits; found out without reading them. */
  isDigits(slot: number): boolean
  /** The values of a slot, row by row of the template. A value holds whole words, and a word of the text is never cut. */
  values(slot: number): Omit<Column, 'kinds'>
}
