/** `last(a)`: the last value of all rows so far; empty ones do not count. */
import { type FieldsCall, parseStatsFields, printFields } from '../arguments.ts'
import type { RunningFunction } from './kind.ts'
import { always, RunningValue } from './value-states.ts'

export interface LastCall extends FieldsCall {
  readonly name: 'last'
}

export const runningLast: RunningFunction<LastCall> = {
  name: 'last',
  summary: 'the last value of all rows so far that is not empty',
  parse: (parser) => ({ name: 'last', fields: parseStatsFields(parser, 'last') }),
  print: printFields,
  wants: ({ fields }) => fields,
  bind: ({ fields }, { memory }) => new RunningValue(fields, always, false, memory),
}
