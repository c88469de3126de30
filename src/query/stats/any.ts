/** `any(a, b)`: a value of the group that is not empty: of the first row that has one, in its first field that has one. */
import type { RowBatch } from '../batches/row-batch.ts'
import { columnsOf, type FieldsCall, parseStatsFields, printFields } from './arguments.ts'
import { filledRows } from './filled-rows.ts'
import type { StatsFunction } from './kind.ts'
import { textsAt } from './late-texts.ts'
import { type PickableRows, PickState } from './pick-state.ts'

export interface AnyCall extends FieldsCall {
  readonly name: 'any'
}

export const anyFunction: StatsFunction<AnyCall> = {
  name: 'any',
  summary: 'a value that is not empty: the first one',
  examples: ['* | stats by (service) any(host) as host'],
  parse: (parser) => ({ name: 'any', fields: parseStatsFields(parser, 'any') }),
  print: printFields,
  wants: ({ fields }) => fields,
  bind: ({ fields }, { memory }) => new PickState(null, (batch) => readAny(batch, fields), '', memory),
}

function readAny(batch: RowBatch, fields: AnyCall['fields']): PickableRows {
  const filled = filledRows(batch, fields)
  const names = columnsOf(batch, fields).map(({ name }) => name)
  const textsOf = (rows: Uint32Array): string[] => {
    const columns = names.map((name) => textsAt(batch, name, rows))
    return Array.from(rows, (_, at) => columns.find((texts) => texts[at] !== '')?.[at] ?? '')
  }
  return {
    counts: typeof filled === 'number' ? new Uint8Array(batch.rowCount).fill(filled) : filled,
    textsOf,
  }
}
