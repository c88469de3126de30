/**
 * `running_stats by (key, …) function(…) as name, …`: every row with what functions make of all rows up to it, oldest
 * first, of all rows or of those of its group.
 */
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

export interface RunningStatsPipe extends RunningPipe {
  readonly kind: 'running_stats'
}

export const runningStatsPipe: PipeKind<RunningStatsPipe> = {
  kind: 'running_stats',
  names: ['running_stats'],
  summary: 'every row with counts, sums and the like of all rows up to it, oldest first',
  examples: [
    '* | stats by (_time:1h) count() as rows | running_stats sum(rows) as rows_so_far',
    '* | running_stats by (service) count() as number, last(user) as user',
  ],
  isLive: false,
  parse: (parser) => ({ kind: 'running_stats', ...parseRunning(parser, 'running_stats') }),
  print: printRunning,
  wants: wantsOfRunning,
  leaves: leavesOfRunning,
  run,
}

async function* run(
  pipe: RunningStatsPipe,
  input: AsyncIterable<RowBatch>,
  context: RunContext,
): AsyncGenerator<RowBatch> {
  const calls = new RunningCalls(pipe, context)
  for await (const batch of rowsByTime(input, context)) {
    const texts = calls.add(batch, calls.groupsOf(batch), true)
    yield calls.withTexts(batch, texts)
    await context.pause()
  }
}
