/** `field:in(a, "b c")`: the whole value is one of these texts. */
import type { TestNeedle, ValueTest } from '../../record/record.ts'
import type { Filter } from '../ast.ts'
import { decodeText, encodeText } from '../text.ts'
import { ALL } from './all.ts'
import { boundValueFilter } from './bound-value-filter.ts'
import { exactTest } from './exact.ts'
import { COST_COMPARE, type FilterForm, type FilterKind } from './kind.ts'

export interface InFilter extends Filter {
  readonly kind: 'in'
  readonly field: string
  readonly values: readonly string[]
}

const parse: FilterForm = (parser, field) => {
  if (parser.reader.isQueryGroup()) throw parser.reader.notBuilt('a query within `in(…)`')
  const values = parser.parseArguments('in')
  if (values.length === 1 && values[0].isPrefix && values[0].text === '') return ALL
  parser.refusePrefixes('in', values)
  const filter: InFilter = {
    kind: 'in',
    field: parser.fieldOr(field),
    values: values.map(({ text }) => text),
  }
  return filter
}

export const inFilter: FilterKind<InFilter> = {
  kind: 'in',
  summary: 'the whole value is one of these',
  examples: ['status:in(500, 502, 503)', 'service:in(api, "web app")'],
  forms: { functions: { in: parse } },
  print: ({ field, values }, printer) => `${printer.field(field)}in(${values.map(printer.phrase).join(',')})`,
  bind: ({ field, values }) => boundValueFilter(field, inTest(values), values),
}

const LISTED_MAX = 8
/** With more, asking for each costs more than looking at the values. */
const NEEDLES_MAX = 1000

export function inTest(values: readonly string[]): ValueTest {
  const tests = [...new Set(values)].map((value) => exactTest(value, false))
  const needles = needlesOf(tests)
  return { ...(tests.length <= LISTED_MAX ? listTest(tests) : setTest(values)), ...(needles && { needles }) }
}

/** Nothing is known where one of the values is empty, or where there are none. */
function needlesOf(tests: readonly ValueTest[]): TestNeedle[] | null {
  if (tests.length === 0 || tests.length > NEEDLES_MAX) return null
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
