/**
 * `unpack_json from field`: the members of a JSON object as fields. Those of objects within it have dots in their names,
 * arrays stay JSON text, numbers stay as they were written. A text that is no JSON object leaves its row as it is.
 */
import type { Pipe } from '../ast.ts'
import { readJsonObject } from '../values/json-text.ts'
import type { PipeKind } from './kind.ts'
import {
  bindUnpacking,
  leavesOfUnpacking,
  parseUnpacking,
  printUnpacking,
  type Unpacking,
  wantsOfUnpacking,
} from './unpacking.ts'

export interface UnpackJsonPipe extends Pipe, Unpacking {
  readonly kind: 'unpack_json'
}

export const unpackJsonPipe: PipeKind<UnpackJsonPipe> = {
  kind: 'unpack_json',
  names: ['unpack_json'],
  summary: 'the members of a JSON object as fields',
  examples: [
    'error | unpack_json',
    'error | unpack_json if (service:api) from body fields (user, http.*) result_prefix "body." skip_empty_results',
  ],
  isLive: true,
  keepsRows: true,
  parse: (parser) => ({ kind: 'unpack_json', ...parseUnpacking(parser) }),
  print: (pipe, printer) => `unpack_json${printUnpacking(pipe, printer)}`,
  wants: wantsOfUnpacking,
  leaves: leavesOfUnpacking,
  bindBatch: (pipe, context) => bindUnpacking(pipe, context, readJsonObject),
}
