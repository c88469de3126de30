/** The gatherer of `sort`, `first` and `last`. Rows leave without keys: they are not in the order of records. */
import { batchSlices } from '../batches/batch-slices.ts'
import { batchOfHeld, type HeldRows } from '../batches/held-rows.ts'
import type { MemoryShare } from '../batches/memory-share.ts'
import { RowBatch } from '../batches/row-batch.ts'
import { RowSorter, type SortedRowsWanted } from '../batches/row-sorter.ts'
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
      const { rows, ranks } = sorter.sorted(skip, true)
      const plain = new RowBatch(rows.rowCount, rows.columns)
      const ranked =
        rankAs === null
          ? plain
          : plain.with(
              rankAs,
              Array.from(ranks, (rank) => String(rank + 1)),
            )
      yield* batchSlices(ranked)
    },
  }
}
