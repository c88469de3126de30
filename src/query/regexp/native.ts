/**
 * A pattern on the platform's own RegExp, for texts that are short enough for it (steps.ts). Finds what re2js finds.
 */
import { nativeSource } from './native-source.ts'
import type { RegexpMatch } from './regexp-match.ts'
import { safeLengthOf } from './steps.ts'
import type { PatternNode } from './tree.ts'

/** Where only shorter texts are safe, it is not worth the trouble. */
const LENGTH_WORTH = 32

export class NativeRegexp {
  /** The longest text, in code units, that it may be given. */
  readonly lengthMax: number
  readonly #first: RegExp
  readonly #next: RegExp

  constructor(source: string, lengthMax: number) {
    this.lengthMax = lengthMax
    this.#first = new RegExp(source, 'u')
    this.#next = new RegExp(source, 'gu')
  }

  test(text: string): boolean {
    return this.#first.test(text)
  }

  /** No match is empty (nativeSource), so that all rules of replacing agree. `plain` is a text, `$` means nothing in it. */
  replaceAll(text: string, plain: string): string {
    return text.replace(this.#next, plain.replaceAll('$', '$$$$'))
  }

  /** The first match at `from` or behind it. */
  matchFrom(text: string, from: number): RegexpMatch | null {
    const expression = from === 0 ? this.#first : this.#next
    expression.lastIndex = from
    const found = expression.exec(text)
    if (found === null) return null
    const { index } = found
    return { start: index, end: index + found[0].length, groups: () => groupsOf(found) }
  }
}

/** Groups that took no part are undefined there. */
function groupsOf(found: RegExpExecArray): readonly string[] {
  const groups: string[] = []
  for (let number = 0; number < found.length; number++) groups.push(found[number] ?? '')
  return groups
}

/** Null where the platform's RegExp is not safe for the pattern, or means something else by it. */
export function nativeOf(tree: PatternNode): NativeRegexp | null {
  const lengthMax = safeLengthOf(tree)
  if (lengthMax < LENGTH_WORTH) return null
  const source = nativeSource(tree)
  return source === null ? null : new NativeRegexp(source, lengthMax)
}
