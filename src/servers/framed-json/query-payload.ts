/** The query text in the payload of `query` and `tail`. */
import { type Clock, CodedError, isCodedError } from '../../base/base.ts'
import { QUERY_LINE_BYTES_MAX } from '../../ingest/ingest.ts'
import { caretMessage, parseQuery, type Query } from '../../query/query.ts'
import { isObject } from './json-object.ts'

/** REQUEST_INVALID, QUERY_SYNTAX with the place marked under the query, QUERY_TOO_LARGE. */
export function parseQueryText(payload: unknown, clock: Clock): Query {
  const text = isObject(payload) ? payload['query'] : undefined
  if (typeof text !== 'string') throw new CodedError('REQUEST_INVALID', 'Bad "query": expected LogsQL text')
  if (text.length > QUERY_LINE_BYTES_MAX) {
    throw new CodedError(
      'QUERY_TOO_LARGE',
      `The query is too long: at most ${QUERY_LINE_BYTES_MAX} characters`,
    )
  }
  try {
    return parseQuery(text, { nowMs: clock.wallMs() })
  } catch (error) {
    if (!isCodedError(error, 'QUERY_SYNTAX')) throw error
    throw new CodedError(error.code, caretMessage(text, error), { cause: error })
  }
}
