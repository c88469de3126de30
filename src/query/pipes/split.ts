/** `split "separator" from field as result`: the pieces of a text as a JSON array. */
import type { Pipe } from '../ast.ts'
import { jsonStrings } from '../values/json-text.ts'
import type { PipeKind } from './kind.ts'
import {
  type FromAndResult,
  leavesFromAndResult,
  parseFromAndResult,
  printFromAndResult,
  wantsFromAndResult,
} from './list-field.ts'
import { mappedColumn } from './mapped-column.ts'

export interface SplitPipe extends Pipe, FromAndResult {
  readonly kind: 'split'
  /** Empty: between all characters. */
  readonly separator: string
}

export const splitPipe: PipeKind<SplitPipe> = {
  kind: 'split',
  names: ['split'],
  summary: 'the pieces of a text as a JSON array; of an empty text none',
  examples: ['error | split "," as items | fields items', 'error | split "/" from path as steps'],
  isLive: true,
  keepsRows: true,
  parse(parser) {
    const separator = parser.reader.expectPhrase('the text to split at, like `split ","`', { colon: true })
    return { kind: 'split', separator: separator.text, ...parseFromAndResult(parser) }
  },
  print: (pipe, printer) => `split ${printer.phrase(pipe.separator)}${printFromAndResult(pipe, printer)}`,
  wants: wantsFromAndResult,
  leaves: leavesFromAndResult,
  bindBatch({ separator, from, result }) {
    const make = (text: string): string => jsonStrings(piecesOf(text, separator))
    return (batch) => batch.with(result, mappedColumn(batch, from, make))
  },
}

function piecesOf(text: string, separator: string): string[] {
  if (text === '') return []
  return separator === '' ? [...text] : text.split(separator)
}
