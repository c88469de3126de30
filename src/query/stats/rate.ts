/** `rate()`: rows a second of the step of time, where rows are by steps, or of the query's time range. */
import type { MemoryShare } from '../batches/memory-share.ts'
import { numberText } from '../values/number-text.ts'
import { parseNoFields } from './arguments.ts'
import { RowCounts } from './count.ts'
import type { StatsCall, StatsFunction } from './kind.ts'
import { rateSecondsOf } from './rate-range.ts'

export interface RateCall extends StatsCall {
  readonly name: 'rate'
}

export const rateFunction: StatsFunction<RateCall> = {
  name: 'rate',
  summary: "rows a second, in each step of `by (_time:5m)`, else in the query's time range",
  examples: [
    '_time:5m error | stats by (service) rate() as errors_a_second',
    '_time:1d error | stats by (_time:5m) rate() as errors_a_second',
  ],
  parse(parser) {
    parseNoFields(parser, 'rate')
    return { name: 'rate' }
  },
  print: () => 'rate()',
  wants: () => [],
  bind: (_call, { memory, settings }) => new RateState(memory, rateSecondsOf(settings)),
}

class RateState extends RowCounts {
  readonly #seconds: number

  constructor(memory: MemoryShare, seconds: number) {
    super(memory)
    this.#seconds = seconds
  }

  override texts(groupCount: number): string[] {
    const counts = this.counts.grow(groupCount)
    return Array.from({ length: groupCount }, (_, group) => numberText(counts[group] / this.#seconds))
  }
}
