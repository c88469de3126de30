/**
 * What a function of `running_stats` and `total_stats` declares about itself: it sees rows one after the other, oldest
 * first, and has a value after each of them. Calls are read and printed as those of `stats`.
 */

import type { RowBatch } from '../../batches/row-batch.ts'
import type { PipeContext } from '../../pipes/kind.ts'
import type { StatsCall, StatsFunction } from '../kind.ts'

export interface RunningFunction<C extends StatsCall = StatsCall>
  extends Pick<StatsFunction<C>, 'name' | 'summary' | 'parse' | 'print' | 'wants'> {
  bind(call: C, context: PipeContext): RunningState
}

export interface RunningState {
  /** Reads the batch whose rows come next. */
  read(batch: RowBatch): void
  /** Adds a row of that batch to a group; groups are numbered from 0. */
  add(row: number, group: number): void
  /** What the group has by now. */
  text(group: number): string
}
