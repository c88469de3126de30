/**
 * `fields a, b, c*`: only these fields, in this order; `*` is all of them. A field that a record does not have is left
 * out. What comes out is values, not records, also with `*`: a protocol that prints records in a short form of its
 * own then prints all that there is.
 */
import type { Pipe } from '../ast.ts'
import type { FilterParser } from '../filter-parser.ts'
import type { Row, RowField } from '../row.ts'
import { rowFields } from '../row-fields.ts'
import type { PipeKind } from './kind.ts'

export interface FieldsPipe extends Pipe {
  readonly kind: 'fields'
  readonly fields: readonly FieldPattern[]
}

/** A name, or the beginning of names. */
export interface FieldPattern {
  readonly name: string
  readonly isPrefix: boolean
}

export const fieldsPipe: PipeKind<FieldsPipe> = {
  kind: 'fields',
  names: ['fields', 'keep'],
  summary: 'only these fields, in this order; `*` is all, `http.*` all that begin so',
  examples: ['error | fields _time, service, _msg', 'error | keep http.*', '* | fields *'],
  isLive: true,
  parse(parser) {
    const fields = [readPattern(parser)]
    while (parser.reader.takeSymbol(',')) fields.push(readPattern(parser))
    return { kind: 'fields', fields }
  },
  print: ({ fields }, printer) =>
    `fields ${fields.map((pattern) => printPattern(pattern, printer.phrase)).join(', ')}`,
  bindRow({ fields }) {
    if (fields.some(isEverything)) return (row) => ({ kind: 'values', values: rowFields(row) })
    return (row) => ({ kind: 'values', values: chosen(row, fields) })
  },
}

function readPattern({ reader, fieldOr }: FilterParser): FieldPattern {
  if (reader.takeSymbol('*')) return { name: '', isPrefix: true }
  const { text } = reader.expectPhrase('the name of a field', { colon: true })
  const isPrefix = reader.takeJoined('*')
  return { name: isPrefix ? text : fieldOr(text), isPrefix }
}

function printPattern({ name, isPrefix }: FieldPattern, printPhrase: (text: string) => string): string {
  if (!isPrefix) return printPhrase(name)
  return name === '' ? '*' : `${printPhrase(name)}*`
}

function isEverything({ name, isPrefix }: FieldPattern): boolean {
  return isPrefix && name === ''
}

function chosen(row: Row, patterns: readonly FieldPattern[]): RowField[] {
  const fields = rowFields(row)
  const values = new Map<string, RowField>()
  for (const { name, isPrefix } of patterns) {
    for (const field of fields) {
      if (isPrefix ? field.name.startsWith(name) : field.name === name) values.set(field.name, field)
    }
  }
  return [...values.values()]
}
