/** A pattern on re2js: any pattern, in time that is linear in the text. What is a valid pattern, it says. */
import { RE2JS } from 're2js'
import { CodedError } from '../../base/portable.ts'
import { type Span, syntaxProblem } from '../syntax/problem.ts'
import { inert, shown } from '../syntax/quoting.ts'
import { parsePattern } from './parse-pattern.ts'
import type { RegexpMatch } from './regexp-match.ts'
import { sizeOfPattern } from './tree.ts'

/** A longer pattern is not looked at. */
const TEXT_LENGTH_MAX = 1 << 16
/** RE2 lets a repeated piece be repeated so often in all. */
const REPEATS_MAX = 1000
/** Instructions of a compiled pattern. Matching a character may cost a step for each. */
const PROGRAM_SIZE_MAX = 10_000

export class LinearRegexp {
  readonly groupNames: readonly string[]
  readonly #regexp: RE2JS

  constructor(regexp: RE2JS) {
    this.#regexp = regexp
    const names = new Array<string>(regexp.groupCount() + 1).fill('')
    for (const [name, number] of Object.entries(regexp.namedGroups())) names[number] = name
    this.groupNames = names
  }

  /** Bytes are taken for UTF-8; one that is not is one character. */
  test(text: string | Uint8Array): boolean {
    return this.#regexp.test(text)
  }

  /** The first match at `from` or behind it. */
  matchFrom(text: string, from: number): RegexpMatch | null {
    const matcher = this.#regexp.matcher(text)
    if (!matcher.find(from)) return null
    return {
      start: matcher.start(),
      end: matcher.end(),
      groups: () => this.groupNames.map((_, number) => matcher.group(number) ?? ''),
    }
  }
}

/** QUERY_SYNTAX, QUERY_TOO_LARGE; `span` is where the pattern stands in the query. */
export function compileLinear(
  pattern: string,
  span: Span = { offset: 0, length: pattern.length },
): LinearRegexp {
  if (sizeAtLeast(pattern) > PROGRAM_SIZE_MAX) throw tooLarge(pattern, span)
  const compiled = tryCompile(pattern, span)
  if (compiled.programSize() > PROGRAM_SIZE_MAX) throw tooLarge(pattern, span)
  return new LinearRegexp(compiled)
}

/** Roughly the instructions that it becomes, and no more than these. To compile it may take very long. */
function sizeAtLeast(pattern: string): number {
  const tree = pattern.length > TEXT_LENGTH_MAX ? null : parsePattern(pattern)
  if (tree !== null) return sizeOfPattern(tree)
  return pattern.length > TEXT_LENGTH_MAX || /\{\d/.test(pattern)
    ? pattern.length * REPEATS_MAX
    : pattern.length
}

function tooLarge(pattern: string, span: Span): CodedError {
  const message = `the regular expression ${shown(pattern)} is too large: use fewer or smaller repetitions`
  return new CodedError('QUERY_TOO_LARGE', message, { details: { ...span } })
}

function tryCompile(pattern: string, span: Span): RE2JS {
  try {
    return RE2JS.compile(pattern)
  } catch (error) {
    const reason = error instanceof Error ? error.message.replace('error parsing regexp: ', '') : ''
    throw syntaxProblem(`the regular expression is not valid: ${inert(reason).replaceAll('`', "'")}`, span)
  }
}
