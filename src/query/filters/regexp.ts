/**
 * `~"pattern"`, `re("pattern")`: the pattern (RE2 syntax, linear time) is found somewhere in the value. A pattern that
 * is plain text is a substring search. What a value must hold to match at all is searched for in bytes first.
 */
import type { Filter } from '../ast.ts'
import { compileLinear } from '../regexp/linear.ts'
import { regexpTest } from '../regexp/value-test.ts'
import type { Span } from '../syntax/problem.ts'
import { quote } from '../syntax/quoting.ts'
import { ALL } from './all.ts'
import { boundValueFilter } from './bound-value-filter.ts'
import { type FilterForm, type FilterKind, wantsItsField } from './kind.ts'
import { prefixOf } from './prefix.ts'

export { regexpTest } from '../regexp/value-test.ts'

export interface RegexpFilter extends Filter {
  readonly kind: 'regexp'
  readonly field: string
  readonly pattern: string
}

/** The filter in its simplest form. QUERY_SYNTAX for a pattern that is not valid; `span` is where it stands. */
export function regexpOf(field: string, pattern: string, span: Span): Filter {
  compileLinear(pattern, span)
  if (pattern === '.*') return ALL
  if (pattern === '.+') return prefixOf(field, '')
  const regexp: RegexpFilter = { kind: 'regexp', field, pattern }
  return regexp
}

const parseSymbol: FilterForm = (parser, field) => {
  const { reader } = parser
  reader.next()
  const isQuoted = reader.token.kind === 'quoted'
  const phrase = reader.expectPhrase('a regular expression after `~`', { colon: true, asterisk: true })
  const { text, span } = phrase
  if (isQuoted && !phrase.isQuoted)
    throw reader.problem('a regular expression in quotes ends with them: put all of it into quotes', span)
  return regexpOf(parser.fieldOr(field), text, span)
}

const parseFunction: FilterForm = (parser, field) => {
  const [{ text, isPrefix, offset, length }] = parser.parseArguments('re', 1)
  return regexpOf(parser.fieldOr(field), isPrefix ? `${text}*` : text, { offset, length })
}

export const regexpFilter: FilterKind<RegexpFilter> = {
  kind: 'regexp',
  summary: 'a regular expression (RE2 syntax) is found in the value; plain text is a substring',
  examples: ['~"of size 6"', '~"took [0-9]+ms"', 'path:~"^/api/v[12]/"', '~"(?i)failed"', 're("a|b")'],
  forms: { functions: { re: parseFunction }, symbols: { '~': parseSymbol } },
  print: ({ field, pattern }, printer) => `${printer.field(field)}~${quote(pattern)}`,
  wants: wantsItsField,
  bind: ({ field, pattern }) => boundValueFilter(field, regexpTest(pattern)),
}
