/**
 * A query as LogsQL text: what `parseQuery` reads back as the same query. Words that mean something are quoted, so
 * that a text found here can stand anywhere in a query.
 */
import type { Filter, Pipe, Query } from '../ast.ts'
import { type FilterPrinter, PRECEDENCE_LEAF } from '../filters/kind.ts'
import { FIELD_FORMS, FUNCTION_FORMS, filterKindOf } from '../filters/registry.ts'
import { PIPE_NAMES, pipeKindOf } from '../pipes/registry.ts'
import { MESSAGE_FIELD, SPECIAL_FIELDS } from '../special-fields.ts'
import { printOptions } from './options.ts'
import { quote } from './quoting.ts'

const BARE = /^[\p{L}\p{Nd}_.]+$/u
const RESERVED_WORDS: ReadonlySet<string> = new Set([
  'and',
  'or',
  'not',
  'options',
  'if',
  ...FUNCTION_FORMS.keys(),
  ...PIPE_NAMES,
])

export function printQuery(query: Query): string {
  const text = [printFilter(query.filter), ...query.pipes.map(printPipe)].join(' | ')
  return query.options === undefined ? text : `${printOptions(query.options)} ${text}`
}

export function printFilter(filter: Filter): string {
  return printer.child(filter, 0)
}

export function printPipe(pipe: Pipe): string {
  return pipeKindOf(pipe).print(pipe, printer)
}

const printer: FilterPrinter = {
  child(filter, precedence) {
    const kind = filterKindOf(filter)
    const text = kind.print(filter, printer)
    return (kind.precedence ?? PRECEDENCE_LEAF) < precedence ? `(${text})` : text
  },
  field: (name) => (name === MESSAGE_FIELD ? '' : `${printFieldName(name)}:`),
  phrase: printPhrase,
  query: printQuery,
}

/** A name that means something else where it stands without quotes is quoted. */
function printFieldName(name: string): string {
  return FIELD_FORMS.has(name) && !SPECIAL_FIELDS.has(name) ? quote(name) : printPhrase(name)
}

function printPhrase(text: string): string {
  return BARE.test(text) && !RESERVED_WORDS.has(text.toLowerCase()) ? text : quote(text)
}
