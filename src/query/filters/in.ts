/** `field:in(a, "b c")`: the whole value is one of these texts. */
import type { Filter } from '../ast.ts'
import { decodeText, encodeText } from '../text.ts'
import type { ValueTest } from '../value-test.ts'
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

function inTest(values: readonly string[]): ValueTest {
  if (values.length <= LISTED_MAX) return listTest(values.map((value) => exactTest(value, false)))
  const wanted = new Set(values)
  const lengths = new Set(values.map((value) => encodeText(value).length))
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
