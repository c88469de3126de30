/** What the exit code says. The table is in docs/cli.md and in --help; scripts may rely on it. */
import { type CodedError, type ErrorCode, isCodedError, systemErrorCode } from '../base/base.ts'

export const EXIT_DONE = 0
export const EXIT_FALSE = 1
export const EXIT_USAGE = 2
export const EXIT_UNREACHABLE = 3
export const EXIT_NOT_ALLOWED = 4
export const EXIT_PARTIAL = 5
export const EXIT_LIMIT = 6
export const EXIT_INTERRUPTED = 130

export const EXIT_CODES: readonly { readonly code: number; readonly meaning: string }[] = [
  { code: EXIT_DONE, meaning: 'done' },
  { code: EXIT_FALSE, meaning: 'the condition is false, or it could not be done' },
  { code: EXIT_USAGE, meaning: 'usage, query or configuration error' },
  { code: EXIT_UNREACHABLE, meaning: 'no server answers, or it went away' },
  { code: EXIT_NOT_ALLOWED, meaning: 'not allowed' },
  { code: EXIT_PARTIAL, meaning: 'the result is partial' },
  { code: EXIT_LIMIT, meaning: 'a limit was reached, or the disk is full' },
  { code: EXIT_INTERRUPTED, meaning: 'Ctrl+C' },
]

const EXIT_CODE_OF: { readonly [code in ErrorCode]?: number } = {
  USAGE: EXIT_USAGE,
  QUERY_SYNTAX: EXIT_USAGE,
  CONFIG_INVALID: EXIT_USAGE,
  SERVER_UNREACHABLE: EXIT_UNREACHABLE,
  QUERY_CANCELLED: EXIT_PARTIAL,
  QUERY_TOO_LARGE: EXIT_LIMIT,
  BATCH_TOO_LARGE: EXIT_LIMIT,
  RECORD_TOO_LARGE: EXIT_LIMIT,
  STORE_FULL: EXIT_LIMIT,
}

/** The exit code for something that was thrown: a CodedError or a system error. */
export function exitCodeOf(error: unknown): number {
  if (isCodedError(error)) return exitCodeOfCoded(error)
  return systemErrorCode(error) === 'ENOSPC' ? EXIT_LIMIT : EXIT_FALSE
}

function exitCodeOfCoded(error: CodedError): number {
  const detail = error.details['exitCode']
  return typeof detail === 'number' ? detail : (EXIT_CODE_OF[error.code] ?? EXIT_FALSE)
}
