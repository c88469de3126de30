/** Tells somebody of every message that was answered: its type, whose it was, how long it took, how it ended. */
import { type Clock, isCodedError } from '../../../base/base.ts'
import type { JsonMiddleware } from '../registry.ts'

export interface RequestLogEntry {
  readonly type: string
  /** The address that it came from. */
  readonly client: string
  readonly processingMs: number
  /** The code of the error that it was answered with; null when there was none. */
  readonly code: string | null
}

export function logRequests(clock: Clock, write: (entry: RequestLogEntry) => void): JsonMiddleware {
  return async ({ type, peer }, _message, next) => {
    const startedMs = clock.monotonicMs()
    let code: string | null = null
    try {
      await next()
    } catch (error) {
      code = isCodedError(error) ? error.code : 'INTERNAL_ERROR'
      throw error
    } finally {
      write({ type, client: peer.address, processingMs: clock.monotonicMs() - startedMs, code })
    }
  }
}
