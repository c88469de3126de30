/** `first N by (a)`: the first rows in the order of these fields, of all rows or of each partition. */
import type { Pipe } from '../ast.ts'
import { type FieldsWanted, withEveryField, withFields, withoutFields } from '../batches/fields-wanted.ts'
import type { OrderField } from '../batches/row-order.ts'
import type { FilterPrinter } from '../filters/kind.ts'
import type { FilterParser } from '../syntax/filter-parser.ts'
import type { Gatherer, PipeContext, PipeKind } from './kind.ts'
import {
  parseCountIfAny,
  parseOrderBy,
  parsePartition,
  parseRank,
  printOrderBy,
  printPartition,
  printRank,
  rowOrderOf,
} from './order-parts.ts'
import { withName } from './sort.ts'
import { sortGatherer } from './sort-gatherer.ts'

export interface FirstPipe extends Pipe {
  readonly kind: 'first'
  /** Of each partition. */
  readonly rows: number
  /** Empty: by all fields. */
  readonly by: readonly OrderField[]
  /** Empty: all rows are one partition. */
  readonly partitionBy: readonly string[]
  readonly rankAs: string | null
}

export const firstPipe: PipeKind<FirstPipe> = {
  kind: 'first',
  names: ['first'],
  summary: 'the first N rows in the order of these fields, 1 where N is left out',
  examples: [
    '* | first 10 by (duration)',
    '* | first 3 by (duration desc) partition by (service) rank as place',
  ],
  isLive: false,
  parse: (parser) => ({ kind: 'first', ...parseFew(parser) }),
  print: (pipe, printer) => `first${printFew(pipe, printer)}`,
  rowsMax: rowsMaxOfFew,
  wants: wantsFew,
  leaves: ({ rankAs }, entering) => withName(entering, rankAs),
  bindGather: (pipe, context) => bindFew(pipe, false, context),
}

/** What `first` and `last` say. */
export type Few = Omit<FirstPipe, 'kind'>

export function parseFew(parser: FilterParser): Few {
  const { reader } = parser
  const rows = parseCountIfAny(parser, 'a number of rows') ?? 1
  const by = parseOrderBy(parser)
  const partitionBy = reader.takeWord('partition') ? parsePartition(parser) : []
  const rankAs = reader.takeWord('rank') ? parseRank(parser) : null
  return { rows, by, partitionBy, rankAs }
}

export function printFew({ rows, by, partitionBy, rankAs }: Few, printer: FilterPrinter): string {
  const count = rows === 1 ? '' : ` ${rows}`
  return count + printOrderBy(by, printer) + printPartition(partitionBy, printer) + printRank(rankAs, printer)
}

export function rowsMaxOfFew({ rows, partitionBy }: Few): number {
  return partitionBy.length === 0 ? rows : Infinity
}

export function wantsFew({ by, partitionBy, rankAs }: Few, after: FieldsWanted): FieldsWanted {
  if (by.length === 0) return withEveryField(after)
  const passing = rankAs === null ? after : withoutFields(after, [rankAs])
  return withFields(passing, [...by.map(({ field }) => field), ...partitionBy])
}

/** `isDesc`: the last ones first. */
export function bindFew(
  { rows, by, partitionBy, rankAs }: Few,
  isDesc: boolean,
  { memory }: PipeContext,
): Gatherer {
  const wanted = { ...rowOrderOf(by, isDesc), isDesc, partitionBy, rowsMax: rows }
  return sortGatherer({ ...wanted, by: by.length === 0 ? null : wanted.by }, 0, rankAs, memory)
}
