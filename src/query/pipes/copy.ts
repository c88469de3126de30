/** `copy a as b, p* as q*`: fields under one more name. */
import type { Pipe } from '../ast.ts'
import { type FieldPair, pairsLeave, pairsWant, parsePairs, printPairs, withPairs } from './field-pairs.ts'
import type { PipeKind } from './kind.ts'

export interface CopyPipe extends Pipe {
  readonly kind: 'copy'
  readonly pairs: readonly FieldPair[]
}

export const copyPipe: PipeKind<CopyPipe> = {
  kind: 'copy',
  names: ['copy', 'cp'],
  summary: 'a field under one more name; `p* as q*` is all fields that begin so',
  examples: ['error | copy host as server, _msg as text', '* | cp http.* as web.*'],
  isLive: true,
  keepsRows: true,
  takesBlocks: true,
  parse: (parser) => ({ kind: 'copy', pairs: parsePairs(parser) }),
  print: ({ pairs }, printer) => `copy ${printPairs(pairs, printer)}`,
  wants: ({ pairs }, after) => pairsWant(pairs, after, false),
  leaves: ({ pairs }, entering) => pairsLeave(pairs, entering, false),
  bindBatch:
    ({ pairs }) =>
    (batch) =>
      withPairs(batch, pairs, false),
}
