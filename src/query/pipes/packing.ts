/** What `pack_json` and `pack_logfmt` have in common: all fields of a row, or those that are named, become one text. */
import { FIELD_STRING } from '../../record/record.ts'
import type { Pipe } from '../ast.ts'
import {
  type FieldPattern,
  isWanted,
  matchesPattern,
  withEveryField,
  withFields,
  withoutFields,
} from '../batches/fields-wanted.ts'
import type { RowBatch } from '../batches/row-batch.ts'
import { MESSAGE_FIELD } from '../special-fields.ts'
import type { FilterParser } from '../syntax/filter-parser.ts'
import type { PipeKind } from './kind.ts'
import {
  namesWith,
  parseAs,
  parseFieldPatternsInGroup,
  printFieldAfter,
  printFieldPatterns,
} from './parts.ts'

export interface PackPipe<K extends string = string> extends Pipe {
  readonly kind: K
  /** In the order in which they are packed; empty: all. */
  readonly fields: readonly FieldPattern[]
  readonly result: string
}

export interface PackFormat<K extends string> {
  readonly kind: K
  readonly summary: string
  readonly examples: readonly string[]
  /** Before the first field, between fields, behind the last one. */
  readonly marks: readonly [string, string, string]
  /** A name, with what stands before its value. */
  name(name: string): string
  /** A value that is not empty; `isText` is false for what came as a JSON number, boolean, array or object. */
  value(text: string, isText: boolean): string
}

export function packPipe<K extends string>(format: PackFormat<K>): PipeKind<PackPipe<K>> {
  const { kind, summary, examples } = format
  return {
    kind,
    names: [kind],
    summary,
    examples,
    isLive: true,
    keepsRows: true,
    parse: (parser) => ({ kind, ...parseParts(parser) }),
    print({ fields, result }, printer) {
      const list = fields.length === 0 ? '' : ` fields (${printFieldPatterns(fields, printer)})`
      return `${kind}${list}${printFieldAfter('as', result, printer)}`
    },
    wants({ fields, result }, after) {
      if (!isWanted(after, result)) return after
      if (fields.length === 0) return withEveryField(withoutFields(after, [result]))
      return withFields(withoutFields(after, [result]), fields)
    },
    leaves: ({ result }, entering) => namesWith(entering, [result]),
    bindBatch:
      ({ fields, result }) =>
      (batch) =>
        batch.with(result, packedTexts(batch, fields, format)),
  }
}

function parseParts(parser: FilterParser): { fields: FieldPattern[]; result: string } {
  const { reader } = parser
  const hasFields = reader.takeWord('fields')
  const fields = hasFields ? parseFieldPatternsInGroup(parser, 'after `fields`') : []
  if (hasFields && fields.length === 0) throw reader.problem('no field is named between `(` and `)`')
  return { fields, result: reader.isAtEndOfPart() ? MESSAGE_FIELD : parseAs(parser) }
}

interface PackedColumn {
  readonly name: string
  /** By row; nothing for an empty field. */
  readonly values: readonly string[]
}

function packedTexts<K extends string>(
  batch: RowBatch,
  fields: readonly FieldPattern[],
  format: PackFormat<K>,
): string[] {
  const columns = namesOf(batch, fields).map((name) => packedColumn(batch, name, format))
  const [before, between, behind] = format.marks
  const texts = new Array<string>(batch.rowCount)
  for (let row = 0; row < texts.length; row++) {
    let text = ''
    for (let at = 0; at < columns.length; at++) {
      const value = columns[at].values[row]
      if (value !== '') text += (text === '' ? '' : between) + columns[at].name + value
    }
    texts[row] = before + text + behind
  }
  return texts
}

/** Each once: in the order of the list, and for a prefix in the order of the fields. */
function namesOf(batch: RowBatch, fields: readonly FieldPattern[]): string[] {
  const { names } = batch
  if (fields.length === 0) return names
  const asked = fields.flatMap((field) =>
    field.isPrefix ? names.filter((name) => matchesPattern(name, field)) : [field.name],
  )
  return [...new Set(asked)].filter((name) => batch.column(name) !== null)
}

function packedColumn<K extends string>(batch: RowBatch, name: string, format: PackFormat<K>): PackedColumn {
  const column = batch.column(name)!
  const kinds = column.kinds()
  const texts = column.texts()
  const values = new Array<string>(texts.length)
  for (let row = 0; row < texts.length; row++) {
    const isSame = row > 0 && texts[row] === texts[row - 1] && kinds?.[row] === kinds?.[row - 1]
    if (isSame) values[row] = values[row - 1]
    else if (texts[row] === '') values[row] = ''
    else values[row] = format.value(texts[row], kinds === null || kinds[row] === FIELD_STRING)
  }
  return { name: format.name(name), values }
}
