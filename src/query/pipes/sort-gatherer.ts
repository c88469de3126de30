/** The gatherer of `sort`, `first` and `last`. Rows leave without keys: they are not in the order of records. */
import { batchOfHeld, type HeldRows } from '../batches/held-rows.ts'
import type { MemoryShare } from '../batches/memory-share.ts'
import { RowBatch } from '../batches/row-batch.ts'
import { RowSorter, type SortedRows, type SortedRowsWanted } from '../batches/row-sorter.ts'
import type { Gatherer } from './kind.ts'

/** `skip` rows of each partition are left out; `rankAs`: the field that has the rank, from 1. */
export function sortGatherer(
  wanted: SortedRowsWanted,
  skip: number,
  rankAs: string | null,
  memory: MemoryShare,
): Gatherer {
  const sorter = new RowSorter(wanted, memory)
  return {
    add: (batch) => sorter.add(batch),
    take: (): HeldRows[] => sorter.take(),
    merge(state) {
      for (const held of state as HeldRows[]) sorter.add(batchOfHeld(held))
    },
    *rows() {
      for (const piece of sorter.sortedInPieces(skip)) yield piece === null ? NO_ROWS : rowsOf(piece, rankAs)
    },
  }
}

const NO_ROWS = new RowBatch(0, new Map())

function rowsOf({ rows, ranks }: SortedRows, rankAs: string | null): RowBatch {
  const plain = new RowBatch(rows.rowCount, rows.columns)
  if (rankAs === null) return plain
  return plain.with(
    rankAs,
    Array.from(ranks, (rank) => String(rank + 1)),
  )
}
