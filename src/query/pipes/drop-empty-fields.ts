/**
 * `drop_empty_fields`: what is empty is absent everywhere, so that only one thing is left to do: rows without any field
 * are dropped.
 */
import type { Pipe } from '../ast.ts'
import type { RowBatch } from '../batches/row-batch.ts'
import type { PipeKind } from './kind.ts'

export interface DropEmptyFieldsPipe extends Pipe {
  readonly kind: 'dropEmptyFields'
}

export const dropEmptyFieldsPipe: PipeKind<DropEmptyFieldsPipe> = {
  kind: 'dropEmptyFields',
  names: ['drop_empty_fields'],
  summary: 'without empty fields, and without rows that have no other ones',
  examples: ['* | extract "user=<user> " | fields user | drop_empty_fields'],
  isLive: true,
  parse: () => ({ kind: 'dropEmptyFields' }),
  print: () => 'drop_empty_fields',
  leaves: (_pipe, entering) => entering,
  bindBatch: () => withoutEmptyRows,
}

function withoutEmptyRows(batch: RowBatch): RowBatch {
  // A moment is never empty, and costs a text to look at.
  if (batch.names.some((name) => batch.timesOf(name) !== null)) return batch
  const isFilled = new Uint8Array(batch.rowCount)
  let left = batch.rowCount
  for (const column of batch.columns.values()) {
    const texts = column.texts()
    for (let row = 0; row < texts.length; row++) {
      if (isFilled[row] === 1 || texts[row] === '') continue
      isFilled[row] = 1
      left--
    }
    if (left === 0) return batch
  }
  const rows = new Uint32Array(batch.rowCount - left)
  let count = 0
  for (let row = 0; row < isFilled.length; row++) if (isFilled[row] === 1) rows[count++] = row
  return batch.select(rows)
}
