/**
 * For pipes that take one text apart into several fields (`extract`, `extract_regexp`, `unpack_json` …): where the parts
 * go. By default a part takes the place of what a row has, also where the part is empty. `keep_original_fields` leaves
 * what is not empty, `skip_empty_results` leaves it where the part is empty. Rows that `if` leaves out keep everything.
 */
import { FIELD_STRING, type ValueTest } from '../../record/record.ts'
import type { BatchColumn, TextGroups } from '../batches/batch-column.ts'
import type { RowBatch } from '../batches/row-batch.ts'
import { GroupColumn, TextColumn } from '../batches/text-columns.ts'
import type { FilterParser } from '../syntax/filter-parser.ts'

export type Overwrite = 'always' | 'keepOriginal' | 'skipEmpty'

export function parseOverwrite({ reader }: FilterParser): Overwrite {
  if (reader.takeWord('keep_original_fields')) return 'keepOriginal'
  return reader.takeWord('skip_empty_results') ? 'skipEmpty' : 'always'
}

/** With a space before it. */
export function printOverwrite(overwrite: Overwrite): string {
  if (overwrite === 'keepOriginal') return ' keep_original_fields'
  return overwrite === 'skipEmpty' ? ' skip_empty_results' : ''
}

/** Writes the parts of a text, one a name, into `parts`, which has empty texts. */
export type TakeApart = (text: string, parts: string[]) => void

export interface ResultFields {
  /** The field that is taken apart, and those that its parts become. */
  readonly from: string
  readonly names: readonly string[]
  readonly overwrite: Overwrite
  readonly takeApart: TakeApart
  /** Texts that do not pass have no parts: a block may know them without reading them. Null: nobody knows. */
  readonly needed: ValueTest | null
}

/** The batch with the fields that come out of these rows (null: out of all). */
export function withResults(
  batch: RowBatch,
  { from, names, overwrite, takeApart, needed }: ResultFields,
  rows: Uint32Array | null,
): RowBatch {
  if (rows !== null && rows.length === 0) return batch
  const source = sourceGroups(batch, from, needed)
  const results = resultsOf(source, rows, names.length, takeApart)
  let changed = batch
  for (let part = 0; part < names.length; part++) {
    const groups = { texts: results.texts[part], ofRow: results.ofRow }
    changed = changed.with(names[part], resultColumn(batch, names[part], rows, overwrite, groups))
  }
  return changed
}

/** Equal neighbours only where the column does not know its distinct texts: most of these are different anyway. */
function sourceGroups(batch: RowBatch, from: string, needed: ValueTest | null): TextGroups {
  const column = batch.column(from)
  if (column === null) return { texts: [''], ofRow: null }
  const groups = column.groups()
  if (groups !== null) return groups
  const passing = needed === null ? null : (column.passing?.(needed) ?? null)
  if (passing === null || passing.length === batch.rowCount) return neighbourGroups(column.texts())
  return groupsOfSome(column.select(passing).texts(), passing, batch.rowCount)
}

/** `texts` of these rows; the others have the empty text, which has no parts. */
function groupsOfSome(texts: readonly string[], rows: Uint32Array, rowCount: number): TextGroups {
  const ofRow = new Uint32Array(rowCount)
  for (let at = 0; at < rows.length; at++) ofRow[rows[at]] = at + 1
  return { texts: ['', ...texts], ofRow }
}

function neighbourGroups(texts: readonly string[]): TextGroups {
  const held: string[] = []
  const ofRow = new Uint32Array(texts.length)
  for (let row = 0; row < texts.length; row++) {
    if (row === 0 || texts[row] !== texts[row - 1]) held.push(texts[row])
    ofRow[row] = held.length - 1
  }
  return { texts: held, ofRow }
}

interface Results {
  /** By part, then by group. */
  readonly texts: readonly string[][]
  readonly ofRow: Uint32Array | null
}

/** Only texts of rows that are asked for are taken apart. */
function resultsOf(
  { texts, ofRow }: TextGroups,
  rows: Uint32Array | null,
  partCount: number,
  takeApart: TakeApart,
): Results {
  const results = Array.from({ length: partCount }, () => new Array<string>(texts.length).fill(''))
  const isDone = new Uint8Array(texts.length)
  const parts = new Array<string>(partCount)
  const rowCount = ofRow === null ? 1 : (rows ?? ofRow).length
  for (let at = 0; at < rowCount; at++) {
    const group = ofRow === null ? 0 : ofRow[rows === null ? at : rows[at]]
    if (isDone[group] === 1) continue
    isDone[group] = 1
    parts.fill('')
    takeApart(texts[group], parts)
    for (let part = 0; part < partCount; part++) results[part][group] = parts[part]
  }
  return { texts: results, ofRow }
}

function resultColumn(
  batch: RowBatch,
  name: string,
  rows: Uint32Array | null,
  overwrite: Overwrite,
  result: TextGroups,
): BatchColumn {
  const { texts, ofRow } = result
  if (rows === null && (overwrite === 'always' || batch.column(name) === null))
    return new GroupColumn(result, batch.rowCount)
  return mergedColumn(batch, name, rows, overwrite, (row) => texts[ofRow === null ? 0 : ofRow[row]])
}

function mergedColumn(
  batch: RowBatch,
  name: string,
  rows: Uint32Array | null,
  overwrite: Overwrite,
  resultOf: (row: number) => string,
): BatchColumn {
  const texts = [...batch.texts(name)]
  const kinds = batch.column(name)?.kinds()?.slice() ?? null
  const count = rows === null ? batch.rowCount : rows.length
  for (let at = 0; at < count; at++) {
    const row = rows === null ? at : rows[at]
    const text = resultOf(row)
    if (texts[row] !== '' && (overwrite === 'keepOriginal' || (overwrite === 'skipEmpty' && text === '')))
      continue
    texts[row] = text
    if (kinds !== null) kinds[row] = FIELD_STRING
  }
  return new TextColumn(texts, kinds)
}

/** The batch with `name` set to these texts, one a row of the batch, in these rows (null: in all). */
export function withTexts(
  batch: RowBatch,
  name: string,
  rows: Uint32Array | null,
  overwrite: Overwrite,
  texts: readonly string[],
): RowBatch {
  if (rows !== null && rows.length === 0) return batch
  if (rows === null && (overwrite === 'always' || batch.column(name) === null)) return batch.with(name, texts)
  return batch.with(
    name,
    mergedColumn(batch, name, rows, overwrite, (row) => texts[row]),
  )
}
