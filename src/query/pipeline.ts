/** Pipes one after the other, in one thread; and what can be said of a row of pipes before it runs. */
import { assert, type Random, systemRandom } from '../base/base.ts'
import type { Pipe } from './ast.ts'
import { bindBatchFilter } from './batches/batch-view.ts'
import { EVERY_FIELD, type FieldsWanted } from './batches/fields-wanted.ts'
import { MemoryShare } from './batches/memory-share.ts'
import type { RowBatch } from './batches/row-batch.ts'
import type { BatchMap, Gatherer, PipeContext, PipeKind, PipeSettings, RunContext } from './pipes/kind.ts'
import { pipeKindOf } from './pipes/registry.ts'

/** Fields of the rows that enter which the pipes need. */
export function fieldsForPipes(pipes: readonly Pipe[], after: FieldsWanted = EVERY_FIELD): FieldsWanted {
  return pipes.reduceRight((wanted, pipe) => pipeKindOf(pipe).wants?.(pipe, wanted) ?? EVERY_FIELD, after)
}

function pipeContext(settings: PipeSettings, pipe: Pipe, random: Random = systemRandom): PipeContext {
  const [name] = pipeKindOf(pipe).names
  return {
    settings,
    random,
    memory: new MemoryShare(settings.stateBytesMax, `Pipe \`${name}\``),
    bindFilter: bindBatchFilter,
  }
}

/** How many of the first pipes work batch by batch. */
export function batchPipeCount(pipes: readonly Pipe[]): number {
  const at = pipes.findIndex((pipe) => pipeKindOf(pipe).bindBatch === undefined)
  return at < 0 ? pipes.length : at
}

/** Pipes that work batch by batch, as one step. */
export function bindBatches(pipes: readonly Pipe[], settings: PipeSettings, random?: Random): BatchMap {
  const maps = pipes.map((pipe) => bindBatch(pipe, settings, random))
  return (batch) => maps.reduce((current, map) => (current.rowCount === 0 ? current : map(current)), batch)
}

function bindBatch(pipe: Pipe, settings: PipeSettings, random?: Random): BatchMap {
  const bound = pipeKindOf(pipe).bindBatch?.(pipe, pipeContext(settings, pipe, random))
  assert(bound !== undefined, `pipe ${pipe.kind} does not work batch by batch`)
  return bound
}

export function bindGatherer(pipe: Pipe, settings: PipeSettings, random?: Random): Gatherer {
  const bound = pipeKindOf(pipe).bindGather?.(pipe, pipeContext(settings, pipe, random))
  assert(bound !== undefined, `pipe ${pipe.kind} gathers nothing`)
  return bound
}

/** The rows that leave the last pipe; `wanted` are their fields. */
export function runPipes(
  input: AsyncIterable<RowBatch>,
  pipes: readonly Pipe[],
  context: Omit<RunContext, keyof PipeContext> & { readonly settings: PipeSettings; readonly random: Random },
): AsyncIterable<RowBatch> {
  return pipes.reduce((rows, pipe, at) => {
    const wanted = fieldsForPipes(pipes.slice(at + 1), context.wanted)
    const own: RunContext = { ...context, ...pipeContext(context.settings, pipe, context.random), wanted }
    return runPipe(pipeKindOf(pipe), pipe, rows, own)
  }, input)
}

function runPipe(
  kind: PipeKind,
  pipe: Pipe,
  input: AsyncIterable<RowBatch>,
  context: RunContext,
): AsyncIterable<RowBatch> {
  if (kind.run !== undefined) return kind.run(pipe, input, context)
  if (kind.bindBatch !== undefined) return mapBatches(input, kind.bindBatch(pipe, context), context)
  return gatherBatches(input, bindGatherer(pipe, context.settings, context.random), context)
}

async function* mapBatches(
  input: AsyncIterable<RowBatch>,
  map: BatchMap,
  context: RunContext,
): AsyncGenerator<RowBatch> {
  for await (const batch of input) {
    const mapped = map(batch)
    if (mapped.rowCount > 0) yield mapped
    await context.pause()
  }
}

async function* gatherBatches(
  input: AsyncIterable<RowBatch>,
  gatherer: Gatherer,
  context: RunContext,
): AsyncGenerator<RowBatch> {
  for await (const batch of input) {
    gatherer.add(batch)
    await context.pause()
  }
  for (const batch of gatherer.rows()) {
    if (batch.rowCount > 0) yield batch
    await context.pause()
  }
}
