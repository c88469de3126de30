/** What whoever draws the answers of `stats` needs to know of a query, and to change in it. */
import type { Pipe, Query } from './ast.ts'
import { pipeKindOf } from './pipes/registry.ts'
import type { StatsPipe } from './pipes/stats.ts'
import { TIME_FIELD } from './special-fields.ts'

/** Pipes that may stand behind `stats`: its rows stay groups, with numbers. */
const KEEPING: ReadonlySet<string> = new Set(
  'filter limit math offset sort format delete fields rename copy first last running_stats total_stats'.split(
    ' ',
  ),
)
/** Those of them that make more numbers. */
const COUNTING: ReadonlySet<string> = new Set(['math', 'running_stats', 'total_stats'])
/** Functions whose results are texts: they tell groups apart. */
const TELLING: ReadonlySet<string> = new Set(
  'any row_any row_max row_min json_values uniq_values values histogram'.split(' '),
)

/**
 * The fields that hold numbers, of a query that ends in `stats` and pipes that keep its groups: all others tell the groups
 * apart. Null where it ends in something else.
 */
export function statsNumbers({ pipes }: Query): ReadonlySet<string> | null {
  const at = pipes.findLastIndex(isStats)
  const rest = pipes.slice(at + 1)
  if (at < 0 || !rest.every(({ kind }) => KEEPING.has(kind))) return null
  const { calls } = pipes[at] as StatsPipe
  const numbers = calls.flatMap(({ call, as }) => (TELLING.has(call.name) ? [] : [as]))
  const more = rest
    .filter(({ kind }) => COUNTING.has(kind))
    .flatMap((pipe) => pipeKindOf(pipe).leaves?.(pipe, []) ?? [])
  return new Set([...numbers, ...more])
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
