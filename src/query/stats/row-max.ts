/** `row_max(field, a, b*)`: the row with the largest value in a field as JSON, or these fields of it. */
import type { StatsFunction } from './kind.ts'
import { bindRowCall, parseRowCall, printRowCall, type RowCall, wantsOfRowCall } from './picking-calls.ts'

export interface RowMaxCall extends RowCall {
  readonly name: 'row_max'
}

export const rowMaxFunction: StatsFunction<RowMaxCall> = {
  name: 'row_max',
  summary: 'the row with the largest value in the first field, as JSON, or these fields of it',
  examples: ['* | stats by (service) row_max(took) as row', '* | stats row_max(took, _time, _msg) as row'],
  parse: (parser) => ({ name: 'row_max', ...parseRowCall(parser, 'row_max') }),
  print: printRowCall,
  wants: wantsOfRowCall,
  bind: (call, context) => bindRowCall(call, 'last', context),
}
