/**
 * `sort by (a, b desc)`: rows in the order of their fields. Values are compared as value-order.ts says. Rows that are
 * the same in all of them are in the order of their records, by time and id, in the direction of the last field: so the
 * answer does not depend on how records are stored, and pages fit together.
 */
import type { Pipe } from '../ast.ts'
import { withEveryField, withFields, withoutFields } from '../batches/fields-wanted.ts'
import type { OrderField } from '../batches/row-order.ts'
import { TIME_FIELD } from '../special-fields.ts'
import type { FilterParser } from '../syntax/filter-parser.ts'
import type { PipeKind } from './kind.ts'
import {
  parseOrderBy,
  parsePartition,
  parseRank,
  printOrderBy,
  printPartition,
  printRank,
  rowOrderOf,
} from './order-parts.ts'
import { parseWholeNumber } from './parts.ts'
import { sortGatherer } from './sort-gatherer.ts'

export interface SortPipe extends Pipe {
  readonly kind: 'sort'
  /** Empty: by all fields. */
  readonly by: readonly OrderField[]
  /** Turns the direction of each field round. */
  readonly isDesc: boolean
  /** Empty: all rows are one partition. */
  readonly partitionBy: readonly string[]
  /** Of each partition; null: all. */
  readonly limit: number | null
  /** Of each partition. */
  readonly offset: number
  readonly rankAs: string | null
}

export const sortPipe: PipeKind<SortPipe> = {
  kind: 'sort',
  names: ['sort', 'order'],
  summary:
    'rows in the order of these fields, or only the first of them; numbers, times and sizes by their amount',
  examples: [
    '* | sort by (_time desc) limit 10',
    'error | sort by (service, duration desc)',
    '* | order (size) desc offset 20 limit 10',
    '* | sort by (duration desc) partition by (service) limit 3 rank as place',
  ],
  isLive: false,
  parse: parseSort,
  print(pipe, printer) {
    const { by, isDesc, partitionBy, limit, offset, rankAs } = pipe
    return [
      'sort',
      printOrderBy(by, printer),
      isDesc ? ' desc' : '',
      printPartition(partitionBy, printer),
      offset === 0 ? '' : ` offset ${offset}`,
      limit === null ? '' : ` limit ${limit}`,
      printRank(rankAs, printer),
    ].join('')
  },
  wants({ by, partitionBy, rankAs }, after) {
    if (by.length === 0) return withEveryField(after)
    const passing = rankAs === null ? after : withoutFields(after, [rankAs])
    return withFields(passing, [...by.map(({ field }) => field), ...partitionBy])
  },
  rowsMax({ partitionBy, limit }) {
    return limit !== null && partitionBy.length > 0 ? Infinity : limit
  },
  leaves: ({ rankAs }, entering) => withName(entering, rankAs),
  newestMax({ by, isDesc, partitionBy, limit, offset }, isFirst) {
    const isByTime = isFirst && by.length === 1 && by[0].field === TIME_FIELD && by[0].isDesc !== isDesc
    return isByTime && partitionBy.length === 0 && limit !== null ? offset + limit : null
  },
  limited(pipe, rows) {
    const { partitionBy, limit } = pipe
    return partitionBy.length > 0 ? null : { ...pipe, limit: Math.min(limit ?? Infinity, rows) }
  },
  bindGather({ by, isDesc, partitionBy, limit, offset, rankAs }, { memory }) {
    const wanted = { ...rowOrderOf(by, isDesc), isDesc, partitionBy, rowsMax: offset + (limit ?? Infinity) }
    return sortGatherer({ ...wanted, by: by.length === 0 ? null : wanted.by }, offset, rankAs, memory)
  },
}

/** With a field that stands in its place where it was there, else at the end. */
export function withName(names: readonly string[] | null, name: string | null): readonly string[] | null {
  return names === null || name === null || names.includes(name) ? names : [...names, name]
}

function parseSort(parser: FilterParser): SortPipe {
  const { reader } = parser
  const start = reader.previous
  const by = parseOrderBy(parser)
  const isDesc = reader.takeWord('desc')
  if (!isDesc) reader.takeWord('asc')
  const options = parseSortOptions(parser)
  const { partitionBy = [], limit = null, offset = 0, rankAs = null } = options
  if (partitionBy.length > 0 && limit === null) {
    const span = { offset: start?.start ?? 0, length: 4 }
    throw reader.problem('`partition by` needs a `limit`: how many rows of each partition', span)
  }
  return { kind: 'sort', by, isDesc, partitionBy, limit, offset, rankAs }
}

interface SortOptions {
  partitionBy?: string[]
  limit?: number
  offset?: number
  rankAs?: string
}

/** Each at most once, in any order. */
function parseSortOptions(parser: FilterParser): SortOptions {
  const { reader } = parser
  const options: SortOptions = {}
  for (;;) {
    if (reader.takeWordOnce('limit', options.limit !== undefined))
      options.limit = parseWholeNumber(parser, 'a number of rows')
    else if (reader.takeWordOnce('offset', options.offset !== undefined))
      options.offset = parseWholeNumber(parser, 'a number of rows')
    else if (reader.takeWordOnce('partition', options.partitionBy !== undefined))
      options.partitionBy = parsePartition(parser)
    else if (reader.takeWordOnce('rank', options.rankAs !== undefined)) options.rankAs = parseRank(parser)
    else return options
  }
}
