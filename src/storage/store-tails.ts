/**
 * Tails of a store: blocks of records from an id on, as they become durable. Groups come from the log as they are
 * published; who reads too slowly for that gets the same records from a scan, and none is left out.
 */
import type { Block } from '../record/record.ts'
import type { Chunk } from './buffer.ts'
import { frameSalt } from './frame.ts'
import { blockOfFrames } from './frames-block.ts'
import type { Group } from './group.ts'
import type { Snapshot, TailOptions } from './store.ts'

/** Groups that may wait for a tail before it falls back to scanning. */
const QUEUE_BYTES_MAX = 8 * 1024 * 1024

export interface TailedStore {
  /** The id that the next published record gets. */
  fenceId(): number
  /** STORE_CLOSED. */
  snapshot(): Snapshot
}

export class StoreTails {
  readonly #store: TailedStore
  readonly #closing: AbortSignal
  readonly #queues = new Set<TailQueue>()

  /** `closing` ends all of them. */
  constructor(store: TailedStore, closing: AbortSignal) {
    this.#store = store
    this.#closing = closing
  }

  published(group: Group): void {
    for (const queue of this.#queues) queue.push(group)
  }

  /** See Store.tail. */
  tail({ afterId, signal }: TailOptions): AsyncIterable<Block> {
    const stop = AbortSignal.any([this.#closing, ...(signal === undefined ? [] : [signal])])
    return this.#blocks(afterId === undefined ? this.#store.fenceId() : afterId + 1, stop)
  }

  async *#blocks(firstId: number, stop: AbortSignal): AsyncGenerator<Block, void> {
    let nextId = firstId
    const queue = new TailQueue()
    const wake = (): void => queue.wake()
    stop.addEventListener('abort', wake)
    this.#queues.add(queue)
    try {
      while (!stop.aborted) {
        if (nextId < queue.startId(this.#store.fenceId())) {
          nextId = yield* this.#scanned(nextId, queue, stop)
          // It may be behind again: what waited in the queue was more than that may hold.
          continue
        }
        // Who reads may have aborted meanwhile, and would not be woken for that again.
        const group = stop.aborted ? null : await queue.next()
        if (group === null) continue
        if (!group.isResident) {
          queue.clear() // Its memory holds something newer by now; the scan reads it from disk.
          continue
        }
        const block = blockOfGroup(group, nextId)
        if (block !== null) yield* pinned(group.chunk, block)
        nextId = Math.max(nextId, group.endId)
      }
    } catch (error) {
      if (!stop.aborted) throw error
    } finally {
      stop.removeEventListener('abort', wake)
      this.#queues.delete(queue)
    }
  }

  /** Up to the fence of this moment, while newer groups gather in the queue. Returns the id behind it. */
  async *#scanned(idMin: number, queue: TailQueue, signal: AbortSignal): AsyncGenerator<Block, number> {
    using snapshot = this.#store.snapshot()
    queue.clear()
    for await (const { block } of snapshot.scan({ idMin, signal })) yield block
    return Math.max(idMin, snapshot.fenceId)
  }
}

/** Groups that were published and that a tail has not seen; beyond its limit it forgets them, and the tail scans. */
class TailQueue {
  #groups: Group[] = []
  #bytes = 0
  #wake: (() => void) | null = null

  push(group: Group): void {
    this.#groups.push(group)
    this.#bytes += group.bytes
    if (this.#bytes > QUEUE_BYTES_MAX) this.clear()
    this.wake()
  }

  /** The first id that the queue can deliver without a gap: everything before it must be scanned. */
  startId(fenceId: number): number {
    return this.#groups[0]?.firstId ?? fenceId
  }

  clear(): void {
    this.#groups = []
    this.#bytes = 0
  }

  /** The oldest group, or null when there was nothing and something woke the tail. */
  async next(): Promise<Group | null> {
    const group = this.#groups.shift()
    if (group !== undefined) {
      this.#bytes -= group.bytes
      return group
    }
    await new Promise<void>((resolve) => {
      this.#wake = resolve
    })
    this.#wake = null
    return null
  }

  wake(): void {
    this.#wake?.()
  }
}

/** Hands out one value while the chunk that it looks at is pinned. */
function* pinned<T>(chunk: Chunk, value: T): Generator<T, void> {
  chunk.pins++
  try {
    yield value
  } finally {
    chunk.pins--
  }
}

/** The rows of a published group from `idMin` on. */
function blockOfGroup(group: Group, idMin: number): Block | null {
  if (group.endId <= idMin) return null
  const frame = group.frame()
  const extent = { firstId: group.firstId, endId: group.endId, segment: { salt: frameSalt(frame) } }
  return blockOfFrames(frame, extent, { idMin }, null)
}
