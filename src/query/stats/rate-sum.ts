/** `rate_sum(a, b*)`: the sum of the numbers a second of the step of time, or of the query's time range: see rate.ts. */
import { type FieldsCall, parseStatsFields, printFields } from './arguments.ts'
import type { StatsFunction } from './kind.ts'
import { rateSecondsOf } from './rate-range.ts'
import { SumState } from './sum-state.ts'

export interface RateSumCall extends FieldsCall {
  readonly name: 'rate_sum'
}

export const rateSumFunction: StatsFunction<RateSumCall> = {
  name: 'rate_sum',
  summary: "the sum of the numbers a second, in each step of `by (_time:5m)`, else in the query's time range",
  examples: ['_time:5m | stats by (service) rate_sum(bytes) as bytes_a_second'],
  parse: (parser) => ({ name: 'rate_sum', fields: parseStatsFields(parser, 'rate_sum') }),
  print: printFields,
  wants: ({ fields }) => fields,
  bind({ fields }, { memory, settings }) {
    const seconds = rateSecondsOf(settings)
    return new SumState(fields, memory, (sum) => sum / seconds)
  },
}
