/**
 * `query_stats`: one row that says how many rows reached it, and what the query has read so far, in the names in which
 * the progress of queries is told. The rows themselves are gone.
 */
import type { Pipe } from '../ast.ts'
import { NO_FIELD } from '../batches/fields-wanted.ts'
import { RowBatch } from '../batches/row-batch.ts'
import type { PipeKind } from './kind.ts'

export interface QueryStatsPipe extends Pipe {
  readonly kind: 'query_stats'
}

export const queryStatsPipe: PipeKind<QueryStatsPipe> = {
  kind: 'query_stats',
  names: ['query_stats'],
  summary: 'how many rows there were, and what the query has read to find them',
  examples: ['error | query_stats', '* | by (service) count() | query_stats'],
  isLive: false,
  parse: () => ({ kind: 'query_stats' }),
  print: () => 'query_stats',
  rowsMax: () => 1,
  wants: () => NO_FIELD,
  isRepeatable: false,
  async *run(_pipe, input, { pause, progress }) {
    let rows = 0
    for await (const batch of input) {
      rows += batch.rowCount
      await pause()
    }
    const read = Object.entries(progress?.() ?? {}).map(([name, value]) => [name, [String(value)]] as const)
    yield RowBatch.of(Object.fromEntries([['rows', [String(rows)]], ...read]))
  },
}
