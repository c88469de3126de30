/** Arguments that many functions of `stats` have: fields, `prefix*`, `*` and `limit N`. */
import type { BatchColumn } from '../batches/batch-column.ts'
import { type FieldPattern, matchesPattern } from '../batches/fields-wanted.ts'
import type { RowBatch } from '../batches/row-batch.ts'
import type { FilterPrinter } from '../filters/kind.ts'
import {
  parseFieldNamesInGroup,
  parseFieldPatternsInGroup,
  parseWholeNumber,
  printFieldPatterns,
} from '../pipes/parts.ts'
import type { FilterParser } from '../syntax/filter-parser.ts'
import { quote } from '../syntax/quoting.ts'
import type { StatsCall } from './kind.ts'

export interface FieldsCall extends StatsCall {
  readonly fields: readonly FieldPattern[]
}

/** With `limit N`; 0 stands for none. */
export interface LimitedCall extends FieldsCall {
  readonly limit: number
}

const ALL_FIELDS: readonly FieldPattern[] = [{ name: '', isPrefix: true }]

/** `(a, b, c*)`; none, or `*` among them, are all fields. */
export function parseStatsFields(parser: FilterParser, name: string): readonly FieldPattern[] {
  return normalFields(parseFieldPatternsInGroup(parser, `after \`${name}\``))
}

export function normalFields(fields: readonly FieldPattern[]): readonly FieldPattern[] {
  return fields.length === 0 || fields.some(isEverything) ? ALL_FIELDS : fields
}

export function isEverything({ name, isPrefix }: FieldPattern): boolean {
  return isPrefix && name === ''
}

/** `(a, b)`: names only, and at least one. */
export function parseNamedFields(parser: FilterParser, name: string): readonly FieldPattern[] {
  const { reader } = parser
  const names = parseFieldNamesInGroup(parser, `after \`${name}\``)
  if (names.length === 0) throw reader.problem(`\`${name}\` needs the name of a field: \`${name}(user)\``)
  return names.map((field) => ({ name: field, isPrefix: false }))
}

/** Nothing but `()`. */
export function parseNoFields({ reader }: FilterParser, name: string): void {
  reader.expectSymbol('(', `after \`${name}\``)
  if (!reader.takeSymbol(')')) throw reader.problem(`\`${name}()\` takes no field`)
}

export function parseLimit(parser: FilterParser): number {
  return parser.reader.takeWord('limit') ? parseWholeNumber(parser, 'a number behind `limit`') : 0
}

export function printFields({ name, fields }: FieldsCall, printer: FilterPrinter): string {
  return `${name}(${printFieldPatterns(fields, printer)})`
}

export function printLimited(call: LimitedCall, printer: FilterPrinter): string {
  return printFields(call, printer) + (call.limit === 0 ? '' : ` limit ${call.limit}`)
}

// ---- names of results ---------------------------------------------------------------------------------------

const BARE = /^[\p{L}\p{Nd}_.]+$/u

/** The call as text, as short as it can be: the name of a result that got none. */
export const NAME_PRINTER: FilterPrinter = {
  phrase: (text) => (BARE.test(text) ? text : quote(text)),
  field: () => '',
  child: () => '',
  query: () => '',
}

// ---- columns ------------------------------------------------------------------------------------------------

/** A column that a call reads: each once, also where two of its arguments mean it. */
export interface ArgumentColumn {
  readonly name: string
  /** Null: all rows are empty. */
  readonly column: BatchColumn | null
  /**
   * The query named the field itself, so that a row without it has the empty text. What only a prefix means is not there
   * where it is empty.
   */
  readonly isNamed: boolean
}

export function columnsOf(batch: RowBatch, fields: readonly FieldPattern[]): ArgumentColumn[] {
  const columns = new Map<string, ArgumentColumn>()
  for (const field of fields) {
    if (field.isPrefix) continue
    columns.set(field.name, { name: field.name, column: batch.column(field.name), isNamed: true })
  }
  for (const field of fields.filter(({ isPrefix }) => isPrefix)) {
    for (const [name, column] of batch.columns) {
      if (!columns.has(name) && matchesPattern(name, field))
        columns.set(name, { name, column, isNamed: false })
    }
  }
  return [...columns.values()]
}
