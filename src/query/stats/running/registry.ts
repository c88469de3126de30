/** Every function of `running_stats` and `total_stats`, one line each. */
import { assert } from '../../../base/portable.ts'
import type { StatsCall } from '../kind.ts'
import { runningCount } from './count.ts'
import { runningFirst } from './first.ts'
import type { RunningFunction } from './kind.ts'
import { runningLast } from './last.ts'
import { runningMax } from './max.ts'
import { runningMin } from './min.ts'
import { runningSum } from './sum.ts'

export const RUNNING_FUNCTIONS: readonly RunningFunction[] = [
  runningCount,
  runningFirst,
  runningLast,
  runningMax,
  runningMin,
  runningSum,
]

export const RUNNING_FUNCTIONS_BY_NAME: ReadonlyMap<string, RunningFunction> = new Map(
  RUNNING_FUNCTIONS.map((each) => [each.name, each]),
)

export function runningFunctionOf(call: StatsCall): RunningFunction {
  const found = RUNNING_FUNCTIONS_BY_NAME.get(call.name)
  assert(found !== undefined, `no function of running_stats is called ${call.name}`)
  return found
}
