/** `rename a as b, p* as q*`: fields under another name, in the place where they were. */
import type { Pipe } from '../ast.ts'
import { type FieldPair, pairsLeave, pairsWant, parsePairs, printPairs, withPairs } from './field-pairs.ts'
import type { PipeKind } from './kind.ts'

export interface RenamePipe extends Pipe {
  readonly kind: 'rename'
  readonly pairs: readonly FieldPair[]
}

export const renamePipe: PipeKind<RenamePipe> = {
  kind: 'rename',
  names: ['rename', 'mv'],
  summary: 'a field under another name; `p* as q*` is all fields that begin so',
  examples: ['error | rename host as server, _msg as text', '* | mv http.* as web.*'],
  isLive: true,
  keepsRows: true,
  takesBlocks: true,
  parse: (parser) => ({ kind: 'rename', pairs: parsePairs(parser) }),
  print: ({ pairs }, printer) => `rename ${printPairs(pairs, printer)}`,
  wants: ({ pairs }, after) => pairsWant(pairs, after, true),
  leaves: ({ pairs }, entering) => pairsLeave(pairs, entering, true),
  bindBatch:
    ({ pairs }) =>
    (batch) =>
      withPairs(batch, pairs, true),
}
