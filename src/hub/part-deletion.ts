/**
 * Deletes rows of one part by bitmap: walks its blocks, asks which rows of each are to go, and hands the bitmaps to the
 * store. Rows vanish from answers all at once, when the store has them on disk.
 *
 * Not here: which parts, and which rows (delete-tasks.ts, rule-retention.ts).
 */
import { Bitset, type Disk } from '../base/base.ts'
import type { Block } from '../record/record.ts'
import { type BlockOrigin, PartCache, PartSource, type ScanRequest, type Store } from '../storage/storage.ts'

/** A deletion reads each block once: nothing is kept but what is decoded of the block at hand. */
const CACHE = { bytesMax: 8 * 1024 * 1024, filesMax: 0 }

export interface PartDeletion {
  readonly disk: Disk
  readonly store: Store
  /** Of the part. */
  readonly number: number
  /** What blocks may be left out. */
  readonly request: ScanRequest
  /** Which rows of the block go. Others may work at each `pause`. */
  readonly select: (block: Block, pause: () => Promise<void>) => Promise<Bitset>
  readonly signal: AbortSignal
}

export interface DeletedRows {
  readonly records: number
  /** Why blocks could not be looked at: their rows stay. Null: all could. */
  readonly damage: string | null
}

/** Null where the part is gone: what it had lies in others now. Rejects with the signal's reason and with errors of the store. */
export async function deleteFromPart(deletion: PartDeletion): Promise<DeletedRows | null> {
  const { disk, store, number } = deletion
  using snapshot = store.snapshot()
  const held = snapshot.parts.find((part) => part.number === number)
  if (held === undefined) return null
  const cache = new PartCache(disk, CACHE)
  try {
    const source = new PartSource([held], cache, (range) => snapshot.noteDamage(range))
    const { blocks, records } = await rowsOf(source, deletion)
    const damage = source.damage[0]?.reason ?? null
    if (blocks.size === 0) return { records, damage }
    const gone = await store.maintenance.deleteRows(new Map([[number, blocks]]))
    return gone.length > 0 ? null : { records, damage }
  } finally {
    cache.close()
  }
}

interface RowsToGo {
  /** By number of the block: bits by row of the file. */
  readonly blocks: ReadonlyMap<number, Bitset>
  readonly records: number
}

async function rowsOf(source: PartSource, { request, select, signal }: PartDeletion): Promise<RowsToGo> {
  const blocks = new Map<number, Bitset>()
  let records = 0
  for await (const { block, origin, damaged } of source.scan({ ...request, order: 'any', signal })) {
    if (origin === undefined) continue
    try {
      const rows = await select(block, () => pause(signal))
      if (!rows.isEmpty()) blocks.set(origin.block, rowsInFile(rows, origin))
      records += rows.count()
    } catch (error) {
      if (damaged === undefined || signal.aborted) throw error
      damaged(error)
    }
    await pause(signal)
  }
  return { blocks, records }
}

function rowsInFile(selected: Bitset, { rowCount, rows }: BlockOrigin): Bitset {
  if (rows === null) return selected
  const inFile = new Bitset(rowCount)
  for (let row = selected.nextSet(0); row >= 0; row = selected.nextSet(row + 1)) inFile.set(rows[row])
  return inFile
}

async function pause(signal: AbortSignal): Promise<void> {
  await new Promise<void>((resolve) => setImmediate(resolve))
  signal.throwIfAborted()
}
