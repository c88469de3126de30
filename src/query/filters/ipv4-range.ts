/** `ip:ipv4_range(10.0.0.0, 10.0.0.255)`, `(10.0.0.0/8)`, `(10.1.2.3)`: the value is an address in this range. */
import type { Filter } from '../ast.ts'
import type { Argument, FilterParser } from '../syntax/filter-parser.ts'
import { shown } from '../syntax/quoting.ts'
import { NO_NUMBER, parseAddressArguments } from './address-range.ts'
import { boundValueFilter } from './bound-value-filter.ts'
import { IPV4_BITS, ipv4Of, ipv4OfBytes, ipv4Text, splitNetwork } from './ip-address.ts'
import { COST_COMPARE, type FilterForm, type FilterKind, wantsItsField } from './kind.ts'

export interface Ipv4RangeFilter extends Filter {
  readonly kind: 'ipv4Range'
  readonly field: string
  /** As 32-bit numbers, both inclusive. */
  readonly min: number
  readonly max: number
}

const NAME = 'ipv4_range'

const parse: FilterForm = (parser, field) => {
  const values = parseAddressArguments(parser, NAME)
  const range =
    values.length === 1
      ? readNetwork(parser, values[0])
      : { min: readAddress(parser, values[0]), max: readAddress(parser, values[1]) }
  const filter: Ipv4RangeFilter = { kind: 'ipv4Range', field: parser.fieldOr(field), ...range }
  return filter
}

function readNetwork(parser: FilterParser, argument: Argument): { min: number; max: number } {
  const network = splitNetwork(argument.text, IPV4_BITS)
  const address = network === null ? null : ipv4Of(network.address)
  if (network === null || address === null) throw refused(parser, argument, 'an address or a network')
  const size = 2 ** (IPV4_BITS - network.bits)
  const min = address - (address % size)
  return { min, max: min + size - 1 }
}

function readAddress(parser: FilterParser, argument: Argument): number {
  const address = ipv4Of(argument.text)
  if (address === null) throw refused(parser, argument, 'an address')
  return address
}

function refused({ reader }: FilterParser, argument: Argument, what: string) {
  return reader.problem(
    `${shown(argument.text)} is not ${what}: write it like 10.0.0.1 or 10.0.0.0/8`,
    argument,
  )
}

export const ipv4RangeFilter: FilterKind<Ipv4RangeFilter> = {
  kind: 'ipv4Range',
  summary: 'an IPv4 address in this range or network',
  examples: ['ip:ipv4_range(10.0.0.0/8)', 'ip:ipv4_range(192.168.0.10, 192.168.0.20)'],
  forms: { functions: { [NAME]: parse } },
  print: ({ field, min, max }, printer) =>
    `${printer.field(field)}${NAME}(${ipv4Text(min)},${ipv4Text(max)})`,
  wants: wantsItsField,
  bind({ field, min, max }) {
    return boundValueFilter(field, {
      cost: COST_COMPARE,
      test(data, start, end) {
        const address = ipv4OfBytes(data, start, end)
        return address >= min && address <= max
      },
      range: NO_NUMBER,
    })
  },
}
