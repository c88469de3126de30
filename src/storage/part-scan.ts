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
import { Bitset, isCodedError, messageOf, systemErrorCode } from '../base/base.ts'
import type { Block } from '../record/record.ts'
import { SelectedRows } from './block/selected-rows.ts'
import type { StoredBlock } from './block/stored-block.ts'
import type { StoredPart } from './block/stored-part.ts'
import type { HeldPart, PartCache } from './part-cache.ts'
import { checkAborted, type Extent, isWanted, largestTime } from './scan-request.ts'
import type { LostRange, ScannedBlock, ScanRequest } from './store.ts'

export interface PartScanSource {
  readonly parts: readonly HeldPart[]
  readonly cache: PartCache
  noteDamage(range: LostRange): void
}

/** A block that may be wanted. */
interface BlockExtent extends Extent {
  readonly held: HeldPart
  readonly number: number
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

  constructor(source: PartScanSource, request: ScanRequest) {
    this.#source = source
    this.#request = request
  }

  close(): void {
    for (const { release } of this.#inUse.values()) release()
    this.#inUse.clear()
  }

  *inTurn(): Generator<ScannedBlock, void> {
    const parts = this.#source.parts.filter((part) => isWanted(part, this.#request))
    for (const [index, held] of parts.entries()) {
      const later = largestTime(parts.slice(index + 1))
      const blocks = this.#blocksOf(held)
      for (const [at, extent] of blocks.entries()) {
        const rest = Math.max(later, largestTime(blocks.slice(at + 1)))
        yield* this.#scanned(extent, rest)
      }
      this.#release(held)
    }
  }

  /** Largest time first: parts open up into their blocks only when their turn comes. */
  *newest(): Generator<ScannedBlock, void> {
    const queue: Entry[] = this.#source.parts.filter((part) => isWanted(part, this.#request))
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
    const parts = this.#source.parts.filter((part) => isWanted(part, this.#request))
    const extents = parts.flatMap((held) => this.#blocksOf(held)).sort((a, b) => a.firstId - b.firstId)
    for (let start = 0; start < extents.length; ) {
      let end = start + 1
      let endId = extents[start].endId
      for (; end < extents.length && extents[end].firstId < endId; end++)
        endId = Math.max(endId, extents[end].endId)
      const rest = largestTime(extents.slice(end))
      if (end === start + 1) yield* this.#scanned(extents[start], rest)
      else yield* this.#merged(extents.slice(start, end), rest)
      start = end
    }
  }

  /** Blocks whose ids overlap, in pieces that do not. */
  *#merged(extents: readonly BlockExtent[], restTimeMsMax: number): Generator<ScannedBlock, void> {
    const heads = extents.flatMap((extent) => this.#head(extent))
    const largest = Math.max(restTimeMsMax, largestTime(extents))
    for (let left = heads.length; left > 0; ) {
      checkAborted(this.#request.signal)
      const [first, second] = twoSmallest(heads)
      const idEnd = second === null ? Number.POSITIVE_INFINITY : second.ids[second.at]
      const from = first.at
      while (first.at < first.ids.length && first.ids[first.at] < idEnd) first.at++
      if (first.at === first.ids.length) left--
      const rows = Uint32Array.from({ length: first.at - from }, (_, n) => from + n)
      const damaged = (error: unknown): void => this.#damaged(first.extent, error)
      yield {
        block: new SelectedRows(first.block, rows),
        restTimeMsMax: left === 0 ? restTimeMsMax : largest,
        damaged,
      }
    }
  }

  #head(extent: BlockExtent): Head[] {
    try {
      const block = this.#visible(extent)
      return block === null ? [] : [{ extent, block, ids: block.ids, at: 0 }]
    } catch (error) {
      this.#damaged(extent, error)
      return []
    }
  }

  *#scanned(extent: BlockExtent, restTimeMsMax: number): Generator<ScannedBlock, void> {
    checkAborted(this.#request.signal)
    let block: Block | null = null
    try {
      block = this.#visible(extent)
    } catch (error) {
      this.#damaged(extent, error)
    }
    if (block !== null) yield { block, restTimeMsMax, damaged: (error) => this.#damaged(extent, error) }
  }

  /** The block without its deleted rows; null when none is left, or when the skip test says so. */
  #visible({ held, number }: BlockExtent): Block | null {
    const part = this.#part(held)
    const { skip } = this.#request
    if (skip !== undefined && !part.mayMatch(number, skip)) return null
    const block = part.block(number)
    const deleted = this.#source.cache.deletes(held)?.get(number)
    return deleted === undefined ? block : withoutRows(block, deleted)
  }

  /** What is wanted of the part's blocks; none where it cannot be opened. */
  #blocksOf(held: HeldPart): BlockExtent[] {
    try {
      const part = this.#part(held)
      const extents: BlockExtent[] = []
      for (let number = 0; number < part.blockCount; number++) {
        const { firstId, lastId, timeMsMin, timeMsMax } = part.facts(number)
        const extent = { held, number, firstId, endId: lastId + 1, timeMsMin, timeMsMax }
        if (isWanted(extent, this.#request)) extents.push(extent)
      }
      return extents
    } catch (error) {
      this.#damaged(held, error)
      return []
    }
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

/** Whether the error says that a stored file cannot be read. */
export function isDamage(error: unknown): boolean {
  return (
    isCodedError(error, 'PART_CORRUPT') ||
    isCodedError(error, 'FORMAT_VERSION') ||
    systemErrorCode(error) !== undefined
  )
}

interface Head {
  readonly extent: BlockExtent
  readonly block: Block
  readonly ids: Float64Array
  at: number
}

/** Of those that have rows left, the one with the smallest id, and the next one. */
function twoSmallest(heads: readonly Head[]): [Head, Head | null] {
  let first: Head | null = null
  let second: Head | null = null
  for (const head of heads) {
    if (head.at === head.ids.length) continue
    const id = head.ids[head.at]
    if (first === null || id < first.ids[first.at]) {
      second = first
      first = head
    } else if (second === null || id < second.ids[second.at]) second = head
  }
  return [first!, second]
}

const oldestFirst = (a: Entry, b: Entry): number => a.timeMsMax - b.timeMsMax || a.firstId - b.firstId

function withoutRows(block: StoredBlock, deleted: Bitset): Block | null {
  const left = Bitset.full(block.rowCount).andNot(deleted)
  const count = left.count()
  if (count === 0) return null
  if (count === block.rowCount) return block
  const rows = new Uint32Array(count)
  let at = 0
  left.forEach((row) => {
    rows[at++] = row
  })
  return new SelectedRows(block, rows)
}
