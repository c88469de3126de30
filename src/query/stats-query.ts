/** What whoever draws the answers of `stats` needs to know of a query, and to change in it. */
import type { Pipe, Query } from './ast.ts'
import type { StatsPipe } from './pipes/stats.ts'
import { TIME_FIELD } from './special-fields.ts'

/** Pipes that may stand behind `stats` without changing what its rows are: groups, with a value of each function. */
const KEEPING: ReadonlySet<string> = new Set([
  'filter',
  'limit',
  'math',
  'offset',
  'sort',
  'format',
  'delete',
  'first',
  'last',
])

/** The fields that name a group, of a query that ends in `stats`; null where it ends in something else. */
export function statsLabels({ pipes }: Query): readonly string[] | null {
  const at = pipes.findLastIndex(isStats)
  if (at < 0 || !pipes.slice(at + 1).every(({ kind }) => KEEPING.has(kind))) return null
  return (pipes[at] as StatsPipe).by.map(({ field }) => field)
}

/** The query with its last `stats` also by steps of time. */
export function inTimeSteps(query: Query, step: string, offset: string | null): Query {
  const at = query.pipes.findLastIndex(isStats)
  const pipes = query.pipes.map((pipe, place): Pipe => {
    if (place !== at || !isStats(pipe)) return pipe
    const others = pipe.by.filter(({ field }) => field !== TIME_FIELD)
    const stepped: StatsPipe = { ...pipe, by: [{ field: TIME_FIELD, step, offset }, ...others] }
    return stepped
  })
  return { ...query, pipes }
}

function isStats(pipe: Pipe): pipe is StatsPipe {
  return pipe.kind === 'stats'
}
