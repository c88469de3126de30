/**
 * `ip:ipv6_range(fe80::, fe80::ff)`, `(2001:db8::/32)`, `(::1)`: the value is an address in this range. An IPv4 address
 * `a.b.c.d` is `::ffff:a.b.c.d`.
 */
import type { Filter } from '../ast.ts'
import type { Argument, FilterParser } from '../syntax/filter-parser.ts'
import { shown } from '../syntax/quoting.ts'
import { NO_NUMBER, parseAddressArguments } from './address-range.ts'
import { boundValueFilter } from './bound-value-filter.ts'
import { compareIpv6, IPV6_BITS, ipv6End, ipv6Text, newIpv6, readIpv6, splitNetwork } from './ip-address.ts'
import { COST_FOLDED_SEARCH, type FilterForm, type FilterKind, wantsItsField } from './kind.ts'

export interface Ipv6RangeFilter extends Filter {
  readonly kind: 'ipv6Range'
  readonly field: string
  /** In their shortest forms, both inclusive. */
  readonly min: string
  readonly max: string
}

const NAME = 'ipv6_range'

const parse: FilterForm = (parser, field) => {
  const values = parseAddressArguments(parser, NAME)
  const [min, max] =
    values.length === 1
      ? readNetwork(parser, values[0])
      : values.map((value) => readAddress(parser, value, value.text))
  const filter: Ipv6RangeFilter = {
    kind: 'ipv6Range',
    field: parser.fieldOr(field),
    min: ipv6Text(min),
    max: ipv6Text(max),
  }
  return filter
}

function readNetwork(parser: FilterParser, argument: Argument): Uint16Array[] {
  const network = splitNetwork(argument.text, IPV6_BITS)
  const address = readAddress(parser, argument, network?.address ?? '')
  return [false, true].map((isLast) => ipv6End(address, network?.bits ?? 0, isLast))
}

function readAddress({ reader }: FilterParser, argument: Argument, text: string): Uint16Array {
  const groups = newIpv6()
  if (readIpv6(text, groups)) return groups
  throw reader.problem(
    `${shown(argument.text)} is no IPv6 address or network: write it like 2001:db8::/32`,
    argument,
  )
}

export const ipv6RangeFilter: FilterKind<Ipv6RangeFilter> = {
  kind: 'ipv6Range',
  summary: 'an IPv6 address in this range or network; IPv4 counts as ::ffff:a.b.c.d',
  examples: ['ip:ipv6_range("2001:db8::/32")', 'ip:ipv6_range("fe80::1", "fe80::ff")'],
  forms: { functions: { [NAME]: parse } },
  print: ({ field, min, max }, printer) =>
    `${printer.field(field)}${NAME}(${printer.phrase(min)},${printer.phrase(max)})`,
  wants: wantsItsField,
  bind({ field, min, max }) {
    const [first, last] = [min, max].map(groupsOf)
    const groups = newIpv6()
    return boundValueFilter(field, {
      cost: COST_FOLDED_SEARCH,
      test: (data, start, end) =>
        readGroups(data, start, end, groups) &&
        compareIpv6(groups, first) >= 0 &&
        compareIpv6(groups, last) <= 0,
      range: NO_NUMBER,
    })
  },
}

function groupsOf(text: string): Uint16Array {
  const groups = newIpv6()
  readIpv6(text, groups)
  return groups
}

const ADDRESS_LENGTH_MIN = 2
const ADDRESS_LENGTH_MAX = 45

function readGroups(data: Uint8Array, start: number, end: number, groups: Uint16Array): boolean {
  if (end - start < ADDRESS_LENGTH_MIN || end - start > ADDRESS_LENGTH_MAX) return false
  let text = ''
  for (let at = start; at < end; at++) {
    // Digits, a to f, points and colons.
    if (data[at] < 0x2e || data[at] > 0x66) return false
    text += String.fromCharCode(data[at])
  }
  return readIpv6(text, groups)
}
