/** What `extract` and `extract_regexp` have in common: all but the language of their patterns. */
import type { Filter } from '../ast.ts'
import { type FieldsWanted, withFields, withoutFields } from '../batches/fields-wanted.ts'
import type { FilterPrinter } from '../filters/kind.ts'
import type { FilterParser } from '../syntax/filter-parser.ts'
import type { Span } from '../syntax/problem.ts'
import { areWanted, fieldsOfIf, parseFieldAfter, parseIf, printFieldAfter, printIf } from './parts.ts'
import { type Overwrite, parseOverwrite, printOverwrite } from './result-fields.ts'

export interface Extraction {
  readonly filter: Filter | null
  readonly pattern: string
  readonly from: string
  readonly overwrite: Overwrite
}

/** `if (…) "pattern" from field`, and what is not overwritten. `check` throws where the text is no pattern. */
export function parseExtraction(
  parser: FilterParser,
  what: string,
  check: (text: string, span: Span) => void,
): Extraction {
  const { reader } = parser
  const filter = parseIf(parser)
  const { text, span } = reader.expectPhrase(what, { colon: true, asterisk: true })
  check(text, span)
  const from = parseFieldAfter(parser, 'from')
  return { filter, pattern: text, from, overwrite: parseOverwrite(parser) }
}

/** With a space before it. */
export function printExtraction(extraction: Extraction, printer: FilterPrinter): string {
  const { filter, pattern, from, overwrite } = extraction
  const source = `${printer.phrase(pattern)}${printFieldAfter('from', from, printer)}`
  return `${printIf(filter, printer)} ${source}${printOverwrite(overwrite)}`
}

/** `names` of the fields that the pattern finds. */
export function wantsOfExtraction(
  { filter, from, overwrite }: Extraction,
  names: readonly string[],
  after: FieldsWanted,
): FieldsWanted {
  if (!areWanted(after, names)) return after
  const isAlways = overwrite === 'always' && filter === null
  return withFields(isAlways ? withoutFields(after, names) : after, [from, ...fieldsOfIf(filter)])
}
