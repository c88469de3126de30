/** `max(a, b*)`, row by row. */
import { type MaxCall, maxFunction } from '../max.ts'
import type { RunningFunction } from './kind.ts'
import { isLarger, RunningValue } from './value-states.ts'

export const runningMax: RunningFunction<MaxCall> = {
  ...maxFunction,
  bind: ({ fields }, { memory }) => new RunningValue(fields, isLarger, true, memory),
}
