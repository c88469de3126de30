/** `union (query)`: the rows, and behind them those of another query, or of `rows(…)`. */
import type { Pipe, Query } from '../ast.ts'
import { RowBatch } from '../batches/row-batch.ts'
import { parseRowSource, printRowSource } from './inline-rows.ts'
import type { PipeKind } from './kind.ts'

export interface UnionPipe extends Pipe {
  readonly kind: 'union'
  readonly query: Query
}

export const unionPipe: PipeKind<UnionPipe> = {
  kind: 'union',
  names: ['union'],
  summary: 'the rows, and behind them those of another query, or of `rows(…)`',
  examples: [
    'level:fatal | union (panic)',
    'error | count() as errors | union (* | count() as records)',
    'error | by (service) count() as errors | union rows({service="all",errors="0"})',
  ],
  isLive: false,
  parse: (parser) => ({ kind: 'union', query: parseRowSource(parser, 'after `union`') }),
  print: ({ query }, printer) => `union ${printRowSource(query, printer)}`,
  wants: (_pipe, after) => after,
  async *run({ query }, input, { select, wanted, pause }) {
    for (const rows of [input, select(query, wanted)]) {
      for await (const batch of rows) {
        // Together they are not in the order of records.
        yield new RowBatch(batch.rowCount, batch.columns)
        await pause()
      }
    }
  },
}
