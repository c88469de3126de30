/**
 * Regular expressions over texts, for pipes that take values apart or change them. RE2 syntax and the rules of Go's
 * `regexp`: of all matches the leftmost one, and of these the one that the pattern prefers.
 */
import { RE2JS } from 're2js'
import { CodedError } from '../../base/base.ts'
import { type Span, syntaxProblem } from '../problem.ts'
import { inert, shown } from '../quoting.ts'
import { fillReplacement, parseReplacement, type Replacement } from './replacement.ts'

export interface CompiledRegexp {
  readonly pattern: string
  /** By number of the group; empty where it has no name. The whole match is group 0. */
  readonly groupNames: readonly string[]
  /** The pattern is found somewhere in the text. */
  test(text: string): boolean
  /** The groups of the first match by number, the whole match first; empty where a group took no part. */
  exec(text: string): readonly string[] | null
  /**
   * The text with its matches, from left to right and not overlapping, replaced: at most `limit`, all where that is 0.
   * `replacement` may name groups (replacement.ts).
   */
  replaceAll(text: string, replacement: string, limit?: number): string
}

/** Instructions of a compiled pattern. Matching a character may cost a step for each. */
const PROGRAM_SIZE_MAX = 10_000
const CACHED_MAX = 64

const cached = new Map<string, CompiledRegexp>()

/**
 * QUERY_SYNTAX for a pattern that is not valid, QUERY_TOO_LARGE for one that is too large; `span` is where it stands
 * in the query.
 */
export function compileRegexp(pattern: string, span?: Span): CompiledRegexp {
  const known = cached.get(pattern)
  if (known !== undefined) return known
  const compiled = new LinearRegexp(pattern, compileLinear(pattern, span))
  if (cached.size === CACHED_MAX) cached.delete(cached.keys().next().value!)
  cached.set(pattern, compiled)
  return compiled
}

function compileLinear(pattern: string, span: Span = { offset: 0, length: pattern.length }): RE2JS {
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

class LinearRegexp implements CompiledRegexp {
  readonly pattern: string
  readonly groupNames: readonly string[]
  readonly #regexp: RE2JS
  #replacementText = ''
  #replacement: Replacement = []

  constructor(pattern: string, regexp: RE2JS) {
    this.pattern = pattern
    this.#regexp = regexp
    const names = new Array<string>(regexp.groupCount() + 1).fill('')
    for (const [name, number] of Object.entries(regexp.namedGroups())) names[number] = name
    this.groupNames = names
  }

  test(text: string): boolean {
    return this.#regexp.test(text)
  }

  exec(text: string): readonly string[] | null {
    const matcher = this.#regexp.matcher(text)
    if (!matcher.find()) return null
    return this.groupNames.map((_, number) => matcher.group(number) ?? '')
  }

  replaceAll(text: string, replacement: string, limit = 0): string {
    const parts = this.#parse(replacement)
    const matcher = this.#regexp.matcher(text)
    let replaced = ''
    let end = 0
    let count = 0
    for (let from = 0; from <= text.length && matcher.find(from); ) {
      const matchStart = matcher.start()
      const matchEnd = matcher.end()
      replaced += text.slice(end, matchStart)
      // An empty match right behind another one is none.
      if (matchEnd > end || matchStart === 0) {
        replaced += fillReplacement(
          parts,
          this.groupNames.map((_, number) => matcher.group(number) ?? ''),
        )
        count++
      }
      end = matchEnd
      if (count === limit && limit > 0) break
      from = matchEnd > from ? matchEnd : from + characterLength(text, from)
    }
    return replaced + text.slice(end)
  }

  #parse(replacement: string): Replacement {
    if (replacement !== this.#replacementText) {
      this.#replacement = parseReplacement(replacement, this.groupNames)
      this.#replacementText = replacement
    }
    return this.#replacement
  }
}

/** Code units of the character at `at`; one at the end. */
function characterLength(text: string, at: number): number {
  return (text.codePointAt(at) ?? 0) > 0xffff ? 2 : 1
}
