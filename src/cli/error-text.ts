/** What an error says to a person. */
import { isCodedError, messageOf, systemErrorCode } from '../base/base.ts'
import { caretMessage } from '../query/query.ts'

/** The sentence; of a query that cannot be read, the query with a caret under the place before it. */
export function errorText(error: unknown): string {
  const text = isCodedError(error, 'QUERY_SYNTAX') ? error.details['text'] : undefined
  return isCodedError(error) && typeof text === 'string' ? caretMessage(text, error) : errorSentence(error)
}

/** The message, or what it means where it is the system's and says it in the words of a call. */
export function errorSentence(error: unknown): string {
  const text = messageOf(error)
  const cause = isCodedError(error, 'DIRECTORY_UNUSABLE') ? error.cause : undefined
  const isOfSystem = cause instanceof Error && text.includes(cause.message)
  const path = isOfSystem && 'path' in cause ? cause.path : undefined
  const code = systemErrorCode(cause)
  if (path !== undefined && code === 'EEXIST') return `${path} is not a directory.`
  if (path !== undefined && code === 'ENOTDIR')
    return `${path} cannot be made: a name in it is that of a file, not of a directory.`
  return text
}
