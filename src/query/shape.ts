/** What can be said of a query without running it. */
import type { Query } from './ast.ts'
import { pipeKindOf } from './pipes/registry.ts'

/** The most rows that the query's own pipes let through, or null when nothing limits it. */
export function queryLimit(query: Query): number | null {
  const limits = query.pipes.flatMap((pipe) => pipeKindOf(pipe).rowsMax?.(pipe) ?? [])
  return limits.length === 0 ? null : Math.min(...limits)
}

/** All pipes can run on one record after another, as a tail needs. */
export function isLive(query: Query): boolean {
  return query.pipes.every((pipe) => pipeKindOf(pipe).isLive)
}
