/** Queries over blocks as they arrive: for tails. */
import { type Bitset, isCodedError } from '../../base/base.ts'
import type { Block } from '../../record/record.ts'
import type { Query } from '../ast.ts'
import type { FieldsWanted } from '../batches/fields-wanted.ts'
import { batchOfBlock } from '../batches/record-batches.ts'
import { type RowBatch, rowsOfBatch } from '../batches/row-batch.ts'
import { bindBatches, fieldsForPipes } from '../pipeline.ts'
import type { BatchMap } from '../pipes/kind.ts'
import type { Row } from '../row.ts'
import { rowMapOf } from '../row-map.ts'
import { livePlanOf } from '../scan/plan.ts'
import { isOfRecords } from '../shape.ts'
import { LiveBlock } from './live-block.ts'

/** The rows of the block that match the filter of the query. `_time:5m` goes on beyond the time of asking. */
export function matchBlock(query: Query, block: Block): Bitset {
  return livePlanOf(query).match(block)
}

export interface LiveRow {
  readonly id: number
  readonly row: Row
}

/** Who takes the rows of a query. */
export interface RowVisitor {
  /**
   * Asked before the rows of each record, of which there may be several: whether they are to be made. `passing`: they are
   * looked at while they are shown, and not kept. Null: nothing more is wanted, not this record either.
   */
  wants(id: number): boolean | 'passing' | null
  /** A row; null where rows are not to be made, once for each. */
  row(id: number, row: Row | null): void
}

/** Records that pipes get at once. */
const BATCH_ROWS = 256
/** Bytes of what a pipe holds; live pipes hold nothing that grows. */
const STATE_BYTES_MAX = 16 * 1024 * 1024

/**
 * The matching rows as the query's pipes leave them, in the order of their ids: of a record there may be none, or
 * several. They keep nothing of the block.
 */
export function liveRows(query: Query, block: Block, matches: Bitset): LiveRow[] {
  const rows: LiveRow[] = []
  const visitor: RowVisitor = {
    wants: () => true,
    row: (id, row) => void (row !== null && rows.push({ id, row })),
  }
  for (const _ of visitRows(query, new LiveBlock(block), matches, visitor));
  return rows
}

/** Shows the visitor the same rows, and stops for a moment after some records, so that others may have their turn. */
export function visitRows(
  query: Query,
  live: LiveBlock,
  matches: Bitset,
  visitor: RowVisitor,
): Generator<void, void> {
  return isOfRecords(query)
    ? visitRecords(query, live, matches, visitor)
    : visitMapped(query, live.block, matches, visitor)
}

const rowMaps = new WeakMap<Query, (row: Row) => Row>()

function* visitRecords(
  query: Query,
  live: LiveBlock,
  matches: Bitset,
  visitor: RowVisitor,
): Generator<void, void> {
  const map = query.pipes.length === 0 ? null : remembered(rowMaps, query, rowMapOf)
  const { ids } = live.block
  let made = 0
  for (let row = matches.nextSet(0); row >= 0; row = matches.nextSet(row + 1)) {
    const id = ids[row]
    const isWanted = visitor.wants(id)
    if (isWanted === null) return
    if (isWanted === false) visitor.row(id, null)
    else if (map !== null) visitor.row(id, map(live.recordRow(row)))
    else visitor.row(id, isWanted === 'passing' ? live.passingRow(row) : live.recordRow(row))
    if (isWanted !== false && ++made % BATCH_ROWS === 0) yield
  }
}

interface LiveMap {
  readonly map: BatchMap
  readonly wanted: FieldsWanted
}

const batchMaps = new WeakMap<Query, LiveMap>()

function* visitMapped(
  query: Query,
  block: Block,
  matches: Bitset,
  visitor: RowVisitor,
): Generator<void, void> {
  const { map, wanted } = remembered(batchMaps, query, liveMapOf)
  const rows = matches.indexes()
  for (let from = 0, records = BATCH_ROWS; from < rows.length; from += records) {
    const batch = mapped(map, block, rows.subarray(from, from + records), wanted)
    if (batch === null) {
      // Together they take too much memory: fewer at once may not.
      records = Math.ceil(Math.min(records, rows.length - from) / 2)
      from -= records
      continue
    }
    if (!visitBatch(batch, visitor)) return
    yield
  }
}

/** Null where several records need more memory together than pipes may have. */
function mapped(map: BatchMap, block: Block, rows: Uint32Array, wanted: FieldsWanted): RowBatch | null {
  try {
    return map(batchOfBlock(block, rows, wanted))
  } catch (error) {
    if (rows.length > 1 && isCodedError(error, 'QUERY_TOO_LARGE')) return null
    throw error
  }
}

/** False: the visitor wants no more. */
function visitBatch(batch: RowBatch, visitor: RowVisitor): boolean {
  let made: readonly Row[] | null = null
  let lastId = -1
  let isWanted = false
  for (let row = 0; row < batch.rowCount; row++) {
    const id = batch.keys!.ids[row]
    if (id !== lastId) {
      const answer = visitor.wants(id)
      if (answer === null) return false
      isWanted = answer !== false
      lastId = id
    }
    if (isWanted) made ??= rowsOfBatch(batch)
    visitor.row(id, isWanted && made !== null ? made[row] : null)
  }
  return true
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
