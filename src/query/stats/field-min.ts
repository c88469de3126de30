/** `field_min(field, out)`: the value of `out` in the row with the smallest value in `field`. */
import type { StatsFunction } from './kind.ts'
import {
  bindFieldCall,
  type FieldCall,
  parseFieldCall,
  printFieldCall,
  wantsOfFieldCall,
} from './picking-calls.ts'

export interface FieldMinCall extends FieldCall {
  readonly name: 'field_min'
}

export const fieldMinFunction: StatsFunction<FieldMinCall> = {
  name: 'field_min',
  summary: 'the value of the second field in the row with the smallest value in the first one',
  examples: ['* | stats by (service) field_min(took, user) as user'],
  parse: (parser) => ({ name: 'field_min', ...parseFieldCall(parser, 'field_min') }),
  print: printFieldCall,
  wants: wantsOfFieldCall,
  bind: (call, context) => bindFieldCall(call, 'first', context),
}
