/**
 * For pipes that make texts of the texts of one field: the work is done once a distinct text where a column knows its
 * distinct texts, and once for equal texts in a row elsewhere. Rows that `if` leaves out keep what they have.
 */
import { FIELD_STRING } from '../../record/record.ts'
import type { BatchColumn, TextGroups } from '../batches/batch-column.ts'
import type { RowBatch } from '../batches/row-batch.ts'
import { GroupColumn, TextColumn } from '../batches/text-columns.ts'

/** The texts of `field` mapped in these rows (null: in all). What was mapped is text, whatever type it came with. */
export function mapTexts(
  batch: RowBatch,
  field: string,
  rows: Uint32Array | null,
  map: (text: string) => string,
): RowBatch {
  if (rows !== null && rows.length === 0) return batch
  const column = batch.column(field)
  if (column === null) {
    const text = map('')
    return text === '' ? batch : batch.with(field, filledTexts(batch, field, rows, text))
  }
  const groups = column.groups()
  if (groups !== null && rows === null)
    return batch.with(field, new GroupColumn(mapGroups(groups, map), batch.rowCount))
  const mapped = mappedTexts(column.texts(), rows, groups === null ? map : remembering(map))
  return batch.with(field, new TextColumn(mapped, keptKinds(column, rows)))
}

function filledTexts(batch: RowBatch, field: string, rows: Uint32Array | null, text: string): string[] {
  if (rows === null) return new Array<string>(batch.rowCount).fill(text)
  const texts = [...batch.texts(field)]
  for (let at = 0; at < rows.length; at++) texts[rows[at]] = text
  return texts
}

const NOT_ASKED = -1

/** Only the texts that some row has are mapped; equal results may be in several groups. */
export function mapGroups({ texts, ofRow }: TextGroups, map: (text: string) => string): TextGroups {
  if (ofRow === null) return { texts: [map(texts[0])], ofRow }
  const numbers = new Int32Array(texts.length).fill(NOT_ASKED)
  const mapped: string[] = []
  const mappedOfRow = new Uint32Array(ofRow.length)
  for (let row = 0; row < ofRow.length; row++) {
    const group = ofRow[row]
    if (numbers[group] === NOT_ASKED) numbers[group] = mapped.push(map(texts[group])) - 1
    mappedOfRow[row] = numbers[group]
  }
  return { texts: mapped, ofRow: mappedOfRow }
}

function mappedTexts(
  texts: readonly string[],
  rows: Uint32Array | null,
  map: (text: string) => string,
): string[] {
  const mapped = rows === null ? new Array<string>(texts.length) : [...texts]
  const count = rows === null ? texts.length : rows.length
  let last: string | null = null
  let result = ''
  for (let at = 0; at < count; at++) {
    const row = rows === null ? at : rows[at]
    const text = texts[row]
    if (text !== last) {
      last = text
      result = map(text)
    }
    mapped[row] = result
  }
  return mapped
}

/** Holds as much as one column has distinct texts. */
function remembering(map: (text: string) => string): (text: string) => string {
  const known = new Map<string, string>()
  return (text) => {
    let mapped = known.get(text)
    if (mapped === undefined) {
      mapped = map(text)
      known.set(text, mapped)
    }
    return mapped
  }
}

/** Of the rows that were not mapped. */
function keptKinds(column: BatchColumn, rows: Uint32Array | null): Uint8Array | null {
  const kinds = rows === null ? null : column.kinds()
  if (kinds === null || rows === null) return null
  const kept = kinds.slice()
  for (let at = 0; at < rows.length; at++) kept[rows[at]] = FIELD_STRING
  return kept
}
