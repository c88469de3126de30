/**
 * `field:range(1, 10]`, `field:[1, 10)`: the value is a number in this interval; a parenthesis leaves its end out.
 * Numbers may be durations, sizes, addresses and times, as in comparisons.
 */
import type { ValueTest } from '../../record/record.ts'
import type { Filter } from '../ast.ts'
import type { FilterParser } from '../syntax/filter-parser.ts'
import { parseNumber, parseNumberBytes } from '../syntax/number-literal.ts'
import { shown } from '../syntax/quoting.ts'
import { boundValueFilter } from './bound-value-filter.ts'
import { nextNumber } from './compare.ts'
import { COST_SEARCH, type FilterForm, type FilterKind, wantsItsField } from './kind.ts'

export interface RangeFilter extends Filter {
  readonly kind: 'range'
  readonly field: string
  /** Numbers as they were written. */
  readonly min: string
  readonly max: string
  readonly hasMin: boolean
  readonly hasMax: boolean
}

const parseFunction: FilterForm = (parser, field) => {
  parser.reader.next()
  return parseInterval(parser, parser.fieldOr(field))
}

const parseSymbol: FilterForm = (parser, field) => {
  if (field === null)
    throw parser.reader.problem('a range stands behind the name of a field: `took:[1s, 5s)`')
  return parseInterval(parser, parser.fieldOr(field))
}

function parseInterval(parser: FilterParser, field: string): RangeFilter {
  const { reader } = parser
  if (!reader.isSymbol('[') && !reader.isSymbol('('))
    throw reader.expected('`[` or `(` at the beginning of the range')
  const hasMin = reader.next().text === '['
  const min = readNumber(parser, 'the least number of the range')
  reader.expectSymbol(',', 'and the largest number of the range')
  const max = readNumber(parser, 'the largest number of the range')
  if (!reader.isSymbol(']') && !reader.isSymbol(')'))
    throw reader.expected('`]` or `)` at the end of the range')
  const hasMax = reader.next().text === ']'
  return { kind: 'range', field, min, max, hasMin, hasMax }
}

function readNumber({ reader }: FilterParser, what: string): string {
  const { text, span } = reader.expectPhrase(what, { colon: true })
  if (parseNumber(text) !== null) return text
  throw reader.problem(`${shown(text)} is no number: write it like 10, 1.5KiB, 300ms or 10.0.0.1`, span)
}

export const rangeFilter: FilterKind<RangeFilter> = {
  kind: 'range',
  summary: 'a number from one to another; a parenthesis leaves the end out',
  examples: [
    'status:range[500, 600)',
    'took:[100ms, 1.5s]',
    'ip:range(10.0.0.0, 10.0.0.255]',
    'size:range(10KiB, inf)',
  ],
  forms: { functions: { range: parseFunction }, symbols: { '[': parseSymbol } },
  print: ({ field, min, max, hasMin, hasMax }, { field: printField, phrase }) =>
    `${printField(field)}range${hasMin ? '[' : '('}${phrase(min)},${phrase(max)}${hasMax ? ']' : ')'}`,
  wants: wantsItsField,
  bind: ({ field, min, max, hasMin, hasMax }) =>
    boundValueFilter(field, rangeTest(numberOf(min), numberOf(max), hasMin, hasMax)),
}

const numberOf = (text: string): number => parseNumber(text) ?? Number.NaN

function rangeTest(min: number, max: number, hasMin: boolean, hasMax: boolean): ValueTest {
  // Nothing is above infinity.
  const isEmpty = min > max || (min === max && !(hasMin && hasMax))
  const first = hasMin || min === Infinity ? min : nextNumber(min)
  const last = hasMax || max === -Infinity ? max : -nextNumber(-max)
  return {
    cost: COST_SEARCH,
    test(data, start, end) {
      const value = parseNumberBytes(data, start, end)
      return value >= first && value <= last && !isEmpty
    },
    range: { min: first, max: last },
  }
}
