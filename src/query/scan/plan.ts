/** What a query needs from a scan: its filter made ready, and where matching records can be at all. */
import { assert, Bitset } from '../../base/base.ts'
import type { Block } from '../../record/record.ts'
import type { SkipTest } from '../../storage/storage.ts'
import type { Filter, Query } from '../ast.ts'
import { ALL } from '../filters/all.ts'
import { type BindContext, type BoundFilter, COST_FOLDED_SEARCH } from '../filters/kind.ts'
import { filterKindOf } from '../filters/registry.ts'
import {
  type FieldNeedle,
  type NeedleGate,
  needleGateOf,
  type RowsOfNeedle,
  type RowsThatMay,
} from '../live/needle-gate.ts'
import { BlockView } from './block-view.ts'
import { type Bounds, UNBOUNDED } from './bounds.ts'
import { HiddenBlock } from './hidden-block.ts'
import { type HiddenFields, shownSkip, takenOff } from './hidden-fields.ts'
import { PartTurns, testsIn } from './part-turns.ts'
import { TurnPace } from './turn-pace.ts'

/** In the unit of BoundFilter.cost times rows: some milliseconds. */
const TURN_COST = 400_000
const TURN_ROWS_MIN = 16
/** Rows of the first turn where a row costs no more than a search, and where it may cost much more. */
const TURN_ROWS_STORED_FIRST = 256
const TURN_ROWS_COSTLY_FIRST = 1
const TURN_ROWS_STORED = 16_384
/** With more, tests go over a block one after the other. */
const TESTS_AT_ONCE_MAX = 16

export interface FilterPlanOptions {
  /** See BindContext. Default false. */
  readonly isLive?: boolean
  /** Asked how long turns take. */
  readonly nowMs?: () => number
}

export class FilterPlan {
  readonly bounds: Bounds
  /** Every record matches. */
  readonly isAll: boolean
  readonly #filter: BoundFilter
  /** Null: nothing is hidden. */
  readonly #hidden: HiddenFields | null
  readonly #gate: NeedleGate | null
  /** What is stored is judged on dictionaries and templates: nobody knows what a row costs. */
  readonly #storedPace: TurnPace
  /** Null where tests are few. */
  readonly #partTurns: PartTurns | null

  constructor(asked: Filter, { isLive = false, nowMs }: FilterPlanOptions = {}) {
    const { filter, hidden } = takenOff(asked)
    const context: BindContext = {
      isLive,
      bind: (child) => filterKindOf(child).bind(child, context),
    }
    this.#hidden = hidden
    this.bounds = boundsOf(filter)
    this.isAll = filter.kind === ALL.kind
    this.#filter = context.bind(filter)
    this.#gate = isLive ? needleGateOf(this.#filter.skip) : null
    const newPace = ({ cost }: BoundFilter): TurnPace =>
      new TurnPace(
        cost >= COST_FOLDED_SEARCH ? TURN_ROWS_COSTLY_FIRST : TURN_ROWS_STORED_FIRST,
        TURN_ROWS_STORED,
        nowMs,
      )
    this.#storedPace = newPace(this.#filter)
    this.#partTurns =
      testsIn(this.#filter) > TESTS_AT_ONCE_MAX
        ? new PartTurns(newPace, nowMs ?? (() => performance.now()))
        : null
  }

  /** Roughly what a row costs. */
  get cost(): number {
    return this.#filter.cost
  }

  /** What a store may ask of its blocks before it reads them; undefined where there is nothing to ask. */
  get skip(): SkipTest | undefined {
    const { skip } = this.#filter
    return this.#hidden === null ? skip : shownSkip(skip, this.#hidden)
  }

  /** The block as whoever asks may see it. All that looks at a block for a query looks at this one. */
  shown(block: Block): Block {
    return this.#hidden === null || block instanceof HiddenBlock
      ? block
      : new HiddenBlock(block, this.#hidden)
  }

  #checkShown({ block }: BlockView): void {
    const isRight = this.#hidden === null || block instanceof HiddenBlock
    assert(isRight, 'a block with its hidden fields was to be matched')
  }

  /** Texts by which the filter knows rows that it cannot match. Known to plans of tails only. */
  get needles(): readonly FieldNeedle[] {
    return this.#gate?.needles ?? []
  }

  /** The rows of a block that can match, by the rows that hold those texts. */
  rowsThatMay(rowsOf: RowsOfNeedle): RowsThatMay {
    return this.#gate === null ? 'any' : this.#gate.rows(rowsOf)
  }

  /** How many rows of the block match, where that is known without looking at rows; else null. */
  knownCount(block: Block): number | null {
    return this.#filter.count?.(this.shown(block)) ?? null
  }

  /** The same as `match`, with a pause between turns: others use this thread too, and a query may be cancelled. */
  async matchInTurns(block: Block, pause: () => Promise<void>): Promise<Bitset> {
    if (this.#partTurns === null && this.turnRows(block) >= block.rowCount) return this.match(block)
    return this.matchViewInTurns(new BlockView(this.shown(block)), pause)
  }

  matchViewInTurns(view: BlockView, pause: () => Promise<void>): Promise<Bitset> {
    return this.matchBetweenInTurns(view, 0, view.block.rowCount, pause)
  }

  /** The same among the rows from `first` to below `end`. */
  async matchBetweenInTurns(
    view: BlockView,
    first: number,
    end: number,
    pause: () => Promise<void>,
  ): Promise<Bitset> {
    const { block } = view
    this.#checkShown(view)
    const found = new Bitset(block.rowCount)
    if (this.#partTurns !== null) {
      await this.#partTurns.narrow(this.#filter, view, found.fillRange(first, end), pause)
      return found
    }
    for (let from = first, to = first; from < end; from = to) {
      to = Math.min(from + this.turnRows(block), end)
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

  /** How many rows may be asked for at a time where those behind them may turn out not to be needed. */
  windowRows(block: Block): number {
    return this.#partTurns === null ? this.turnRows(block) : block.rowCount
  }

  /** The rows from `from` to below `to` that match. */
  matchBetween(view: BlockView, from: number, to: number): Bitset {
    this.#checkShown(view)
    const rows = new Bitset(view.block.rowCount).fillRange(from, to)
    if (view.block.narrow === undefined) this.#filter.narrow(view, rows)
    else this.#storedPace.turn(to - from, () => this.#filter.narrow(view, rows))
    return rows
  }

  /** The rows of the block that match. */
  match(block: Block): Bitset {
    return this.matchView(new BlockView(this.shown(block)))
  }

  matchView(view: BlockView): Bitset {
    return this.matchAmong(view, Bitset.full(view.block.rowCount))
  }

  /** Takes the rows that do not match out of `rows`. */
  matchAmong(view: BlockView, rows: Bitset): Bitset {
    this.#checkShown(view)
    this.#filter.narrow(view, rows)
    return rows
  }
}

/** Where records that match can be, without making the filter ready. */
export function boundsOf(filter: Filter): Bounds {
  return filterKindOf(filter).bounds?.(filter, boundsOf) ?? UNBOUNDED
}

const livePlans = new WeakMap<Query, FilterPlan>()

/** Roughly what a tail of this query costs a row, in units of COST_NUMBER. */
export const liveCost = (query: Query): number => livePlanOf(query).cost

/** The plan of a tail's query: made once, used for every block. */
export function livePlanOf(query: Query): FilterPlan {
  let plan = livePlans.get(query)
  if (plan === undefined) {
    plan = new FilterPlan(query.filter, { isLive: true })
    livePlans.set(query, plan)
  }
  return plan
}
