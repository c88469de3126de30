/** Every function of `stats`, one line each. */
import { assert } from '../../base/portable.ts'
import { anyFunction } from './any.ts'
import { avgFunction } from './avg.ts'
import { countFunction } from './count.ts'
import { countEmptyFunction } from './count-empty.ts'
import { countUniqFunction } from './count-uniq.ts'
import { countUniqHashFunction } from './count-uniq-hash.ts'
import { fieldMaxFunction } from './field-max.ts'
import { fieldMinFunction } from './field-min.ts'
import { histogramFunction } from './histogram.ts'
import { jsonValuesFunction } from './json-values.ts'
import type { StatsCall, StatsFunction } from './kind.ts'
import { maxFunction } from './max.ts'
import { medianFunction } from './median.ts'
import { minFunction } from './min.ts'
import { quantileFunction } from './quantile.ts'
import { rateFunction } from './rate.ts'
import { rateSumFunction } from './rate-sum.ts'
import { rowAnyFunction } from './row-any.ts'
import { rowMaxFunction } from './row-max.ts'
import { rowMinFunction } from './row-min.ts'
import { stddevFunction } from './stddev.ts'
import { sumFunction } from './sum.ts'
import { sumLenFunction } from './sum-len.ts'
import { uniqValuesFunction } from './uniq-values.ts'
import { valuesFunction } from './values.ts'

export const STATS_FUNCTIONS: readonly StatsFunction[] = [
  anyFunction,
  avgFunction,
  countFunction,
  countEmptyFunction,
  countUniqFunction,
  countUniqHashFunction,
  fieldMaxFunction,
  fieldMinFunction,
  histogramFunction,
  jsonValuesFunction,
  maxFunction,
  medianFunction,
  minFunction,
  quantileFunction,
  rateFunction,
  rateSumFunction,
  rowAnyFunction,
  rowMaxFunction,
  rowMinFunction,
  stddevFunction,
  sumFunction,
  sumLenFunction,
  uniqValuesFunction,
  valuesFunction,
]

export const STATS_FUNCTIONS_BY_NAME: ReadonlyMap<string, StatsFunction> = new Map(
  STATS_FUNCTIONS.map((each) => [each.name, each]),
)

export function statsFunctionOf(call: StatsCall): StatsFunction {
  const found = STATS_FUNCTIONS_BY_NAME.get(call.name)
  assert(found !== undefined, `no function of stats is called ${call.name}`)
  return found
}
