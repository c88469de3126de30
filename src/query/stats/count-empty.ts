/** `count_empty(a, b*)`: rows that have none of the fields. */
import { type FieldsCall, parseStatsFields, printFields } from './arguments.ts'
import { FilledCounts } from './count.ts'
import type { StatsFunction } from './kind.ts'

export interface CountEmptyCall extends FieldsCall {
  readonly name: 'count_empty'
}

export const countEmptyFunction: StatsFunction<CountEmptyCall> = {
  name: 'count_empty',
  summary: 'how many rows have none of the fields',
  examples: ['* | stats count_empty(user) as without_user'],
  parse: (parser) => ({ name: 'count_empty', fields: parseStatsFields(parser, 'count_empty') }),
  print: printFields,
  wants: ({ fields }) => fields,
  bind: ({ fields }, { memory }) => new FilledCounts(fields, memory, false),
}
