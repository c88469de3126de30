/**
 * From what was typed to the one line that the query port takes. The query is parsed here as the server will, so that
 * a slip is shown with a caret before anything is sent; what options add is added around it.
 */
import { CodedError, isCodedError } from '../base/base.ts'
import { parseQuery, printQuery, type Query } from '../query/query.ts'

export interface QueryAdditions {
  readonly nowMs: number
  /** `1h`: only records from then on. */
  readonly since?: string
  readonly limit?: number
  /** Every field of a record, as JSON. */
  readonly allFields?: boolean
}

const EVERYTHING = '*'

/** One line of LogsQL. QUERY_SYNTAX, with the text in `details.text`; USAGE when `since` is not a time. */
export function composeQuery(text: string, { nowMs, since, limit, allFields }: QueryAdditions): string {
  const query = parseTyped(text.trim() === '' ? EVERYTHING : text, nowMs)
  const time = since === undefined ? null : timeFilter(since, nowMs)
  const filter = printQuery({ filter: query.filter, pipes: [] })
  const pipes = printQuery(query).slice(filter.length)
  return [
    time === null ? filter : `${time} (${filter})`,
    pipes,
    limit === undefined ? '' : ` | limit ${limit}`,
    allFields === true ? ' | fields *' : '',
  ].join('')
}

function parseTyped(text: string, nowMs: number): Query {
  try {
    return parseQuery(text, { nowMs })
  } catch (error) {
    if (!isCodedError(error, 'QUERY_SYNTAX')) throw error
    throw new CodedError('QUERY_SYNTAX', error.message, { details: { ...error.details, text } })
  }
}

const DURATION = /^(?:\d+(?:\.\d+)?(?:ns|us|µs|ms|s|m|h|d|w|y))+$/

/** A duration counts back from the server's now; anything else is a point in time. */
function timeFilter(since: string, nowMs: number): string {
  const filter = `_time:${DURATION.test(since) ? '' : '>='}${since}`
  const isWord = /^[\wµ.:+-]+$/.test(since)
  if (isWord && isValid(filter, nowMs)) return filter
  throw new CodedError('USAGE', `--since must be a time such as 5m, 1h or 2026-11-20, but got \`${since}\``)
}

function isValid(text: string, nowMs: number): boolean {
  try {
    parseQuery(text, { nowMs })
    return true
  } catch (error) {
    if (isCodedError(error, 'QUERY_SYNTAX')) return false
    throw error
  }
}
