/**
 * Why the query port refuses a request: every reason that is not the query language's own. docs/protocols-text.md
 * quotes them all, and a test holds the two level.
 */
import type { Dialect } from './log-replies.ts'

/**
 * `{bytesMax}` is the longest request, `{types}` the names of all types, `{ms}` the longest time of a query. What is
 * wrong with a query itself is said by the query language.
 */
export const QUERY_REFUSALS = {
  unknownRequest: 'Unknown request: HELP lists all',
  unknownType: 'Unknown query type: expected one of {types}',
  tooLong: 'Request too long: at most {bytesMax} bytes',
  notUtf8: 'Request is not valid UTF-8',
  overload: 'Request too long for the memory that is left: try again later',
  badRange: 'Bad time range: expected <from>..<to>',
  notLive: 'Not a filter that can be followed: TAIL takes a filter and only pipes that look at one record',
  notAllowed: 'Not allowed: this session may not read',
  badToken: 'Unknown token',
  tookTooLong: 'Query took too long: at most {ms} ms',
  shuttingDown: 'Server is shutting down',
  internal: 'Internal error: see the log of the server',
} as const

export type QueryRefusal = keyof typeof QUERY_REFUSALS

/** `ERROR|<reason>` or `ERROR:<reason>`; what the reason quotes cannot end the line or move a cursor. */
export function printQueryError(dialect: Dialect, reason: string): string {
  return `ERROR${dialect === 'main' ? '|' : ':'}${escapeText(reason)}\n`
}

/** Control characters but tab as `\n` or `\xNN`, one for each byte of UTF-8. */
function escapeText(text: string): string {
  return text.replace(/[\x00-\x08\x0a-\x1f\x7f-\x9f]/g, (char) => {
    if (char === '\n') return '\\n'
    return [...Buffer.from(char)].map((byte) => `\\x${byte.toString(16).padStart(2, '0')}`).join('')
  })
}
