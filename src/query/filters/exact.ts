/**
 * `="text"`: the whole value is this text. `="text"*`: it begins with it. `=(a or b*)`: each word of the group is meant
 * so.
 */
import type { ValueTest } from '../../record/record.ts'
import type { Filter } from '../ast.ts'
import { encodeText } from '../values/text.ts'
import { boundValueFilter } from './bound-value-filter.ts'
import { COST_COMPARE, type FilterForm, type FilterKind, wantsItsField } from './kind.ts'

export interface ExactFilter extends Filter {
  readonly kind: 'exact'
  readonly field: string
  readonly value: string
  readonly isPrefix: boolean
}

const parseFunction: FilterForm = (parser, field) => {
  const [argument] = parser.parseArguments('exact', 1)
  return exactOf(parser.fieldOr(field), argument.text, argument.isPrefix)
}

const parseSymbol: FilterForm = (parser, field) => {
  const { reader } = parser
  reader.next()
  const phrase = reader.phrase({ colon: true })
  const isPrefix = phrase === null ? reader.takeSymbol('*') : reader.takeJoined('*')
  if (phrase === null && !isPrefix) throw reader.expected('the value that the field should have')
  return exactOf(parser.fieldOr(field), phrase?.text ?? '', isPrefix)
}

export function exactOf(field: string, value: string, isPrefix = false): ExactFilter {
  return { kind: 'exact', field, value, isPrefix }
}

export const exactFilter: FilterKind<ExactFilter> = {
  kind: 'exact',
  summary: 'the whole value is this text, or begins with it',
  examples: ['service:="web api"', 'path:="/api/"*', 'status:=(ok or done)', '!=done', 'exact(done)'],
  forms: { functions: { exact: parseFunction }, symbols: { '=': parseSymbol }, groups: { '=': exactOf } },
  print: ({ field, value, isPrefix }, printer) =>
    `${printer.field(field)}=${printer.phrase(value)}${isPrefix ? '*' : ''}`,
  wants: wantsItsField,
  bind: ({ field, value, isPrefix }) =>
    boundValueFilter(field, exactTest(value, isPrefix), isPrefix ? [] : [value]),
}

export function exactTest(value: string, isPrefix: boolean): ValueTest {
  const bytes = encodeText(value)
  return {
    cost: COST_COMPARE,
    test(data, start, end) {
      const isLongEnough = isPrefix ? end - start >= bytes.length : end - start === bytes.length
      return isLongEnough && hasBytesAt(data, start, bytes)
    },
    ...(bytes.length > 0
      ? { needles: [{ bytes, startsWord: false, endsWord: false, isWhole: !isPrefix, decides: !isPrefix }] }
      : { characters: { min: 0, max: isPrefix ? Infinity : 0 } }),
  }
}

function hasBytesAt(data: Uint8Array, start: number, bytes: Uint8Array): boolean {
  for (let index = 0; index < bytes.length; index++) if (data[start + index] !== bytes[index]) return false
  return true
}
