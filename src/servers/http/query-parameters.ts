/**
 * The parameters of a query over HTTP, as VictoriaLogs has them: `query`, `limit`, `start`, `end`, `timeout`; of a
 * question for values also `field` and `filter`.
 */
import { isCodedError } from '../../base/base.ts'
import {
  caretMessage,
  durationMs,
  type FieldPattern,
  limitedQuery,
  momentMs,
  narrowedQuery,
  offsetQuery,
  parseQuery,
  type Query,
  quote,
  unhidable,
} from '../../query/query.ts'
import { BODY_BYTES_MAX } from './http-options.ts'
import { HttpProblem } from './problem-document.ts'
import type { AskedRequest } from './query-answer.ts'
import type { RouteCall } from './route.ts'

export interface QueryRequest extends AskedRequest {
  readonly query: Query
}

export interface ValuesRequest extends QueryRequest {
  readonly field: string | null
  /** Only values that hold this text. */
  readonly part: string
  /** Of values. */
  readonly limit: number
}

const VALUES_LIMIT_DEFAULT = 10_000
const VALUES_LIMIT_MAX = 100_000

const FORM_TYPE = 'application/x-www-form-urlencoded'

/** With `limit` and `offset`. REQUEST_INVALID, QUERY_SYNTAX (with a mark under the place). */
export function readQueryRequest(call: RouteCall, parameters: URLSearchParams): QueryRequest {
  const { query, ...request } = readNarrowed(call, parameters)
  const limit = readLimit(parameters)
  const offset = readNumber(parameters, 'offset') ?? 0
  const behind = offset === 0 ? query : offsetQuery(query, offset)
  return { query: limit === 0 ? behind : limitedQuery(behind, limit), ...request }
}

/** A whole number, or null where the parameter is not there. */
export function readNumber(parameters: URLSearchParams, name: string): number | null {
  const text = parameters.get(name) ?? ''
  if (text === '') return null
  if (/^\d{1,15}$/.test(text)) return Number(text)
  throw new HttpProblem('REQUEST_INVALID', `The parameter \`${name}\` must be a whole number.`)
}

const STEP_NAMES: ReadonlySet<string> = new Set('second minute hour day week month year'.split(' '))

/** A moment, as Unix milliseconds; now where the parameter is not there. */
export function readTime({ around }: RouteCall, parameters: URLSearchParams, name: string): number {
  const text = parameters.get(name) ?? ''
  const nowMs = around.clock.wallMs()
  if (text === '') return nowMs
  try {
    return momentMs(text, nowMs)
  } catch {
    throw new HttpProblem(
      'REQUEST_INVALID',
      `The parameter \`${name}\` must be a time such as 2026-01-15T09:50:00Z.`,
    )
  }
}

/** Milliseconds of a duration such as `5m`, or `300` for seconds. REQUEST_INVALID where it is none, or below nothing. */
export function readDurationMs(name: string, text: string): number {
  const spelled = withUnit(text)
  if (NO_DURATION.test(spelled)) return 0
  const ms = spelled.length > DURATION_LENGTH_MAX ? null : durationMs(spelled)
  if (ms !== null) return Math.ceil(ms)
  throw new HttpProblem(
    'REQUEST_INVALID',
    `The parameter \`${name}\` must be a duration such as 30s or 500ms.`,
  )
}

const DURATION_LENGTH_MAX = 40

/** A step such as `5m`, `month`, or `300` for seconds; without one, a day. */
export function readStep(parameters: URLSearchParams): string {
  const text = withUnit(parameters.get('step') ?? '')
  if (text === '') return STEP_DEFAULT
  if (durationMs(text) !== null || STEP_NAMES.has(text)) return text
  throw new HttpProblem('REQUEST_INVALID', 'The parameter `step` must be a duration such as 5m or 1d.')
}

/** How much later, or with a minus earlier, steps begin; null where that is nothing. */
export function readStepOffset(parameters: URLSearchParams): string | null {
  const text = withUnit(parameters.get('offset') ?? '')
  if (text === '' || NO_DURATION.test(text)) return null
  if (durationMs(text.replace(/^-/, '')) !== null) return text
  throw new HttpProblem('REQUEST_INVALID', 'The parameter `offset` must be a duration such as 2h or -30m.')
}

const STEP_DEFAULT = '1d'
/** `0s`, `0h0m0s`. Each part ends in letters, so that a text is read in one way only, and in no time. */
const NO_DURATION = /^-?(?:0+(?:\.0+)?[a-zµ]+)+$/

/** A number alone is seconds. */
function withUnit(text: string): string {
  return /^-?\d+(?:\.\d+)?$/.test(text) ? `${text}s` : text
}

/** `1`, `true` or `yes`. */
export function readSwitch(parameters: URLSearchParams, name: string): boolean {
  return ['1', 'true', 'yes'].includes((parameters.get(name) ?? '').toLowerCase())
}

/** REQUEST_INVALID, QUERY_SYNTAX, MEDIA_UNSUPPORTED, BODY_TOO_LARGE. */
export async function readValuesRequest(call: RouteCall): Promise<ValuesRequest> {
  const parameters = await readParameters(call)
  const limit = readLimit(parameters)
  const request = readPiped(call, parameters)
  return {
    ...request,
    field: parameters.get('field'),
    part: parameters.get('filter') ?? '',
    limit: limit === 0 ? VALUES_LIMIT_DEFAULT : Math.min(limit, VALUES_LIMIT_MAX),
  }
}

/** As `readNarrowed`; with `ignore_pipes=1` the query is its filter alone. */
export function readPiped(call: RouteCall, parameters: URLSearchParams): QueryRequest {
  const request = readNarrowed(call, parameters)
  const { query } = request
  return readSwitch(parameters, 'ignore_pipes') ? { ...request, query: { ...query, pipes: [] } } : request
}

/** The query within its range of time, and within what `extra_filters` let through; its scope with what is hidden. */
export function readNarrowed(
  { around }: RouteCall,
  parameters: URLSearchParams,
  nowMs = around.clock.wallMs(),
): QueryRequest {
  const { options } = around
  const text = parameters.get('query') ?? ''
  if (text === '') throw new HttpProblem('REQUEST_INVALID', 'The parameter `query` is missing.')
  const hidden = readHidden(parameters)
  const query = readQuery(text, () => parseQuery(text, { nowMs }))
  const range = readRange(parameters, nowMs)
  const extra = EXTRA.flatMap(({ name, isStream }) =>
    parameters.getAll(name).flatMap((each) => readExtra(name, each, isStream, nowMs) ?? []),
  )
  const forced = extra.length === 0 ? null : extra.reduce((both, each) => narrowedQuery(both, each))
  const isWithin = range !== null && query.options?.ignore_global_time_filter !== 'true'
  return {
    query: [...(isWithin ? [range] : []), ...extra].reduce(narrowedQuery, query),
    scope: {
      ...(range !== null && { range: range.filter }),
      ...(forced !== null && { forced: forced.filter }),
      ...(hidden.length > 0 && { hidden }),
    },
    queryId: parameters.get('query_id') || null,
    timeoutMs: readTimeout(parameters.get('timeout') ?? '', options.queryMsMax),
  }
}

const EXTRA = [
  { name: 'extra_filters', isStream: false },
  { name: 'extra_stream_filters', isStream: true },
]

const HIDDEN = 'hidden_fields_filters'
const HIDDEN_MAX = 1000

/**
 * Names of fields, and beginnings of names with `*` behind them: `a,b*` or `["a","b*"]`. What is not understood is
 * refused, so that nothing is seen that was meant to be hidden.
 */
function readHidden(parameters: URLSearchParams): FieldPattern[] {
  const names = parameters.getAll(HIDDEN).flatMap(readNames)
  const given = names.map((name) => name.trim()).filter((name) => name !== '')
  if (given.length > HIDDEN_MAX)
    throw new HttpProblem('REQUEST_INVALID', `The parameter \`${HIDDEN}\` has at most ${HIDDEN_MAX} names.`)
  return given.map(readHiddenName)
}

function readNames(text: string): readonly string[] {
  if (!text.trimStart().startsWith('[')) return text.split(',')
  try {
    const names: unknown = JSON.parse(text)
    if (Array.isArray(names) && names.every((name) => typeof name === 'string')) return names
  } catch {
    // Said below.
  }
  throw new HttpProblem('REQUEST_INVALID', `The parameter \`${HIDDEN}\` must give names, or a list of texts.`)
}

function readHiddenName(text: string): FieldPattern {
  const isPrefix = text.endsWith('*')
  const name = isPrefix ? text.slice(0, -1) : text
  const pattern = { name, isPrefix }
  if (name.includes('*'))
    throw new HttpProblem(
      'REQUEST_INVALID',
      `The parameter \`${HIDDEN}\` takes \`*\` at the end of a name only.`,
    )
  const needed = unhidable(pattern)
  if (needed === null) return pattern
  const detail = `The parameter \`${HIDDEN}\` cannot hide \`${needed}\`: records are found and ordered by it.`
  throw new HttpProblem('REQUEST_INVALID', detail)
}

/** A filter, or an object of fields with the value, or the values, that they must have: as a proxy sets them. */
function readExtra(name: string, text: string, isStream: boolean, nowMs: number): Query | null {
  if (text.trim() === '') return null
  if (!/^\s*\{\s*"/.test(text)) return readFilterOnly(name, text, nowMs)
  let fields: unknown
  try {
    fields = JSON.parse(text)
  } catch {
    // A stream filter may begin like that.
    return readFilterOnly(name, text, nowMs)
  }
  const parts = Object.entries(fields as Record<string, unknown>).map(([field, value]) =>
    fieldFilter(name, field, Array.isArray(value) ? value : [value], isStream),
  )
  const filter = isStream ? `{${parts.join(',')}}` : parts.join(' ')
  return readQuery(filter, () => parseQuery(filter, { nowMs }))
}

function fieldFilter(name: string, field: string, values: readonly unknown[], isStream: boolean): string {
  if (!values.every((value) => typeof value === 'string'))
    throw new HttpProblem('REQUEST_INVALID', `The parameter \`${name}\` must give texts, or lists of texts.`)
  const list = values.map((value) => JSON.stringify(value)).join(',')
  return `${JSON.stringify(field)}${isStream ? ' in ' : ':in'}(${list})`
}

function readFilterOnly(name: string, text: string, nowMs: number): Query {
  const query = readQuery(text, () => parseQuery(text, { nowMs }))
  if (query.pipes.length === 0) return query
  throw new HttpProblem('REQUEST_INVALID', `The parameter \`${name}\` must be a filter, without pipes.`)
}

/** Those of a form win over those of the path. MEDIA_UNSUPPORTED, BODY_TOO_LARGE. */
export async function readParameters({ request, parameters, body }: RouteCall): Promise<URLSearchParams> {
  const mediaType = request.headers['content-type']?.split(';')[0].trim().toLowerCase()
  if (request.method !== 'POST' || mediaType === undefined || isEmpty(request)) return parameters
  if (mediaType !== FORM_TYPE) {
    throw new HttpProblem('MEDIA_UNSUPPORTED', `The header \`Content-Type\` must be ${FORM_TYPE}.`)
  }
  return body.whole(BODY_BYTES_MAX, (form) => new URLSearchParams(`${form.toString()}&${parameters}`))
}

/** Nothing was sent, whatever type it is said to have. */
function isEmpty({ headers }: RouteCall['request']): boolean {
  return headers['transfer-encoding'] === undefined && Number(headers['content-length'] ?? 0) === 0
}

/** From `start` on, and before `end`: a unit such as a day begins and ends where it begins. Null where both are open. */
function readRange(parameters: URLSearchParams, nowMs: number): Query | null {
  const [start, end] = ['start', 'end'].map((name) => momentText(parameters.get(name) ?? ''))
  if (start === '' && end === '') return null
  const text = `_time:${rangeText(start, end)}`
  return readQuery(text, () => parseQuery(text, { nowMs }))
}

/** What was stored just now is before `now`, whatever the clock has for its smallest step. */
function rangeText(start: string, end: string): string {
  const isNow = end.toLowerCase() === NOW
  if (end === '') return `>=${quote(start)}`
  if (start === '') return `${isNow ? '<=' : '<'}${quote(end)}`
  return `[${quote(start)},${quote(end)}${isNow ? ']' : ')'}`
}

/** A time as queries spell it; `5m` and `-5m` are so long ago. */
function momentText(written: string): string {
  const text = written.trim()
  const age = text.replace(/^-/, '')
  if (NO_DURATION.test(text)) return NOW
  return /^\d/.test(age) && durationMs(age) !== null ? `${NOW}-${age}` : text
}

const NOW = 'now'

/** An error is shown under the text. */
function readQuery(text: string, read: () => Query): Query {
  try {
    return read()
  } catch (error) {
    if (!isCodedError(error)) throw error
    throw new HttpProblem(error.code, caretMessage(text, error), { members: { ...error.details } })
  }
}

function readLimit(parameters: URLSearchParams): number {
  const text = parameters.get('limit') ?? ''
  if (/^\d{0,15}$/.test(text)) return Number(text)
  throw new HttpProblem('REQUEST_INVALID', 'The parameter `limit` must be a whole number; 0 counts as none.')
}

/** As long as a timer can run. */
const TIMEOUT_MS_MAX = 2 ** 31 - 1

/** Seconds where no unit is given. Never longer than the server allows. */
function readTimeout(text: string, queryMsMax: number): number {
  if (text === '') return queryMsMax
  const ms = Math.min(TIMEOUT_MS_MAX, readDurationMs('timeout', text))
  if (ms === 0)
    throw new HttpProblem('REQUEST_INVALID', 'The parameter `timeout` must be longer than nothing.')
  return queryMsMax === 0 ? ms : Math.min(ms, queryMsMax)
}
