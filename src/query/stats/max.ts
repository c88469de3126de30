/** `max(a, b*)`: the largest value, numbers as numbers and times as times (value-order.ts); a row without the field is empty. */
import { type FieldsCall, parseStatsFields, printFields } from './arguments.ts'
import { ExtremeState } from './extreme-state.ts'
import type { StatsFunction } from './kind.ts'

export interface MaxCall extends FieldsCall {
  readonly name: 'max'
}

export const maxFunction: StatsFunction<MaxCall> = {
  name: 'max',
  summary: 'the largest value, of numbers, times and other texts; a row without the field counts as empty',
  examples: ['* | stats by (service) max(took) if (took:*) as took', '* | max(_time)'],
  parse: (parser) => ({ name: 'max', fields: parseStatsFields(parser, 'max') }),
  print: printFields,
  wants: ({ fields }) => fields,
  bind: ({ fields }, { memory }) => new ExtremeState(fields, memory, 'last'),
}
