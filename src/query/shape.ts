/** What can be said of a query without running it. */
import type { Pipe, Query } from './ast.ts'
import { hasSubquery } from './piped.ts'
import { limitOf } from './pipes/limit.ts'
import { pipeKindOf } from './pipes/registry.ts'

/** The most rows that the query's own pipes let through, or null where none of them has a limit (see `rowsMax`). */
export function queryLimit(query: Query): number | null {
  const limits = query.pipes.flatMap((pipe) => pipeKindOf(pipe).rowsMax?.(pipe) ?? [])
  return limits.length === 0 ? null : Math.min(...limits)
}

/** Its filter and its pipes can look at one record after another, as a tail needs. */
export function isLive(query: Query): boolean {
  const isNow = query.options?.time_offset === undefined
  return isNow && query.pipes.every((pipe) => pipeKindOf(pipe).isLive) && !hasSubquery(query)
}

const isLimit = (pipe: Pipe): boolean => pipe.kind === 'limit'

/** The rows of the answer are records, perhaps with fewer fields: nothing of their bytes is lost. */
export function isOfRecords({ pipes }: Query): boolean {
  return pipes.every((pipe) => isLimit(pipe) || pipeKindOf(pipe).bindRow !== undefined)
}

/** One row leaves for each record, so that the records can be chosen before the pipes run. */
export function isRowByRow({ pipes }: Query): boolean {
  return pipes.every((pipe) => {
    const { bindRow, keepsRows } = pipeKindOf(pipe)
    return isLimit(pipe) || bindRow !== undefined || keepsRows === true
  })
}

/** The newest records that match are chosen before any pipe runs: `queryLimit` of them. */
export function isChosenFirst(query: Query): boolean {
  return !hasSubquery(query) && isRowByRow(query)
}

/**
 * Rows that pipes hand on are limited as records are, unless the query limits itself; rows that a pipe makes of all that
 * it gets, as `stats` does, are not cut. The limit stands before pipes that keep each row, next to what it spares work.
 */
export function limitedTo(query: Query, rowsMax: number | undefined): Query {
  const { pipes } = query
  if (rowsMax === undefined || queryLimit(query) !== null || !pipes.every(handsOn)) return query
  const at = pipes.findLastIndex((pipe) => pipeKindOf(pipe).keepsRows !== true) + 1
  return { ...query, pipes: pipes.toSpliced(at, 0, limitOf(rowsMax)) }
}

/** A field that no pipe names. */
const SOME_FIELD = '\0'

/** What leaves are rows that entered, perhaps fewer, repeated, or in another order: they have the fields that they had. */
function handsOn(pipe: Pipe): boolean {
  const { bindBatch, leaves } = pipeKindOf(pipe)
  return bindBatch !== undefined || (leaves?.(pipe, [SOME_FIELD])?.includes(SOME_FIELD) ?? true)
}

export function withoutLimits(query: Query): Query {
  return { ...query, pipes: query.pipes.filter((pipe) => !isLimit(pipe)) }
}
