/** `row_min(field, a, b*)`: the row with the smallest value in a field as JSON, or these fields of it. */
import type { StatsFunction } from './kind.ts'
import { bindRowCall, parseRowCall, printRowCall, type RowCall, wantsOfRowCall } from './picking-calls.ts'

export interface RowMinCall extends RowCall {
  readonly name: 'row_min'
}

export const rowMinFunction: StatsFunction<RowMinCall> = {
  name: 'row_min',
  summary: 'the row with the smallest value in the first field, as JSON, or these fields of it',
  examples: ['* | stats by (service) row_min(took) as row', '* | stats row_min(took, _time, _msg) as row'],
  parse: (parser) => ({ name: 'row_min', ...parseRowCall(parser, 'row_min') }),
  print: printRowCall,
  wants: wantsOfRowCall,
  bind: (call, context) => bindRowCall(call, 'first', context),
}
