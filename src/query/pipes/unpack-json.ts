/**
 * `unpack_json from field`: the members of a JSON object as fields. Those of objects within it have dots in their names,
 * arrays stay JSON text, numbers stay as they were written. So do objects whose names are in `preserve_keys (…)`. A text
 * that is no JSON object leaves its row as it is.
 */
import type { Pipe } from '../ast.ts'
import type { FilterPrinter } from '../filters/kind.ts'
import type { FilterParser } from '../syntax/filter-parser.ts'
import { readJsonObject } from '../values/json-text.ts'
import type { PipeKind } from './kind.ts'
import { parseFieldNamesInGroup, printFieldNames } from './parts.ts'
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
  /** Names of objects that stay JSON text, with the names of those around them before dots. */
  readonly preserved: readonly string[]
}

const PRESERVE = 'preserve_keys'

export const unpackJsonPipe: PipeKind<UnpackJsonPipe> = {
  kind: 'unpack_json',
  names: ['unpack_json'],
  summary: 'the members of a JSON object as fields',
  examples: [
    'error | unpack_json',
    'error | unpack_json if (service:api) from body fields (user, http.*) result_prefix "body." skip_empty_results',
    'error | unpack_json preserve_keys (request, response.headers)',
  ],
  isLive: true,
  keepsRows: true,
  parse: parseUnpackJson,
  print: (pipe, printer) => `unpack_json${printUnpacking(pipe, printer, printPreserved(pipe, printer))}`,
  wants: wantsOfUnpacking,
  leaves: leavesOfUnpacking,
  bindBatch(pipe, context) {
    const preserved = pipe.preserved.length === 0 ? null : new Set(pipe.preserved)
    return bindUnpacking(pipe, context, (text) => readJsonObject(text, preserved))
  },
}

function parseUnpackJson(parser: FilterParser): UnpackJsonPipe {
  const preserved: string[] = []
  const unpacking = parseUnpacking(parser, [PRESERVE], () => {
    if (!parser.reader.takeWord(PRESERVE)) return
    const names = parseFieldNamesInGroup(parser, `after \`${PRESERVE}\``)
    if (names.length === 0) throw parser.reader.problem('no member is named between `(` and `)`')
    preserved.push(...names)
  })
  return { kind: 'unpack_json', ...unpacking, preserved }
}

function printPreserved({ preserved }: UnpackJsonPipe, printer: FilterPrinter): string {
  return preserved.length === 0 ? '' : ` ${PRESERVE} (${printFieldNames(preserved, printer)})`
}
