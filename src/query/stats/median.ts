/** `median(a, b*)`: the value in the middle, as `quantile(0.5, …)`. */
import { type FieldsCall, parseStatsFields, printFields } from './arguments.ts'
import type { StatsFunction } from './kind.ts'
import { QuantileState } from './quantile-state.ts'

export interface MedianCall extends FieldsCall {
  readonly name: 'median'
}

export const medianFunction: StatsFunction<MedianCall> = {
  name: 'median',
  summary: 'the value in the middle, as `quantile(0.5, …)`',
  examples: ['* | stats by (service) median(took) if (took:*) as took'],
  parse: (parser) => ({ name: 'median', fields: parseStatsFields(parser, 'median') }),
  print: printFields,
  wants: ({ fields }) => fields,
  bind: ({ fields }, { memory }) => new QuantileState(0.5, fields, memory),
}
