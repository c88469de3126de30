/** What a query needs from a scan: its filter made ready, and where matching records can be at all. */
import { Bitset } from '../base/base.ts'
import type { Block } from '../record/record.ts'
import type { Filter, Query } from './ast.ts'
import { BlockView } from './block-view.ts'
import { type Bounds, UNBOUNDED } from './bounds.ts'
import type { BindContext, BoundFilter } from './filters/kind.ts'
import { filterKindOf } from './filters/registry.ts'

export class FilterPlan {
  readonly bounds: Bounds
  readonly #filter: BoundFilter

  constructor(filter: Filter, isLive: boolean) {
    const context: BindContext = {
      isLive,
      bind: (child) => filterKindOf(child).bind(child, context),
    }
    this.bounds = boundsOf(filter)
    this.#filter = context.bind(filter)
  }

  /** The rows of the block that match. */
  match(block: Block): Bitset {
    const rows = Bitset.full(block.rowCount)
    this.#filter.narrow(new BlockView(block), rows)
    return rows
  }
}

function boundsOf(filter: Filter): Bounds {
  return filterKindOf(filter).bounds?.(filter, boundsOf) ?? UNBOUNDED
}

const livePlans = new WeakMap<Query, FilterPlan>()

/** The plan of a tail's query: made once, used for every block. */
export function livePlanOf(query: Query): FilterPlan {
  let plan = livePlans.get(query)
  if (plan === undefined) {
    plan = new FilterPlan(query.filter, true)
    livePlans.set(query, plan)
  }
  return plan
}
