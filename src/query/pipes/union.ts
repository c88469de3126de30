/** `union (query)`: the rows, and behind them those of another query. */
import type { Pipe, Query } from '../ast.ts'
import { RowBatch } from '../batches/row-batch.ts'
import type { PipeKind } from './kind.ts'

export interface UnionPipe extends Pipe {
  readonly kind: 'union'
  readonly query: Query
}

export const unionPipe: PipeKind<UnionPipe> = {
  kind: 'union',
  names: ['union'],
  summary: 'the rows, and behind them those of another query',
  examples: ['level:fatal | union (panic)', 'error | count() as errors | union (* | count() as records)'],
  isLive: false,
  parse: (parser) => ({ kind: 'union', query: parser.parseSubquery('after `union`') }),
  print: ({ query }, printer) => `union (${printer.query(query)})`,
  wants: (_pipe, after) => after,
  async *run({ query }, input, { select, pause }) {
    for (const rows of [input, select(query)]) {
      for await (const batch of rows) {
        // Together they are not in the order of records.
        yield new RowBatch(batch.rowCount, batch.columns)
        await pause()
      }
    }
  },
}
