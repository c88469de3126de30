/** What of the errors of a part is damage, and no bug: it is noted, and the rest is served. */
import { CodedError, systemErrorCode } from '../base/base.ts'

/** Whether the error says that the bytes of a part, or of its deleted rows, are not what was written. */
export function isCorrupt(error: unknown): boolean {
  return (
    error instanceof CodedError && ['PART_CORRUPT', 'DELETES_CORRUPT', 'FORMAT_VERSION'].includes(error.code)
  )
}

/** The same, or that the disk does not give them. */
export function isDamage(error: unknown): boolean {
  if (error instanceof CodedError) return isCorrupt(error)
  const code = systemErrorCode(error)
  // Errors of Node.js itself are bugs.
  return code !== undefined && !code.startsWith('ERR_')
}
