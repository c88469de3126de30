/** The two ways in which a query text is refused. */
import { CodedError } from '../../base/portable.ts'

export interface Span {
  /** Where in the query text, in code units. */
  readonly offset: number
  readonly length: number
}

/** What `details` of a QUERY_SYNTAX error hold. */
export interface SyntaxDetails extends Span {
  /** What LogsQL has and this version does not: `` pipe `stats` ``. */
  readonly notBuilt?: string
}

/** `message` is one sentence: what was wrong, and what would be right. */
export function syntaxProblem(message: string, span: Span): CodedError {
  return new CodedError('QUERY_SYNTAX', message, { details: { offset: span.offset, length: span.length } })
}

export function notBuiltProblem(what: string, span: Span): CodedError {
  const details: SyntaxDetails = { offset: span.offset, length: span.length, notBuilt: what }
  return new CodedError('QUERY_SYNTAX', `${what} is not built yet`, { details: { ...details } })
}
