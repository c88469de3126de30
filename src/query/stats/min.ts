/** `min(a, b*)`: the smallest value, numbers as numbers and times as times (value-order.ts); a row without the field is empty. */
import { type FieldsCall, parseStatsFields, printFields } from './arguments.ts'
import { ExtremeState } from './extreme-state.ts'
import type { StatsFunction } from './kind.ts'

export interface MinCall extends FieldsCall {
  readonly name: 'min'
}

export const minFunction: StatsFunction<MinCall> = {
  name: 'min',
  summary: 'the smallest value, of numbers, times and other texts; a row without the field counts as empty',
  examples: ['* | stats by (service) min(took) if (took:*) as took', '* | min(_time)'],
  parse: (parser) => ({ name: 'min', fields: parseStatsFields(parser, 'min') }),
  print: printFields,
  wants: ({ fields }) => fields,
  bind: ({ fields }, { memory }) => new ExtremeState(fields, memory, 'first'),
}
