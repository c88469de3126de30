/**
 * A column of a batch of rows: what every kind of column can be asked, and what they share. The kinds are in
 * text-columns.ts (values that are here) and block-column.ts (values that lie in a block).
 */
import type { Column, RowRuns, TextTemplates, ValueTest } from '../../record/record.ts'

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
  /** How many bytes the values have, by row, where nobody has to read them for that; else null. Absent: never. */
  byteLengths?(): Uint32Array | null
  /** The rows by their templates, all of a block: null where it has none, or not all rows are here. Absent: never. */
  templates?(): TextTemplates | null
  /** The same of some rows of a block. Absent: never. */
  selectedTemplates?(): SelectedTemplates | null
  /** Rows whose value passes, ascending, judged on what a block keeps; null where that is not possible. Absent: never. */
  passing?(test: ValueTest): Uint32Array | null
  /** The column of these rows, which may repeat. */
  select(rows: Uint32Array): BatchColumn
}

/** Templates of a block, and rows of it. */
export interface SelectedTemplates {
  readonly templates: TextTemplates
  /** Of the block, by row of the batch; null: all, in their order. */
  readonly rows: Uint32Array | null
}

/** Values where a block keeps them. */
export interface StoredValues {
  /** Null: all rows are empty. */
  readonly column: Column | null
  /** Of the block, by row of the batch; null: all, in their order. */
  readonly rows: Uint32Array | null
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

export function textsOfGroups({ texts, ofRow }: TextGroups, rowCount: number): string[] {
  if (ofRow === null) return new Array<string>(rowCount).fill(texts[0])
  const all = new Array<string>(rowCount)
  for (let row = 0; row < rowCount; row++) all[row] = texts[ofRow[row]]
  return all
}

/** The values of these rows. */
export function pick<T extends Float64Array | Uint32Array | Uint8Array>(values: T, rows: Uint32Array): T {
  const picked = values.slice(0, rows.length) as T
  const all =
    picked.length === rows.length ? picked : new (values.constructor as new (n: number) => T)(rows.length)
  for (let at = 0; at < rows.length; at++) all[at] = values[rows[at]]
  return all
}
