/**
 * Errors on their way between threads. A structured clone would turn a CodedError into an Error without code, so what
 * counts is sent as plain values and put together again on the other side.
 */
import { AssertionError } from './assert.ts'
import {
  CodedError,
  ERROR_CODES,
  type ErrorCode,
  isCodedError,
  messageOf,
  systemErrorCode,
} from './errors.ts'

export interface SentError {
  readonly kind: 'coded' | 'bug' | 'other'
  readonly message: string
  readonly stack?: string
  readonly code?: string
  readonly details?: Readonly<Record<string, unknown>>
  readonly cause?: SentError
}

/** How many causes of causes are sent along: an error may be its own cause. */
const CAUSES_MAX = 4

export function sendError(error: unknown, causesMax: number = CAUSES_MAX): SentError {
  const message = messageOf(error)
  if (!(error instanceof Error)) return { kind: 'other', message }
  const hasCause = error.cause !== undefined && causesMax > 0
  const cause = hasCause ? sendError(error.cause, causesMax - 1) : undefined
  const common = { message, stack: error.stack, cause }
  if (isCodedError(error)) {
    return { ...common, kind: 'coded', code: error.code, details: cloneable(error.details) }
  }
  if (error instanceof AssertionError) return { ...common, kind: 'bug' }
  return { ...common, kind: 'other', code: systemErrorCode(error) }
}

/** Details that cannot cross are left out: the error itself must arrive. */
function cloneable(details: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  try {
    return structuredClone(details)
  } catch {
    return {}
  }
}

/** A CodedError, an AssertionError, or an Error that has the message and, of a system error, the code. */
export function restoreError(sent: SentError): Error {
  const error = withoutStack(sent)
  if (sent.stack !== undefined) error.stack = sent.stack
  return error
}

function withoutStack(sent: SentError): Error {
  const { message, details } = sent
  const cause = sent.cause === undefined ? undefined : restoreError(sent.cause)
  if (sent.kind === 'coded' && isErrorCode(sent.code)) {
    return new CodedError(sent.code, message, { cause, details })
  }
  const options = cause === undefined ? undefined : { cause }
  if (sent.kind === 'bug') return new AssertionError(message, options)
  const error = new Error(message, options)
  return sent.code === undefined ? error : Object.assign(error, { code: sent.code })
}

function isErrorCode(code: string | undefined): code is ErrorCode {
  return code !== undefined && Object.hasOwn(ERROR_CODES, code)
}
