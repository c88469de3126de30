/**
 * The work of a query on one source of blocks. What goes in and what comes out is plain data (a `Filter` is), so that
 * the work can be done in another thread; searchers.ts puts together what several sources gave.
 *
 * Between blocks others may work, and every call ends with QUERY_CANCELLED when its signal says so.
 */
import { type Bitset, CodedError } from '../../base/base.ts'
import type { Block } from '../../record/record.ts'
import type { ScannedBlock, ScanRequest, Snapshot } from '../../storage/storage.ts'
import type { Filter } from '../ast.ts'
import { type NewestWanted, newestRows } from './newest-rows.ts'
import { NO_ROWS, type PackedRows } from './packed-rows.ts'
import { FilterPlan } from './plan.ts'
import { RowKeys, type SortedKeys } from './row-keys.ts'
import { isWholeRead, RowPacker } from './row-packer.ts'

/** What is searched: a snapshot, what of it is not sealed, or some of its parts. */
export type BlockSource = Pick<Snapshot, 'scan' | 'damage'>

/** How many rows match; `limit` where it is as many or more. */
export async function countIn(
  source: BlockSource,
  filter: Filter,
  limit: number,
  signal?: AbortSignal,
): Promise<number> {
  const plan = new FilterPlan(filter)
  let count = 0
  if (limit === 0) return 0
  for await (const scanned of scanBlocks(source, { ...requestOf(plan), order: 'any' }, signal)) {
    count += (await readWhole(scanned, (block) => countOf(plan, block, signal))) ?? 0
    if (count >= limit) return limit
  }
  return count
}

async function countOf(plan: FilterPlan, block: Block, signal: AbortSignal | undefined): Promise<number> {
  return plan.knownCount(block) ?? (await plan.matchInTurns(block, () => pause(signal))).count()
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
  const plan = new FilterPlan(filter)
  const keys = new RowKeys(limit, bytesMax)
  const request: ScanRequest = { ...requestOf(plan), order: 'newest' }
  for await (const scanned of limit === 0 ? [] : scanBlocks(source, request, signal)) {
    const { worstTimeMs } = keys
    if (scanned.block.timeMsMax >= worstTimeMs) {
      const found = await readWhole(scanned, (block) =>
        keysOf(plan, block, { limit, worstTimeMs }, () => pause(signal)),
      )
      if (found !== null) pushKeys(keys, found)
    }
    if (keys.worstTimeMs > scanned.restTimeMsMax) break
  }
  return keys.takeSorted(() => pause(signal))
}

type BlockKeys = Pick<Block, 'timesMs' | 'timesNs' | 'ids'> & { readonly rows: Bitset }

async function keysOf(
  plan: FilterPlan,
  block: Block,
  wanted: NewestWanted,
  pauseNow: () => Promise<void>,
): Promise<BlockKeys | null> {
  const rows = await newestRows(plan, block, wanted, pauseNow)
  if (rows.isEmpty()) return null
  const { timesMs, timesNs, ids } = block
  return { timesMs, timesNs, ids, rows }
}

function pushKeys(keys: RowKeys, { timesMs, timesNs, ids, rows }: BlockKeys): void {
  for (let row = rows.nextSet(0); row >= 0; row = rows.nextSet(row + 1)) {
    keys.push(timesMs[row], timesNs[row], ids[row])
  }
}

/** What a scan may leave out. */
export function requestOf({ bounds, skip }: FilterPlan): ScanRequest {
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
  /** Those that the source has, by id. */
  readonly rows: PackedRows
  /** They are too many bytes to be held at once: `rows` is empty. */
  readonly isTooLarge: boolean
  /** The source could not read all that it has. */
  readonly isDamaged: boolean
}

/** Keeps a block that was decoded for rows, since the rows that are asked for next are mostly those behind them. */
export interface BlockKeeper {
  /** What was kept of the block, or the block as it was scanned. */
  blockOf(scanned: ScannedBlock): Block
  /** After these rows were read of it. */
  keep(scanned: ScannedBlock, block: Block, rows: Uint32Array): void
}

/** The rows with these ids, which ascend, that the source has. A single row is never too large. */
export async function rowsIn(
  source: BlockSource,
  wanted: Float64Array,
  bytesMax: number,
  signal?: AbortSignal,
  keeper?: BlockKeeper,
): Promise<FoundRows> {
  const request: ScanRequest = {
    ids: wanted,
    idMin: wanted[0],
    idMax: wanted[wanted.length - 1],
    order: 'id',
  }
  const packer = new RowPacker(wanted.length, wanted.length > 1 ? bytesMax : Infinity)
  for await (const scanned of scanBlocks(source, request, signal)) {
    const own = keeper?.blockOf(scanned) ?? scanned.block
    const rows = await readWhole({ ...scanned, block: own }, (block) => packRowsOf(packer, block, wanted))
    if (rows === null) continue
    if (packer.isOver) return { rows: NO_ROWS, isTooLarge: true, isDamaged: false }
    if (isWholeRead(own, rows)) keeper?.keep(scanned, own, rows)
    if (packer.rowCount === wanted.length) break
  }
  return { rows: packer.take(), isTooLarge: false, isDamaged: source.damage.length > 0 }
}

function packRowsOf(packer: RowPacker, block: Block, wanted: Float64Array): Uint32Array {
  const rows = rowsWithIds(block, wanted)
  if (rows.length > 0) packer.add(block, rows)
  return rows
}

/** Rows of the block whose ids are wanted. Both are ascending. */
function rowsWithIds({ ids, rowCount }: Block, wanted: Float64Array): Uint32Array {
  const first = firstAtLeast(wanted, ids[0])
  const last = ids[rowCount - 1]
  const rows = new Uint32Array(Math.min(rowCount, wanted.length - first))
  let count = 0
  let row = 0
  for (let at = first; at < wanted.length && wanted[at] <= last; at++) {
    const id = wanted[at]
    // Rows that are wanted mostly follow each other.
    if (ids[row] !== id) row = firstAtLeast(ids, id)
    if (ids[row] === id) rows[count++] = row++
  }
  return rows.subarray(0, count)
}

/** The place of the first that is not below `value`. */
export function firstAtLeast(ascending: Float64Array, value: number): number {
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

/**
 * What `use` makes of the block; null where the block turns out to be damaged: then nothing of it may count. Columns
 * are read when they are asked for, so that any use of a block may fail.
 */
export async function readWhole<T>(
  { block, damaged }: ScannedBlock,
  use: (block: Block) => Promise<T> | T,
): Promise<T | null> {
  try {
    return await use(block)
  } catch (error) {
    if (damaged === undefined) throw error
    damaged(error)
    return null
  }
}

export async function* scanBlocks(
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
    throw new CodedError('QUERY_CANCELLED', 'The query was cancelled.', { cause: signal.reason })
}
