/**
 * A block that has just come in, as all tails see it: what more than one of them needs is made once. Used while the block
 * is there, then forgotten; rows that were made keep nothing of it.
 */
import type { Bitset } from '../../base/base.ts'
import type { Block } from '../../record/record.ts'
import type { Query } from '../ast.ts'
import { recordRowOf } from '../materialize.ts'
import type { RecordRow } from '../row.ts'
import { BlockView } from '../scan/block-view.ts'
import { livePlanOf } from '../scan/plan.ts'
import { MESSAGE_FIELD } from '../special-fields.ts'
import { GramSet } from './gram-set.ts'

/** So many filters look for their texts themselves before the set of all runs is made for the others. */
const SEARCHES_FIRST = 2

export class LiveBlock {
  readonly block: Block
  readonly #view: BlockView
  readonly #asked = new Map<string | null, number>()
  readonly #grams = new Map<string | null, GramSet | 'empty'>()
  #rows: (RecordRow | undefined)[] | null = null

  constructor(block: Block) {
    this.block = block
    this.#view = new BlockView(block)
  }

  /** The rows that match the filter of the query, or null where there are none. */
  match(query: Query): Bitset | null {
    const plan = livePlanOf(query)
    if (!plan.mayMatch(this.#gramsOf)) return null
    const found = plan.matchView(this.#view)
    return found.isEmpty() ? null : found
  }

  /** The same with a pause between turns of some milliseconds; at once where it takes no longer than one. */
  matchInTurns(query: Query, pause: () => Promise<void>): Bitset | null | Promise<Bitset | null> {
    const plan = livePlanOf(query)
    if (plan.turnRows(this.block) >= this.block.rowCount) return this.match(query)
    if (!plan.mayMatch(this.#gramsOf)) return null
    return plan.matchViewInTurns(this.#view, pause)
  }

  /** The record as a row that outlives the block: the same for all who ask. */
  recordRow(row: number): RecordRow {
    this.#rows ??= new Array<RecordRow | undefined>(this.block.rowCount)
    const made = this.#rows[row] ?? recordRowOf(this.block, row)
    this.#rows[row] = made
    return made
  }

  #gramsOf = (field: string | null): GramSet | 'unknown' | 'empty' => {
    const made = this.#grams.get(field)
    if (made !== undefined) return made
    const asked = this.#asked.get(field) ?? 0
    this.#asked.set(field, asked + 1)
    // What a block stores it judges itself.
    if (asked < SEARCHES_FIRST || this.block.narrow !== undefined) return 'unknown'
    const column = this.#view.column(field ?? MESSAGE_FIELD)
    const grams = column === null ? 'empty' : new GramSet(column)
    this.#grams.set(field, grams)
    return grams
  }
}
