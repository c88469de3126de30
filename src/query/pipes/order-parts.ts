/** What `sort`, `first`, `last`, `top` and the like have in common: how it is read and printed. */

import type { OrderField, RowOrder } from '../batches/row-order.ts'
import type { FilterPrinter } from '../filters/kind.ts'
import type { FilterParser } from '../syntax/filter-parser.ts'
import { isSymbol } from '../syntax/token-reader.ts'
import {
  parseFieldName,
  parseFieldNamesInGroup,
  parseGroup,
  parseWholeNumber,
  printFieldNames,
} from './parts.ts'

// ---- counts -------------------------------------------------------------------------------------------------

/** A whole number where something stands that begins with a digit, else null. `what` it is, for messages. */
export function parseCountIfAny(parser: FilterParser, what: string): number | null {
  const { kind, text } = parser.reader.token
  return kind === 'word' && /^\d/.test(text) ? parseWholeNumber(parser, what) : null
}

// ---- by -----------------------------------------------------------------------------------------------------

/** `by (a, b desc)`, `(a, b)`, or nothing: no field. */
export function parseOrderBy(parser: FilterParser): OrderField[] {
  const { reader } = parser
  if (!reader.takeWord('by') && !reader.isSymbol('(')) return []
  return parseGroup(parser, 'after `by`', () => parseOrderField(parser))
}

function parseOrderField(parser: FilterParser): OrderField {
  const field = parseFieldName(parser)
  const isDesc = parser.reader.takeWord('desc')
  if (!isDesc) parser.reader.takeWord('asc')
  return { field, isDesc }
}

/** With a space before it; nothing where there is no field. */
export function printOrderBy(by: readonly OrderField[], printer: FilterPrinter): string {
  const fields = by.map(({ field, isDesc }) => printer.phrase(field) + (isDesc ? ' desc' : ''))
  return fields.length === 0 ? '' : ` by (${fields.join(', ')})`
}

/** Rows that are the same in all fields are in the order of their records, in the direction of the last field. */
export function rowOrderOf(by: readonly OrderField[], isDesc: boolean): RowOrder {
  const fields = by.map((each) => ({ field: each.field, isDesc: each.isDesc !== isDesc }))
  return { by: fields, isNewestFirst: fields.at(-1)?.isDesc ?? isDesc }
}

// ---- partition ------------------------------------------------------------------------------------------------

/** Behind the word `partition`. */
export function parsePartition(parser: FilterParser): string[] {
  const { reader } = parser
  reader.takeWord('by')
  const start = reader.token
  const fields = parseFieldNamesInGroup(parser, 'after `partition by`')
  if (fields.length > 0) return fields
  const span = { offset: start.start, length: 1 }
  throw reader.problem('`partition by` needs the name of a field', span)
}

export function printPartition(fields: readonly string[], printer: FilterPrinter): string {
  return fields.length === 0 ? '' : ` partition by (${printFieldNames(fields, printer)})`
}

// ---- rank ---------------------------------------------------------------------------------------------------

const RANK_FIELD = 'rank'

/** Words that may stand behind `rank` without being its name. */
const AFTER_RANK = ['limit', 'offset', 'partition', 'hits', 'rank']

/** Behind the word `rank`: `as name`, `name`, or nothing. */
export function parseRank(parser: FilterParser): string {
  const { reader } = parser
  if (reader.takeWord('as')) return parseFieldName(parser, 'the name of a field after `rank as`')
  const isName =
    !reader.isAtEndOfPart() && !isSymbol(reader.token, ',') && !AFTER_RANK.some((word) => reader.isWord(word))
  return isName ? parseFieldName(parser) : RANK_FIELD
}

export function printRank(rankAs: string | null, printer: FilterPrinter): string {
  if (rankAs === null) return ''
  return rankAs === RANK_FIELD ? ' rank' : ` rank as ${printer.phrase(rankAs)}`
}

/** A name that none of `taken` has: with as many of its last letter behind it as it takes. */
export function freeName(name: string, taken: readonly string[]): string {
  let free = name
  while (taken.includes(free)) free += name.at(-1)
  return free
}
