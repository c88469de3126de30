/** The gatherer of pipes that count tuples: `top`, `uniq`, `field_values`. */
import type { BatchColumn } from '../batches/batch-column.ts'
import { batchSlices } from '../batches/batch-slices.ts'
import { RowBatch } from '../batches/row-batch.ts'
import { TextColumn } from '../batches/text-columns.ts'
import type { CountedTuples, TupleCounter } from '../batches/tuple-counter.ts'
import type { Gatherer } from './kind.ts'

export function tupleGatherer(counter: TupleCounter, rowsOf: (counter: TupleCounter) => RowBatch): Gatherer {
  return {
    add: (batch) => counter.add(batch),
    take: (): CountedTuples => counter.counted(),
    merge: (state) => counter.addCounted(state as CountedTuples),
    rows: () => batchSlices(rowsOf(counter)),
  }
}

/** Columns of the fields and, unless their names are null, of the hits and of the ranks. */
export function batchOfTuples(
  { texts, hits }: CountedTuples,
  fields: readonly string[],
  hitsAs: string | null,
  rankAs: string | null = null,
): RowBatch {
  const columns = new Map<string, BatchColumn>()
  for (const [at, field] of fields.entries()) columns.set(field, new TextColumn(texts[at]))
  if (hitsAs !== null) columns.set(hitsAs, new TextColumn(Array.from(hits, String)))
  if (rankAs !== null) columns.set(rankAs, new TextColumn(Array.from(hits, (_, at) => String(at + 1))))
  return new RowBatch(hits.length, columns)
}
