/** `unpack_words from field as result`: the words of a text as a JSON array. */
import type { Pipe } from '../ast.ts'
import type { PipeKind } from './kind.ts'
import {
  type FromAndResult,
  leavesFromAndResult,
  parseFromAndResult,
  printFromAndResult,
  wantsFromAndResult,
} from './list-field.ts'
import { mappedColumn } from './mapped-column.ts'

export interface UnpackWordsPipe extends Pipe, FromAndResult {
  readonly kind: 'unpack_words'
  /** Each word once, where it stands first. */
  readonly dropsDuplicates: boolean
}

/** As words.ts has them, for texts. */
const WORD = /[\p{L}\p{Nd}_]+/gu
/** The same of ASCII, at a third of the time. */
const ASCII_WORD = /\w+/g
const NOT_ASCII = /[\u0080-\uffff]/
const DROP = 'drop_duplicates'

export const unpackWordsPipe: PipeKind<UnpackWordsPipe> = {
  kind: 'unpack_words',
  names: ['unpack_words'],
  summary: 'the words of a text as a JSON array; `drop_duplicates` for each word once',
  examples: ['error | unpack_words as words | fields words', 'error | unpack_words from url drop_duplicates'],
  isLive: true,
  keepsRows: true,
  parse(parser) {
    const fields = parseFromAndResult(parser, DROP)
    return { kind: 'unpack_words', ...fields, dropsDuplicates: parser.reader.takeWord(DROP) }
  },
  print: (pipe, printer) =>
    `unpack_words${printFromAndResult(pipe, printer)}${pipe.dropsDuplicates ? ` ${DROP}` : ''}`,
  wants: wantsFromAndResult,
  leaves: leavesFromAndResult,
  bindBatch({ from, result, dropsDuplicates }) {
    const make = (text: string): string => {
      const words: readonly string[] = text.match(NOT_ASCII.test(text) ? WORD : ASCII_WORD) ?? []
      // Nothing in a word has to be escaped.
      const items = dropsDuplicates ? [...new Set(words)] : words
      return items.length === 0 ? '[]' : `["${items.join('","')}"]`
    }
    return (batch) => batch.with(result, mappedColumn(batch, from, make))
  },
}
