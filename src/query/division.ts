/**
 * How the pipes of a query are divided between the threads that scan and the thread that answers. Decided here only:
 * piped.ts does it, explain.ts says it.
 *
 *   gathered   before | pipe | after   `before` and the states of `pipe` where the blocks are; states are merged, and
 *                                      what comes out of them goes through `after` here
 *   ordered    pipes                   records are fetched in order, then go through all pipes here
 *
 * Not for queries whose records are chosen before any pipe runs: see `isChosenFirst` in shape.ts.
 */
import type { Pipe } from './ast.ts'
import { EVERY_FIELD, type FieldsWanted } from './batches/fields-wanted.ts'
import { limitsFirst } from './limits-first.ts'
import { batchPipeCount, fieldsForPipes } from './pipeline.ts'
import { pipeKindOf } from './pipes/registry.ts'
import { KEY_BYTES } from './scan/row-keys.ts'

export interface GatheredDivision {
  readonly kind: 'gathered'
  /** They work batch by batch. */
  readonly before: readonly Pipe[]
  /** It gathers. */
  readonly pipe: Pipe
  readonly after: readonly Pipe[]
  /** Fields of the records that some pipe, or whoever takes the answer, looks at. */
  readonly fields: FieldsWanted
}

export interface OrderedDivision {
  readonly kind: 'ordered'
  /** So many of the newest records are enough; Infinity: all are needed. */
  readonly newest: number
  readonly pipes: readonly Pipe[]
  readonly fields: FieldsWanted
}

/** `bytesMax`: what the keys of records that are fetched in order may take. `wanted`: of the rows of the answer. */
export function divisionOf(
  asked: readonly Pipe[],
  bytesMax: number,
  wanted: FieldsWanted = EVERY_FIELD,
): GatheredDivision | OrderedDivision {
  const pipes = withLimits(limitsFirst(asked))
  const fields = fieldsForPipes(pipes, wanted)
  const before = pipes.slice(0, batchPipeCount(pipes))
  const pipe: Pipe | undefined = pipes[before.length]
  const newest = newestOf(before, pipe)
  if (pipe === undefined || pipeKindOf(pipe).bindGather === undefined || newest * KEY_BYTES <= bytesMax)
    return { kind: 'ordered', newest, pipes, fields }
  return { kind: 'gathered', before, pipe, after: pipes.slice(before.length + 1), fields }
}

/** What is limited afterwards needs no more rows than that: `sort by (x) | limit 10`. */
function withLimits(pipes: readonly Pipe[]): Pipe[] {
  return pipes.map((pipe, at) => {
    const next = pipes[at + 1]
    if (next?.kind !== 'limit') return pipe
    const rows = pipeKindOf(next).rowsMax?.(next) ?? null
    return (rows === null ? null : pipeKindOf(pipe).limited?.(pipe, rows)) ?? pipe
  })
}

/** How many of the newest records are enough; Infinity: all are needed. */
function newestOf(before: readonly Pipe[], next: Pipe | undefined): number {
  const isOneByOne = before.every((pipe) => pipeKindOf(pipe).keepsRows === true)
  if (!isOneByOne || next === undefined) return Infinity
  return pipeKindOf(next).newestMax?.(next, before.length === 0) ?? Infinity
}
