/**
 * For tests: what LogsQL filters mean, said as plainly as possible, one record at a time, in texts instead of bytes and
 * without anything that makes them fast. Whatever the engine does must give the same answer. Texts are UTF-8.
 */
import { levelName, levelSeverity } from '../record/record.ts'
import type { Filter } from './ast.ts'
import type { AnyFieldFilter } from './filters/any-field.ts'
import type { CommonCaseFilter } from './filters/common-case.ts'
import type { CompareFilter } from './filters/compare.ts'
import type { CompareFieldsFilter } from './filters/compare-fields.ts'
import type { Ipv4RangeFilter } from './filters/ipv4-range.ts'
import type { LenRangeFilter } from './filters/len-range.ts'
import type { PatternFilter } from './filters/pattern.ts'
import type { RangeFilter } from './filters/range.ts'
import type { RegexpFilter } from './filters/regexp.ts'
import type { StringRangeFilter } from './filters/string-range.ts'
import type { TimeCycleFilter } from './filters/time-cycle.ts'
import { parseNumber } from './syntax/number-literal.ts'
import { collapseNumbersPretty } from './values/collapse-nums.ts'
import { patternId } from './values/pattern-id.ts'
import { compareValues } from './values/value-order.ts'

/** Values by the names of fields, `_msg` and `level` among them; what is absent is empty. */
export interface PlainRecord {
  readonly timeMs: number
  readonly values: ReadonlyMap<string, string>
}

type Evaluate = (filter: never, record: PlainRecord) => boolean

export function plainlyMatches(filter: Filter, record: PlainRecord): boolean {
  const evaluate = EVALUATORS[filter.kind]
  if (evaluate === undefined) throw new Error(`no plain meaning of ${filter.kind}`)
  return evaluate(filter as never, record)
}

type OfField<T = object> = Filter & { readonly field: string } & T

const heldBy = ({ values }: PlainRecord, field: string): string => values.get(field) ?? ''

/** The filter is a test of one value; a level also passes by another of its names. */
const ofValue =
  <T>(
    test: (value: string, filter: OfField<T>) => boolean,
    namesOf: (filter: OfField<T>) => readonly string[] = () => [],
  ) =>
  (filter: OfField<T>, record: PlainRecord): boolean => {
    const value = heldBy(record, filter.field)
    const isNamed = filter.field === 'level' && namesOf(filter).some((name) => isSameLevel(value, name))
    return isNamed || test(value, filter)
  }

function isSameLevel(value: string, name: string): boolean {
  const severity = levelSeverity(name)
  if (name === '' || severity < 0) return false
  return levelName(severity) === ''
    ? value === ''
    : levelName(Math.max(0, levelSeverity(value))) === levelName(severity)
}

const EVALUATORS: Readonly<Record<string, Evaluate>> = {
  all: () => true,
  and: ({ children }: { children: readonly Filter[] }, record) =>
    children.every((child) => plainlyMatches(child, record)),
  or: ({ children }: { children: readonly Filter[] }, record) =>
    children.some((child) => plainlyMatches(child, record)),
  not: ({ child }: { child: Filter }, record) => !plainlyMatches(child, record),
  anyField: matchesAnyField,
  phrase: ofValue<{ phrase: string }>(
    (value, { phrase }) => hasPhrase(value, phrase),
    ({ phrase }) => [phrase],
  ),
  prefix: ofValue<{ prefix: string }>((value, { prefix }) => hasPrefix(value, prefix)),
  anyCase: ofValue<{ phrase: string; isPrefix: boolean }>(
    (value, { phrase, isPrefix }) =>
      (isPrefix ? hasPrefix : hasPhrase)(value.toLowerCase(), phrase.toLowerCase()),
    ({ phrase, isPrefix }) => (isPrefix ? [] : [phrase]),
  ),
  exact: ofValue<{ value: string; isPrefix: boolean }>(
    (value, filter) => (filter.isPrefix ? value.startsWith(filter.value) : value === filter.value),
    ({ value, isPrefix }) => (isPrefix ? [] : [value]),
  ),
  in: ofValue<{ values: readonly string[] }>(
    (value, { values }) => values.includes(value),
    ({ values }) => values,
  ),
  containsAny: ofValue<{ values: readonly string[] }>(
    (value, { values }) => values.some((phrase) => contains(value, phrase)),
    ({ values }) => values,
  ),
  containsAll: ({ field, values }: OfField<{ values: readonly string[] }>, record) =>
    values.every(
      (phrase) => phrase === '' || EVALUATORS.phrase({ kind: 'phrase', field, phrase } as never, record),
    ),
  commonCase: ofValue<CommonCaseFilter>(
    (value, { values, isWhole }) =>
      values.flatMap(casesOf).some((each) => (isWhole ? value === each : contains(value, each))),
    ({ values }) => values,
  ),
  seq: ofValue<{ phrases: readonly string[] }>(
    (value, { phrases }) => hasSequence(value, phrases),
    ({ phrases }) => {
      const [first, ...others] = phrases.filter((phrase) => phrase !== '')
      return first !== undefined && others.length === 0 ? [first] : []
    },
  ),
  substring: ofValue<{ text: string; anyCase: boolean }>((value, { text, anyCase }) =>
    anyCase ? value.toLowerCase().includes(text.toLowerCase()) : value.includes(text),
  ),
  regexp: ofValue<RegexpFilter>((value, { pattern }) => new RegExp(pattern, 'u').test(value)),
  compare: ofValue<CompareFilter>(comparesAs),
  range: ofValue<RangeFilter>(isInRange),
  stringRange: ofValue<StringRangeFilter>(
    (value, { min, max }) => byteOrder(value, min) >= 0 && byteOrder(value, max) < 0,
  ),
  lenRange: ofValue<LenRangeFilter>((value, { min, max }) => {
    const { length } = [...value]
    return length >= (min === 'inf' ? Infinity : min) && length <= (max === 'inf' ? Infinity : max)
  }),
  ipv4Range: ofValue<Ipv4RangeFilter>((value, { min, max }) => {
    const address = /^\d{1,3}(\.\d{1,3}){3}$/.test(value) ? parseNumber(value) : null
    return address !== null && address >= min && address <= max
  }),
  jsonArray: ofValue<{ values: readonly string[] }>((value, { values }) => hasItem(value, values)),
  compareFields: ({ field, relation, other }: CompareFieldsFilter, record) => {
    const [a, b] = [heldBy(record, field), heldBy(record, other)]
    if (relation === 'eq') return a === b
    const order = compareValues(a, b)
    return relation === 'lt' ? order < 0 : order <= 0
  },
  pattern: ({ id }: PatternFilter, record) => patternId(collapseNumbersPretty(heldBy(record, '_msg'))) === id,
  timeCycle: ({ cycle, spans }: TimeCycleFilter, { timeMs }) => {
    const date = new Date(timeMs)
    const msOfDay = timeMs - Date.UTC(date.getUTCFullYear(), date.getUTCMonth(), date.getUTCDate())
    const ms = cycle === 'day' ? msOfDay : date.getUTCDay() * 86_400_000 + msOfDay
    return spans.some(([first, last]) => ms * 1e6 >= first && ms * 1e6 <= last)
  },
} as Readonly<Record<string, Evaluate>>

function matchesAnyField({ prefix, child }: AnyFieldFilter, record: PlainRecord): boolean {
  const names = [...record.values.keys()].filter(
    (name) => name.startsWith(prefix) && heldBy(record, name) !== '',
  )
  const ask = (field: string): boolean => plainlyMatches({ ...child, field } as Filter, record)
  return names.length === 0 ? ask('no such field') : names.some(ask)
}

// ---- texts --------------------------------------------------------------------------------------------------

const ENDS_WITH_WORD = /[\p{L}\p{Nd}_]$/u
const BEGINS_WITH_WORD = /^[\p{L}\p{Nd}_]/u

/** Where the phrase stands as LogsQL wants it, from `from` on, or -1. */
function placeOf(value: string, phrase: string, from: number, isPrefix: boolean): number {
  for (let at = value.indexOf(phrase, from); at >= 0; at = value.indexOf(phrase, at + 1)) {
    const isBegun = BEGINS_WITH_WORD.test(phrase) && ENDS_WITH_WORD.test(value.slice(0, at))
    const isGoingOn =
      !isPrefix && ENDS_WITH_WORD.test(phrase) && BEGINS_WITH_WORD.test(value.slice(at + phrase.length))
    if (!isBegun && !isGoingOn) return at
  }
  return -1
}

function hasPhrase(value: string, phrase: string): boolean {
  return phrase === '' ? value === '' : placeOf(value, phrase, 0, false) >= 0
}

function hasPrefix(value: string, prefix: string): boolean {
  return prefix === '' ? value !== '' : placeOf(value, prefix, 0, true) >= 0
}

const contains = (value: string, phrase: string): boolean => phrase === '' || hasPhrase(value, phrase)

function hasSequence(value: string, phrases: readonly string[]): boolean {
  let from = 0
  for (const phrase of phrases.filter((each) => each !== '')) {
    const at = placeOf(value, phrase, from, false)
    if (at < 0) return false
    from = at + phrase.length
  }
  return true
}

function casesOf(text: string): string[] {
  const small = text.toLowerCase()
  const initials = (pattern: RegExp): string =>
    small.replace(pattern, (_all, before: string, letter: string) => before + letter.toUpperCase())
  return [
    text,
    small,
    text.toUpperCase(),
    initials(/^([^\p{L}\p{Nd}_]*)([\p{L}\p{Nd}_])/u),
    initials(/(^|[^\p{L}\p{Nd}_])([\p{L}\p{Nd}_])/gu),
  ]
}

function byteOrder(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b))
}

function hasItem(value: string, values: readonly string[]): boolean {
  try {
    const items: unknown = JSON.parse(value)
    return (
      Array.isArray(items) &&
      items.some((item) => values.includes(typeof item === 'string' ? item : JSON.stringify(item)))
    )
  } catch {
    return false
  }
}

// ---- numbers ------------------------------------------------------------------------------------------------

function comparesAs(value: string, { operator, value: literal }: CompareFilter): boolean {
  const wanted = parseNumber(literal)
  const number = parseNumber(value)
  if (wanted !== null && number === null) return false
  const order = wanted === null || number === null ? byteOrder(value, literal) : numberOrder(number, wanted)
  return { '>': order > 0, '>=': order >= 0, '<': order < 0, '<=': order <= 0 }[operator]
}

const numberOrder = (a: number, b: number): number => (a === b ? 0 : a < b ? -1 : 1)

function isInRange(value: string, { min, max, hasMin, hasMax }: RangeFilter): boolean {
  const [number, first, last] = [value, min, max].map(parseNumber)
  if (number === null || first === null || last === null) return false
  return (hasMin ? number >= first : number > first) && (hasMax ? number <= last : number < last)
}
