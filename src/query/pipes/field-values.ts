/** `field_values a`: the values of a field, with how many rows have each, in the order of the values. */
import type { Pipe } from '../ast.ts'
import { NO_FIELD, withFields } from '../batches/fields-wanted.ts'
import type { FilterParser } from '../syntax/filter-parser.ts'
import type { PipeKind } from './kind.ts'
import { freeName, parseCount } from './order-parts.ts'
import { parseFieldName } from './parts.ts'
import { uniqGatherer } from './uniq.ts'

export interface FieldValuesPipe extends Pipe {
  readonly kind: 'field_values'
  readonly field: string
  readonly limit: number | null
}

const hitsName = (field: string): string => freeName('hits', [field])

export const fieldValuesPipe: PipeKind<FieldValuesPipe> = {
  kind: 'field_values',
  names: ['field_values'],
  summary: 'the values of a field with their `hits`, or the first N of them',
  examples: ['error | field_values service', '* | field_values level limit 10'],
  isLive: false,
  parse(parser) {
    const field = parseOneField(parser)
    const limit = parser.reader.takeWord('limit') ? parseCount(parser, 'a number of values') : null
    return { kind: 'field_values', field, limit }
  },
  print: ({ field, limit }, printer) =>
    `field_values ${printer.phrase(field)}${limit === null ? '' : ` limit ${limit}`}`,
  wants: ({ field }) => withFields(NO_FIELD, [field]),
  leaves: ({ field }) => [field, hitsName(field)],
  limited: (pipe, rows) => ({ ...pipe, limit: Math.min(pipe.limit ?? Infinity, rows) }),
  bindGather: ({ field, limit }, { memory }) => uniqGatherer([field], hitsName(field), limit, memory),
}

/** A name, with or without parentheses. */
function parseOneField(parser: FilterParser): string {
  const { reader } = parser
  const isInGroup = reader.takeSymbol('(')
  const field = parseFieldName(parser)
  if (isInGroup) reader.expectSymbol(')', 'after the name of the field')
  return field
}
