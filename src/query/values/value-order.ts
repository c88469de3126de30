/**
 * The order of values, of `sort`, `min`, `max`, `first` and the like. Values are texts, so the order is that of what
 * they look like:
 *
 *   nothing < texts before digits (`-`, `(none)`) < numbers < times < other texts
 *
 * Numbers are plain (`5`, `-1.5`, `0xff`), durations (`1.5s`) and sizes (`10KiB`), compared by their amount, whole ones
 * exactly however long they are; times are RFC 3339, compared to the nanosecond; texts in natural order, in which runs of
 * digits count as numbers (`host9` < `host10`). It is a total order: which of two values comes first does not depend on
 * what a third one looks like, so an answer does not depend on the order in which values came.
 */
import { parseTimeText } from '../../record/record.ts'
import { numberText, parseNumberText } from './number-text.ts'

/** What a value counts as; made once for a value that is compared often. Plain data. */
export interface ValueKey {
  readonly rank: number
  /** The number, or milliseconds of the time; else 0. */
  readonly number: number
  /** Nanoseconds within the millisecond; else 0. */
  readonly ns: number
  readonly text: string
}

const RANK_NOTHING = 0
const RANK_LOW_TEXT = 1
export const RANK_NUMBER = 2
export const RANK_TIME = 3
const RANK_TEXT = 4

const DIGIT_FIRST = 0x30
const DIGIT_LAST = 0x39
const TIME_START = /^\d{4}-\d\d-\d\d[Tt ]/
const TIME_LENGTH_MAX = 40
const WHOLE = /^[+-]?\d+$/
const WHOLE_EXACT_MAX = Number.MAX_SAFE_INTEGER

export function valueKey(text: string): ValueKey {
  if (text === '') return { rank: RANK_NOTHING, number: 0, ns: 0, text }
  const number = parseNumberText(text)
  if (!Number.isNaN(number)) return { rank: RANK_NUMBER, number, ns: 0, text }
  const code = text.charCodeAt(0)
  if (code < DIGIT_FIRST) return { rank: RANK_LOW_TEXT, number: 0, ns: 0, text }
  return timeKey(text) ?? { rank: RANK_TEXT, number: 0, ns: 0, text }
}

function timeKey(text: string): ValueKey | null {
  if (text.length > TIME_LENGTH_MAX || !TIME_START.test(text)) return null
  const time = { ms: 0, ns: 0 }
  return parseTimeText(text, time) ? { rank: RANK_TIME, number: time.ms, ns: time.ns, text } : null
}

/** Below 0 where `a` comes before `b`, above 0 where it comes behind; 0 where they count the same (`1` and `1.0`). */
export function compareKeys(a: ValueKey, b: ValueKey): number {
  if (a.rank !== b.rank) return a.rank - b.rank
  if (a.number !== b.number) return a.number < b.number ? -1 : 1
  if (a.rank === RANK_NUMBER) return compareLarge(a, b)
  if (a.rank === RANK_TIME) return a.ns - b.ns
  return compareNatural(a.text, b.text)
}

/** Whole numbers that are the same as floats may differ. */
function compareLarge(a: ValueKey, b: ValueKey): number {
  if (Math.abs(a.number) <= WHOLE_EXACT_MAX || a.text === b.text) return 0
  const digitsA = wholeDigits(a)
  const digitsB = wholeDigits(b)
  const order =
    digitsA === '' || digitsB === '' ? compareInfinite(digitsA, digitsB) : compareWhole(digitsA, digitsB)
  return a.number < 0 ? -order : order
}

/** Nothing for infinity. */
function wholeDigits({ text, number }: ValueKey): string {
  if (WHOLE.test(text)) return text
  return Number.isFinite(number) ? numberText(number) : ''
}

/** Many digits are as large as a float can be, but less than infinity. */
function compareInfinite(digitsA: string, digitsB: string): number {
  return Number(digitsA === '') - Number(digitsB === '')
}

function compareWhole(a: string, b: string): number {
  return compareDigits(a, signEnd(a), a.length, b, signEnd(b), b.length)
}

function signEnd(text: string): number {
  const code = text.charCodeAt(0)
  return code === 0x2b || code === 0x2d ? 1 : 0
}

/** As `compareKeys`, and values that count the same in the order of their texts, so that only equal texts give 0. */
export function compareKeysExactly(a: ValueKey, b: ValueKey): number {
  return compareKeys(a, b) || compareCodes(a.text, b.text)
}

/** Below 0 where `a` comes before `b`; 0 where they count the same. */
export function compareValues(a: string, b: string): number {
  return a === b ? 0 : compareKeys(valueKey(a), valueKey(b))
}

const compareCodes = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)

// ---- texts --------------------------------------------------------------------------------------------------

/** Runs of digits count as numbers; texts that then are the same go by their characters. 0 for equal texts only. */
export function compareNatural(a: string, b: string): number {
  let atA = 0
  let atB = 0
  while (atA < a.length && atB < b.length) {
    const codeA = a.charCodeAt(atA)
    const codeB = b.charCodeAt(atB)
    if (isDigit(codeA) && isDigit(codeB)) {
      const endA = digitsEnd(a, atA)
      const endB = digitsEnd(b, atB)
      const order = compareDigits(a, atA, endA, b, atB, endB)
      if (order !== 0) return order
      atA = endA
      atB = endB
    } else {
      if (codeA !== codeB) return codeA - codeB
      atA++
      atB++
    }
  }
  return a.length - atA - (b.length - atB) || compareCodes(a, b)
}

const isDigit = (code: number): boolean => code >= DIGIT_FIRST && code <= DIGIT_LAST

function digitsEnd(text: string, start: number): number {
  let at = start
  while (at < text.length && isDigit(text.charCodeAt(at))) at++
  return at
}

/** Runs of digits of any length, as numbers. */
function compareDigits(
  a: string,
  startA: number,
  endA: number,
  b: string,
  startB: number,
  endB: number,
): number {
  const firstA = zerosEnd(a, startA, endA)
  const firstB = zerosEnd(b, startB, endB)
  if (endA - firstA !== endB - firstB) return endA - firstA - (endB - firstB)
  for (let at = 0; at < endA - firstA; at++) {
    const order = a.charCodeAt(firstA + at) - b.charCodeAt(firstB + at)
    if (order !== 0) return order
  }
  return 0
}

function zerosEnd(text: string, start: number, end: number): number {
  let at = start
  while (at < end && text.charCodeAt(at) === DIGIT_FIRST) at++
  return at
}
