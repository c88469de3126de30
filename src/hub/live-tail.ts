/**
 * Live tails: each distinct query has one reader that evaluates it once per published group; its subscribers get
 * the rows through queues of their own. A queue has a bound; what does not fit becomes a gap, which says which ids and
 * how many rows were left out, so that what was delivered and what was not always add up.
 *
 * Who resumes after an id reads alone, and no faster than it takes the rows: what is stored can wait. It gets no gaps,
 * holds no memory but its queue, and lets others go between two blocks.
 */
import { CodedError } from '../base/base.ts'
import { liveRows, matchBlock, printQuery, type Query, type Row } from '../query/query.ts'
import type { Block } from '../record/record.ts'
import type { Store } from '../storage/storage.ts'
import type { TailItem } from './hub-api.ts'

const QUEUE_ROWS_MAX = 10_000
const QUEUE_BYTES_MAX = 16 * 1024 * 1024
/** Rows of all queues together; beyond it a queue that is not empty gets a gap. */
const ALL_QUEUES_BYTES_MAX = 64 * 1024 * 1024
/** Distinct queries that are evaluated on everything that comes in. */
const READERS_MAX = 1000

export interface SubscribeOptions {
  readonly afterId?: number
  readonly signal?: AbortSignal
  readonly queueRowsMax?: number
}

export interface TailCounters {
  tails: number
  tailRows: number
  tailGapRows: number
  /** Bytes of rows that wait for subscribers. */
  tailBytes: number
}

export class LiveTails {
  readonly #store: Store
  readonly #counters: TailCounters
  readonly #readers = new Map<string, Reader>()
  #readersRunning = 0

  constructor(store: Store, counters: TailCounters) {
    this.#store = store
    this.#counters = counters
  }

  /** Subscribes at once; rows wait in the queue until they are iterated. */
  subscribe(query: Query, options: SubscribeOptions): AsyncIterable<TailItem> {
    const fromId = options.afterId === undefined ? this.#store.stats().fenceId : options.afterId + 1
    const queue = new Subscriber(fromId, options.queueRowsMax ?? QUEUE_ROWS_MAX, this.#counters)
    // Who resumes reads alone: the others are further on.
    const key = options.afterId === undefined ? printQuery(query) : null
    const reader =
      (key === null ? undefined : this.#readers.get(key)) ?? this.#startReader(key, query, options.afterId)
    reader.add(queue)
    this.#counters.tails++
    const leave = (): void => {
      if (!reader.remove(queue)) return
      this.#counters.tails--
      options.signal?.removeEventListener('abort', leave)
    }
    options.signal?.addEventListener('abort', leave)
    if (options.signal?.aborted) leave()
    return queue.items(leave)
  }

  /** QUERY_TOO_LARGE when there are too many already. */
  #startReader(key: string | null, query: Query, afterId: number | undefined): Reader {
    if (this.#readersRunning >= READERS_MAX) {
      throw new CodedError(
        'QUERY_TOO_LARGE',
        `There are ${READERS_MAX} different tails already, which is the most.`,
      )
    }
    this.#readersRunning++
    const reader = new Reader(this.#store, query, afterId, () => {
      this.#readersRunning--
      if (key !== null && this.#readers.get(key) === reader) this.#readers.delete(key)
    })
    if (key !== null) this.#readers.set(key, reader)
    reader.start()
    return reader
  }
}

/** Evaluates one query on everything that is published. Ends with its last subscriber. */
class Reader {
  readonly #store: Store
  readonly #query: Query
  /** Of a reader that resumes. */
  readonly #afterId: number | undefined
  readonly #abort = new AbortController()
  readonly #subscribers = new Set<Subscriber>()
  readonly #onEnd: () => void
  #isEnded = false

  constructor(store: Store, query: Query, afterId: number | undefined, ended: () => void) {
    this.#store = store
    this.#query = query
    this.#afterId = afterId
    this.#onEnd = ended
  }

  #ended(): void {
    if (this.#isEnded) return
    this.#isEnded = true
    this.#onEnd()
  }

  start(): void {
    this.#run().then(
      () => this.#close(null),
      (error: unknown) => this.#close(error),
    )
  }

  add(subscriber: Subscriber): void {
    this.#subscribers.add(subscriber)
  }

  /** False when it had left before. */
  remove(subscriber: Subscriber): boolean {
    if (!this.#subscribers.delete(subscriber)) return false
    subscriber.leave()
    if (this.#subscribers.size === 0) {
      this.#ended()
      this.#abort.abort()
    }
    return true
  }

  #blocks(afterId: number | undefined): AsyncIterable<Block> {
    return this.#store.tail({ afterId, signal: this.#abort.signal })
  }

  async #run(): Promise<void> {
    if (this.#afterId === undefined) for await (const block of this.#blocks(undefined)) this.#deliver(block)
    else await this.#resume(this.#afterId)
  }

  /** Where the queue is full it lets go of what it reads, and begins there again when there is room. */
  async #resume(afterId: number): Promise<void> {
    for (let from: number | null = afterId; from !== null; ) {
      from = await this.#followTo(from)
      for (const subscriber of this.#subscribers) await subscriber.room()
    }
  }

  /** The last id that was delivered or does not match, when the queue became full; null at the end. */
  async #followTo(afterId: number): Promise<number | null> {
    for await (const block of this.#blocks(afterId)) {
      const fullAtId = this.#deliver(block)
      if (fullAtId !== null) return fullAtId - 1
      await othersFirst()
    }
    return null
  }

  /** The id at which a reader that resumes has to wait; null when all was delivered. */
  #deliver(block: Block): number | null {
    let lastId = -1
    for (const { id, row } of liveRows(this.#query, block, matchBlock(this.#query, block))) {
      // Pipes may make several rows of a record: they go together, so that none comes twice.
      if (id !== lastId && this.#mustWait()) return id
      lastId = id
      for (const subscriber of this.#subscribers) subscriber.push(id, row)
    }
    return null
  }

  #mustWait(): boolean {
    if (this.#afterId === undefined) return false
    for (const subscriber of this.#subscribers) if (subscriber.isFull) return true
    return false
  }

  #close(error: unknown): void {
    this.#ended()
    for (const subscriber of this.#subscribers) subscriber.close(error)
  }
}

class Subscriber {
  readonly #fromId: number
  readonly #rowsMax: number
  readonly #counters: TailCounters
  #items: TailItem[] = []
  #bytes = 0
  #gap: { fromId: number; toId: number; count: number } | null = null
  #isClosed = false
  #error: unknown = null
  #wake: (() => void) | null = null
  /** Wakes a reader that waits for room. */
  #wakeReader: (() => void) | null = null

  constructor(fromId: number, rowsMax: number, counters: TailCounters) {
    this.#fromId = fromId
    this.#rowsMax = Math.max(1, rowsMax)
    this.#counters = counters
  }

  push(id: number, row: Row): void {
    if (id < this.#fromId || this.#isClosed) return
    if (this.isFull) {
      this.#gap ??= { fromId: id, toId: id, count: 0 }
      this.#gap.toId = id
      this.#gap.count++
      this.#counters.tailGapRows++
      return
    }
    this.#flushGap()
    this.#items.push({ kind: 'row', id, row })
    this.#charge(rowBytes(row))
    this.#counters.tailRows++
    this.#wake?.()
  }

  /** Resolves when half of the queue is free, or when nobody takes from it any more. */
  async room(): Promise<void> {
    while (!this.#isClosed && this.#isHalfFull) {
      await new Promise<void>((resolve) => {
        this.#wakeReader = resolve
      })
    }
  }

  get #isHalfFull(): boolean {
    return this.#items.length > this.#rowsMax / 2 || this.isFull
  }

  /** Who left wants nothing more, not even what waits. */
  leave(): void {
    this.#charge(-this.#bytes)
    this.#items = []
    this.#gap = null
    this.close(null)
  }

  /** Ends after what waits was taken. */
  close(error: unknown): void {
    this.#isClosed = true
    this.#error ??= error
    this.#wake?.()
    this.#wakeReader?.()
  }

  async *items(leave: () => void): AsyncGenerator<TailItem, void> {
    try {
      for (;;) {
        const item = this.#take()
        if (item !== null) {
          yield item
          continue
        }
        if (this.#isClosed) {
          if (this.#error !== null) throw this.#error
          return
        }
        await new Promise<void>((resolve) => {
          this.#wake = resolve
        })
        this.#wake = null
      }
    } finally {
      leave()
    }
  }

  #take(): TailItem | null {
    const item = this.#items.shift()
    if (item?.kind === 'row') this.#charge(-rowBytes(item.row))
    if (this.#wakeReader !== null && !this.#isHalfFull) this.#letReaderGo()
    if (item !== undefined) return item
    this.#flushGap()
    return this.#items.shift() ?? null
  }

  #letReaderGo(): void {
    const wake = this.#wakeReader
    this.#wakeReader = null
    wake?.()
  }

  get isFull(): boolean {
    if (this.#items.length >= this.#rowsMax || this.#bytes >= QUEUE_BYTES_MAX) return true
    return this.#items.length > 0 && this.#counters.tailBytes >= ALL_QUEUES_BYTES_MAX
  }

  #charge(bytes: number): void {
    this.#bytes += bytes
    this.#counters.tailBytes += bytes
  }

  #flushGap(): void {
    if (this.#gap === null) return
    this.#items.push({ kind: 'gap', ...this.#gap })
    this.#gap = null
  }
}

function rowBytes(row: Row): number {
  const fields = row.kind === 'record' ? row.fields : row.values
  let bytes = 200 + (row.kind === 'record' ? row.message.length : 0)
  for (const field of fields) bytes += 100 + field.value.length
  return bytes
}

/** One turn of the event loop: blocks from memory would keep it from turning. */
function othersFirst(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}
