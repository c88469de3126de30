/**
 * Scans of parts: blocks in the order asked for, without those that cannot hold what is wanted. Synchronous, block by
 * block: whoever takes the blocks may stop between them.
 *
 * Blocks of a part ascend by id. Parts may overlap, where senders' times lie on several days; in id order such blocks
 * are handed out in pieces.
 *
 * What is damaged is left out and noted; a block that turns out to be damaged while it is used is for its user to note
 * (`ScannedBlock.damaged`).
 */
import { Bitset, messageOf } from '../base/base.ts'
import type { Block } from '../record/record.ts'
import { SelectedRows } from './block/selected-rows.ts'
import type { StoredBlock } from './block/stored-block.ts'
import type { StoredPart } from './block/stored-part.ts'
import { type HeldPart, hasBlock } from './held-part.ts'
import type { PartCache } from './part-cache.ts'
import { isDamage } from './part-damage.ts'
import type { ScanProgress } from './scan-progress.ts'
import { checkAborted, type Extent, isWanted, largestTime } from './scan-request.ts'
import type { BlockOrigin, LostRange, ScannedBlock, ScanRequest } from './store.ts'

export interface PartScanSource {
  readonly parts: readonly HeldPart[]
  readonly cache: PartCache
  noteDamage(range: LostRange): void
  readonly progress?: ScanProgress
}

/** A block that may be wanted. */
interface BlockExtent extends Extent {
  readonly held: HeldPart
  readonly number: number
  readonly rowCount: number
}

type Entry = HeldPart | BlockExtent

export function* scanParts(source: PartScanSource, request: ScanRequest): Generator<ScannedBlock, void> {
  const scan = new PartScan(source, request)
  try {
    if (request.order === 'newest') yield* scan.newest()
    else if (request.order === 'any') yield* scan.inTurn()
    else yield* scan.byId()
  } finally {
    scan.close()
  }
}

class PartScan {
  readonly #source: PartScanSource
  readonly #request: ScanRequest
  readonly #inUse = new Map<string, { readonly part: StoredPart; release(): void }>()
  /** By path of a part: blocks of it that are still to come. */
  readonly #blocksLeft = new Map<string, number>()

  constructor(source: PartScanSource, request: ScanRequest) {
    this.#source = source
    this.#request = request
  }

  close(): void {
    for (const { release } of this.#inUse.values()) release()
    this.#inUse.clear()
  }

  #wantedParts(): HeldPart[] {
    const { parts, progress } = this.#source
    return parts.filter((part) => {
      const isPartWanted = isWanted(part, this.#request)
      if (!isPartWanted)
        progress?.add(0, part.records / (part.slice?.of ?? 1), part.bytes / (part.slice?.of ?? 1))
      return isPartWanted
    })
  }

  *inTurn(): Generator<ScannedBlock, void> {
    const parts = this.#wantedParts()
    const laterTimes = largestTimesFrom(parts)
    for (const [index, held] of parts.entries()) {
      const blocks = this.#blocksOf(held)
      const restTimes = largestTimesFrom(blocks)
      for (const [at, extent] of blocks.entries())
        yield* this.#scanned(extent, Math.max(laterTimes[index + 1], restTimes[at + 1]))
    }
  }

  /** Largest time first: parts open up into their blocks only when their turn comes. */
  *newest(): Generator<ScannedBlock, void> {
    const queue: Entry[] = this.#wantedParts()
    queue.sort(oldestFirst)
    for (let next = queue.pop(); next !== undefined; next = queue.pop()) {
      checkAborted(this.#request.signal)
      if (!('held' in next)) {
        queue.push(...this.#blocksOf(next))
        queue.sort(oldestFirst)
        continue
      }
      yield* this.#scanned(next, queue.at(-1)?.timeMsMax ?? Number.NEGATIVE_INFINITY)
    }
  }

  *byId(): Generator<ScannedBlock, void> {
    const parts = this.#wantedParts()
    const extents = parts.flatMap((held) => this.#blocksOf(held)).sort((a, b) => a.firstId - b.firstId)
    // Opened again by their first blocks: not all parts must be open at once.
    for (const held of parts) this.#release(held)
    const laterTimes = largestTimesFrom(extents)
    for (let start = 0; start < extents.length; ) {
      let end = start + 1
      let endId = extents[start].endId
      for (; end < extents.length && extents[end].firstId < endId; end++)
        endId = Math.max(endId, extents[end].endId)
      if (end === start + 1) yield* this.#scanned(extents[start], laterTimes[end])
      else yield* this.#merged(extents.slice(start, end), laterTimes[end])
      start = end
    }
  }

  /** Blocks whose ids overlap, by first id, in pieces that do not. A block is open only while its ids have a turn. */
  *#merged(extents: readonly BlockExtent[], restTimeMsMax: number): Generator<ScannedBlock, void> {
    const largest = Math.max(restTimeMsMax, largestTime(extents))
    let heads: Head[] = []
    for (let next = 0; next < extents.length || heads.length > 0; ) {
      checkAborted(this.#request.signal)
      const [first, second] = twoSmallest(heads)
      const waitingId = next < extents.length ? extents[next].firstId : Number.POSITIVE_INFINITY
      if (first === null || waitingId <= first.ids[first.at]) {
        heads.push(...this.#head(extents[next++]))
        continue
      }
      const from = first.at
      first.at = endOfPiece(first, Math.min(waitingId, second === null ? waitingId : second.ids[second.at]))
      if (first.at === first.ids.length) heads = heads.filter((head) => head !== first)
      const isLast = next === extents.length && heads.length === 0
      const block = this.#piece(first, from)
      if (block === null) heads = heads.filter((head) => head !== first)
      else {
        const damaged = (error: unknown): void => {
          this.#damaged(first.extent, error)
          heads = heads.filter((head) => head !== first)
        }
        yield { block, restTimeMsMax: isLast ? restTimeMsMax : largest, damaged }
      }
    }
    for (const extent of extents) this.#done(extent)
  }

  /** The rows of a block up to those that had their turn; null where they cannot be read. */
  #piece({ extent, block, at }: Head, from: number): Block | null {
    try {
      return new SelectedRows(
        block,
        Uint32Array.from({ length: at - from }, (_, n) => from + n),
      )
    } catch (error) {
      this.#damaged(extent, error)
      return null
    }
  }

  #head(extent: BlockExtent): Head[] {
    try {
      const block = this.#visible(extent)?.block ?? null
      return block === null ? [] : [{ extent, block, ids: block.ids, at: 0 }]
    } catch (error) {
      this.#damaged(extent, error)
      return []
    }
  }

  *#scanned(extent: BlockExtent, restTimeMsMax: number): Generator<ScannedBlock, void> {
    checkAborted(this.#request.signal)
    let block: VisibleBlock | null = null
    try {
      block = this.#visible(extent)
    } catch (error) {
      this.#damaged(extent, error)
    }
    if (block !== null) {
      const damaged = (error: unknown): void => this.#damaged(extent, error)
      yield { block: block.block, restTimeMsMax, damaged, origin: originOf(extent, block) }
    }
    this.#done(extent)
  }

  /** The block without its deleted rows; null when none is left, or when the skip test says so. */
  #visible({ held, number }: BlockExtent): VisibleBlock | null {
    const part = this.#part(held)
    const { skip } = this.#request
    if (skip !== undefined && !part.mayMatch(number, skip)) return null
    const block = part.block(number)
    const deleted = this.#source.cache.deletes(held)?.get(number)
    return deleted === undefined
      ? { block, rowCount: block.rowCount, rows: null }
      : withoutRows(block, deleted)
  }

  /** What is wanted of the part's blocks; none where it cannot be opened. */
  #blocksOf(held: HeldPart): BlockExtent[] {
    try {
      const part = this.#part(held)
      const extents: BlockExtent[] = []
      for (let number = 0; number < part.blockCount; number++) {
        if (!hasBlock(held, number)) continue
        const { firstId, lastId, timeMsMin, timeMsMax, rowCount } = part.facts(number)
        const extent = { held, number, firstId, endId: lastId + 1, timeMsMin, timeMsMax, rowCount }
        if (isWanted(extent, this.#request)) extents.push(extent)
        else this.#noteProgress(extent)
      }
      this.#blocksLeft.set(held.path, extents.length)
      if (extents.length === 0) this.#release(held)
      return extents
    } catch (error) {
      this.#damaged(held, error)
      return []
    }
  }

  /** Nobody uses the block any more: after its last block a part may be closed. */
  #done(extent: BlockExtent): void {
    const { held } = extent
    this.#noteProgress(extent)
    const left = (this.#blocksLeft.get(held.path) ?? 0) - 1
    this.#blocksLeft.set(held.path, left)
    if (left === 0) this.#release(held)
  }

  #noteProgress({ held, rowCount }: BlockExtent): void {
    this.#source.progress?.add(1, rowCount, (held.bytes * rowCount) / Math.max(1, held.records))
  }

  #part(held: HeldPart): StoredPart {
    let open = this.#inUse.get(held.path)
    if (open === undefined) {
      open = this.#source.cache.acquire(held)
      this.#inUse.set(held.path, open)
    }
    return open.part
  }

  #release({ path }: HeldPart): void {
    this.#inUse.get(path)?.release()
    this.#inUse.delete(path)
  }

  /** Notes what cannot be read; what is no damage is thrown on. */
  #damaged(extent: Entry, error: unknown): void {
    if (!isDamage(error)) throw error
    this.#source.noteDamage({ fromId: extent.firstId, toId: extent.endId - 1, reason: messageOf(error) })
  }
}

interface Head {
  readonly extent: BlockExtent
  readonly block: Block
  readonly ids: Float64Array
  at: number
}

/** The one with the smallest id, and the next one. All have rows left. */
function twoSmallest(heads: readonly Head[]): [Head | null, Head | null] {
  let first: Head | null = null
  let second: Head | null = null
  for (const head of heads) {
    const id = head.ids[head.at]
    if (first === null || id < first.ids[first.at]) {
      second = first
      first = head
    } else if (second === null || id < second.ids[second.at]) second = head
  }
  return [first, second]
}

/** The first row from its turn on whose id is `idEnd` or above. */
function endOfPiece({ ids, at }: Head, idEnd: number): number {
  let end = at
  while (end < ids.length && ids[end] < idEnd) end++
  return end
}

/** By place: the largest time from there on; one more than there are extents, -Infinity behind the last. */
function largestTimesFrom(extents: readonly Extent[]): Float64Array {
  const largest = new Float64Array(extents.length + 1).fill(Number.NEGATIVE_INFINITY)
  for (let at = extents.length - 1; at >= 0; at--)
    largest[at] = Math.max(largest[at + 1], extents[at].timeMsMax)
  return largest
}

const oldestFirst = (a: Entry, b: Entry): number => a.timeMsMax - b.timeMsMax || a.firstId - b.firstId

/** What is left of a block, how many rows it has in the file, and which of them these are; null: all. */
interface VisibleBlock {
  readonly block: Block
  readonly rowCount: number
  readonly rows: Uint32Array | null
}

const originOf = ({ held, number }: BlockExtent, { rowCount, rows }: VisibleBlock): BlockOrigin => ({
  part: held.number,
  block: number,
  rowCount,
  rows,
})

function withoutRows(block: StoredBlock, deleted: Bitset): VisibleBlock | null {
  const { rowCount } = block
  const rows = Bitset.full(rowCount).andNot(deleted).indexes()
  if (rows.length === 0) return null
  if (rows.length === rowCount) return { block, rowCount, rows: null }
  return { block: new SelectedRows(block, rows), rowCount, rows }
}
