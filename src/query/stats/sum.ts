/** `sum(a, b*)`: of all values that are numbers, durations in nanoseconds and sizes in bytes among them. */
import { type FieldsCall, parseStatsFields, printFields } from './arguments.ts'
import type { StatsFunction } from './kind.ts'
import { SumState } from './sum-state.ts'

export interface SumCall extends FieldsCall {
  readonly name: 'sum'
}

export const sumFunction: StatsFunction<SumCall> = {
  name: 'sum',
  summary: 'the sum of the numbers, `NaN` where there is none',
  examples: ['* | stats by (service) sum(bytes) as bytes', '* | sum(http.*)'],
  parse: (parser) => ({ name: 'sum', fields: parseStatsFields(parser, 'sum') }),
  print: printFields,
  wants: ({ fields }) => fields,
  bind: ({ fields }, { memory }) => new SumState(fields, memory, (sum) => sum),
}
