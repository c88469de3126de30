/** `field:in(a, "b c")`, `field:in(query)`: the whole value is one of these texts, or of those that the query gives. */
import type { TestNeedle, ValueTest } from '../../record/record.ts'
import type { Filter } from '../ast.ts'
import { decodeText, encodeText } from '../values/text.ts'
import { ALL } from './all.ts'
import { boundValueFilter } from './bound-value-filter.ts'
import { exactTest } from './exact.ts'
import { COST_COMPARE, type FilterForm, type FilterKind, wantsItsField } from './kind.ts'
import { type ListNode, parseList, printList, valuesOf } from './list-arguments.ts'

export interface InFilter extends Filter, ListNode {
  readonly kind: 'in'
  readonly field: string
}

const parse: FilterForm = (parser, field) => {
  const list = parseList(parser, 'in')
  if (list === null) return ALL
  const filter: InFilter = { kind: 'in', field: parser.fieldOr(field), ...list }
  return filter
}

export function inOf(field: string, values: readonly string[]): InFilter {
  return { kind: 'in', field, values }
}

export const inFilter: FilterKind<InFilter> = {
  kind: 'in',
  summary: 'the whole value is one of these, or of those that a query gives',
  examples: ['status:in(500, 502, 503)', 'service:in(api, "web app")', 'user:in(level:error | fields user)'],
  forms: { functions: { in: parse } },
  print: (filter, printer) => `${printer.field(filter.field)}in${printList(filter, printer)}`,
  subquery: ({ subquery }) => subquery ?? null,
  withValues: ({ field }, values) => inOf(field, values),
  wants: wantsItsField,
  bind(filter) {
    const values = valuesOf(filter)
    return boundValueFilter(filter.field, inTest(values), values)
  },
}

const LISTED_MAX = 8
/** With more, asking for each costs more than looking at the values. */
const NEEDLES_MAX = 1000

export function inTest(values: readonly string[]): ValueTest {
  const distinct = new Set(values)
  if (distinct.size > NEEDLES_MAX) return setTest(values)
  const tests = Array.from(distinct, (value) => exactTest(value, false))
  const needles = needlesOf(tests)
  return { ...(tests.length <= LISTED_MAX ? listTest(tests) : setTest(values)), ...(needles && { needles }) }
}

/** Nothing is known where one of the values is empty, or where there are none. */
function needlesOf(tests: readonly ValueTest[]): TestNeedle[] | null {
  if (tests.length === 0) return null
  return tests.every(({ needles }) => needles !== undefined)
    ? tests.flatMap(({ needles }) => needles ?? [])
    : null
}

function setTest(values: readonly string[]): ValueTest {
  const encoded = values.map(encodeText)
  // One text for the same bytes, however the query spelled them.
  const wanted = new Set(encoded.map(decodeText))
  const lengths = new Set(encoded.map(({ length }) => length))
  return {
    cost: COST_COMPARE * 4,
    test: (data, start, end) =>
      lengths.has(end - start) && wanted.has(decodeText(new Uint8Array(data.subarray(start, end)))),
  }
}

function listTest(tests: readonly ValueTest[]): ValueTest {
  return {
    cost: COST_COMPARE * 2,
    test: (data, start, end) => tests.some(({ test }) => test(data, start, end)),
  }
}
