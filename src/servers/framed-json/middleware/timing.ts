/** Counts messages, errors and processing time, per type and per client. */
import type { Clock } from '../../../base/base.ts'
import type { MessageCounters } from '../message-counters.ts'
import type { JsonMiddleware } from '../registry.ts'

export function measureTime(clock: Clock, counters: MessageCounters): JsonMiddleware {
  return async ({ type, peer }, _message, next) => {
    const startedMs = clock.monotonicMs()
    let isError = true
    try {
      await next()
      isError = false
    } finally {
      counters.count(type, peer.address, clock.monotonicMs() - startedMs, isError)
    }
  }
}
