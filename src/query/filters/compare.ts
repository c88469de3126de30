/**
 * `field:>10`, `>=`, `<`, `<=`. The value in the query decides how: a number (with units, a duration, a size, an
 * address, a time) compares numbers; other text compares bytes; levels compare as levels (`level:>=warn`).
 */
import type { Bitset } from '../../base/base.ts'
import type { NumberRange, ValueTest } from '../../record/record.ts'
import type { Filter } from '../ast.ts'
import type { BlockView } from '../scan/block-view.ts'
import { type FieldOrder, orderOf } from '../special-fields.ts'
import { parseNumber, parseNumberBytes } from '../syntax/number-literal.ts'
import { encodeText } from '../values/text.ts'
import { boundValueFilter } from './bound-value-filter.ts'
import {
  type BoundFilter,
  COST_COMPARE,
  COST_NUMBER,
  COST_SEARCH,
  type FilterForm,
  type FilterKind,
  wantsItsField,
} from './kind.ts'

export interface CompareFilter extends Filter {
  readonly kind: 'compare'
  readonly field: string
  readonly operator: Operator
  readonly value: string
}

type Operator = keyof typeof HOLDS

/** Whether the operator holds, by how the value stands to the literal: below 0, 0, above 0. NaN holds for none. */
const HOLDS = {
  '>': (order: number) => order > 0,
  '>=': (order: number) => order >= 0,
  '<': (order: number) => order < 0,
  '<=': (order: number) => order <= 0,
} as const

const parse: FilterForm = (parser, field) => {
  const { reader } = parser
  const symbol = reader.next().text === '>' ? '>' : '<'
  const operator: Operator = reader.takeJoined('=') ? `${symbol}=` : symbol
  const { text } = reader.expectPhrase(`a value after \`${operator}\``, { colon: true })
  const filter: CompareFilter = { kind: 'compare', field: parser.fieldOr(field), operator, value: text }
  return filter
}

export const compareFilter: FilterKind<CompareFilter> = {
  kind: 'compare',
  summary: 'larger or smaller, as numbers where the query names a number',
  examples: ['status:>=500', 'took:>1.5s', 'size:<10KiB', 'name:<m', 'level:>=warn'],
  forms: { symbols: { '>': parse, '<': parse } },
  print: ({ field, operator, value }, printer) =>
    `${printer.field(field)}${operator}${printer.phrase(value)}`,
  wants: wantsItsField,
  bind({ field, operator, value }) {
    const order = orderOf(field)
    const rank = order?.rankOf(value) ?? null
    if (order !== null && rank !== null) return boundRank(order, rank, operator)
    const number = parseNumber(value)
    return boundValueFilter(field, number === null ? textTest(value, operator) : numberTest(number, operator))
  },
}

function boundRank(order: FieldOrder, rank: number, operator: Operator): BoundFilter {
  const holds = HOLDS[operator]
  return {
    cost: COST_NUMBER,
    narrow({ block }: BlockView, rows: Bitset) {
      for (let row = rows.nextSet(0); row >= 0; row = rows.nextSet(row + 1)) {
        if (!holds(order.rankOfRow(block, row) - rank)) rows.unset(row)
      }
    },
  }
}

function numberTest(number: number, operator: Operator): ValueTest {
  const holds = HOLDS[operator]
  return {
    cost: COST_SEARCH,
    test(data, start, end) {
      const value = parseNumberBytes(data, start, end)
      // Infinity - Infinity is not a number, but equal.
      return holds(value === number ? 0 : value - number)
    },
    range: rangeOf(number, operator),
  }
}

function rangeOf(number: number, operator: Operator): NumberRange {
  if (operator === '>') return { min: nextNumber(number), max: Infinity }
  if (operator === '>=') return { min: number, max: Infinity }
  return { min: -Infinity, max: operator === '<' ? -nextNumber(-number) : number }
}

/** The least number above it; infinity stays. */
export function nextNumber(number: number): number {
  if (number === 0) return Number.MIN_VALUE
  if (number === Infinity) return Infinity
  const float = new Float64Array([number])
  const bits = new BigInt64Array(float.buffer)
  bits[0] += number > 0 ? 1n : -1n
  return float[0]
}

function textTest(text: string, operator: Operator): ValueTest {
  const holds = HOLDS[operator]
  const bytes = encodeText(text)
  return { cost: COST_COMPARE, test: (data, start, end) => holds(byteOrder(data, start, end, bytes)) }
}

/** Below 0 where the value comes before the bytes, 0 where it is the same. */
export function byteOrder(data: Uint8Array, start: number, end: number, bytes: Uint8Array): number {
  const shared = Math.min(end - start, bytes.length)
  for (let index = 0; index < shared; index++) {
    if (data[start + index] !== bytes[index]) return data[start + index] - bytes[index]
  }
  return end - start - bytes.length
}
