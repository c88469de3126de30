/**
 * What whoever draws the answers of `stats` needs to know of a query, and to change in it: which fields are numbers, and
 * the same query in each step of time.
 */
import type { Pipe, Query } from './ast.ts'
import type { CoalescePipe } from './pipes/coalesce.ts'
import type { PairsPipe } from './pipes/field-pairs.ts'
import type { FieldsPipe } from './pipes/fields.ts'
import type { Few } from './pipes/first.ts'
import type { LimitPipe } from './pipes/limit.ts'
import type { OffsetPipe } from './pipes/offset.ts'
import { pipeKindOf } from './pipes/registry.ts'
import type { SortPipe } from './pipes/sort.ts'
import type { StatsPipe } from './pipes/stats.ts'
import { TIME_FIELD } from './special-fields.ts'
import type { GroupKey } from './stats/group-key.ts'

// ---- numbers ------------------------------------------------------------------------------------------------

/** What a field of an answer is that draws as numbers: one of them, or the ranges of a histogram as JSON. */
export type Drawn = 'number' | 'histogram'

/** Beside those that make one row of each, pipes that may stand behind `stats`: its rows stay groups, with numbers. */
const KEEPING: ReadonlySet<string> = new Set(
  'filter dropEmptyFields limit offset sort first last running_stats total_stats'.split(' '),
)
/** Those of them that make more numbers. */
const COUNTING: ReadonlySet<string> = new Set('math len json_array_len running_stats total_stats'.split(' '))
/** What these change is a number still, if it was one. */
const CHANGING: ReadonlySet<string> = new Set(['replace', 'replaceRegexp'])
/** They make no new values. */
const CHOOSING: ReadonlySet<string> = new Set(['fields', 'delete'])
/** Functions whose results are texts: they tell groups apart. */
const TELLING: ReadonlySet<string> = new Set(
  'any row_any row_max row_min json_values uniq_values values'.split(' '),
)

/**
 * The fields that draw, of a query that ends in `stats` and pipes that keep its groups: all others tell the groups apart.
 * Null where it ends in something else.
 */
export function statsNumbers({ pipes }: Query): ReadonlyMap<string, Drawn> | null {
  const at = pipes.findLastIndex(isStats)
  const rest = pipes.slice(at + 1)
  if (at < 0 || !rest.every(keepsGroups)) return null
  const drawn = new Map<string, Drawn>()
  for (const { call, as } of (pipes[at] as StatsPipe).calls) {
    if (!TELLING.has(call.name)) drawn.set(as, call.name === 'histogram' ? 'histogram' : 'number')
  }
  return rest.reduce(drawnBehind, drawn)
}

const keepsGroups = (pipe: Pipe): boolean => KEEPING.has(pipe.kind) || pipeKindOf(pipe).keepsRows === true

function drawnBehind(drawn: ReadonlyMap<string, Drawn>, pipe: Pipe): ReadonlyMap<string, Drawn> {
  if (pipe.kind === 'copy' || pipe.kind === 'rename') return renamed(drawn, pipe as PairsPipe)
  if (CHANGING.has(pipe.kind) || CHOOSING.has(pipe.kind)) return drawn
  const after = new Map(drawn)
  for (const name of pipeKindOf(pipe).leaves?.(pipe, []) ?? []) {
    if (makesNumbers(pipe, drawn)) after.set(name, 'number')
    else after.delete(name)
  }
  return after
}

function makesNumbers(pipe: Pipe, drawn: ReadonlyMap<string, Drawn>): boolean {
  if (pipe.kind !== 'coalesce') return COUNTING.has(pipe.kind)
  const { fields } = pipe as CoalescePipe
  return fields.every(({ name, isPrefix }) => !isPrefix && drawn.get(name) === 'number')
}

/** A new name is what its old one was. */
function renamed(drawn: ReadonlyMap<string, Drawn>, { kind, pairs }: PairsPipe) {
  let after = new Map(drawn)
  for (const { from, to } of pairs) {
    const before = after
    after = new Map(before)
    if (!from.isPrefix && !to.isPrefix) after.delete(to.name)
    for (const [name, what] of before) {
      const isMeant = from.isPrefix ? name.startsWith(from.name) : name === from.name
      if (!isMeant) continue
      if (kind === 'rename') after.delete(name)
      after.set(to.isPrefix ? to.name + name.slice(from.name.length) : to.name, what)
    }
  }
  return after
}

// ---- steps of time ------------------------------------------------------------------------------------------

/** What rows are in the order of: fields, each one up or down. */
type Order = Pick<SortPipe, 'by' | 'isDesc'>

/**
 * The query in each step of time: every `stats` of it also by steps, and what its pipes cut off behind the last one they
 * cut off in each step. `_time` stays where pipes would take it away.
 */
export function inTimeSteps(query: Query, step: string, offset: string | null): Query {
  const key: GroupKey = { field: TIME_FIELD, step, offset }
  const last = query.pipes.findLastIndex(isStats)
  let order: Order = { by: [], isDesc: false }
  const pipes = query.pipes.map((pipe, at): Pipe => {
    if (isStats(pipe)) {
      const by = pipe.by.filter(({ field }) => field !== TIME_FIELD)
      order = { by: by.map(({ field }) => ({ field, isDesc: false })), isDesc: false }
      const stepped: StatsPipe = { ...pipe, by: [key, ...by] }
      return stepped
    }
    if (at < last) return withTime(pipe)
    order = orderBehind(pipe, order)
    return withTime(cutInSteps(pipe, order))
  })
  return { ...query, pipes }
}

function isStats(pipe: Pipe): pipe is StatsPipe {
  return pipe.kind === 'stats'
}

/** `fields` and `delete` keep `_time`. */
function withTime(pipe: Pipe): Pipe {
  const isFields = pipe.kind === 'fields'
  if (!isFields && pipe.kind !== 'delete') return pipe
  const { fields } = pipe as FieldsPipe
  const others = fields.filter(({ name, isPrefix }) => isPrefix || name !== TIME_FIELD)
  const kept: Pipe & Pick<FieldsPipe, 'fields'> = {
    ...pipe,
    fields: isFields ? [{ name: TIME_FIELD, isPrefix: false }, ...others] : others,
  }
  return kept
}

function orderBehind(pipe: Pipe, before: Order): Order {
  const { by, isDesc = false } = pipe as Partial<SortPipe>
  if (pipe.kind === 'sort') return { by: by ?? [], isDesc }
  return pipe.kind === 'first' || pipe.kind === 'last'
    ? { by: by ?? [], isDesc: pipe.kind === 'last' }
    : before
}

/** `limit` and `offset` cut rows that are in the order of what stands before them: as `sort` does, in each step. */
function cutInSteps(pipe: Pipe, order: Order): Pipe {
  switch (pipe.kind) {
    case 'sort':
      return sortInSteps(pipe as SortPipe)
    case 'first':
    case 'last':
      return { ...pipe, ...partitioned(pipe as Pipe & Few) }
    case 'limit':
      return sortInSteps(sortOf(order, (pipe as LimitPipe).rows, 0))
    case 'offset':
      return sortInSteps(sortOf(order, null, (pipe as OffsetPipe).rows))
    default:
      return pipe
  }
}

function sortOf(order: Order, limit: number | null, offset: number): SortPipe {
  return { kind: 'sort', ...order, partitionBy: [], limit, offset, rankAs: null }
}

function sortInSteps(pipe: SortPipe): SortPipe {
  const cuts = pipe.limit !== null || pipe.offset > 0 || pipe.rankAs !== null
  return cuts ? { ...pipe, ...partitioned(pipe) } : pipe
}

function partitioned({ partitionBy }: Pick<SortPipe, 'partitionBy'>): Pick<SortPipe, 'partitionBy'> {
  return { partitionBy: [TIME_FIELD, ...partitionBy.filter((field) => field !== TIME_FIELD)] }
}
