/**
 * Regular expressions over texts, for pipes that take values apart or change them. RE2 syntax and the rules of Go's
 * `regexp`: of all matches the leftmost one, and of these the one that the pattern prefers.
 *
 * Two engines: the platform's own RegExp, which is fast, for patterns and texts that it needs a bounded number of steps
 * a character for (steps.ts), and re2js, whose time is linear for all. Where both may be asked they agree.
 */
import { CodedError } from '../../base/portable.ts'
import type { Span } from '../syntax/problem.ts'
import { compileLinear, type LinearRegexp } from './linear.ts'
import { type NativeRegexp, nativeOf } from './native.ts'
import { parsePattern } from './parse-pattern.ts'
import { fillReplacement, parseReplacement, plainReplacement, type Replacement } from './replacement.ts'

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
   * `replacement` may name groups (replacement.ts). QUERY_TOO_LARGE where a pattern makes that take too long: each
   * match alone may have looked at all of the text.
   */
  replaceAll(text: string, replacement: string, limit?: number): string
}

const CACHED_MAX = 64
/** One text may take so long. */
const REPLACE_MS_MAX = 2000
/** Longer ones may, if every match looks through all of the text: then the clock is looked at. */
const QUICK_LENGTH = 1024

const cached = new Map<string, CompiledRegexp>()

/**
 * QUERY_SYNTAX for a pattern that is not valid, QUERY_TOO_LARGE for one that is too large; `span` is where it stands
 * in the query.
 */
export function compileRegexp(pattern: string, span?: Span): CompiledRegexp {
  const known = cached.get(pattern)
  if (known !== undefined) return known
  const compiled = new EitherRegexp(pattern, compileLinear(pattern, span))
  if (cached.size === CACHED_MAX) cached.delete(cached.keys().next().value!)
  cached.set(pattern, compiled)
  return compiled
}

class EitherRegexp implements CompiledRegexp {
  readonly pattern: string
  readonly groupNames: readonly string[]
  readonly #linear: LinearRegexp
  readonly #native: NativeRegexp | null
  #replacementText = ''
  #replacement: Replacement = []

  constructor(pattern: string, linear: LinearRegexp) {
    this.pattern = pattern
    this.#linear = linear
    this.groupNames = linear.groupNames
    const tree = parsePattern(pattern)
    this.#native = tree === null ? null : nativeOf(tree)
  }

  test(text: string): boolean {
    return this.#engineFor(text).test(text)
  }

  exec(text: string): readonly string[] | null {
    return this.#engineFor(text).matchFrom(text, 0)?.groups() ?? null
  }

  #engineFor(text: string): LinearRegexp | NativeRegexp {
    const native = this.#native
    return native !== null && text.length <= native.lengthMax ? native : this.#linear
  }

  replaceAll(text: string, replacement: string, limit = 0): string {
    const parts = this.#parse(replacement)
    const plain = plainReplacement(parts)
    const engine = this.#engineFor(text)
    const isQuick = text.length <= QUICK_LENGTH
    if (isQuick && plain !== null && limit === 0 && engine === this.#native)
      return this.#native.replaceAll(text, plain)
    const endMs = isQuick ? Infinity : performance.now() + REPLACE_MS_MAX
    let replaced = ''
    let end = 0
    let count = 0
    for (let from = 0; from <= text.length; ) {
      const match = engine.matchFrom(text, from)
      if (match === null) break
      replaced += text.slice(end, match.start)
      // An empty match right behind another one is none.
      if (match.end > end || match.start === 0) {
        replaced += plain ?? fillReplacement(parts, match.groups())
        count++
      }
      end = match.end
      if (count === limit && limit > 0) break
      from = match.end > from ? match.end : from + characterLength(text, from)
      if (endMs < Infinity && performance.now() > endMs) throw this.#tooSlow()
    }
    return replaced + text.slice(end)
  }

  #tooSlow(): CodedError {
    return new CodedError(
      'QUERY_TOO_LARGE',
      'the regular expression takes too long to replace all that it finds in one value: make it find less, or set a limit',
    )
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
