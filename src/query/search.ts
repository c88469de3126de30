/**
 * The work of a query on one source of blocks. What goes in and what comes out is plain data (a `Filter` is), so that
 * the work can be done in another thread; what several sources gave is put together by `merge.ts`.
 *
 * Between blocks others may work, and every call ends with QUERY_CANCELLED when its signal says so.
 */
import { type Bitset, CodedError } from '../base/base.ts'
import type { Block } from '../record/record.ts'
import type { ScannedBlock, ScanRequest, Snapshot } from '../storage/storage.ts'
import type { Filter } from './ast.ts'
import { recordRowOf, rowBytes } from './materialize.ts'
import { FilterPlan } from './plan.ts'
import type { RecordRow } from './row.ts'
import { RowKeys, type SortedKeys } from './row-keys.ts'

/** What is searched: a snapshot, or a part of one. */
export type BlockSource = Pick<Snapshot, 'scan' | 'damage'>

/** What a row takes besides its bytes, roughly. */
const ROW_BYTES = 512

/** How many rows match; `limit` where it is as many or more. */
export async function countIn(
  source: BlockSource,
  filter: Filter,
  limit: number,
  signal?: AbortSignal,
): Promise<number> {
  const plan = new FilterPlan(filter, false)
  let count = 0
  if (limit === 0) return 0
  for await (const { block } of scanBlocks(source, { ...requestOf(plan), order: 'any' }, signal)) {
    count += plan.knownCount(block) ?? (await plan.matchInTurns(block, () => pause(signal))).count()
    if (count >= limit) return limit
  }
  return count
}

/**
 * The newest rows that match, at most `limit`, oldest first. Newest blocks come first, and the scan ends as soon as no
 * block that is left can hold a newer row. QUERY_TOO_LARGE when the keys take more than `bytesMax`.
 */
export async function keysIn(
  source: BlockSource,
  filter: Filter,
  limit: number,
  bytesMax: number,
  signal?: AbortSignal,
): Promise<SortedKeys> {
  const plan = new FilterPlan(filter, false)
  const keys = new RowKeys(limit, bytesMax)
  const request: ScanRequest = { ...requestOf(plan), order: 'newest' }
  for await (const { block, restTimeMsMax } of limit === 0 ? [] : scanBlocks(source, request, signal)) {
    if (block.timeMsMax >= keys.worstTimeMs) {
      pushKeys(keys, block, await plan.matchInTurns(block, () => pause(signal)))
    }
    if (keys.worstTimeMs > restTimeMsMax) break
  }
  return keys.takeSorted(() => pause(signal))
}

function pushKeys(keys: RowKeys, block: Block, rows: Bitset): void {
  const { timesMs, timesNs, ids } = block
  for (let row = rows.nextSet(0); row >= 0; row = rows.nextSet(row + 1)) {
    keys.push(timesMs[row], timesNs[row], ids[row])
  }
}

function requestOf({ bounds, skip }: FilterPlan): ScanRequest {
  const { timeMsMin, timeMsMax, idMin, idMax } = bounds
  return {
    ...(timeMsMin > -Infinity && { timeMsMin }),
    ...(timeMsMax < Infinity && { timeMsMax }),
    ...(idMin > -Infinity && { idMin }),
    ...(idMax < Infinity && { idMax }),
    ...(skip !== undefined && { skip }),
  }
}

export interface FoundRows {
  /** In no order; those that the source has. */
  readonly rows: readonly RecordRow[]
  /** They are too many bytes to be held at once: `rows` is empty. */
  readonly isTooLarge: boolean
  /** The source could not read all that it has. */
  readonly isDamaged: boolean
}

/** The rows with these ids that the source has. A single row is never too large. */
export async function rowsIn(
  source: BlockSource,
  ids: Float64Array,
  bytesMax: number,
  signal?: AbortSignal,
): Promise<FoundRows> {
  const wanted = Float64Array.from(ids).sort()
  const request: ScanRequest = {
    ids: wanted,
    idMin: wanted[0],
    idMax: wanted[wanted.length - 1],
    order: 'id',
  }
  const rows: RecordRow[] = []
  let bytes = 0
  for await (const { block } of scanBlocks(source, request, signal)) {
    for (const blockRow of rowsWithIds(block, wanted)) {
      const row = recordRowOf(block, blockRow)
      bytes += rowBytes(row) + ROW_BYTES
      if (bytes > bytesMax && wanted.length > 1) return { rows: [], isTooLarge: true, isDamaged: false }
      rows.push(row)
    }
    if (rows.length === wanted.length) break
  }
  return { rows, isTooLarge: false, isDamaged: source.damage.length > 0 }
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

// ---- scans --------------------------------------------------------------------------------------------------

async function* scanBlocks(
  source: BlockSource,
  request: ScanRequest,
  signal: AbortSignal | undefined,
): AsyncGenerator<ScannedBlock> {
  checkSignal(signal)
  for await (const scanned of source.scan({ ...request, ...(signal && { signal }) })) {
    if (scanned.block.rowCount > 0) yield scanned
    await pause(signal)
  }
  // A scan may end early when its signal aborts; an answer must not look complete then.
  checkSignal(signal)
}

/** Lets timers and sockets have their turn. */
export async function pause(signal: AbortSignal | undefined): Promise<void> {
  await new Promise<void>((resolve) => setImmediate(resolve))
  checkSignal(signal)
}

function checkSignal(signal: AbortSignal | undefined): void {
  if (signal?.aborted === true)
    throw new CodedError('QUERY_CANCELLED', 'the query was cancelled', { cause: signal.reason })
}
