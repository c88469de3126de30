/**
 * Which of two rows comes first, for functions that take one row of a group, or keep rows in a list: the order of records
 * (time, id). Rows that come from no record follow each other as they arrived.
 */
import type { RowBatch } from '../batches/row-batch.ts'

/** Plain data. */
export interface RecordPlace {
  readonly timeMs: number
  readonly timeNs: number
  /** Of the record, or the number of the row among all that arrived. */
  readonly id: number
}

/** Gives rows their places. Asked for each batch once, in the order of arrival. */
export class RecordPlaces {
  #arrived = 0

  /** The place of each row of the batch. */
  of(batch: RowBatch): (row: number) => RecordPlace {
    const { keys } = batch
    const first = this.#arrived
    this.#arrived += batch.rowCount
    if (keys === null) return (row) => ({ timeMs: Infinity, timeNs: 0, id: first + row })
    const { timesMs, timesNs, ids } = keys
    return (row) => ({ timeMs: timesMs[row], timeNs: timesNs[row], id: ids[row] })
  }
}

export function comparePlaces(a: RecordPlace, b: RecordPlace): number {
  if (a.timeMs !== b.timeMs) return a.timeMs < b.timeMs ? -1 : 1
  return a.timeNs - b.timeNs || a.id - b.id
}
