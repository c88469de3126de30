/** `unpack_logfmt from field`: what `a=1 b="x y"` says, as fields. Words that are no pair are passed over. */
import type { Pipe } from '../ast.ts'
import { readLogfmt } from '../values/logfmt-text.ts'
import type { PipeKind } from './kind.ts'
import {
  bindUnpacking,
  leavesOfUnpacking,
  parseUnpacking,
  printUnpacking,
  type Unpacking,
  wantsOfUnpacking,
} from './unpacking.ts'

export interface UnpackLogfmtPipe extends Pipe, Unpacking {
  readonly kind: 'unpack_logfmt'
}

export const unpackLogfmtPipe: PipeKind<UnpackLogfmtPipe> = {
  kind: 'unpack_logfmt',
  names: ['unpack_logfmt'],
  summary: 'the pairs of logfmt as fields',
  examples: [
    'error | unpack_logfmt',
    'error | unpack_logfmt from body fields (user, http.*) keep_original_fields',
  ],
  isLive: true,
  keepsRows: true,
  parse: (parser) => ({ kind: 'unpack_logfmt', ...parseUnpacking(parser) }),
  print: (pipe, printer) => `unpack_logfmt${printUnpacking(pipe, printer)}`,
  wants: wantsOfUnpacking,
  leaves: leavesOfUnpacking,
  bindBatch: (pipe, context) => bindUnpacking(pipe, context, readLogfmt),
}
