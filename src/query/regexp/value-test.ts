/**
 * A pattern as a test of values. Texts that a value must hold (literals.ts) are searched first, and are what a store may
 * ask of its dictionaries and templates; a pattern that is nothing but text needs no engine.
 */
import { foldOf, Needle } from '../../base/portable.ts'
import type { TestNeedle, ValueTest } from '../../record/record.ts'
import { COST_COMPARE, COST_FOLDED_SEARCH, COST_REGEXP, COST_SEARCH } from '../filters/kind.ts'
import { hasAsciiLetter, isAscii } from '../values/folding.ts'
import { encodeText } from '../values/text.ts'
import { ByteRegexp } from './byte-regexp.ts'
import { type LiteralSet, literalsOf, type WholePlaces } from './literals.ts'
import { parsePattern } from './parse-pattern.ts'

type Test = ValueTest['test']

/** QUERY_SYNTAX, QUERY_TOO_LARGE as regexp.ts, without a place. */
export function regexpTest(pattern: string): ValueTest {
  const tree = parsePattern(pattern)
  const regexp = new ByteRegexp(pattern, tree)
  const literals = tree === null ? null : literalsOf(tree)
  if (literals === null || literals.required.length === 0) {
    return { cost: COST_REGEXP, test: (data, start, end) => regexp.test(data, start, end) }
  }
  const { required, whole } = literals
  return whole === null ? guardedTest(required, regexp) : textTest(required[0], whole, regexp)
}

function guardedTest(required: readonly LiteralSet[], regexp: ByteRegexp): ValueTest {
  const searches = required.map(searchFor)
  return {
    cost: COST_FOLDED_SEARCH,
    test(data, start, end) {
      for (const search of searches) if (!search(data, start, end)) return false
      return regexp.test(data, start, end)
    },
    needles: needlesOf(required[0], { isWhole: false, decides: false }),
  }
}

/** The pattern is these texts, at the places given. */
function textTest(set: LiteralSet, { begins, ends }: WholePlaces, regexp: ByteRegexp): ValueTest {
  const isAnywhere = !begins && !ends
  const isWhole = begins && ends
  const holds = isAnywhere ? anyOf(needlesFor(set)) : anyAt(set, begins, ends)
  return {
    cost: isAnywhere ? COST_SEARCH : COST_COMPARE,
    test:
      set.foreign.length === 0
        ? holds
        : (data, start, end) =>
            holds(data, start, end) || (!isAscii(data, start, end) && regexp.test(data, start, end)),
    needles: needlesOf(set, { isWhole, decides: isAnywhere || isWhole }),
  }
}

/** Whether a text of the set may be held: surely not where it says no. */
function searchFor(set: LiteralSet): Test {
  const holds = anyOf(needlesFor(set))
  if (set.foreign.length === 0) return holds
  return (data, start, end) => holds(data, start, end) || !isAscii(data, start, end)
}

const needlesFor = ({ texts, anyCase }: LiteralSet): Needle[] =>
  texts.map((text) => new Needle(encodeText(text), anyCase))

function anyOf(needles: readonly Needle[]): Test {
  if (needles.length === 1) {
    const [needle] = needles
    return (data, start, end) => needle.indexIn(data, start, end) >= 0
  }
  return (data, start, end) => {
    for (const needle of needles) if (needle.indexIn(data, start, end) >= 0) return true
    return false
  }
}

/** One of the texts stands at the beginning, at the end, or from the one to the other. */
function anyAt({ texts, anyCase }: LiteralSet, begins: boolean, ends: boolean): Test {
  const fold = foldOf(anyCase)
  const all = texts.map(encodeText)
  return (data, start, end) => {
    for (const bytes of all) {
      const { length } = bytes
      const fits = begins && ends ? end - start === length : end - start >= length
      if (fits && isAt(data, begins ? start : end - length, bytes, fold)) return true
    }
    return false
  }
}

function isAt(data: Uint8Array, start: number, bytes: Uint8Array, fold: Uint8Array): boolean {
  for (let at = 0; at < bytes.length; at++) if (fold[data[start + at]] !== bytes[at]) return false
  return true
}

function needlesOf(
  { texts, anyCase, foreign }: LiteralSet,
  { isWhole, decides }: Pick<TestNeedle, 'isWhole' | 'decides'>,
): TestNeedle[] {
  const needle = (text: string): TestNeedle => ({
    bytes: encodeText(text),
    ...{ startsWord: false, endsWord: false, isWhole, decides },
    ...(anyCase && hasAsciiLetter(text) && { anyCase }),
  })
  const others = foreign.map((letter) => ({ ...needle(letter), isWhole: false, decides: false }))
  return [...texts.map(needle), ...others]
}
