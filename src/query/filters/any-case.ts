/** `i(error)`, `i("connection reset")`, `i(err*)`: as a phrase or a prefix, in any case. */
import type { Filter } from '../ast.ts'
import { boundValueFilter } from './bound-value-filter.ts'
import { type FilterForm, type FilterKind, wantsItsField } from './kind.ts'
import { phraseTest } from './phrase-test.ts'

export interface AnyCaseFilter extends Filter {
  readonly kind: 'anyCase'
  readonly field: string
  readonly phrase: string
  readonly isPrefix: boolean
}

export function anyCaseOf(field: string, phrase: string, isPrefix = false): AnyCaseFilter {
  return { kind: 'anyCase', field, phrase, isPrefix }
}

const parse: FilterForm = (parser, field) => {
  const [argument] = parser.parseArguments('i', 1)
  return anyCaseOf(parser.fieldOr(field), argument.text, argument.isPrefix)
}

export const anyCaseFilter: FilterKind<AnyCaseFilter> = {
  kind: 'anyCase',
  summary: 'as a phrase or a prefix, in any case',
  examples: ['i(error)', 'service:i("web api")', 'i(err*)'],
  forms: { functions: { i: parse } },
  print: ({ field, phrase, isPrefix }, printer) => {
    const argument = isPrefix ? `${phrase === '' ? '' : printer.phrase(phrase)}*` : printer.phrase(phrase)
    return `${printer.field(field)}i(${argument})`
  },
  wants: wantsItsField,
  bind: ({ field, phrase, isPrefix }) =>
    boundValueFilter(field, phraseTest(phrase, { isPrefix, anyCase: true }), isPrefix ? [] : [phrase]),
}
