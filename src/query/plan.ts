/** What a query needs from a scan: its filter made ready, and where matching records can be at all. */
import { Bitset } from '../base/base.ts'
import type { Block } from '../record/record.ts'
import type { SkipTest } from '../storage/storage.ts'
import type { Filter, Query } from './ast.ts'
import { BlockView } from './block-view.ts'
import { type Bounds, UNBOUNDED } from './bounds.ts'
import type { BindContext, BoundFilter } from './filters/kind.ts'
import { filterKindOf } from './filters/registry.ts'

/** In the unit of BoundFilter.cost times rows: some milliseconds. */
const TURN_COST = 400_000
const TURN_ROWS_MIN = 16
const TURN_ROWS_STORED = 16_384

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

  /** Roughly what a row costs. */
  get cost(): number {
    return this.#filter.cost
  }

  /** What a store may ask of its blocks before it reads them; undefined where there is nothing to ask. */
  get skip(): SkipTest | undefined {
    return this.#filter.skip
  }

  /** How many rows of the block match, where that is known without looking at rows; else null. */
  knownCount(block: Block): number | null {
    return this.#filter.count?.(block) ?? null
  }

  /** The same as `match`, with a pause between turns: others use this thread too, and a query may be cancelled. */
  async matchInTurns(block: Block, pause: () => Promise<void>): Promise<Bitset> {
    const turnRows = this.turnRows(block)
    if (turnRows >= block.rowCount) return this.match(block)
    const view = new BlockView(block)
    const found = new Bitset(block.rowCount)
    for (let from = 0; from < block.rowCount; from += turnRows) {
      found.or(this.matchBetween(view, from, Math.min(from + turnRows, block.rowCount)))
      await pause()
    }
    return found
  }

  /** How many rows of the block some milliseconds are enough for. */
  turnRows({ narrow }: Block): number {
    // What is stored is judged on dictionaries and templates: most rows cost next to nothing.
    if (narrow !== undefined) return TURN_ROWS_STORED
    return Math.max(TURN_ROWS_MIN, Math.floor(TURN_COST / this.#filter.cost))
  }

  /** The rows from `from` to below `to` that match. */
  matchBetween(view: BlockView, from: number, to: number): Bitset {
    const rows = new Bitset(view.block.rowCount).fillRange(from, to)
    this.#filter.narrow(view, rows)
    return rows
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

/** Roughly what a tail of this query costs a row, in units of COST_NUMBER. */
export const liveCost = (query: Query): number => livePlanOf(query).cost

/** The plan of a tail's query: made once, used for every block. */
export function livePlanOf(query: Query): FilterPlan {
  let plan = livePlans.get(query)
  if (plan === undefined) {
    plan = new FilterPlan(query.filter, true)
    livePlans.set(query, plan)
  }
  return plan
}
