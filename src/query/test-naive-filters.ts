/**
 * For tests: whether a row matches a filter, judged one row at a time on its texts, as docs/logsql.md says. Nothing here
 * asks the engine's filters; only the types of their nodes are theirs, and what the id of a pattern is.
 */
import type { Filter, Query } from './ast.ts'
import type { AnyCaseFilter } from './filters/any-case.ts'
import type { AnyFieldFilter } from './filters/any-field.ts'
import type { CommonCaseFilter } from './filters/common-case.ts'
import type { CompareFilter } from './filters/compare.ts'
import type { CompareFieldsFilter } from './filters/compare-fields.ts'
import type { ExactFilter } from './filters/exact.ts'
import type { IdFilter } from './filters/id.ts'
import type { Ipv4RangeFilter } from './filters/ipv4-range.ts'
import type { Ipv6RangeFilter } from './filters/ipv6-range.ts'
import type { LenRangeFilter } from './filters/len-range.ts'
import type { PatternFilter } from './filters/pattern.ts'
import type { PatternMatchFilter } from './filters/pattern-match.ts'
import type { PhraseFilter } from './filters/phrase.ts'
import type { PrefixFilter } from './filters/prefix.ts'
import type { RangeFilter } from './filters/range.ts'
import type { RegexpFilter } from './filters/regexp.ts'
import type { SeqFilter } from './filters/seq.ts'
import type { StreamFilter, StreamLabel } from './filters/stream.ts'
import type { StringRangeFilter } from './filters/string-range.ts'
import type { SubstringFilter } from './filters/substring.ts'
import type { TimeFilter } from './filters/time.ts'
import type { TimeCycleFilter } from './filters/time-cycle.ts'
import type { ValueTypeFilter } from './filters/value-type.ts'
import {
  addressOf,
  byteOrder,
  characterCount,
  compareValues,
  hasPhrase,
  hasPrefix,
  hasSequence,
  isSameLevel,
  levelRank,
  momentOf,
  numberOf,
  wideAddressOf,
} from './test-naive-values.ts'
import { collapseNumbersPretty } from './values/collapse-nums.ts'
import { patternId } from './values/pattern-id.ts'

/** Values by name; what is empty is absent. */
export type NaiveFields = Readonly<Record<string, string>>

/** The values that the rows of a query have. */
export type ValuesOf = (query: Query) => readonly string[]

interface ListFilter extends Filter {
  readonly field: string
  readonly values: readonly string[]
  readonly subquery?: Query
}

type Matches<F = never> = (filter: F, row: NaiveFields, valuesOf: ValuesOf) => boolean

export function matches(filter: Filter, row: NaiveFields, valuesOf: ValuesOf): boolean {
  const evaluate = FILTERS[filter.kind]
  if (evaluate === undefined) throw new Error(`no plain meaning of filter ${filter.kind}`)
  return evaluate(filter as never, row, valuesOf)
}

/** A test of the value of one field. */
const ofValue =
  <F extends { readonly field: string }>(test: (value: string, filter: F, valuesOf: ValuesOf) => boolean) =>
  (filter: F, row: NaiveFields, valuesOf: ValuesOf): boolean =>
    test(row[filter.field] ?? '', filter, valuesOf)

/** The same, and a level is found by each of its names. */
const orNamed =
  <F extends { readonly field: string }>(
    namesOf: (filter: F, valuesOf: ValuesOf) => readonly string[],
    test: (value: string, filter: F, valuesOf: ValuesOf) => boolean,
  ) =>
  (filter: F, row: NaiveFields, valuesOf: ValuesOf): boolean => {
    const value = row[filter.field] ?? ''
    const isNamed =
      filter.field === 'level' && namesOf(filter, valuesOf).some((name) => isSameLevel(value, name))
    return isNamed || test(value, filter, valuesOf)
  }

const listOf = ({ values, subquery }: Omit<ListFilter, 'kind'>, valuesOf: ValuesOf): readonly string[] =>
  subquery === undefined ? values : valuesOf(subquery)

const isPhraseOf = (field: string, value: string, phrase: string): boolean =>
  hasPhrase(value, phrase) || (field === 'level' && isSameLevel(value, phrase))

const FILTERS = {
  all: () => true,
  and: ({ children }: { children: readonly Filter[] }, row, valuesOf) =>
    children.every((child) => matches(child, row, valuesOf)),
  or: ({ children }: { children: readonly Filter[] }, row, valuesOf) =>
    children.some((child) => matches(child, row, valuesOf)),
  not: ({ child }: { child: Filter }, row, valuesOf) => !matches(child, row, valuesOf),
  phrase: orNamed<PhraseFilter>(
    ({ phrase }) => [phrase],
    (value, { phrase }) => hasPhrase(value, phrase),
  ),
  prefix: ofValue<PrefixFilter>((value, { prefix }) => hasPrefix(value, prefix)),
  anyCase: orNamed<AnyCaseFilter>(
    ({ phrase, isPrefix }) => (isPrefix ? [] : [phrase]),
    (value, { phrase, isPrefix }) =>
      (isPrefix ? hasPrefix : hasPhrase)(value.toLowerCase(), phrase.toLowerCase()),
  ),
  exact: orNamed<ExactFilter>(
    ({ value, isPrefix }) => (isPrefix ? [] : [value]),
    (value, filter) => (filter.isPrefix ? value.startsWith(filter.value) : value === filter.value),
  ),
  in: orNamed<ListFilter>(listOf, (value, filter, valuesOf) => listOf(filter, valuesOf).includes(value)),
  containsAll: ofValue<ListFilter>((value, filter, valuesOf) =>
    listOf(filter, valuesOf).every((each) => each === '' || isPhraseOf(filter.field, value, each)),
  ),
  containsAny: ofValue<ListFilter>((value, filter, valuesOf) =>
    listOf(filter, valuesOf).some((each) => each === '' || isPhraseOf(filter.field, value, each)),
  ),
  commonCase: orNamed<CommonCaseFilter>(
    ({ values }) => values,
    (value, { values, isWhole }) =>
      values
        .flatMap(casesOf)
        .some((each) => (isWhole ? value === each : each === '' || hasPhrase(value, each))),
  ),
  seq: ofValue<SeqFilter>((value, { field, phrases }) => {
    const needed = phrases.filter((phrase) => phrase !== '')
    if (needed.length === 1) return isPhraseOf(field, value, needed[0])
    return hasSequence(value, needed)
  }),
  substring: ofValue<SubstringFilter>((value, { text, anyCase }) =>
    anyCase ? value.toLowerCase().includes(text.toLowerCase()) : value.includes(text),
  ),
  regexp: ofValue<RegexpFilter>((value, { pattern }) => regexpOf(pattern).test(value)),
  compare: ofValue<CompareFilter>(comparesAs),
  range: ofValue<RangeFilter>(isInRange),
  stringRange: ofValue<StringRangeFilter>(
    (value, { min, max }) => byteOrder(value, min) >= 0 && byteOrder(value, max) < 0,
  ),
  lenRange: ofValue<LenRangeFilter>((value, { min, max }) => {
    const length = characterCount(value)
    return length >= (min === 'inf' ? Infinity : min) && length <= (max === 'inf' ? Infinity : max)
  }),
  ipv4Range: ofValue<Ipv4RangeFilter>((value, { min, max }) => {
    const address = addressOf(value)
    return address !== null && address >= min && address <= max
  }),
  ipv6Range: ofValue<Ipv6RangeFilter>((value, { min, max }) => {
    const [address, first, last] = [value, min, max].map(wideAddressOf)
    return address !== null && address >= first! && address <= last!
  }),
  patternMatch: ofValue<PatternMatchFilter>((value, { pattern, place }) => {
    if (pattern.includes('<')) throw new Error('no plain meaning of placeholders')
    if (place === 'full') return value === pattern
    if (place === 'anywhere') return value.includes(pattern)
    return place === 'prefix' ? value.startsWith(pattern) : value.endsWith(pattern)
  }),
  compareFields: ({ field, relation, other }: CompareFieldsFilter, row) => {
    const [value, otherValue] = [row[field] ?? '', row[other] ?? '']
    if (relation === 'eq') return value === otherValue
    const order = compareValues(value, otherValue)
    return relation === 'lt' ? order < 0 : order <= 0
  },
  jsonArray: ofValue<ListFilter>((value, filter, valuesOf) => hasItem(value, listOf(filter, valuesOf))),
  pattern: ({ id }: PatternFilter, row) => patternId(collapseNumbersPretty(row._msg ?? '')) === id,
  valueType: ofValue<ValueTypeFilter>((value, { type }) => typeOf(value) === type),
  anyField: ({ prefix, child }: AnyFieldFilter, row, valuesOf) => {
    const isMeant = (name: string): boolean =>
      name.startsWith(prefix) && (prefix !== '' || !['_time', '_id', '_stream', '_stream_id'].includes(name))
    const names = Object.keys(row).filter((name) => isMeant(name) && row[name] !== '')
    const ask = (field: string): boolean => matches({ ...child, field } as Filter, row, valuesOf)
    return names.length === 0 ? ask('no field is called so') : names.some(ask)
  },
  time: ({ first, last }: TimeFilter, row) => {
    const moment = momentOf(row._time ?? '')
    if (moment === null) return first === null && last === null
    const nsOf = ({ ms, ns }: { ms: number; ns: number }): bigint => BigInt(ms) * 1_000_000n + BigInt(ns)
    return (first === null || moment >= nsOf(first)) && (last === null || moment <= nsOf(last))
  },
  timeCycle: ({ cycle, spans }: TimeCycleFilter, row) => {
    const moment = momentOf(row._time ?? '')
    if (moment === null) return false
    const ns = Number(moment % 86_400_000_000_000n)
    const day = new Date(Number(moment / 1_000_000n)).getUTCDay()
    const place = cycle === 'day' ? ns : day * 86_400e9 + ns
    return spans.some(([from, to]) => place >= from && place <= to)
  },
  id: ({ min, max }: IdFilter, row) => {
    if (row._id === undefined) return false
    return Number(row._id) >= (min ?? 0) && Number(row._id) <= (max ?? Infinity)
  },
  stream: ({ groups }: StreamFilter, row) =>
    groups.some((labels) => labels.every((label) => hasLabel(label, row))),
} satisfies Readonly<Record<string, Matches>> as Readonly<Record<string, Matches>>

function casesOf(text: string): string[] {
  const capitals = [...text].flatMap((letter, index) => (letter === letter.toLowerCase() ? [] : [index]))
  const cases = [text.toUpperCase()]
  for (let kept = 0; kept < 2 ** capitals.length; kept++) {
    const letters = [...text]
    for (const [bit, index] of capitals.entries())
      if ((kept & (1 << bit)) === 0) letters[index] = letters[index].toLowerCase()
    cases.push(letters.join(''))
  }
  return cases
}

const regexpOf = (pattern: string): RegExp =>
  pattern.startsWith('(?i)') ? new RegExp(pattern.slice(4), 'iu') : new RegExp(pattern, 'u')

function comparesAs(value: string, { field, operator, value: literal }: CompareFilter): boolean {
  const order = orderAs(value, field, literal)
  if (order === null) return false
  return { '>': order > 0, '>=': order >= 0, '<': order < 0, '<=': order <= 0 }[operator]
}

/** How the value stands to the literal, which decides what both are; null where the value is no such thing. */
function orderAs(value: string, field: string, literal: string): number | null {
  if (field === 'level' && levelRank(literal) >= 0)
    return levelRank(value) < 0 ? null : levelRank(value) - levelRank(literal)
  const wanted = numberOf(literal)
  if (wanted === null) return byteOrder(value, literal)
  const number = numberOf(value)
  if (number === null) return null
  return number === wanted ? 0 : number < wanted ? -1 : 1
}

function isInRange(value: string, { min, max, hasMin, hasMax }: RangeFilter): boolean {
  const [number, first, last] = [value, min, max].map(numberOf)
  if (number === null || first === null || last === null) return false
  return (hasMin ? number >= first : number > first) && (hasMax ? number <= last : number < last)
}

function hasItem(value: string, wanted: readonly string[]): boolean {
  try {
    const items: unknown = JSON.parse(value)
    const saidBy = (item: unknown): string => (typeof item === 'string' ? item : JSON.stringify(item))
    return Array.isArray(items) && items.some((item) => wanted.includes(saidBy(item)))
  } catch {
    return false
  }
}

/** The narrowest type that prints the value as it stands. */
function typeOf(value: string): string {
  if (value === '') return ''
  if (/^(?:0|[1-9]\d*)$/.test(value)) {
    const bits = [8n, 16n, 32n, 64n].find((each) => BigInt(value) < 1n << each)
    return bits === undefined ? 'string' : `uint${bits}`
  }
  if (/^-[1-9]\d{0,17}$/.test(value)) return 'int64'
  if (/^-?(?:0|[1-9]\d*)\.\d+$/.test(value) && String(Number(value)) === value) return 'float64'
  if (addressOf(value) !== null && !/(?:^|\.)0\d/.test(value)) return 'ipv4'
  return /T.*\.\d{3}Z$/.test(value) && momentOf(value) !== null ? 'iso8601' : 'string'
}

/** The value of the field where it is one of the stream, else nothing. */
function hasLabel({ name, operator, isNegated, values }: StreamLabel, row: NaiveFields): boolean {
  const names = [...(row._stream ?? '').matchAll(/([^{,"=]+)="/g)].map(([, each]) => each)
  const label = names.includes(name) ? (row[name] ?? '') : ''
  const holds = operator === '=~' ? new RegExp(`^(?:${values[0]})$`, 'u').test(label) : values.includes(label)
  return holds !== isNegated
}
