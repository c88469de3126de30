/** Queries that come in a form of their own, not as LogsQL: what the text query port's types mean. */
import { LEVELS, levelSeverity } from '../record/record.ts'
import type { Filter, Query } from './ast.ts'
import { andOf } from './filters/and.ts'
import { anyCaseOf } from './filters/any-case.ts'
import { idRangeOf, requireId } from './filters/id.ts'
import { orOf } from './filters/or.ts'
import { phraseOf } from './filters/phrase.ts'
import { regexpOf } from './filters/regexp.ts'
import { type NamedTime, timeRangeOf } from './filters/time.ts'
import { batchPipeCount } from './pipeline.ts'
import { limitOf } from './pipes/limit.ts'
import { LEVEL_FIELD, MESSAGE_FIELD } from './special-fields.ts'
import { parseQuery } from './syntax/parser.ts'
import { syntaxProblem } from './syntax/problem.ts'
import { parseDuration, requireTime } from './syntax/time-literal.ts'

/** Characters that mean something in a regular expression. */
const SPECIAL = /[\\^$.*+?()[\]{}|]/g

/** Records whose message holds the text, in any case; where it is the name of a level, also those of this level. */
export function keywordQuery(word: string): Query {
  if (word === '') throw syntaxProblem('the keyword is empty', { offset: 0, length: 1 })
  const span = { offset: 0, length: word.length }
  const substring = regexpOf(MESSAGE_FIELD, `(?i)${word.replace(SPECIAL, '\\$&')}`, span)
  return queryOf(isTellingLevel(word) ? orOf([substring, phraseOf(LEVEL_FIELD, word)]) : substring)
}

/** `error` and `ERR`, not `config` and `none`: words that people search for as words. */
function isTellingLevel(word: string): boolean {
  const lower = word.toLowerCase()
  return LEVELS.some((level) => level.isTelling && level.word === lower)
}

/** Records of a level: a name or a synonym in any case, `UNKNOWN` for none, else the sender's own word. */
export function levelQuery(word: string): Query {
  const isKnown = levelSeverity(word) >= 0
  return queryOf(isKnown ? phraseOf(LEVEL_FIELD, word) : anyCaseOf(LEVEL_FIELD, word))
}

/**
 * Records from the beginning of the one time to the end of the other; an empty text is open. Times as LogsQL has
 * them: units (`2025-07-18` is the whole day), Unix numbers, `now-5m`.
 */
export function timeRangeQuery(fromText: string, toText: string, nowMs: number): Query {
  const from = namedTime(fromText, nowMs, 0)
  const to = namedTime(toText, nowMs, fromText.length + '..'.length)
  if (from !== null || to !== null) return queryOf(timeRangeOf(from, to))
  throw syntaxProblem('the range has neither a beginning nor an end', { offset: 0, length: 1 })
}

function namedTime(written: string, nowMs: number, offset: number): NamedTime | null {
  const trimmed = written.trim()
  if (trimmed === '') return null
  const isAge = /^\d/.test(trimmed) && parseDuration(trimmed) !== null
  const text = isAge ? `now-${trimmed}` : trimmed
  return { text, time: requireTime(text, nowMs, { offset, length: written.length }) }
}

export function idQuery(id: string): Query {
  const value = requireId(id, { offset: 0, length: id.length })
  return queryOf(idRangeOf(value, value))
}

/** Records in whose message the regular expression (RE2 syntax) is found. */
export function regexQuery(pattern: string): Query {
  return queryOf(regexpOf(MESSAGE_FIELD, pattern, { offset: 0, length: pattern.length }))
}

/** The query, on those records only that the filter of the other one matches too. */
export function narrowedQuery(query: Query, other: Query): Query {
  return { ...query, filter: andOf([other.filter, query.filter]) }
}

/** The query with at most so many rows, the newest. */
export function limitedQuery(query: Query, rowsMax: number): Query {
  return { ...query, pipes: [...query.pipes, limitOf(rowsMax)] }
}

/** The query without so many of its first rows: of records, the newest. */
export function offsetQuery(query: Query, rows: number): Query {
  return { ...query, pipes: [...query.pipes, ...parseQuery(`* | offset ${rows}`, { nowMs: 0 }).pipes] }
}

/**
 * The rows of the query through more pipes, in words of LogsQL. Of its own pipes those are kept that work row by row:
 * what is counted is what the query finds, not what it makes of it.
 */
export function countedQuery(query: Query, pipes: string, nowMs: number): Query {
  const kept = query.pipes.slice(0, batchPipeCount(query.pipes))
  return { ...query, pipes: [...kept, ...parseQuery(`* | ${pipes}`, { nowMs }).pipes] }
}

/** Milliseconds of `5m`, `1.5h`, `1d12h`; null for what is no duration above zero. */
export function durationMs(text: string): number | null {
  const ns = parseDuration(text)
  return ns === null || ns <= 0n ? null : Number(ns) / 1e6
}

/** Unix milliseconds of a moment as queries spell it: RFC 3339, a Unix number, `now-5m`. QUERY_SYNTAX. */
export function momentMs(text: string, nowMs: number): number {
  const { first } = requireTime(text, nowMs, { offset: 0, length: text.length })
  return Number(first / 1_000_000n)
}

function queryOf(filter: Filter): Query {
  return { filter, pipes: [] }
}
