/** `quantile(0.99, a, b*)`: the value below which so large a share of the values lies, in the order of values. */
import type { FieldPattern } from '../batches/fields-wanted.ts'
import { parseFieldPattern, printFieldPatterns } from '../pipes/parts.ts'
import { normalFields } from './arguments.ts'
import type { StatsCall, StatsFunction } from './kind.ts'
import { QuantileState } from './quantile-state.ts'

export interface QuantileCall extends StatsCall {
  readonly name: 'quantile'
  /** As it was written. */
  readonly share: string
  readonly fields: readonly FieldPattern[]
}

const NUMBER = /^(?:\d+(?:\.\d*)?|\.\d+)(?:e[+-]?\d+)?$/i

/** `0.5`, `.5`, `5e-1`, `1` */
const isShare = (text: string): boolean => NUMBER.test(text) && Number(text) <= 1

export const quantileFunction: StatsFunction<QuantileCall> = {
  name: 'quantile',
  summary: 'the value below which this share of the values lies, 0 to 1; exact up to 16,384 different values',
  examples: ['* | stats by (service) quantile(0.99, took) as p99', '* | quantile(0.5, took, wait)'],
  parse(parser) {
    const { reader } = parser
    reader.expectSymbol('(', 'after `quantile`')
    const { text, span } = reader.expectPhrase('a share from 0 to 1')
    if (!isShare(text)) throw reader.problem('the first argument of `quantile` is a share from 0 to 1', span)
    const fields: FieldPattern[] = []
    while (reader.takeSymbol(',') && !reader.isSymbol(')')) fields.push(parseFieldPattern(parser))
    reader.expectSymbol(')', 'at the end of `quantile(…)`')
    return { name: 'quantile', share: text, fields: normalFields(fields) }
  },
  print({ share, fields }, printer) {
    const isOfAll = fields.some(({ name, isPrefix }) => isPrefix && name === '')
    return isOfAll ? `quantile(${share})` : `quantile(${share}, ${printFieldPatterns(fields, printer)})`
  },
  wants: ({ fields }) => fields,
  bind: ({ share, fields }, { memory }) => new QuantileState(Number(share), fields, memory),
}
