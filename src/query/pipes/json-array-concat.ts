/**
 * `json_array_concat "separator" from field as result`: the items of a JSON array as one text, with the separator between
 * them. What is no JSON array has no items. Separators add up: QUERY_TOO_LARGE beyond the memory of the query.
 */
import type { Pipe } from '../ast.ts'
import { quote } from '../syntax/quoting.ts'
import { readJsonArray } from '../values/json-text.ts'
import { BatchMemory } from './batch-memory.ts'
import type { PipeKind } from './kind.ts'
import {
  type FromAndResult,
  parseFromAndResult,
  printFromAndResult,
  wantsFromAndResult,
} from './list-field.ts'
import { mappedColumn } from './mapped-column.ts'
import { namesWith } from './parts.ts'

export interface JsonArrayConcatPipe extends Pipe, FromAndResult {
  readonly kind: 'json_array_concat'
  /** May be empty. */
  readonly separator: string
}

export const jsonArrayConcatPipe: PipeKind<JsonArrayConcatPipe> = {
  kind: 'json_array_concat',
  names: ['json_array_concat'],
  summary: 'the items of a JSON array as one text, with a separator between them or without',
  examples: [
    '* | stats by (trace_id) values(_msg) as parts | json_array_concat "\\n" from parts as text',
    'error | unpack_words as words | json_array_concat " " from words',
  ],
  isLive: true,
  keepsRows: true,
  parse(parser) {
    const { reader } = parser
    const isLeftOut = reader.isAtEndOfPart() || reader.isWord('from') || reader.isWord('as')
    const separator = isLeftOut ? '' : reader.expectPhrase('a separator', { colon: true }).text
    return { kind: 'json_array_concat', separator, ...parseFromAndResult(parser) }
  },
  print(pipe, printer) {
    const separator = pipe.separator === '' ? '' : ` ${quote(pipe.separator)}`
    return `json_array_concat${separator}${printFromAndResult(pipe, printer)}`
  },
  wants: wantsFromAndResult,
  leaves: ({ result }, entering) => namesWith(entering, [result]),
  bindBatch({ separator, from, result }, context) {
    const memory = new BatchMemory(context.memory)
    const make = (text: string): string => {
      const items = readJsonArray(text) ?? []
      memory.chargeGrowth(0, separator.length * items.length)
      return items.join(separator)
    }
    return (batch) => {
      memory.begin()
      return batch.with(result, mappedColumn(batch, from, make))
    }
  },
}
