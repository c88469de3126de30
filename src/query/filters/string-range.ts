/** `field:string_range(a, b)`: the text is `a` or behind it, and before `b`, byte by byte. */
import type { Filter } from '../ast.ts'
import { encodeText } from '../values/text.ts'
import { boundValueFilter } from './bound-value-filter.ts'
import { byteOrder } from './compare.ts'
import { COST_COMPARE, type FilterForm, type FilterKind, wantsItsField } from './kind.ts'

export interface StringRangeFilter extends Filter {
  readonly kind: 'stringRange'
  readonly field: string
  readonly min: string
  /** Not in the range itself. */
  readonly max: string
}

const parse: FilterForm = (parser, field) => {
  const start = parser.reader.token
  const values = parser.parseArguments('string_range')
  parser.refusePrefixes('string_range', values)
  if (values.length !== 2)
    throw parser.reader.problem('`string_range(…)` takes two values', {
      offset: start.start,
      length: start.text.length,
    })
  const [min, max] = values
  const filter: StringRangeFilter = {
    kind: 'stringRange',
    field: parser.fieldOr(field),
    min: min.text,
    max: max.text,
  }
  return filter
}

export const stringRangeFilter: FilterKind<StringRangeFilter> = {
  kind: 'stringRange',
  summary: 'the text is the first one or behind it, and before the second one, in the order of bytes',
  examples: ['user:string_range(a, n)', 'version:string_range("1.", "2.")'],
  forms: { functions: { string_range: parse } },
  print: ({ field, min, max }, printer) =>
    `${printer.field(field)}string_range(${printer.phrase(min)},${printer.phrase(max)})`,
  wants: wantsItsField,
  bind({ field, min, max }) {
    const first = encodeText(min)
    const beyond = encodeText(max)
    return boundValueFilter(field, {
      cost: COST_COMPARE,
      test: (data, start, end) =>
        byteOrder(data, start, end, first) >= 0 && byteOrder(data, start, end, beyond) < 0,
    })
  },
}
