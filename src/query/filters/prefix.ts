/**
 * `err*`, `"connection re"*`: a word that begins so, or a phrase whose last word does. `field:*` is its empty form: any
 * value that is not empty.
 */
import type { Filter } from '../ast.ts'
import { boundValueFilter } from './bound-value-filter.ts'
import { type FilterKind, wantsItsField } from './kind.ts'
import { phraseTest } from './phrase-test.ts'

export interface PrefixFilter extends Filter {
  readonly kind: 'prefix'
  readonly field: string
  readonly prefix: string
}

export function prefixOf(field: string, prefix: string): PrefixFilter {
  return { kind: 'prefix', field, prefix }
}

export const prefixFilter: FilterKind<PrefixFilter> = {
  kind: 'prefix',
  summary: 'a word begins so; `field:*` is any value',
  examples: ['err*', '"connection re"*', 'service:*'],
  print({ field, prefix }, printer) {
    if (prefix !== '') return `${printer.field(field) + printer.phrase(prefix)}*`
    // Without its name, the message's own form would read as "everything".
    return `${printer.field(field) || '_msg:'}*`
  },
  wants: wantsItsField,
  bind: ({ field, prefix }) =>
    boundValueFilter(field, phraseTest(prefix, { isPrefix: true, anyCase: false })),
}
