/** `min(a, b*)`, row by row. */
import { type MinCall, minFunction } from '../min.ts'
import type { RunningFunction } from './kind.ts'
import { isSmaller, RunningValue } from './value-states.ts'

export const runningMin: RunningFunction<MinCall> = {
  ...minFunction,
  bind: ({ fields }, { memory }) => new RunningValue(fields, isSmaller, true, memory),
}
