/** Queries over blocks as they arrive: for tails. */
import type { Bitset } from '../base/base.ts'
import type { Block } from '../record/record.ts'
import type { Query } from './ast.ts'
import { recordRowOf, rowMapOf } from './materialize.ts'
import { livePlanOf } from './plan.ts'
import type { Row } from './row.ts'

/** The rows of the block that match the filter of the query. `_time:5m` goes on beyond the time of asking. */
export function matchBlock(query: Query, block: Block): Bitset {
  return livePlanOf(query).match(block)
}

const rowMaps = new WeakMap<Query, (row: Row) => Row>()

/** One row of the block as the query's pipes leave it. The row keeps nothing of the block. */
export function materializeRow(query: Query, block: Block, row: number): Row {
  let map = rowMaps.get(query)
  if (map === undefined) {
    map = rowMapOf(query)
    rowMaps.set(query, map)
  }
  return map(recordRowOf(block, row))
}
