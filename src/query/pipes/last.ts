/** `last N by (a)`: the last rows in the order of these fields, the last one first. */
import type { Pipe } from '../ast.ts'
import { bindFew, type Few, parseFew, printFew, rowsMaxOfFew, wantsFew } from './first.ts'
import type { PipeKind } from './kind.ts'
import { withName } from './sort.ts'

export interface LastPipe extends Pipe, Few {
  readonly kind: 'last'
}

export const lastPipe: PipeKind<LastPipe> = {
  kind: 'last',
  names: ['last'],
  summary: 'the last N rows in the order of these fields, the last one first; 1 where N is left out',
  examples: ['* | last 10 by (duration)', '* | last by (_time) partition by (service)'],
  isLive: false,
  parse: (parser) => ({ kind: 'last', ...parseFew(parser) }),
  print: (pipe, printer) => `last${printFew(pipe, printer)}`,
  rowsMax: rowsMaxOfFew,
  wants: wantsFew,
  leaves: ({ rankAs }, entering) => withName(entering, rankAs),
  bindGather: (pipe, context) => bindFew(pipe, true, context),
}
