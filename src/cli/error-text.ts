/** What an error says to a person. */
import { isCodedError, messageOf } from '../base/base.ts'
import { caretMessage } from '../query/query.ts'

/** The message; of a query that cannot be read, the query with a caret under the place before it. */
export function errorText(error: unknown): string {
  const text = isCodedError(error, 'QUERY_SYNTAX') ? error.details['text'] : undefined
  return isCodedError(error) && typeof text === 'string' ? caretMessage(text, error) : messageOf(error)
}
