/**
 * `count_uniq(a, b)`: different tuples of values that are not all empty. Values are told apart by 96 bits of a keyed hash
 * (value-hash.ts), so that each takes 16 bytes however long it is.
 */
import { type LimitedCall, parseLimit, parseNamedFields, printLimited } from './arguments.ts'
import { DistinctState } from './distinct-state.ts'
import type { StatsFunction } from './kind.ts'

export interface CountUniqCall extends LimitedCall {
  readonly name: 'count_uniq'
}

export const countUniqFunction: StatsFunction<CountUniqCall> = {
  name: 'count_uniq',
  summary: 'how many different values there are, or tuples of values; with `limit N`, counted up to N',
  examples: [
    '* | stats count_uniq(user) as users',
    '* | stats by (service) count_uniq(host, user) limit 1000',
  ],
  parse: (parser) => ({
    name: 'count_uniq',
    fields: parseNamedFields(parser, 'count_uniq'),
    limit: parseLimit(parser),
  }),
  print: printLimited,
  wants: ({ fields }) => fields,
  bind: ({ fields, limit }, context) => new DistinctState(fields, limit, 3, context),
}
