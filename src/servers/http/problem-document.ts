/**
 * Errors as RFC 9457 problem documents, the only form in which HTTP tells them: the status of each error code, the
 * document, and the whole response as text for whoever is refused before a request can be read.
 *
 * Invariant: what is not a coded error tells nothing of itself; its sender reads INTERNAL_ERROR.
 */
import { STATUS_CODES } from 'node:http'
import { CodedError, ERROR_CODES, type ErrorCode, isCodedError } from '../../base/base.ts'
import { SECURITY_HEADERS } from './security-headers.ts'

export const PROBLEM_TYPE = 'application/problem+json'

export interface ProblemDocument {
  /** `urn:logcaster:error:<code>` */
  readonly type: string
  /** What happened, whatever the case at hand: the same for every problem of this code. */
  readonly title: string
  readonly status: number
  /** What was wrong here, and what would be right. */
  readonly detail: string
  readonly code: ErrorCode
  readonly [member: string]: unknown
}

/** Statuses that are not 400. */
const STATUSES: Readonly<Partial<Record<ErrorCode, number>>> = {
  BACKUP_REFUSED: 409,
  BODY_TOO_LARGE: 413,
  IMPORT_REFUSED: 409,
  INTERNAL_ERROR: 500,
  MEDIA_UNSUPPORTED: 415,
  METHOD_REFUSED: 405,
  NOT_ALLOWED: 403,
  ORIGIN_REFUSED: 403,
  QUERY_CANCELLED: 503,
  QUERY_TOO_LARGE: 422,
  RATE_EXCEEDED: 429,
  ROUTE_UNKNOWN: 404,
  SERVER_BUSY: 503,
  STORE_CLOSED: 503,
  STORE_FULL: 507,
  STORE_READ_ONLY: 503,
  STORE_UNKNOWN: 404,
  TASK_UNKNOWN: 404,
  QUERY_UNKNOWN: 404,
  QUERY_ID_INVALID: 400,
  TIMED_OUT: 408,
  TOKEN_UNKNOWN: 401,
  WORKER_DIED: 503,
}

/** Codes after which the same request may succeed, and how long to wait first. */
const RETRY_AFTER_SECONDS: Readonly<Partial<Record<ErrorCode, number>>> = {
  QUERY_CANCELLED: 1,
  RATE_EXCEEDED: 1,
  SERVER_BUSY: 1,
  STORE_CLOSED: 5,
  STORE_FULL: 10,
  STORE_READ_ONLY: 60,
  WORKER_DIED: 1,
}

export interface ProblemMore {
  /** Where it is not the usual one of the code. */
  readonly status?: number
  /** Members of the document beside the common ones. */
  readonly members?: Readonly<Record<string, unknown>>
  readonly headers?: Readonly<Record<string, string>>
  /** For our own log. */
  readonly cause?: unknown
}

/** An error that knows what its answer says beyond its code and its sentence. */
export class HttpProblem extends CodedError {
  readonly more: ProblemMore

  constructor(code: ErrorCode, detail: string, more: ProblemMore = {}) {
    super(code, detail, more.cause === undefined ? {} : { cause: more.cause })
    this.name = 'HttpProblem'
    this.more = more
  }
}

export function problemOf(error: unknown): ProblemDocument {
  const known = asCoded(error)
  const { status, members } = known instanceof HttpProblem ? known.more : {}
  return {
    type: `urn:logcaster:error:${known.code}`,
    title: ERROR_CODES[known.code].meaning,
    status: status ?? STATUSES[known.code] ?? 400,
    detail: known.message,
    code: known.code,
    ...members,
  }
}

/** Headers that belong to the answer, beside those of every answer. */
export function problemHeaders(error: unknown): Readonly<Record<string, string>> {
  const known = asCoded(error)
  const seconds = RETRY_AFTER_SECONDS[known.code]
  return {
    ...(seconds !== undefined && { 'Retry-After': String(seconds) }),
    ...(known instanceof HttpProblem && known.more.headers),
  }
}

/** The whole response, after which the connection ends. */
export function problemResponse(error: unknown): string {
  const problem = problemOf(error)
  const body = JSON.stringify(problem)
  const headers = {
    ...SECURITY_HEADERS,
    ...problemHeaders(error),
    'Content-Type': PROBLEM_TYPE,
    'Content-Length': String(Buffer.byteLength(body)),
    Connection: 'close',
  }
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`)
  return `HTTP/1.1 ${problem.status} ${STATUS_CODES[problem.status]}\r\n${lines.join('')}\r\n${body}`
}

/** An error of ours, as our own log should know it, since the answer tells nothing of it; null for other people's. */
export function ownFaultOf(error: unknown): unknown {
  const known = asCoded(error)
  return known.code === 'INTERNAL_ERROR' ? (known.cause ?? error) : null
}

/** Something failed that should not. */
export function internalError(cause: unknown, members: ProblemMore['members'] = {}): HttpProblem {
  return new HttpProblem('INTERNAL_ERROR', 'The server failed; its own log says how.', { cause, members })
}

function asCoded(error: unknown): CodedError {
  return isCodedError(error) ? error : (ofLibrary(error) ?? internalError(error))
}

/** What Fastify itself refuses. Its sentences are its own and hold nothing of ours. */
function ofLibrary(error: unknown): CodedError | null {
  if (!(error instanceof Error) || !('statusCode' in error) || !('code' in error)) return null
  const { statusCode, code, message } = error
  if (typeof statusCode !== 'number' || statusCode < 400 || statusCode > 499) return null
  if (typeof code !== 'string' || !code.startsWith('FST_')) return null
  if (statusCode === 415) return new HttpProblem('MEDIA_UNSUPPORTED', message)
  return new HttpProblem('REQUEST_INVALID', message, { status: statusCode })
}
