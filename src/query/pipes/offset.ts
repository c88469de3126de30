/**
 * `offset N`: without the rows that `limit N` would give. Of records in their order the newest N are left out, so that
 * `offset 20 | limit 10` is the third page from the newest record back; of other rows the first N.
 */
import type { Pipe } from '../ast.ts'
import { sliceOf } from '../batches/batch-slices.ts'
import { heldRowsBytes, holdRows } from '../batches/held-rows.ts'
import type { MemoryShare } from '../batches/memory-share.ts'
import type { RowBatch } from '../batches/row-batch.ts'
import type { PipeKind } from './kind.ts'
import { parseWholeNumber } from './parts.ts'

export interface OffsetPipe extends Pipe {
  readonly kind: 'offset'
  readonly rows: number
}

export const offsetPipe: PipeKind<OffsetPipe> = {
  kind: 'offset',
  names: ['offset', 'skip'],
  summary: 'without the newest N rows, or without the first N behind `sort`, `stats` and the like',
  examples: ['error | offset 20 | limit 10', '* | sort by (duration desc) | skip 10'],
  isLive: false,
  parse: (parser) => offsetOf(parseWholeNumber(parser, 'a number of rows')),
  print: ({ rows }) => `offset ${rows}`,
  wants: (_pipe, after) => after,
  leaves: (_pipe, entering) => entering,
  async *run({ rows }, input, { memory, pause }) {
    const held = new HeldBack(rows, memory)
    let left = rows
    for await (const batch of input) {
      if (batch.keys !== null) {
        yield* held.push(batch)
      } else {
        const skipped = Math.min(left, batch.rowCount)
        left -= skipped
        if (skipped < batch.rowCount) yield sliceOf(batch, skipped, batch.rowCount)
      }
      await pause()
    }
    yield* held.rest()
  },
}

function offsetOf(rows: number): OffsetPipe {
  return { kind: 'offset', rows }
}

/** Keeps the last rows back. */
class HeldBack {
  readonly #rowsKept: number
  readonly #memory: MemoryShare
  readonly #batches: { readonly batch: RowBatch; readonly bytes: number }[] = []
  #rowCount = 0

  constructor(rowsKept: number, memory: MemoryShare) {
    this.#rowsKept = rowsKept
    this.#memory = memory
  }

  *push(batch: RowBatch): Generator<RowBatch> {
    // Of a large batch only the end is kept.
    const free = Math.max(0, batch.rowCount - this.#rowsKept)
    const kept = sliceOf(batch, free, batch.rowCount)
    const bytes = heldRowsBytes(holdRows(kept))
    this.#memory.charge(bytes)
    this.#batches.push({ batch: kept, bytes })
    this.#rowCount += kept.rowCount
    while (this.#batches.length > 1 && this.#rowCount - this.#batches[0].batch.rowCount >= this.#rowsKept) {
      const first = this.#batches.shift()!
      this.#memory.give(first.bytes)
      this.#rowCount -= first.batch.rowCount
      if (first.batch.rowCount > 0) yield first.batch
    }
    if (free > 0) yield sliceOf(batch, 0, free)
  }

  *rest(): Generator<RowBatch> {
    for (const { batch } of this.#batches) {
      const free = Math.min(batch.rowCount, this.#rowCount - this.#rowsKept)
      this.#rowCount -= batch.rowCount
      if (free > 0) yield sliceOf(batch, 0, free)
    }
  }
}
