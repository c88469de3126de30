/**
 * Texts of some rows of a batch, which are known only when the whole batch was looked at. What may fail is read before;
 * texts are made of the rows that are asked for.
 */
import type { RowBatch } from '../row-batch.ts'

/** Reads the fields, whatever a block has to do for that. */
export function readAhead(batch: RowBatch, names: Iterable<string>): void {
  for (const name of names) {
    const column = batch.column(name)
    if (column === null) continue
    const groups = column.groups()
    if (groups !== null) void groups.ofRow
    else if (column.stored !== undefined) column.stored()
    else column.texts()
  }
}

/** The texts of a field that was read ahead, one for each of the rows. */
export function textsAt(batch: RowBatch, name: string, rows: Uint32Array): readonly string[] {
  return batch.column(name)?.select(rows).texts() ?? new Array<string>(rows.length).fill('')
}
