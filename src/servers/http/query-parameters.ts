/**
 * The parameters of a query over HTTP, as VictoriaLogs has them: `query`, `limit`, `start`, `end`, `timeout`; of a
 * question for values also `field` and `filter`.
 */
import { isCodedError } from '../../base/base.ts'
import {
  caretMessage,
  limitedQuery,
  narrowedQuery,
  parseQuery,
  type Query,
  timeRangeQuery,
} from '../../query/query.ts'
import { BODY_BYTES_MAX } from './http-options.ts'
import { HttpProblem } from './problem-document.ts'
import type { RouteCall } from './route.ts'

export interface QueryRequest {
  readonly query: Query
  /** 0: no limit. */
  readonly timeoutMs: number
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

/** REQUEST_INVALID, QUERY_SYNTAX (with a mark under the place), MEDIA_UNSUPPORTED, BODY_TOO_LARGE. */
export async function readQueryRequest(call: RouteCall): Promise<QueryRequest> {
  const parameters = await readParameters(call)
  const { query, timeoutMs } = readNarrowed(call, parameters)
  const limit = readLimit(parameters)
  return { query: limit === 0 ? query : limitedQuery(query, limit), timeoutMs }
}

/** The same errors. */
export async function readValuesRequest(call: RouteCall): Promise<ValuesRequest> {
  const parameters = await readParameters(call)
  const limit = readLimit(parameters)
  return {
    ...readNarrowed(call, parameters),
    field: parameters.get('field'),
    part: parameters.get('filter') ?? '',
    limit: limit === 0 ? VALUES_LIMIT_DEFAULT : Math.min(limit, VALUES_LIMIT_MAX),
  }
}

/** The query within its range of time. */
function readNarrowed({ around }: RouteCall, parameters: URLSearchParams): QueryRequest {
  const { clock, options } = around
  const nowMs = clock.wallMs()
  const text = parameters.get('query') ?? ''
  if (text === '') throw new HttpProblem('REQUEST_INVALID', 'The parameter `query` is missing.')
  const query = readQuery(text, () => parseQuery(text, { nowMs }))
  const [start, end] = [parameters.get('start') ?? '', parameters.get('end') ?? '']
  const range = start === '' && end === '' ? null : readRange(start, end, nowMs)
  return {
    query: range === null ? query : narrowedQuery(query, range),
    timeoutMs: readTimeout(parameters.get('timeout') ?? '', options.queryMsMax),
  }
}

/** Those of a form win over those of the path. */
async function readParameters({ request, parameters, body }: RouteCall): Promise<URLSearchParams> {
  const mediaType = request.headers['content-type']?.split(';')[0].trim().toLowerCase()
  if (request.method !== 'POST' || mediaType === undefined) return parameters
  if (mediaType !== FORM_TYPE) {
    throw new HttpProblem('MEDIA_UNSUPPORTED', `The header \`Content-Type\` must be ${FORM_TYPE}.`)
  }
  return body.whole(BODY_BYTES_MAX, (form) => new URLSearchParams(`${form.toString()}&${parameters}`))
}

function readRange(start: string, end: string, nowMs: number): Query {
  return readQuery(`${start}..${end}`, () => timeRangeQuery(start, end, nowMs))
}

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

const UNIT_MS: Readonly<Record<string, number>> = { ms: 1, '': 1000, s: 1000, m: 60_000, h: 3_600_000 }

/** Seconds where no unit is given. Never longer than the server allows. */
function readTimeout(text: string, queryMsMax: number): number {
  if (text === '') return queryMsMax
  const [, number, unit] = /^(\d{1,9}(?:\.\d{1,9})?)(ms|s|m|h|)$/.exec(text) ?? []
  const ms = Math.ceil(Number(number) * UNIT_MS[unit ?? ''])
  if (number === undefined || ms === 0) {
    throw new HttpProblem('REQUEST_INVALID', 'The parameter `timeout` must be a time such as 30s or 500ms.')
  }
  return queryMsMax === 0 ? ms : Math.min(ms, queryMsMax)
}
