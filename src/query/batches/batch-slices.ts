/** Large batches in pieces, so that others may work between them. */
import type { RowBatch } from './row-batch.ts'

/** Rows that pipes hand on at once where they have many. A power of two. */
export const SLICE_ROWS = 8192

export function* batchSlices(batch: RowBatch): Generator<RowBatch> {
  if (batch.rowCount <= SLICE_ROWS) {
    if (batch.rowCount > 0) yield batch
    return
  }
  for (let from = 0; from < batch.rowCount; from += SLICE_ROWS) {
    yield sliceOf(batch, from, Math.min(batch.rowCount, from + SLICE_ROWS))
  }
}

/** The rows from `from` to below `to`. */
export function sliceOf(batch: RowBatch, from: number, to: number): RowBatch {
  if (from === 0 && to === batch.rowCount) return batch
  const rows = new Uint32Array(Math.max(0, to - from))
  for (let at = 0; at < rows.length; at++) rows[at] = from + at
  return batch.select(rows)
}
