/** What can be said of a query without running it. */
import type { Pipe, Query } from './ast.ts'
import { hasSubquery } from './piped.ts'
import { limitOf } from './pipes/limit.ts'
import { pipeKindOf } from './pipes/registry.ts'

/** The most rows that the query's own pipes let through, or null when nothing limits it. */
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

/**
 * Each row of the answer is made of one record, so that the records can be chosen before the pipes run. With `keepsAll`
 * false, pipes may also drop and repeat rows.
 */
export function isRowByRow({ pipes }: Query, keepsAll = true): boolean {
  return pipes.every((pipe) => {
    const { bindBatch, bindRow, keepsRows } = pipeKindOf(pipe)
    if (isLimit(pipe) || bindRow !== undefined) return true
    return bindBatch !== undefined && (keepsRows === true || !keepsAll)
  })
}

/** The newest records that match are chosen before any pipe runs: `queryLimit` of them. */
export function isChosenFirst(query: Query): boolean {
  return !hasSubquery(query) && isRowByRow(query)
}

/** Pipes that leave rows as rows are limited as records are; what is computed of all rows is not cut. */
export function limitedTo(query: Query, rowsMax: number | undefined): Query {
  const isLimited = rowsMax === undefined || queryLimit(query) !== null || !isRowByRow(query, false)
  return isLimited ? query : { ...query, pipes: [...query.pipes, limitOf(rowsMax)] }
}

export function withoutLimits(query: Query): Query {
  return { ...query, pipes: query.pipes.filter((pipe) => !isLimit(pipe)) }
}
