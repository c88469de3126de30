/** Queries over blocks as they arrive: for tails. */
import type { Bitset } from '../base/base.ts'
import type { Block } from '../record/record.ts'
import type { Query } from './ast.ts'
import { rowsOfBitset } from './batch-view.ts'
import type { FieldsWanted } from './fields-wanted.ts'
import { recordRowOf, rowMapOf } from './materialize.ts'
import { bindBatches, fieldsForPipes } from './pipeline.ts'
import type { BatchMap } from './pipes/kind.ts'
import { livePlanOf } from './plan.ts'
import { batchOfBlock } from './record-batches.ts'
import { rowsOfBatch } from './row-batch.ts'
import type { Row } from './row.ts'
import { isOfRecords } from './shape.ts'

/** The rows of the block that match the filter of the query. `_time:5m` goes on beyond the time of asking. */
export function matchBlock(query: Query, block: Block): Bitset {
  return livePlanOf(query).match(block)
}

export interface LiveRow {
  readonly id: number
  readonly row: Row
}

/** Rows that pipes get at once: who takes the rows may stop after any of them. */
const BATCH_ROWS = 256
/** Bytes of what a pipe holds; live pipes hold nothing that grows. */
const STATE_BYTES_MAX = 16 * 1024 * 1024

/**
 * The matching rows as the query's pipes leave them, in the order of their ids: of a record there may be none, or
 * several. They keep nothing of the block.
 */
export function* liveRows(query: Query, block: Block, matches: Bitset): Generator<LiveRow> {
  if (isOfRecords(query)) yield* recordsOf(query, block, matches)
  else yield* mappedOf(query, block, matches)
}

const rowMaps = new WeakMap<Query, (row: Row) => Row>()

function* recordsOf(query: Query, block: Block, matches: Bitset): Generator<LiveRow> {
  const map = remembered(rowMaps, query, rowMapOf)
  for (let row = matches.nextSet(0); row >= 0; row = matches.nextSet(row + 1))
    yield { id: block.ids[row], row: map(recordRowOf(block, row)) }
}

interface LiveMap {
  readonly map: BatchMap
  readonly wanted: FieldsWanted
}

const batchMaps = new WeakMap<Query, LiveMap>()

function* mappedOf(query: Query, block: Block, matches: Bitset): Generator<LiveRow> {
  const { map, wanted } = remembered(batchMaps, query, liveMapOf)
  const rows = rowsOfBitset(matches)
  for (let from = 0; from < rows.length; from += BATCH_ROWS) {
    const batch = map(batchOfBlock(block, rows.subarray(from, from + BATCH_ROWS), wanted))
    for (const [at, row] of rowsOfBatch(batch).entries()) yield { id: batch.keys!.ids[at], row }
  }
}

function liveMapOf({ pipes }: Query): LiveMap {
  const settings = {
    nowMs: Date.now(),
    stateBytesMax: STATE_BYTES_MAX,
    timeMsMin: -Infinity,
    timeMsMax: Infinity,
    rateSeconds: null,
  }
  return { map: bindBatches(pipes, settings), wanted: fieldsForPipes(pipes) }
}

function remembered<T>(known: WeakMap<Query, T>, query: Query, make: (query: Query) => T): T {
  let made = known.get(query)
  if (made === undefined) {
    made = make(query)
    known.set(query, made)
  }
  return made
}
