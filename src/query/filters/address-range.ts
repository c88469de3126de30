/** What `ipv4_range(…)` and `ipv6_range(…)` have in common: a network, an address, or the first and the last of a range. */
import type { Argument, FilterParser } from '../syntax/filter-parser.ts'

/** No number is an address. */
export const NO_NUMBER = { min: Infinity, max: -Infinity }

/** The arguments, either one of them or two. */
export function parseAddressArguments(parser: FilterParser, name: string): readonly Argument[] {
  const { start, text } = parser.reader.token
  const values = parser.parseArguments(name)
  parser.refusePrefixes(name, values)
  if (values.length === 1 || values.length === 2) return values
  throw parser.reader.problem(
    `\`${name}(…)\` takes a network, an address, or the first and the last of a range`,
    { offset: start, length: text.length },
  )
}
