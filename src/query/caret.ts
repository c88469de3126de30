import type { CodedError } from '../base/base.ts'
/** Three lines for a terminal: the line of the query, a caret under what was wrong, the message. */
export function caretMessage(text: string, error: CodedError): string {
  return `${text}\n${error.message}`
}
