/**
 * `total_stats by (key, …) function(…) as name, …`: every row with what functions make of all rows, or of all rows of
 * its group. The rows are held until the last one was seen.
 */
import { batchOfHeld, type HeldRows, heldRowsBytes, holdRows } from '../batches/held-rows.ts'
import type { RowBatch } from '../batches/row-batch.ts'
import {
  leavesOfRunning,
  parseRunning,
  printRunning,
  RunningCalls,
  type RunningPipe,
  rowsByTime,
  wantsOfRunning,
} from '../stats/running/rows.ts'
import type { PipeKind, RunContext } from './kind.ts'

export interface TotalStatsPipe extends RunningPipe {
  readonly kind: 'total_stats'
}

export const totalStatsPipe: PipeKind<TotalStatsPipe> = {
  kind: 'total_stats',
  names: ['total_stats'],
  summary: 'every row with counts, sums and the like of all rows',
  examples: [
    '* | stats by (_time:1h) count() as rows | total_stats sum(rows) as all_rows | math rows / all_rows as share',
    '* | stats by (service, host) count() as rows | total_stats by (service) max(rows) as most',
  ],
  isLive: false,
  parse: (parser) => ({ kind: 'total_stats', ...parseRunning(parser, 'total_stats') }),
  print: printRunning,
  wants: wantsOfRunning,
  leaves: leavesOfRunning,
  run,
}

async function* run(
  pipe: TotalStatsPipe,
  input: AsyncIterable<RowBatch>,
  context: RunContext,
): AsyncGenerator<RowBatch> {
  const calls = new RunningCalls(pipe, context)
  const held: HeldRows[] = []
  for await (const batch of rowsByTime(input, context)) {
    const rows = holdRows(batch)
    context.memory.charge(heldRowsBytes(rows))
    held.push(rows)
    calls.add(batch, calls.groupsOf(batch), false)
    await context.pause()
  }
  for (let rows = held.shift(); rows !== undefined; rows = held.shift()) {
    const batch = batchOfHeld(rows)
    yield calls.withTexts(batch, calls.textsOf(batch, calls.groupsOf(batch)))
    context.memory.give(heldRowsBytes(rows))
    await context.pause()
  }
}
