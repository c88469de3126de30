/** Pipes like `len(field) as result`, which make one field of the text of another one. */
import type { Pipe } from '../ast.ts'
import { isWanted, withFields, withoutFields } from '../batches/fields-wanted.ts'
import { MESSAGE_FIELD } from '../special-fields.ts'
import type { FilterParser } from '../syntax/filter-parser.ts'
import type { PipeKind } from './kind.ts'
import { mappedColumn } from './mapped-column.ts'
import { parseAs, parseFieldName, printFieldAfter } from './parts.ts'

export interface FieldFunctionPipe<K extends string = string> extends Pipe {
  readonly kind: K
  readonly field: string
  /** Where it goes. */
  readonly result: string
}

export interface FieldFunction<K extends string> {
  readonly kind: K
  readonly summary: string
  readonly examples: readonly string[]
  /** What the text becomes; of an absent field it is empty. */
  make(text: string): string
}

/** Without `as`, the result is the message. */
export function fieldFunctionPipe<K extends string>({
  kind,
  summary,
  examples,
  make,
}: FieldFunction<K>): PipeKind<FieldFunctionPipe<K>> {
  return {
    kind,
    names: [kind],
    summary,
    examples,
    isLive: true,
    keepsRows: true,
    parse: (parser) => ({ kind, ...parseParts(parser, kind) }),
    print: ({ field, result }, printer) =>
      `${kind}(${printer.phrase(field)})${printFieldAfter('as', result, printer)}`,
    wants: ({ field, result }, after) =>
      isWanted(after, result) ? withFields(withoutFields(after, [result]), [field]) : after,
    leaves: ({ result }, entering) => (entering === null ? null : [...new Set([...entering, result])]),
    bindBatch:
      ({ field, result }) =>
      (batch) =>
        batch.with(result, mappedColumn(batch, field, make)),
  }
}

function parseParts(parser: FilterParser, kind: string): { field: string; result: string } {
  const { reader } = parser
  const isInGroup = reader.takeSymbol('(')
  const field = parseFieldName(parser)
  if (isInGroup) reader.expectSymbol(')', `after the field of \`${kind}\``)
  return { field, result: reader.isAtEndOfPart() ? MESSAGE_FIELD : parseAs(parser) }
}
