/** `row_any(a, b*)`: a row of the group, the first one, as JSON. */
import { type FieldsCall, isEverything, parseStatsFields, printFields } from './arguments.ts'
import type { StatsFunction } from './kind.ts'
import { PickState } from './pick-state.ts'
import { readRowTexts } from './row-text.ts'

export interface RowAnyCall extends FieldsCall {
  readonly name: 'row_any'
}

export const rowAnyFunction: StatsFunction<RowAnyCall> = {
  name: 'row_any',
  summary: 'the first row as JSON, or these fields of it',
  examples: [
    '* | stats by (service) row_any() as sample',
    '* | stats by (service) row_any(_time, _msg) as sample',
  ],
  parse: (parser) => ({ name: 'row_any', fields: parseStatsFields(parser, 'row_any') }),
  print: (call, printer) => (call.fields.some(isEverything) ? 'row_any()' : printFields(call, printer)),
  wants: ({ fields }) => fields,
  bind: ({ fields }, { memory }) =>
    new PickState(null, (batch) => ({ textsOf: readRowTexts(batch, fields) }), '{}', memory),
}
