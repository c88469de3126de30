/**
 * Queries over a snapshot, in two phases with bounded memory.
 *
 *   1  scan newest blocks first, keep only (time, id) of the rows that will be in the answer; stop as soon as no
 *      block that is left can hold a newer one
 *   2  sort them, and fetch the rows in order, a chunk at a time
 *
 * Between blocks others may work, and the query ends when its signal says so.
 */
import { assert, type Bitset, CodedError } from '../base/base.ts'
import type { Block } from '../record/record.ts'
import type { ScannedBlock, ScanRequest, Snapshot } from '../storage/storage.ts'
import type { Query } from './ast.ts'
import { ChunkBudget } from './chunk-budget.ts'
import { recordRowOf, rowBytes, rowMapOf } from './materialize.ts'
import { FilterPlan } from './plan.ts'
import type { RecordRow, Row } from './row.ts'
import { RowKeys } from './row-keys.ts'
import { queryLimit } from './shape.ts'

export interface RunOptions {
  /** Ends the query with QUERY_CANCELLED. */
  readonly signal?: AbortSignal
  /** Bytes for the keys of matching rows; more is QUERY_TOO_LARGE. Default 64 MiB, 24 bytes a row. */
  readonly keyBytesMax?: number
}

export interface SelectOptions extends RunOptions {
  /** The newest rows, at most this many, unless the query limits itself. Default: no limit. */
  readonly rowsMax?: number
  /** For rows that were fetched and not taken, of all answers. Default: one of its own. */
  readonly chunks?: ChunkBudget
}

export interface Selection {
  /** Rows of the answer. */
  readonly count: number
  /** Oldest first by (time, id). To be read once, while the snapshot is held. */
  readonly rows: AsyncIterable<Row>
}

const KEY_BYTES_MAX_DEFAULT = 64 * 1024 * 1024
const CHUNK_ROWS_MAX = 16_384
/** What a row takes besides its bytes, roughly. */
const ROW_BYTES = 512

/** How many rows the query has: all that match, or as many as its own limit lets through. */
export async function countRows(snapshot: Snapshot, query: Query, options: RunOptions = {}): Promise<number> {
  const plan = new FilterPlan(query.filter, false)
  const limit = queryLimit(query) ?? Infinity
  let count = 0
  if (limit === 0) return 0
  for await (const { block } of scanBlocks(snapshot, { ...requestOf(plan), order: 'id' }, options.signal)) {
    count += (await plan.matchInTurns(block, () => pause(options.signal))).count()
    if (count >= limit) return limit
  }
  return count
}

/** The newest rows of the query, printed oldest first. QUERY_TOO_LARGE, QUERY_CANCELLED, also while rows are read. */
export async function selectRows(
  snapshot: Snapshot,
  query: Query,
  options: SelectOptions = {},
): Promise<Selection> {
  const keys = await gatherKeys(snapshot, query, options)
  const order = await keys.sorted(() => pause(options.signal))
  const ids = new Float64Array(order.length)
  for (let at = 0; at < order.length; at++) ids[at] = keys.ids[order[at]]
  return {
    count: ids.length,
    rows: fetchRows(snapshot, query, ids, options.chunks ?? new ChunkBudget(), options.signal),
  }
}

// ---- phase 1 ------------------------------------------------------------------------------------------------

async function gatherKeys(snapshot: Snapshot, query: Query, options: SelectOptions): Promise<RowKeys> {
  const plan = new FilterPlan(query.filter, false)
  const limit = queryLimit(query) ?? options.rowsMax ?? Infinity
  const keys = new RowKeys(limit, options.keyBytesMax ?? KEY_BYTES_MAX_DEFAULT)
  if (limit === 0) return keys
  const request: ScanRequest = { ...requestOf(plan), order: 'newest' }
  for await (const { block, restTimeMsMax } of scanBlocks(snapshot, request, options.signal)) {
    if (block.timeMsMax >= keys.worstTimeMs) {
      pushKeys(keys, block, await plan.matchInTurns(block, () => pause(options.signal)))
    }
    if (keys.worstTimeMs > restTimeMsMax) break
  }
  return keys
}

function pushKeys(keys: RowKeys, block: Block, rows: Bitset): void {
  const { timesMs, timesNs, ids } = block
  for (let row = rows.nextSet(0); row >= 0; row = rows.nextSet(row + 1)) {
    keys.push(timesMs[row], timesNs[row], ids[row])
  }
}

function requestOf({ bounds }: FilterPlan): ScanRequest {
  const { timeMsMin, timeMsMax, idMin, idMax } = bounds
  return {
    ...(timeMsMin > -Infinity && { timeMsMin }),
    ...(timeMsMax < Infinity && { timeMsMax }),
    ...(idMin > -Infinity && { idMin }),
    ...(idMax < Infinity && { idMax }),
  }
}

// ---- phase 2 ------------------------------------------------------------------------------------------------

async function* fetchRows(
  snapshot: Snapshot,
  query: Query,
  ids: Float64Array,
  chunks: ChunkBudget,
  signal: AbortSignal | undefined,
): AsyncGenerator<Row> {
  const mapRow = rowMapOf(query)
  let chunkRows = CHUNK_ROWS_MAX
  for (let start = 0; start < ids.length; ) {
    const wanted = ids.subarray(start, start + chunkRows)
    const bytesMax = chunks.take()
    try {
      const rows = await fetchChunk(snapshot, wanted, bytesMax, signal)
      if (rows === null) {
        chunkRows = Math.ceil(wanted.length / 4)
        continue
      }
      for (const row of rows) yield mapRow(row)
      start += wanted.length
      chunkRows = Math.min(CHUNK_ROWS_MAX, chunkRows * 2)
    } finally {
      chunks.give(bytesMax)
    }
  }
}

/** The rows with these ids, in their order; null when they are too large to be held at once. One row never is. */
async function fetchChunk(
  snapshot: Snapshot,
  wanted: Float64Array,
  bytesMax: number,
  signal: AbortSignal | undefined,
): Promise<RecordRow[] | null> {
  const placeOf = new Map<number, number>()
  for (let place = 0; place < wanted.length; place++) placeOf.set(wanted[place], place)
  const ids = Float64Array.from(wanted).sort()
  const request: ScanRequest = { ids, idMin: ids[0], idMax: ids[ids.length - 1], order: 'id' }
  const rows = new Array<RecordRow>(wanted.length)
  let found = 0
  let bytes = 0
  for await (const { block } of scanBlocks(snapshot, request, signal)) {
    for (const blockRow of rowsWithIds(block, ids)) {
      const row = recordRowOf(block, blockRow)
      bytes += rowBytes(row) + ROW_BYTES
      if (bytes > bytesMax && wanted.length > 1) return null
      rows[placeOf.get(row.id)!] = row
      found++
    }
    if (found === wanted.length) return rows
  }
  // What was readable a moment ago may be damaged now; then the snapshot says so, and the answer is partial.
  const missing = wanted.length - found
  assert(missing === 0 || snapshot.damage.length > 0, `${missing} rows left a snapshot while it was held`)
  return rows.filter((row) => row !== undefined)
}

/** Rows of the block whose ids are wanted. Both are ascending, and the wanted ones are few. */
function rowsWithIds(block: Block, wanted: Float64Array): number[] {
  const rows: number[] = []
  const last = block.ids[block.rowCount - 1]
  for (let at = firstAtLeast(wanted, block.ids[0]); at < wanted.length && wanted[at] <= last; at++) {
    const row = firstAtLeast(block.ids, wanted[at])
    if (block.ids[row] === wanted[at]) rows.push(row)
  }
  return rows
}

function firstAtLeast(ascending: Float64Array, value: number): number {
  let low = 0
  let high = ascending.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if (ascending[middle] < value) low = middle + 1
    else high = middle
  }
  return low
}

// ---- both ---------------------------------------------------------------------------------------------------

async function* scanBlocks(
  snapshot: Snapshot,
  request: ScanRequest,
  signal: AbortSignal | undefined,
): AsyncGenerator<ScannedBlock> {
  checkSignal(signal)
  for await (const scanned of snapshot.scan({ ...request, ...(signal && { signal }) })) {
    if (scanned.block.rowCount > 0) yield scanned
    await pause(signal)
  }
  // A scan may end early when its signal aborts; an answer must not look complete then.
  checkSignal(signal)
}

/** Lets timers and sockets have their turn. */
async function pause(signal: AbortSignal | undefined): Promise<void> {
  await new Promise<void>((resolve) => setImmediate(resolve))
  checkSignal(signal)
}

function checkSignal(signal: AbortSignal | undefined): void {
  if (signal?.aborted === true)
    throw new CodedError('QUERY_CANCELLED', 'the query was cancelled', { cause: signal.reason })
}
