/** What `replace` and `replace_regexp` have in common: `if (filter) ("what", "by what") at field limit N`. */
import type { Filter, Pipe } from '../ast.ts'
import { type FieldsWanted, isWanted, withFields } from '../batches/fields-wanted.ts'
import type { FilterPrinter } from '../filters/kind.ts'
import type { FilterParser } from '../syntax/filter-parser.ts'
import type { Phrase } from '../syntax/token-reader.ts'
import { BatchMemory } from './batch-memory.ts'
import type { BatchMap, PipeContext } from './kind.ts'
import { mapTexts } from './map-texts.ts'
import {
  bindIf,
  fieldsOfIf,
  parseFieldAfter,
  parseIf,
  parseWholeNumber,
  printFieldAfter,
  printIf,
} from './parts.ts'

export interface ReplacedField extends Pipe {
  readonly filter: Filter | null
  readonly what: string
  readonly by: string
  readonly field: string
  /** At most so many times in a value; 0: everywhere. */
  readonly limit: number
}

type Parts = Omit<ReplacedField, 'kind'>

/** `check` sees what is to be replaced. */
export function parseReplacedField(
  parser: FilterParser,
  name: string,
  check?: (what: Phrase) => void,
): Parts {
  const { reader } = parser
  const filter = parseIf(parser)
  reader.expectSymbol('(', `after \`${name}\``)
  const what = reader.expectPhrase('what is to be replaced', { colon: true, asterisk: true })
  check?.(what)
  reader.expectSymbol(',', 'after what is to be replaced')
  const by = reader.expectPhrase('what takes its place', { colon: true, asterisk: true })
  reader.expectSymbol(')', 'after what takes its place')
  const field = parseFieldAfter(parser, 'at')
  const limit = reader.takeWord('limit') ? parseWholeNumber(parser, 'a number of times') : 0
  return { filter, what: what.text, by: by.text, field, limit }
}

/** Behind the name of the pipe. */
export function printReplacedField(parts: Parts, printer: FilterPrinter): string {
  const { filter, what, by, field, limit } = parts
  const texts = `(${printer.phrase(what)}, ${printer.phrase(by)})`
  const end = limit === 0 ? '' : ` limit ${limit}`
  return `${printIf(filter, printer)} ${texts}${printFieldAfter('at', field, printer)}${end}`
}

export function replacedFieldWants({ filter, field }: Parts, after: FieldsWanted): FieldsWanted {
  return isWanted(after, field) ? withFields(after, fieldsOfIf(filter)) : after
}

/** `replace` may fail for a text that gets too long: QUERY_TOO_LARGE. */
export function bindReplacedField(
  { filter, field }: Parts,
  context: PipeContext,
  replace: (text: string, memory: BatchMemory) => string,
): BatchMap {
  const find = bindIf(filter, context)
  const memory = new BatchMemory(context.memory)
  const map = (text: string): string => replace(text, memory)
  return (batch) => {
    memory.begin()
    return mapTexts(batch, field, find(batch), map)
  }
}
