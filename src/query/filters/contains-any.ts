/**
 * `field:contains_any(a, "b c")`, `field:contains_any(query)`: one of these words and phrases stands in the value.
 * Every value has the empty phrase; no value has one of none.
 */
import type { TestNeedle, ValueTest } from '../../record/record.ts'
import type { Filter } from '../ast.ts'
import { ALL } from './all.ts'
import { boundValueFilter } from './bound-value-filter.ts'
import { COST_FOLDED_SEARCH, COST_SEARCH, type FilterForm, type FilterKind, wantsItsField } from './kind.ts'
import { type ListNode, parseList, printList, valuesOf } from './list-arguments.ts'
import { ManyPhrases } from './many-phrases.ts'
import { phraseTest } from './phrase-test.ts'

export interface ContainsAnyFilter extends Filter, ListNode {
  readonly kind: 'containsAny'
  readonly field: string
}

const parse: FilterForm = (parser, field) => {
  const list = parseList(parser, 'contains_any')
  if (list === null) return ALL
  const filter: ContainsAnyFilter = { kind: 'containsAny', field: parser.fieldOr(field), ...list }
  return filter
}

function containsAnyOf(field: string, values: readonly string[]): ContainsAnyFilter {
  return { kind: 'containsAny', field, values }
}

export const containsAnyFilter: FilterKind<ContainsAnyFilter> = {
  kind: 'containsAny',
  summary: 'one of these words and phrases stands in the value',
  examples: ['contains_any(error, fail, "no space")', 'contains_any(level:fatal | fields trace_id)'],
  forms: { functions: { contains_any: parse } },
  print: (filter, printer) => `${printer.field(filter.field)}contains_any${printList(filter, printer)}`,
  subquery: ({ subquery }) => subquery ?? null,
  withValues: ({ field }, values) => containsAnyOf(field, values),
  wants: wantsItsField,
  bind(filter) {
    const values = valuesOf(filter)
    return boundValueFilter(filter.field, containsAnyTest(values), values)
  },
}

const PASSES: ValueTest = { cost: 1, test: () => true }
/** With more, one pass over the value costs less than a search for each. */
const SEARCHES_MAX = 8
/** With more, asking a block for each costs more than one pass over its values. */
const NEEDLES_MAX = 32

export function containsAnyTest(values: readonly string[]): ValueTest {
  const phrases = [...new Set(values)]
  if (phrases.includes('')) return PASSES
  if (phrases.length > NEEDLES_MAX) return manyTest(phrases)
  const tests = phrases.map((phrase) => phraseTest(phrase, { isPrefix: false, anyCase: false }))
  const needles: TestNeedle[] = tests.flatMap((each) => each.needles ?? [])
  const asked = phrases.length <= SEARCHES_MAX ? listTest(tests) : manyTest(phrases)
  return needles.length === 0 ? asked : { ...asked, needles }
}

function listTest(tests: readonly ValueTest[]): ValueTest {
  return {
    cost: COST_SEARCH * tests.length,
    test: (data, start, end) => tests.some(({ test }) => test(data, start, end)),
  }
}

function manyTest(phrases: readonly string[]): ValueTest {
  const many = new ManyPhrases(phrases)
  return { cost: COST_FOLDED_SEARCH, test: (data, start, end) => many.hasAtLeast(1, data, start, end) }
}
