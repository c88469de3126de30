/** `values(a, b*)`: all values, in the order of records, as a JSON array; `limit N`: the first N. */

import type { RowBatch } from '../batches/row-batch.ts'
import { jsonStrings } from '../values/json-text.ts'
import { columnsOf, type LimitedCall, parseLimit, parseStatsFields, printLimited } from './arguments.ts'
import type { StatsFunction } from './kind.ts'
import { textsAt } from './late-texts.ts'
import { ListState } from './list-state.ts'

export interface ValuesCall extends LimitedCall {
  readonly name: 'values'
}

export const valuesFunction: StatsFunction<ValuesCall> = {
  name: 'values',
  summary: 'all values as a JSON array, empty ones too; with `limit N`, the first N',
  examples: ['* | stats by (service) values(user) as users', '* | stats values(user) limit 10'],
  parse: (parser) => ({
    name: 'values',
    fields: parseStatsFields(parser, 'values'),
    limit: parseLimit(parser),
  }),
  print: printLimited,
  wants: ({ fields }) => fields,
  bind: ({ fields, limit }, { memory }) =>
    new ListState({
      readTexts: (batch) => readValues(batch, fields),
      limit,
      by: [],
      print: jsonStrings,
      memory,
    }),
}

/** What only a prefix means is left out where it is empty. */
function readValues(
  batch: RowBatch,
  fields: ValuesCall['fields'],
): (rows: Uint32Array) => (readonly string[])[] {
  const all = columnsOf(batch, fields)
  const named = all.filter(({ isNamed }) => isNamed)
  const others = all.filter(({ isNamed }) => !isNamed).toSorted((a, b) => (a.name < b.name ? -1 : 1))
  const columns = [...named, ...others]
  return (rows) => {
    const lists = columns.map(({ name, isNamed }) => ({ isNamed, texts: textsAt(batch, name, rows) }))
    return Array.from(rows, (_, at) =>
      lists.filter(({ isNamed, texts }) => isNamed || texts[at] !== '').map(({ texts }) => texts[at]),
    )
  }
}
