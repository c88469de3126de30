/**
 * `field_values a`: the values of a field, with how many rows have each, in the order of the values. With `filter text`
 * those that contain the text, with `limit N` the first N.
 */
import type { Pipe } from '../ast.ts'
import { NO_FIELD, withFields } from '../batches/fields-wanted.ts'
import type { FilterParser } from '../syntax/filter-parser.ts'
import type { PipeKind } from './kind.ts'
import { freeName } from './order-parts.ts'
import { parseFieldName } from './parts.ts'
import { parseChoice, printChoice, type TupleChoice, uniqGatherer } from './uniq.ts'

export interface FieldValuesPipe extends Pipe, TupleChoice {
  readonly kind: 'field_values'
  readonly field: string
}

const hitsName = (field: string): string => freeName('hits', [field])

export const fieldValuesPipe: PipeKind<FieldValuesPipe> = {
  kind: 'field_values',
  names: ['field_values'],
  summary: 'the values of a field with their `hits`, those with a text in them, or the first N',
  examples: ['error | field_values service', '* | field_values host filter web limit 10'],
  isLive: false,
  parse(parser) {
    const field = parseOneField(parser)
    return { kind: 'field_values', field, ...parseChoice(parser, 'a number of values') }
  },
  print: (pipe, printer) => `field_values ${printer.phrase(pipe.field)}${printChoice(pipe, printer)}`,
  wants: ({ field }) => withFields(NO_FIELD, [field]),
  leaves: ({ field }) => [field, hitsName(field)],
  limited: (pipe, rows) => ({ ...pipe, limit: Math.min(pipe.limit ?? Infinity, rows) }),
  bindGather: (pipe, { memory }) => uniqGatherer([pipe.field], hitsName(pipe.field), pipe, memory),
}

/** A name, with or without parentheses. */
function parseOneField(parser: FilterParser): string {
  const { reader } = parser
  const isInGroup = reader.takeSymbol('(')
  const field = parseFieldName(parser)
  if (isInGroup) reader.expectSymbol(')', 'after the name of the field')
  return field
}
