/**
 * What values there are in one source of blocks, with hits. What goes in and what comes out is plain data, so that it
 * can be done in other threads; searchers.ts puts together what several sources gave.
 *
 * A block of which all rows match is counted from what it keeps about itself; of other blocks the rows that match are
 * known as bits, and only the column that is asked for is looked at.
 */
import type { Block } from '../../record/record.ts'
import type { Filter } from '../ast.ts'
import { type Tally, tallyOf } from './block-values.ts'
import { FilterPlan } from './plan.ts'
import { type BlockSource, pause, readWhole, requestOf, scanBlocks } from './search.ts'
import { type CountedValues, ValueCounter } from './value-counter.ts'
import type { ValuesWanted } from './values-wanted.ts'

/** The values of all rows that match, within `bytesMax`. QUERY_CANCELLED. */
export async function valuesIn(
  source: BlockSource,
  filter: Filter,
  wanted: ValuesWanted,
  bytesMax: number,
  signal?: AbortSignal,
): Promise<CountedValues> {
  const plan = new FilterPlan(filter)
  const counter = new ValueCounter(bytesMax, wanted.part)
  for await (const scanned of scanBlocks(source, { ...requestOf(plan), order: 'any' }, signal)) {
    const tally = await readWhole(scanned, (block) => tallyMatching(plan, wanted, plan.shown(block), signal))
    tally?.(counter)
  }
  return counter.counted()
}

/** Null where no row matches. */
async function tallyMatching(
  plan: FilterPlan,
  wanted: ValuesWanted,
  block: Block,
  signal: AbortSignal | undefined,
): Promise<Tally | null> {
  const known = plan.knownCount(block)
  if (known === 0) return null
  if (known === block.rowCount) return tallyOf(wanted, block, null)
  const rows = await plan.matchInTurns(block, () => pause(signal))
  const count = rows.count()
  if (count === 0) return null
  return tallyOf(wanted, block, count === block.rowCount ? null : rows)
}

/** What several sources gave, within `bytesMax`; no record is in two of them. */
export function mergeValues(found: readonly CountedValues[], bytesMax: number): CountedValues {
  if (found.length === 1) return found[0]
  const counter = new ValueCounter(bytesMax)
  for (const each of found) counter.addAll(each)
  return counter.counted()
}
