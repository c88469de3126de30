/**
 * Which rows of a block match a filter, for whoever walks blocks by itself: deletion, and retention by rule. Time words
 * such as `_time:5m` are fixed at the moment of parsing.
 */
import type { Bitset } from '../../base/base.ts'
import type { Block } from '../../record/record.ts'
import type { ScanRequest } from '../../storage/storage.ts'
import type { Filter } from '../ast.ts'
import { FilterPlan } from './plan.ts'

export class RowMatcher {
  readonly #plan: FilterPlan

  constructor(filter: Filter) {
    this.#plan = new FilterPlan(filter)
  }

  /** What a scan may leave out because no row of it matches. */
  get request(): ScanRequest {
    const { bounds, skip } = this.#plan
    const { timeMsMin, timeMsMax, idMin, idMax } = bounds
    return { timeMsMin, timeMsMax, idMin, idMax, ...(skip !== undefined && { skip }) }
  }

  /** Others may work at each `pause`. */
  match(block: Block, pause: () => Promise<void>): Promise<Bitset> {
    return this.#plan.matchInTurns(block, pause)
  }
}
