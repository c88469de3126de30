/** `blocks_count`: in how many blocks the rows were found. How records lie in blocks is nobody's promise. */
import type { Pipe } from '../ast.ts'
import { NO_FIELD } from '../batches/fields-wanted.ts'
import { RowBatch } from '../batches/row-batch.ts'
import type { PipeKind } from './kind.ts'
import { parseAs } from './parts.ts'

export interface BlocksCountPipe extends Pipe {
  readonly kind: 'blocks_count'
  readonly countAs: string
}

const COUNT_FIELD = 'blocks_count'

export const blocksCountPipe: PipeKind<BlocksCountPipe> = {
  kind: 'blocks_count',
  names: ['blocks_count'],
  summary: 'in how many blocks the rows were found, or in how many pieces of blocks behind other pipes',
  examples: ['error | blocks_count', '* | blocks_count as blocks'],
  isLive: false,
  parse(parser) {
    const isMissing = parser.reader.isAtEndOfPart()
    return { kind: 'blocks_count', countAs: isMissing ? COUNT_FIELD : parseAs(parser) }
  },
  print: ({ countAs }, printer) =>
    `blocks_count${countAs === COUNT_FIELD ? '' : ` as ${printer.phrase(countAs)}`}`,
  wants: () => NO_FIELD,
  leaves: ({ countAs }) => [countAs],
  bindGather({ countAs }) {
    let count = 0
    return {
      add(batch) {
        if (batch.rowCount > 0) count++
      },
      take: () => count,
      merge(state) {
        count += state as number
      },
      rows: () => [RowBatch.of({ [countAs]: [String(count)] })],
    }
  },
}
