/**
 * `field:value_type(uint8)`: what the value looks like: the narrowest of these types that prints it as it stands. In
 * LogsQL it asks how a block stores the column; here the answer is one of the value, so that it stays the same when
 * records are sealed and merged.
 */
import type { Filter } from '../ast.ts'
import { boundValueFilter } from './bound-value-filter.ts'
import { COST_SEARCH, type FilterForm, type FilterKind, wantsItsField } from './kind.ts'

export interface ValueTypeFilter extends Filter {
  readonly kind: 'valueType'
  readonly field: string
  readonly type: string
}

const parse: FilterForm = (parser, field) => {
  const [argument] = parser.parseArguments('value_type', 1)
  parser.refusePrefixes('value_type', [argument])
  const filter: ValueTypeFilter = { kind: 'valueType', field: parser.fieldOr(field), type: argument.text }
  return filter
}

export const valueTypeFilter: FilterKind<ValueTypeFilter> = {
  kind: 'valueType',
  summary: 'the value looks like uint8, uint16, uint32, uint64, int64, float64, ipv4, iso8601 or string',
  examples: ['status:value_type(uint16)', 'ip:value_type(ipv4)'],
  forms: { functions: { value_type: parse } },
  print: ({ field, type }, printer) => `${printer.field(field)}value_type(${printer.phrase(type)})`,
  wants: wantsItsField,
  bind({ field, type }) {
    return boundValueFilter(field, {
      cost: COST_SEARCH,
      test: (data, start, end) => valueType(data, start, end) === type,
    })
  },
}

const UNSIGNED_MAX: readonly (readonly [bigint, string])[] = [
  [0xffn, 'uint8'],
  [0xffffn, 'uint16'],
  [0xffff_ffffn, 'uint32'],
  [0xffff_ffff_ffff_ffffn, 'uint64'],
]
const INT64_MIN = -(2n ** 63n)
const WHOLE = /^(?:0|-?[1-9]\d{0,19})$/
const DECIMAL = /^-?(?:0|[1-9]\d{0,19})\.\d{1,20}$/
const IPV4 = /^(?:\d{1,3}\.){3}\d{1,3}$/
const ISO8601 = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/
/** No value of another type is longer. */
const LENGTH_MAX = 48
const NOTHING = ''
const STRING = 'string'

/** Nothing for an empty value. */
function valueType(data: Uint8Array, start: number, end: number): string {
  if (start === end) return NOTHING
  if (end - start > LENGTH_MAX) return STRING
  let text = ''
  for (let at = start; at < end; at++) text += String.fromCharCode(data[at])
  if (WHOLE.test(text)) return wholeType(BigInt(text))
  if (DECIMAL.test(text)) return String(Number(text)) === text ? 'float64' : STRING
  if (IPV4.test(text) && text.split('.').every(isOctet)) return 'ipv4'
  return ISO8601.test(text) && !Number.isNaN(Date.parse(text)) ? 'iso8601' : STRING
}

const isOctet = (part: string): boolean => Number(part) <= 0xff && String(Number(part)) === part

function wholeType(value: bigint): string {
  if (value < 0n) return value >= INT64_MIN ? 'int64' : STRING
  return UNSIGNED_MAX.find(([max]) => value <= max)?.[1] ?? STRING
}
