/** `field_max(field, out)`: the value of `out` in the row with the largest value in `field`. */
import type { StatsFunction } from './kind.ts'
import {
  bindFieldCall,
  type FieldCall,
  parseFieldCall,
  printFieldCall,
  wantsOfFieldCall,
} from './picking-calls.ts'

export interface FieldMaxCall extends FieldCall {
  readonly name: 'field_max'
}

export const fieldMaxFunction: StatsFunction<FieldMaxCall> = {
  name: 'field_max',
  summary: 'the value of the second field in the row with the largest value in the first one',
  examples: ['* | stats by (service) field_max(took, user) as user'],
  parse: (parser) => ({ name: 'field_max', ...parseFieldCall(parser, 'field_max') }),
  print: printFieldCall,
  wants: wantsOfFieldCall,
  bind: (call, context) => bindFieldCall(call, 'last', context),
}
