/**
 * `~"pattern"`, `re("pattern")`: the pattern (RE2 syntax, linear time) is found somewhere in the value. A pattern that
 * is plain text is a substring search. What a value must hold to match at all is searched for in bytes first.
 */
import { RE2JS } from 're2js'
import { CodedError, Needle } from '../../base/base.ts'
import type { TestNeedle, ValueTest } from '../../record/record.ts'
import type { Filter } from '../ast.ts'
import { hasAsciiLetter, isAscii } from '../folding.ts'
import { type Span, syntaxProblem } from '../problem.ts'
import { inert, quote, shown } from '../quoting.ts'
import { type RequiredLiteral, requiredLiteral } from '../required-literal.ts'
import { encodeText } from '../text.ts'
import { ALL } from './all.ts'
import { boundValueFilter } from './bound-value-filter.ts'
import {
  COST_FOLDED_SEARCH,
  COST_REGEXP,
  COST_SEARCH,
  type FilterForm,
  type FilterKind,
  wantsItsField,
} from './kind.ts'
import { prefixOf } from './prefix.ts'

export interface RegexpFilter extends Filter {
  readonly kind: 'regexp'
  readonly field: string
  readonly pattern: string
}

/** Instructions of a compiled pattern. Matching a byte may cost a step for each. */
const PROGRAM_SIZE_MAX = 10_000

/** The filter in its simplest form. QUERY_SYNTAX for a pattern that is not valid; `span` is where it stands. */
export function regexpOf(field: string, pattern: string, span: Span): Filter {
  compile(pattern, span)
  if (pattern === '.*') return ALL
  if (pattern === '.+') return prefixOf(field, '')
  const regexp: RegexpFilter = { kind: 'regexp', field, pattern }
  return regexp
}

function compile(pattern: string, span: Span): RE2JS {
  const compiled = tryCompile(pattern, span)
  if (compiled.programSize() <= PROGRAM_SIZE_MAX) return compiled
  const message = `the regular expression ${shown(pattern)} is too large: use fewer or smaller repetitions`
  throw new CodedError('QUERY_TOO_LARGE', message, { details: { ...span } })
}

function tryCompile(pattern: string, span: Span): RE2JS {
  try {
    return RE2JS.compile(pattern)
  } catch (error) {
    const reason = error instanceof Error ? error.message.replace('error parsing regexp: ', '') : ''
    throw syntaxProblem(`the regular expression is not valid: ${inert(reason).replaceAll('`', "'")}`, span)
  }
}

const parseSymbol: FilterForm = (parser, field) => {
  const { reader } = parser
  reader.next()
  const { text, span } = reader.expectPhrase('a regular expression after `~`', {
    colon: true,
    asterisk: true,
  })
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

export function regexpTest(pattern: string): ValueTest {
  const required = requiredLiteral(pattern)
  if (required === null) return plainRegexpTest(pattern)
  if (required.anyCase) return anyCaseTest(pattern, required)
  const needle = new Needle(encodeText(required.text))
  return required.isWhole ? substringTest(needle) : guardedTest(pattern, needle)
}

function plainRegexpTest(pattern: string): ValueTest {
  const compiled = RE2JS.compile(pattern)
  return { cost: COST_REGEXP, test: (data, start, end) => compiled.test(data.subarray(start, end)) }
}

function substringTest(needle: Needle): ValueTest {
  return {
    cost: COST_SEARCH,
    test: (data, start, end) => needle.indexIn(data, start, end) >= 0,
    needles: [substringNeedle(needle, true)],
  }
}

function guardedTest(pattern: string, needle: Needle): ValueTest {
  const regexp = plainRegexpTest(pattern)
  return {
    cost: COST_FOLDED_SEARCH,
    test: (data, start, end) => needle.indexIn(data, start, end) >= 0 && regexp.test(data, start, end),
    needles: [substringNeedle(needle, false)],
  }
}

function substringNeedle({ bytes }: Needle, decides: boolean): TestNeedle {
  return { bytes, startsWord: false, endsWord: false, isWhole: false, decides }
}

/** `k` and `s` are the letters that have another case beyond ASCII: the Kelvin sign and the long s. */
const HAS_FOREIGN_CASE = /[ks]/i

function anyCaseTest(pattern: string, { text, isWhole }: RequiredLiteral): ValueTest {
  const regexp = plainRegexpTest(pattern)
  const needle = new Needle(encodeText(text), true)
  const isTold = !HAS_FOREIGN_CASE.test(text)
  return {
    cost: COST_FOLDED_SEARCH,
    test(data, start, end) {
      const isFound = needle.indexIn(data, start, end) >= 0
      if (isFound && isWhole) return true
      if (!isFound && (isTold || isAscii(data, start, end))) return false
      return regexp.test(data, start, end)
    },
    ...(!hasAsciiLetter(text) && { needles: [substringNeedle(needle, isWhole)] }),
  }
}
