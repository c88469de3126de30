/** Which rows of a batch have one of some fields. */
import type { BatchColumn } from '../batches/batch-column.ts'
import type { FieldPattern } from '../batches/fields-wanted.ts'
import type { RowBatch } from '../batches/row-batch.ts'
import { columnsOf } from './arguments.ts'

/** By row: 1 where one of the fields is not empty, else 0; a number where it is the same for all rows. */
export function filledRows(batch: RowBatch, fields: readonly FieldPattern[]): Uint8Array | 0 | 1 {
  let filled: Uint8Array | null = null
  for (const { column } of columnsOf(batch, fields)) {
    if (column === null) continue
    const known = column.filledCount?.() ?? null
    if (known === 0) continue
    if (isConstant(column)) return 1
    filled ??= new Uint8Array(batch.rowCount)
    mark(column, filled)
  }
  return filled ?? 0
}

/** All rows have the same text, which is not empty. */
function isConstant(column: BatchColumn): boolean {
  const groups = column.groups()
  return groups !== null && groups.ofRow === null && groups.texts[0] !== ''
}

function mark(column: BatchColumn, filled: Uint8Array): void {
  const groups = column.groups()
  if (groups === null) {
    const texts = column.texts()
    for (let row = 0; row < filled.length; row++) if (texts[row] !== '') filled[row] = 1
    return
  }
  const { texts, ofRow } = groups
  if (ofRow === null) return
  const isFilled = Uint8Array.from(texts, (text) => (text === '' ? 0 : 1))
  for (let row = 0; row < filled.length; row++) if (isFilled[ofRow[row]] === 1) filled[row] = 1
}
