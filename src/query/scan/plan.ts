/** What a query needs from a scan: its filter made ready, and where matching records can be at all. */
import { Bitset } from '../../base/base.ts'
import type { Block } from '../../record/record.ts'
import type { SkipTest } from '../../storage/storage.ts'
import type { Filter, Query } from '../ast.ts'
import { ALL } from '../filters/all.ts'
import { type BindContext, type BoundFilter, COST_FOLDED_SEARCH } from '../filters/kind.ts'
import { filterKindOf } from '../filters/registry.ts'
import { type GramsOfField, type NeedleGate, needleGateOf } from '../live/needle-gate.ts'
import { BlockView } from './block-view.ts'
import { type Bounds, UNBOUNDED } from './bounds.ts'
import { TurnPace } from './turn-pace.ts'

/** In the unit of BoundFilter.cost times rows: some milliseconds. */
const TURN_COST = 400_000
const TURN_ROWS_MIN = 16
/** Rows of the first turn where a row costs no more than a search, and where it may cost much more. */
const TURN_ROWS_STORED_FIRST = 256
const TURN_ROWS_COSTLY_FIRST = 1
const TURN_ROWS_STORED = 16_384

export class FilterPlan {
  readonly bounds: Bounds
  /** Every record matches. */
  readonly isAll: boolean
  readonly #filter: BoundFilter
  readonly #gate: NeedleGate | null
  /** What is stored is judged on dictionaries and templates: nobody knows what a row costs. */
  readonly #storedPace: TurnPace

  /** `nowMs` is asked how long turns take. */
  constructor(filter: Filter, isLive: boolean, nowMs?: () => number) {
    const context: BindContext = {
      isLive,
      bind: (child) => filterKindOf(child).bind(child, context),
    }
    this.bounds = boundsOf(filter)
    this.isAll = filter.kind === ALL.kind
    this.#filter = context.bind(filter)
    this.#gate = isLive ? needleGateOf(this.#filter.skip) : null
    const rowsFirst =
      this.#filter.cost >= COST_FOLDED_SEARCH ? TURN_ROWS_COSTLY_FIRST : TURN_ROWS_STORED_FIRST
    this.#storedPace = new TurnPace(rowsFirst, TURN_ROWS_STORED, nowMs)
  }

  /** Roughly what a row costs. */
  get cost(): number {
    return this.#filter.cost
  }

  /** What a store may ask of its blocks before it reads them; undefined where there is nothing to ask. */
  get skip(): SkipTest | undefined {
    return this.#filter.skip
  }

  /** False: no row of the block matches, by the bytes that stand in it. Known to plans of tails only. */
  mayMatch(grams: GramsOfField): boolean {
    return this.#gate === null || this.#gate(grams)
  }

  /** How many rows of the block match, where that is known without looking at rows; else null. */
  knownCount(block: Block): number | null {
    return this.#filter.count?.(block) ?? null
  }

  /** The same as `match`, with a pause between turns: others use this thread too, and a query may be cancelled. */
  async matchInTurns(block: Block, pause: () => Promise<void>): Promise<Bitset> {
    if (this.turnRows(block) >= block.rowCount) return this.match(block)
    return this.matchViewInTurns(new BlockView(block), pause)
  }

  async matchViewInTurns(view: BlockView, pause: () => Promise<void>): Promise<Bitset> {
    const { block } = view
    const { rowCount } = block
    const found = new Bitset(rowCount)
    for (let from = 0, to = 0; from < rowCount; from = to) {
      to = Math.min(from + this.turnRows(block), rowCount)
      found.or(this.matchBetween(view, from, to))
      await pause()
    }
    return found
  }

  /** How many rows of the block the next turn may take: some milliseconds. */
  turnRows({ narrow }: Block): number {
    if (narrow !== undefined) return this.#storedPace.rows
    return Math.max(TURN_ROWS_MIN, Math.floor(TURN_COST / this.#filter.cost))
  }

  /** The rows from `from` to below `to` that match. */
  matchBetween(view: BlockView, from: number, to: number): Bitset {
    const rows = new Bitset(view.block.rowCount).fillRange(from, to)
    if (view.block.narrow === undefined) this.#filter.narrow(view, rows)
    else this.#storedPace.turn(to - from, () => this.#filter.narrow(view, rows))
    return rows
  }

  /** The rows of the block that match. */
  match(block: Block): Bitset {
    return this.matchView(new BlockView(block))
  }

  matchView(view: BlockView): Bitset {
    return this.matchAmong(view, Bitset.full(view.block.rowCount))
  }

  /** Takes the rows that do not match out of `rows`. */
  matchAmong(view: BlockView, rows: Bitset): Bitset {
    this.#filter.narrow(view, rows)
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
