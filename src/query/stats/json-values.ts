/** `json_values(a, b*)`: all rows as a JSON array of objects; `sort by (…)` puts them in order, `limit N` takes the first. */

import type { OrderField } from '../batches/row-order.ts'
import { parseOrderBy, printOrderBy } from '../pipes/order-parts.ts'
import { isEverything, type LimitedCall, parseLimit, parseStatsFields, printFields } from './arguments.ts'
import type { StatsFunction } from './kind.ts'
import { ListState } from './list-state.ts'
import { readRowTexts } from './row-text.ts'

export interface JsonValuesCall extends LimitedCall {
  readonly name: 'json_values'
  readonly by: readonly OrderField[]
}

export const jsonValuesFunction: StatsFunction<JsonValuesCall> = {
  name: 'json_values',
  summary: 'all rows as a JSON array, or these fields of them; `sort by (…)` and `limit N` may follow',
  examples: [
    'error | stats by (service) json_values(_time, _msg) limit 3 as rows',
    'error | stats by (service) json_values() sort by (_time desc) limit 3 as newest',
  ],
  parse(parser) {
    const fields = parseStatsFields(parser, 'json_values')
    const by = parser.reader.takeWord('sort') ? parseOrderBy(parser) : []
    return { name: 'json_values', fields, by, limit: parseLimit(parser) }
  },
  print(call, printer) {
    const { fields, by, limit } = call
    const name = fields.some(isEverything) ? 'json_values()' : printFields(call, printer)
    return `${name}${by.length === 0 ? '' : ` sort${printOrderBy(by, printer)}`}${limit === 0 ? '' : ` limit ${limit}`}`
  },
  wants: ({ fields, by }) => [...fields, ...by.map(({ field }) => ({ name: field, isPrefix: false }))],
  bind: ({ fields, by, limit }, { memory }) =>
    new ListState({
      readTexts(batch) {
        const textsOf = readRowTexts(batch, fields)
        return (rows) => textsOf(rows).map((text) => [text])
      },
      limit,
      by,
      print: (texts) => `[${texts.join(',')}]`,
      memory,
    }),
}
