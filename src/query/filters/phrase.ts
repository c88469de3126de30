/**
 * Words and phrases: `error`, `"connection reset"`. The text stands in the value as it is written, with a word's edge
 * where it begins or ends with a word character. An empty phrase matches empty values.
 */
import type { Filter } from '../ast.ts'
import { boundValueFilter } from './bound-value-filter.ts'
import { type FilterKind, wantsItsField } from './kind.ts'
import { phraseTest } from './phrase-test.ts'

export interface PhraseFilter extends Filter {
  readonly kind: 'phrase'
  readonly field: string
  readonly phrase: string
}

export function phraseOf(field: string, phrase: string): PhraseFilter {
  return { kind: 'phrase', field, phrase }
}

export const phraseFilter: FilterKind<PhraseFilter> = {
  kind: 'phrase',
  summary:
    'the word or the phrase stands in the message, or in a field; `field:""` is an empty or absent field',
  examples: ['error', '"connection reset"', 'service:api', 'trace_id:""'],
  print: ({ field, phrase }, printer) => printer.field(field) + printer.phrase(phrase),
  wants: wantsItsField,
  bind: ({ field, phrase }) =>
    boundValueFilter(field, phraseTest(phrase, { isPrefix: false, anyCase: false }), [phrase]),
}
