import type { Bitset } from '../base/base.ts'
import type { Block } from '../record/record.ts'
import type { Query } from './ast.ts'
import type { Row } from './row.ts'
/** The rows of the block that match the filter of the query, for live tails. */
export function matchBlock(_query: Query, _block: Block): Bitset {
  throw new Error('not built yet')
}
/** One row of the block as the query's live pipes leave it. */
export function materializeRow(_query: Query, _block: Block, _row: number): Row {
  throw new Error('not built yet')
}
