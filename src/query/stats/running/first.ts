/** `first(a)`: the first value of all rows so far; empty ones do not count. */
import { type FieldsCall, parseStatsFields, printFields } from '../arguments.ts'
import type { RunningFunction } from './kind.ts'
import { never, RunningValue } from './value-states.ts'

export interface FirstCall extends FieldsCall {
  readonly name: 'first'
}

export const runningFirst: RunningFunction<FirstCall> = {
  name: 'first',
  summary: 'the first value of all rows so far that is not empty',
  parse: (parser) => ({ name: 'first', fields: parseStatsFields(parser, 'first') }),
  print: printFields,
  wants: ({ fields }) => fields,
  bind: ({ fields }, { memory }) => new RunningValue(fields, never, false, memory),
}
