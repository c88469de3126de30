/**
 * A field that is made of another one by its text alone: the work is done once for each distinct text where the column
 * knows them, as columns of blocks with few values do, and elsewhere once for equal neighbours.
 */
import type { BatchColumn } from '../batches/batch-column.ts'
import type { RowBatch } from '../batches/row-batch.ts'
import { ConstantColumn, GroupColumn, TextColumn } from '../batches/text-columns.ts'
import { mapGroups } from './map-texts.ts'

/** What `make` makes of the texts of a field, for rows without it of the empty text. */
export function mappedColumn(batch: RowBatch, field: string, make: (text: string) => string): BatchColumn {
  const column = batch.column(field)
  if (column === null) return new ConstantColumn(make(''), batch.rowCount)
  const groups = column.groups()
  if (groups !== null) return new GroupColumn(mapGroups(groups, make), batch.rowCount)
  const texts = column.texts()
  const made = new Array<string>(texts.length)
  for (let row = 0; row < texts.length; row++) {
    made[row] = row > 0 && texts[row] === texts[row - 1] ? made[row - 1] : make(texts[row])
  }
  return new TextColumn(made)
}
