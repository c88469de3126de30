/**
 * Rows of records over HTTP also have `_stream_id`, by which clients of LogsQL ask for what stands around a record: LogsQL
 * here gives it where it is asked for by name, and so it is.
 */
import { parseQuery, type Query } from '../../query/query.ts'

/** Pipes whose rows are no records, or have the fields that the query names. */
const MAKING: ReadonlySet<string> = new Set(
  'block_stats blocks_count facets field_names field_values fields generate_sequence patterns query_stats stats top uniq'.split(
    ' ',
  ),
)

export function withStreamIds(query: Query): Query {
  if (query.pipes.some(({ kind }) => MAKING.has(kind))) return query
  return withPipe(query, 'fields *, _stream_id')
}

export function withPipe(query: Query, pipe: string): Query {
  return { ...query, pipes: [...query.pipes, ...parseQuery(`* | ${pipe}`, { nowMs: 0 }).pipes] }
}
