/** What every framed JSON server answers: one line a type, and the middleware around them, outermost first. */
import type { Clock } from '../../base/base.ts'
import { auth } from './handlers/auth.ts'
import { broadcast } from './handlers/broadcast.ts'
import { cancel } from './handlers/cancel.ts'
import { compute } from './handlers/compute.ts'
import { echo } from './handlers/echo.ts'
import { log } from './handlers/log.ts'
import { logBatch } from './handlers/log-batch.ts'
import { ping } from './handlers/ping.ts'
import { query } from './handlers/query.ts'
import { stats } from './handlers/stats.ts'
import { stop } from './handlers/stop.ts'
import { tail } from './handlers/tail.ts'
import type { MessageCounters } from './message-counters.ts'
import { checkAccess } from './middleware/access-check.ts'
import { limitRate } from './middleware/rate-limit.ts'
import { logRequests, type RequestLogEntry } from './middleware/request-log.ts'
import { measureTime } from './middleware/timing.ts'
import { JsonRegistry } from './registry.ts'

export interface BuiltInOptions {
  /** Messages of one address per second. Default 0: no limit. */
  readonly messagesPerSecondMax?: number
  /** Told of every message that was answered. Default: nobody. */
  readonly requestLog?: (entry: RequestLogEntry) => void
}

export function builtInRegistry(
  clock: Clock,
  counters: MessageCounters,
  options: BuiltInOptions,
): JsonRegistry {
  const registry = new JsonRegistry()
  const { messagesPerSecondMax = 0, requestLog } = options
  registry.use(measureTime(clock, counters))
  if (requestLog !== undefined) registry.use(logRequests(clock, requestLog))
  if (messagesPerSecondMax > 0) registry.use(limitRate(clock, messagesPerSecondMax))
  registry.use(checkAccess)
  return registry
    .handle('echo', echo)
    .handle('ping', ping)
    .handle('compute', compute)
    .handle('log', log)
    .handle('log_batch', logBatch)
    .handle('query', query)
    .handle('cancel', cancel)
    .handle('tail', tail)
    .handle('stop', stop)
    .handle('stats', stats)
    .handle('broadcast', broadcast)
    .handle('auth', auth)
}
