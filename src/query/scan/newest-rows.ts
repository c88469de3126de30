/**
 * The newest rows of one block that match: where its rows ascend in time they are gone through from the last one, in
 * turns that grow, until there are as many as are wanted, or all that is left is too old.
 */
import { Bitset } from '../../base/base.ts'
import type { Block } from '../../record/record.ts'
import { BlockView } from './block-view.ts'
import type { FilterPlan } from './plan.ts'

const TURN_ROWS_FIRST = 256
const TURN_GROWTH = 4
/** With fewer rows than so many times the limit, not much would be left out. */
const ROWS_PER_LIMIT = 4

export interface NewestWanted {
  readonly limit: number
  /** Rows with a time below this are not wanted. */
  readonly worstTimeMs: number
}

/** All rows that match and are among the newest `limit` of the block, and perhaps others that match. */
export async function newestRows(
  plan: FilterPlan,
  block: Block,
  wanted: NewestWanted,
  pause: () => Promise<void>,
): Promise<Bitset> {
  if (wanted.limit * ROWS_PER_LIMIT > block.rowCount) return plan.matchInTurns(block, pause)
  const view = new BlockView(plan.shown(block))
  const found = new Bitset(block.rowCount)
  let count = 0
  let isAscending: boolean | null = null
  for (let end = block.rowCount, turn = TURN_ROWS_FIRST; end > 0; turn *= TURN_GROWTH) {
    const start = Math.max(0, end - Math.min(turn, plan.windowRows(block)))
    const rows = await plan.matchBetweenInTurns(view, start, end, pause)
    count += rows.count()
    found.or(rows)
    if (start === 0) break
    if (count >= wanted.limit || wanted.worstTimeMs > -Infinity) {
      isAscending ??= ascends(block)
      if (isAscending && (count >= wanted.limit || block.timesMs[start - 1] < wanted.worstTimeMs)) break
    }
    await pause()
    end = start
  }
  return found
}

/** Whether no row is newer than one behind it. Ids ascend, so that each row is older than all behind it then. */
function ascends({ timesMs, timesNs }: Block): boolean {
  for (let row = 1; row < timesMs.length; row++) {
    if (timesMs[row] > timesMs[row - 1]) continue
    if (timesMs[row] < timesMs[row - 1] || timesNs[row] < timesNs[row - 1]) return false
  }
  return true
}
