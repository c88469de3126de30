/** Calls that take the row with the smallest or the largest value in a field. */
import type { FieldPattern } from '../batches/fields-wanted.ts'
import type { RowBatch } from '../batches/row-batch.ts'
import type { FilterPrinter } from '../filters/kind.ts'
import type { PipeContext } from '../pipes/kind.ts'
import { parseFieldName, parseFieldPatternsInGroup, printFieldPatterns } from '../pipes/parts.ts'
import type { FilterParser } from '../syntax/filter-parser.ts'
import { isEverything, normalFields } from './arguments.ts'
import type { StatsCall, StatsState } from './kind.ts'
import { textsAt } from './late-texts.ts'
import { type PickableRows, PickState } from './pick-state.ts'
import { readRowTexts } from './row-text.ts'

/** `row_max(field, out, …)`; without `out`, the whole row. */
export interface RowCall extends StatsCall {
  readonly field: string
  readonly fields: readonly FieldPattern[]
}

export function parseRowCall(parser: FilterParser, name: string): Omit<RowCall, 'name'> {
  const { reader } = parser
  const start = reader.token.start
  const [first, ...fields] = parseFieldPatternsInGroup(parser, `after \`${name}\``)
  if (first === undefined || first.isPrefix) {
    const message = `\`${name}\` needs the name of a field first: \`${name}(took, _msg)\``
    throw reader.problem(message, { offset: start, length: (reader.previous?.end ?? start + 1) - start })
  }
  return { field: first.name, fields: normalFields(fields) }
}

export function printRowCall({ name, field, fields }: RowCall, printer: FilterPrinter): string {
  const out = fields.some(isEverything) ? '' : `, ${printFieldPatterns(fields, printer)}`
  return `${name}(${printer.phrase(field)}${out})`
}

export const wantsOfRowCall = ({ field, fields }: RowCall): readonly FieldPattern[] => [
  { name: field, isPrefix: false },
  ...fields,
]

export function bindRowCall(
  { field, fields }: RowCall,
  wants: 'first' | 'last',
  { memory }: PipeContext,
): StatsState {
  return new PickState({ field, wants }, (batch) => ({ textsOf: readRowTexts(batch, fields) }), '{}', memory)
}

/** `field_max(field, out)`. */
export interface FieldCall extends StatsCall {
  readonly field: string
  readonly out: string
}

export function parseFieldCall(parser: FilterParser, name: string): Omit<FieldCall, 'name'> {
  const { reader } = parser
  reader.expectSymbol('(', `after \`${name}\``)
  const field = parseFieldName(parser)
  reader.expectSymbol(',', `and a second field: \`${name}(took, user)\``)
  const out = parseFieldName(parser)
  reader.expectSymbol(')', `at the end of \`${name}(…)\``)
  return { field, out }
}

export function printFieldCall({ name, field, out }: FieldCall, printer: FilterPrinter): string {
  return `${name}(${printer.phrase(field)}, ${printer.phrase(out)})`
}

export const wantsOfFieldCall = ({ field, out }: FieldCall): readonly FieldPattern[] => [
  { name: field, isPrefix: false },
  { name: out, isPrefix: false },
]

export function bindFieldCall(
  { field, out }: FieldCall,
  wants: 'first' | 'last',
  { memory }: PipeContext,
): StatsState {
  const readTexts = (batch: RowBatch): PickableRows => {
    return { textsOf: (rows) => textsAt(batch, out, rows) }
  }
  return new PickState({ field, wants }, readTexts, '', memory)
}
