/**
 * `options(time_offset=1d)`: the query looks so much earlier, and its rows have the time of asking, so that yesterday can be
 * laid over today. Stretches of time in filters are moved; times of day and days of the week are not.
 */
import type { Filter, Pipe, Query } from './ast.ts'
import type { TimeFilter } from './filters/time.ts'
import type { TimeAddPipe } from './pipes/time-add.ts'
import { TIME_FIELD } from './special-fields.ts'
import { type Moment, momentOf, parseDuration } from './syntax/time-literal.ts'

const NS_PER_MS = 1_000_000n

/** The query as it is to be run, without the option. Queries within it are left: whoever runs them asks again. */
export function movedInTime(query: Query): Query {
  const { time_offset: offset, ...others } = query.options ?? {}
  if (offset === undefined) return query
  const ns = parseDuration(offset) ?? 0n
  const back: TimeAddPipe = { kind: 'time_add', duration: offset, field: TIME_FIELD }
  const pipes: Pipe[] = [back, ...query.pipes]
  return { filter: moved(query.filter, ns) as Filter, pipes, options: others }
}

/** Filters within filters, whatever holds them. */
function moved(node: unknown, ns: bigint): unknown {
  if (Array.isArray(node)) return node.map((each) => moved(each, ns))
  if (typeof node !== 'object' || node === null || 'pipes' in node) return node
  if (isTimeFilter(node)) {
    const { first, last } = node
    return { ...node, first: earlier(first, ns), last: earlier(last, ns), endsNow: false }
  }
  return Object.fromEntries(Object.entries(node).map(([name, value]) => [name, moved(value, ns)]))
}

function isTimeFilter(node: object): node is TimeFilter {
  return 'kind' in node && node.kind === 'time'
}

function earlier(moment: Moment | null, ns: bigint): Moment | null {
  return moment === null ? null : momentOf(BigInt(moment.ms) * NS_PER_MS + BigInt(moment.ns) - ns)
}
