/** `field:len_range(5, 10)`: so many characters, both ends included. A byte that is not UTF-8 counts as one. */
import type { ValueTest } from '../../record/record.ts'
import type { Filter } from '../ast.ts'
import type { Argument, FilterParser } from '../syntax/filter-parser.ts'
import { parseNumber } from '../syntax/number-literal.ts'
import { shown } from '../syntax/quoting.ts'
import { sequenceLength } from '../values/text.ts'
import { boundValueFilter } from './bound-value-filter.ts'
import { COST_COMPARE, type FilterForm, type FilterKind, wantsItsField } from './kind.ts'

export interface LenRangeFilter extends Filter {
  readonly kind: 'lenRange'
  readonly field: string
  /** `inf` where it is open. */
  readonly min: number | 'inf'
  readonly max: number | 'inf'
}

const parse: FilterForm = (parser, field) => {
  const start = parser.reader.token
  const values = parser.parseArguments('len_range')
  parser.refusePrefixes('len_range', values)
  if (values.length !== 2)
    throw parser.reader.problem('`len_range(…)` takes two lengths', {
      offset: start.start,
      length: start.text.length,
    })
  const [min, max] = values.map((value) => readLength(parser, value))
  const filter: LenRangeFilter = { kind: 'lenRange', field: parser.fieldOr(field), min, max }
  return filter
}

function readLength({ reader }: FilterParser, argument: Argument): number | 'inf' {
  const { text } = argument
  const length = parseNumber(text) ?? Number.NaN
  if (length === Infinity) return 'inf'
  if (Number.isInteger(length) && length >= 0) return length
  throw reader.problem(`${shown(text)} is no length: write a whole number like 100, or inf`, argument)
}

export const lenRangeFilter: FilterKind<LenRangeFilter> = {
  kind: 'lenRange',
  summary: 'the value has so many characters, both ends included',
  examples: ['len_range(1000, inf)', 'user:len_range(1, 3)'],
  forms: { functions: { len_range: parse } },
  print: ({ field, min, max }, printer) => `${printer.field(field)}len_range(${min},${max})`,
  wants: wantsItsField,
  bind: ({ field, min, max }) => boundValueFilter(field, lengthTest(lengthOf(min), lengthOf(max))),
}

const lengthOf = (length: number | 'inf'): number => (length === 'inf' ? Infinity : length)

const CHARACTER_BYTES_MAX = 4

function lengthTest(min: number, max: number): ValueTest {
  return {
    cost: COST_COMPARE,
    characters: { min, max },
    test(data, start, end) {
      const bytes = end - start
      if (bytes < min) return false
      if (bytes <= max && bytes >= min * CHARACTER_BYTES_MAX) return true
      if (bytes > max * CHARACTER_BYTES_MAX) return false
      const characters = countCharacters(data, start, end)
      return characters >= min && characters <= max
    },
  }
}

function countCharacters(data: Uint8Array, start: number, end: number): number {
  let count = 0
  for (let at = start; at < end; count++) at += data[at] < 0x80 ? 1 : sequenceLength(data, at, end) || 1
  return count
}
