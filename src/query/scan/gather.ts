/**
 * A scan that ends in the state of one pipe: rows that match, through the pipes before it that work batch by batch, into
 * its gatherer. Runs beside other scans of the same query; whoever asked merges the states.
 */
import type { Block } from '../../record/record.ts'
import type { Filter, Pipe } from '../ast.ts'
import { batchSlices } from '../batches/batch-slices.ts'
import { type FieldsWanted, isAnyWanted } from '../batches/fields-wanted.ts'
import { batchOfBlock } from '../batches/record-batches.ts'
import { RowBatch } from '../batches/row-batch.ts'
import { bindBatches, bindGatherer } from '../pipeline.ts'
import type { BatchMap, PipeSettings } from '../pipes/kind.ts'
import { pipeKindOf } from '../pipes/registry.ts'
import { FilterPlan } from './plan.ts'
import { type BlockSource, pause, readWhole, requestOf, scanBlocks } from './search.ts'

/** Plain data. */
export interface GatherWanted {
  /** They work batch by batch. */
  readonly before: readonly Pipe[]
  /** It gathers. */
  readonly pipe: Pipe
  /** Fields of the records that somebody looks at: these pipes, and whoever takes what comes out of them. */
  readonly fields: FieldsWanted
  readonly settings: PipeSettings
}

/** The state of the pipe. */
export async function gatherIn(
  source: BlockSource,
  filter: Filter,
  { before, pipe, fields, settings }: GatherWanted,
  signal?: AbortSignal,
): Promise<unknown> {
  const plan = new FilterPlan(filter)
  const gatherer = bindGatherer(pipe, settings)
  const map = bindBatches(before, settings)
  const isQuick = before.every((each) => pipeKindOf(each).takesBlocks === true)
  const pauseNow = (): Promise<void> => pause(signal)
  for await (const scanned of scanBlocks(source, { ...requestOf(plan), order: 'any' }, signal)) {
    const batches = await readWhole(scanned, async (block) => {
      const found = await matching(plan, plan.shown(block), fields, pauseNow)
      const mapped = isQuick ? [map(found)] : await mapInTurns(found, map, pauseNow)
      for (const batch of mapped) if (batch.rowCount > 0) gatherer.add(batch)
      return mapped.length
    })
    if (batches !== null) await pauseNow()
  }
  return gatherer.take()
}

async function matching(
  plan: FilterPlan,
  block: Block,
  wanted: FieldsWanted,
  pauseNow: () => Promise<void>,
): Promise<RowBatch> {
  if (!isAnyWanted(wanted)) {
    const known = plan.knownCount(block)
    if (known !== null) return new RowBatch(known, new Map())
  }
  if (plan.isAll) return batchOfBlock(block, null, wanted)
  const found = await plan.matchInTurns(block, pauseNow)
  const rows = found.indexes()
  return batchOfBlock(block, rows.length === block.rowCount ? null : rows, wanted)
}

async function mapInTurns(
  batch: RowBatch,
  map: BatchMap,
  pauseNow: () => Promise<void>,
): Promise<RowBatch[]> {
  const mapped: RowBatch[] = []
  for (const slice of batchSlices(batch)) {
    mapped.push(map(slice))
    await pauseNow()
  }
  return mapped
}
