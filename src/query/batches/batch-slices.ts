/** Large batches in pieces, so that others may work between them. */
import type { RowBatch } from './row-batch.ts'

const SLICE_ROWS = 8192

export function* batchSlices(batch: RowBatch, rowsMax = SLICE_ROWS): Generator<RowBatch> {
  if (batch.rowCount <= rowsMax) {
    if (batch.rowCount > 0) yield batch
    return
  }
  for (let from = 0; from < batch.rowCount; from += rowsMax) {
    yield sliceOf(batch, from, Math.min(batch.rowCount, from + rowsMax))
  }
}

/** The rows from `from` to below `to`. */
export function sliceOf(batch: RowBatch, from: number, to: number): RowBatch {
  if (from === 0 && to === batch.rowCount) return batch
  const rows = new Uint32Array(Math.max(0, to - from))
  for (let at = 0; at < rows.length; at++) rows[at] = from + at
  return batch.select(rows)
}
