/** `avg(a, b*)`: the mean of all values that are numbers. */
import { type FieldsCall, parseStatsFields, printFields } from './arguments.ts'
import type { StatsFunction } from './kind.ts'
import { SumState } from './sum-state.ts'

export interface AvgCall extends FieldsCall {
  readonly name: 'avg'
}

export const avgFunction: StatsFunction<AvgCall> = {
  name: 'avg',
  summary: 'the mean of the numbers, `NaN` where there is none',
  examples: ['* | stats by (service) avg(took) as took'],
  parse: (parser) => ({ name: 'avg', fields: parseStatsFields(parser, 'avg') }),
  print: printFields,
  wants: ({ fields }) => fields,
  bind: ({ fields }, { memory }) => new SumState(fields, memory, (sum, count) => sum / count),
}
