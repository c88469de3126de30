/** Texts of some rows of a batch, which are known only when the whole batch was looked at. Reads, and may fail. */
import type { RowBatch } from '../batches/row-batch.ts'

/** One for each of the rows. */
export function textsAt(batch: RowBatch, name: string, rows: Uint32Array): readonly string[] {
  return batch.column(name)?.select(rows).texts() ?? new Array<string>(rows.length).fill('')
}
