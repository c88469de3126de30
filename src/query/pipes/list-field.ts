/** Pipes like `unpack_words from field as result`, which make a JSON array of the text of a field. */
import type { FieldsWanted } from '../batches/fields-wanted.ts'
import { isWanted, withFields, withoutFields } from '../batches/fields-wanted.ts'
import type { FilterPrinter } from '../filters/kind.ts'
import { MESSAGE_FIELD } from '../special-fields.ts'
import type { FilterParser } from '../syntax/filter-parser.ts'
import { namesWith, parseFieldName, printFieldAfter } from './parts.ts'

export interface FromAndResult {
  readonly from: string
  readonly result: string
}

/** `from name as name`, both or one of them or none, without `from` and `as` as well; `ends` are words that follow. */
export function parseFromAndResult(parser: FilterParser, ...ends: readonly string[]): FromAndResult {
  const { reader } = parser
  const isAtEnd = (): boolean => reader.isAtEndOfPart() || ends.some((word) => reader.isWord(word))
  let from = MESSAGE_FIELD
  if (reader.takeWord('from') || !(reader.isWord('as') || isAtEnd())) {
    from = parseFieldName(parser, 'the name of a field after `from`')
  }
  if (!reader.takeWord('as') && isAtEnd()) return { from, result: from }
  return { from, result: parseFieldName(parser, 'the name of a field after `as`') }
}

export function printFromAndResult({ from, result }: FromAndResult, printer: FilterPrinter): string {
  const as = result === from ? '' : ` as ${printer.phrase(result)}`
  return `${printFieldAfter('from', from, printer)}${as}`
}

/** Of a pipe that makes `result` of `from`. */
export function wantsFromAndResult({ from, result }: FromAndResult, after: FieldsWanted): FieldsWanted {
  return isWanted(after, result) ? withFields(withoutFields(after, [result]), [from]) : after
}

export function leavesFromAndResult(
  { result }: FromAndResult,
  entering: readonly string[] | null,
): readonly string[] | null {
  return namesWith(entering, [result])
}
