/**
 * `field:contains_all(a, "b c")`, `field:contains_all(query)`: every one of these words and phrases stands in the
 * value. Every value has the empty phrase.
 */
import type { Filter } from '../ast.ts'
import { ALL } from './all.ts'
import { andOf } from './and.ts'
import { boundValueFilter } from './bound-value-filter.ts'
import { COST_FOLDED_SEARCH, type FilterForm, type FilterKind, wantsItsField } from './kind.ts'
import { type ListNode, parseList, printList, valuesOf } from './list-arguments.ts'
import { ManyPhrases } from './many-phrases.ts'
import { phraseOf } from './phrase.ts'

export interface ContainsAllFilter extends Filter, ListNode {
  readonly kind: 'containsAll'
  readonly field: string
}

const parse: FilterForm = (parser, field) => {
  const list = parseList(parser, 'contains_all')
  if (list === null) return ALL
  const filter: ContainsAllFilter = { kind: 'containsAll', field: parser.fieldOr(field), ...list }
  return filter
}

/** With more, one pass over the value costs less than a search for each. */
const SEARCHES_MAX = 32

export const containsAllFilter: FilterKind<ContainsAllFilter> = {
  kind: 'containsAll',
  summary: 'all of these words and phrases stand in the value',
  examples: ['contains_all(disk, "no space")', 'tags:contains_all(level:error | fields tag)'],
  forms: { functions: { contains_all: parse } },
  print: (filter, printer) => `${printer.field(filter.field)}contains_all${printList(filter, printer)}`,
  subquery: ({ subquery }) => subquery ?? null,
  withValues({ field }, values): ContainsAllFilter {
    return { kind: 'containsAll', field, values }
  },
  wants: wantsItsField,
  bind(filter, context) {
    const { field } = filter
    const phrases = [...new Set(valuesOf(filter))].filter((value) => value !== '')
    if (phrases.length <= SEARCHES_MAX)
      return context.bind(andOf(phrases.map((phrase) => phraseOf(field, phrase))))
    const many = new ManyPhrases(phrases)
    const test = (data: Uint8Array, start: number, end: number): boolean =>
      many.hasAtLeast(many.count, data, start, end)
    return boundValueFilter(field, { cost: COST_FOLDED_SEARCH, test })
  },
}
