/** `generate_sequence N`: rows whose message is 0, 1, 2 … N - 1 instead of those that enter, for trying out pipes. */
import type { Pipe } from '../ast.ts'
import { SLICE_ROWS } from '../batches/batch-slices.ts'
import { NO_FIELD } from '../batches/fields-wanted.ts'
import { RowBatch } from '../batches/row-batch.ts'
import { MESSAGE_FIELD } from '../special-fields.ts'
import type { PipeKind } from './kind.ts'
import { parseWholeNumber } from './parts.ts'

export interface GenerateSequencePipe extends Pipe {
  readonly kind: 'generate_sequence'
  readonly rows: number
}

export const generateSequencePipe: PipeKind<GenerateSequencePipe> = {
  kind: 'generate_sequence',
  names: ['generate_sequence'],
  summary: 'instead of what was found, N rows with the messages 0, 1, 2 …',
  examples: ['* | generate_sequence 100', '* | generate_sequence 1000 | math _msg % 7 as rest | fields rest'],
  isLive: false,
  parse: (parser) => ({ kind: 'generate_sequence', rows: parseWholeNumber(parser, 'a number of rows') }),
  print: ({ rows }) => `generate_sequence ${rows}`,
  wants: () => NO_FIELD,
  leaves: () => [MESSAGE_FIELD],
  async *run({ rows }, _input, context) {
    for (let from = 0; from < rows; from += SLICE_ROWS) {
      const length = Math.min(SLICE_ROWS, rows - from)
      yield RowBatch.of({ [MESSAGE_FIELD]: Array.from({ length }, (_, at) => String(from + at)) })
      await context.pause()
    }
  },
}
