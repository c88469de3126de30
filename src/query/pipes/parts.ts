/**
 * Parts that many pipes have in common, read and printed in one place: `if (filter)`, names of fields, lists of them,
 * `as name`, and whole numbers. What a kind of pipe has for itself stays in its own file.
 */
import type { Filter } from '../ast.ts'
import {
  type FieldPattern,
  type FieldsWanted,
  isAnyWanted,
  nameOf,
  narrowedTo,
} from '../batches/fields-wanted.ts'
import type { RowBatch } from '../batches/row-batch.ts'
import { fieldsOfFilter } from '../filter-fields.ts'
import { ALL } from '../filters/all.ts'
import type { FilterPrinter } from '../filters/kind.ts'
import { MESSAGE_FIELD } from '../special-fields.ts'
import type { FilterParser } from '../syntax/filter-parser.ts'
import { parseNumber } from '../syntax/number-literal.ts'
import { shown } from '../syntax/quoting.ts'
import type { PipeContext } from './kind.ts'

const A_FIELD = 'the name of a field'

// ---- if -----------------------------------------------------------------------------------------------------

/** `if (filter)`, or null where none stands here; `if ()` is true for every row. */
export function parseIf(parser: FilterParser): Filter | null {
  const { reader } = parser
  if (!reader.takeWord('if')) return null
  reader.expectSymbol('(', 'after `if`')
  if (reader.takeSymbol(')')) return ALL
  const filter = parser.parseFilter(null)
  reader.expectSymbol(')', 'after the filter of `if`')
  return filter
}

/** With a space before it; nothing where there is no filter. */
export function printIf(filter: Filter | null, printer: FilterPrinter): string {
  return filter === null ? '' : ` if (${printer.child(filter, 0)})`
}

/** The rows of a batch that `if` lets a pipe work on: ascending; null for all. */
export function bindIf(filter: Filter | null, context: PipeContext): (batch: RowBatch) => Uint32Array | null {
  return filter === null ? () => null : context.bindFilter(filter)
}

/** Fields that the filter of an `if` looks at. */
export function fieldsOfIf(filter: Filter | null): readonly FieldPattern[] {
  return filter === null ? [] : fieldsOfFilter(filter)
}

// ---- fields that come and go --------------------------------------------------------------------------------

/** Some field of these may be wanted. */
export function areWanted(after: FieldsWanted, fields: readonly (string | FieldPattern)[]): boolean {
  return isAnyWanted(narrowedTo(after, fields.map(patternOf)))
}

const patternOf = (field: string | FieldPattern): FieldPattern =>
  typeof field === 'string' ? nameOf(field) : field

/** `leaves` of a pipe that adds fields. */
export function namesWith(
  entering: readonly string[] | null,
  names: readonly string[],
): readonly string[] | null {
  return entering === null ? null : [...new Set([...entering, ...names])]
}

// ---- names --------------------------------------------------------------------------------------------------

/** The name of one field: no `*` stands behind it. `""` is the message. `what` is for the message of an error. */
export function parseFieldName(parser: FilterParser, what = A_FIELD): string {
  const { reader } = parser
  const { text, span } = reader.expectPhrase(what, { colon: true })
  if (reader.takeJoined('*')) {
    const name = shown(`${text}*`)
    throw reader.problem(`${name} means many fields: one field is expected here, without \`*\``, span)
  }
  return parser.fieldOr(text)
}

/** The name of a field, `prefix*`, or `*` for all fields. */
export function parseFieldPattern(parser: FilterParser, what = A_FIELD): FieldPattern {
  const { reader } = parser
  if (reader.takeSymbol('*')) return { name: '', isPrefix: true }
  const { text } = reader.expectPhrase(what, { colon: true })
  const isPrefix = reader.takeJoined('*')
  return { name: isPrefix ? text : parser.fieldOr(text), isPrefix }
}

export function printFieldPattern({ name, isPrefix }: FieldPattern, printer: FilterPrinter): string {
  if (!isPrefix) return printer.phrase(name)
  return name === '' ? '*' : `${printer.phrase(name)}*`
}

/** A name, a comma, a name, … */
export function parseFieldNames(parser: FilterParser): string[] {
  return parseCommas(parser, () => parseFieldName(parser))
}

export function printFieldNames(names: readonly string[], printer: FilterPrinter): string {
  return names.map(printer.phrase).join(', ')
}

/** A name or `prefix*`, a comma, … */
export function parseFieldPatterns(parser: FilterParser): FieldPattern[] {
  return parseCommas(parser, () => parseFieldPattern(parser))
}

export function printFieldPatterns(patterns: readonly FieldPattern[], printer: FilterPrinter): string {
  return patterns.map((pattern) => printFieldPattern(pattern, printer)).join(', ')
}

/** One or more of what `parse` reads, with commas between them; none behind the last one. */
export function parseCommas<T>({ reader }: FilterParser, parse: () => T): T[] {
  const all = [parse()]
  while (reader.takeSymbol(',')) all.push(parse())
  return all
}

/** `(a, b, c)`; a comma may stand behind the last one. `where` it stands, for the message: "after `by`". */
export function parseFieldNamesInGroup(parser: FilterParser, where: string): string[] {
  return parseGroup(parser, where, () => parseFieldName(parser))
}

/** `(a, b*, c)`; a comma may stand behind the last one. */
export function parseFieldPatternsInGroup(parser: FilterParser, where: string): FieldPattern[] {
  return parseGroup(parser, where, () => parseFieldPattern(parser))
}

/** None, one or more of what `parse` reads, in parentheses, with commas between them; one may stand behind the last. */
export function parseGroup<T>({ reader }: FilterParser, where: string, parse: () => T): T[] {
  reader.expectSymbol('(', where)
  const all: T[] = []
  while (!reader.takeSymbol(')')) {
    all.push(parse())
    if (reader.takeSymbol(',')) continue
    reader.expectSymbol(')', `or \`,\` in the list ${where}`)
    break
  }
  return all
}

// ---- as, at, from, limit --------------------------------------------------------------------------------------

/** `as name` or, unless `isNeeded` says that the word must be there, only `name`. */
export function parseAs(parser: FilterParser, isNeeded = false): string {
  const isThere = parser.reader.takeWord('as')
  if (!isThere && isNeeded) throw parser.reader.expected('`as` and the name of a field')
  return parseFieldName(parser, isThere ? 'the name of a field after `as`' : undefined)
}

/** The field after a word like `at` or `from`, or the message where that word does not stand here. */
export function parseFieldAfter(parser: FilterParser, word: string): string {
  if (!parser.reader.takeWord(word)) return MESSAGE_FIELD
  return parseFieldName(parser, `the name of a field after \`${word}\``)
}

/** ` at name`; nothing for the message. */
export function printFieldAfter(word: string, name: string, printer: FilterPrinter): string {
  return name === MESSAGE_FIELD ? '' : ` ${word} ${printer.phrase(name)}`
}

const COUNT =
  /^(?:0[xX][0-9a-fA-F_]+|0[bB][01_]+|0[oO][0-7_]+|\d[\d_]*(?:\.\d[\d_]*)?(?:[KMGT]i?B?|B|[eE]\+?\d+)?)$/

/** A whole number like `100`, `1_000`, `0x10`, `1.5K`. `what` it is, for messages: "a number of rows". */
export function parseWholeNumber({ reader }: FilterParser, what: string): number {
  const { text, span } = reader.expectPhrase(what)
  const number = COUNT.test(text) ? parseNumber(text) : null
  if (number === null || (number < Number.MAX_SAFE_INTEGER && !Number.isInteger(number)))
    throw reader.problem(`${shown(text)} is not ${what}: a whole number is expected here`, span)
  if (number > Number.MAX_SAFE_INTEGER) throw reader.problem(`${shown(text)} is too large for ${what}`, span)
  return number
}
