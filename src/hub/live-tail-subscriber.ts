/**
 * One who hears a live tail: a queue with a bound, and a gap for what did not fit (live-tail.ts says what is promised).
 * Whoever has room may have rows shown instead, as they are found.
 */
import type { Row } from '../query/query.ts'
import type { TailItem } from './hub-api.ts'
import { LiveTailQueue } from './live-tail-queue.ts'

const QUEUE_BYTES_MAX = 16 * 1024 * 1024
/** Rows of all queues together; beyond it a queue that is not empty gets a gap. */
const ALL_QUEUES_BYTES_MAX = 64 * 1024 * 1024

/**
 * Given to `next`: rows that wait, and rows that come while it waits, are shown to it and are no items. They are good only
 * while they are shown.
 */
export interface RowTaker {
  /** Where it has none, rows are items. Asked before each record; it takes all rows of that. */
  readonly hasRoom: boolean
  row(row: Row): void
}

export interface TailCounters {
  tails: number
  tailRows: number
  tailGapRows: number
  /** Bytes of rows that wait for subscribers. */
  tailBytes: number
}

/** Takes items one after the other, and leaves with `return` or at the end. */
export class Subscriber implements AsyncIterableIterator<TailItem, void, RowTaker | undefined> {
  readonly #fromId: number
  readonly #rowsMax: number
  readonly #counters: TailCounters
  readonly #queue = new LiveTailQueue()
  #leave: () => void = () => {}
  /** Of the record that is being delivered. */
  #isWanted = false
  #takes = false
  #shows = false
  #gap: { fromId: number; toId: number; count: number } | null = null
  #isClosed = false
  #error: unknown = null
  #wake: (() => void) | null = null
  /** Of who waits: its queue is empty. */
  #taker: RowTaker | null = null
  /** Wakes a reader that waits for room. */
  #wakeReader: (() => void) | null = null

  constructor(fromId: number, rowsMax: number, counters: TailCounters) {
    this.#fromId = fromId
    this.#rowsMax = Math.max(1, rowsMax)
    this.#counters = counters
  }

  /** Whether it takes the rows of this record, all of them; else they are in a gap, or nothing that it wants. */
  begin(id: number): boolean | 'passing' {
    this.#isWanted = id >= this.#fromId && !this.#isClosed
    this.#takes = this.#isWanted && !this.isFull
    this.#shows = this.#takes && this.#taker !== null && this.#gap === null && this.#taker.hasRoom
    return this.#shows ? 'passing' : this.#takes
  }

  /** A row of the record for which `begin` was asked. */
  push(id: number, row: Row | null): void {
    if (!this.#isWanted || this.#isClosed) return
    if (!this.#takes || row === null) this.#miss(id)
    else if (this.#shows && this.#taker !== null) this.#show(this.#taker, row)
    else this.#put(id, row)
  }

  #show(taker: RowTaker, row: Row): void {
    taker.row(row)
    this.#counters.tailRows++
  }

  #put(id: number, row: Row): void {
    this.#flushGap()
    const bytes = rowBytes(row)
    this.#queue.push({ kind: 'row', id, row }, bytes)
    this.#counters.tailBytes += bytes
    this.#counters.tailRows++
    this.#wakeUp()
  }

  #miss(id: number): void {
    this.#gap ??= { fromId: id, toId: id, count: 0 }
    this.#gap.toId = id
    this.#gap.count++
    this.#counters.tailGapRows++
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
    return this.#queue.length > this.#rowsMax / 2 || this.isFull
  }

  /** Who left wants nothing more, not even what waits. */
  leave(): void {
    this.#counters.tailBytes -= this.#queue.bytes
    this.#queue.clear()
    this.#gap = null
    this.close(null)
  }

  /** Ends after what waits was taken. */
  close(error: unknown): void {
    this.#isClosed = true
    this.#error ??= error
    this.#wakeUp()
    this.#wakeReader?.()
  }

  // ---- for whoever takes ----------------------------------------------------------------------------------------

  /** `leave` is called once it has ended, or wants no more. */
  items(leave: () => void): AsyncIterable<TailItem> {
    this.#leave = leave
    return this
  }

  [Symbol.asyncIterator](): this {
    return this
  }

  /** Asked again only when it has answered. */
  async next(taker?: RowTaker): Promise<IteratorResult<TailItem, void>> {
    for (;;) {
      const item = taker === undefined ? this.#take() : this.#takeBehindRows(taker)
      if (item !== null) return { done: false, value: item }
      if (this.#isClosed) return this.#finish()
      await new Promise<void>((resolve) => {
        this.#wake = resolve
        this.#taker = taker ?? null
      })
    }
  }

  async return(): Promise<IteratorResult<TailItem, void>> {
    this.#leave()
    return { done: true, value: undefined }
  }

  #finish(): IteratorResult<TailItem, void> {
    const error = this.#error
    this.#error = null
    this.#leave()
    if (error !== null) throw error
    return { done: true, value: undefined }
  }

  #wakeUp(): void {
    const wake = this.#wake
    this.#wake = null
    this.#taker = null
    wake?.()
  }

  #take(): TailItem | null {
    const before = this.#queue.bytes
    const item = this.#queue.shift()
    this.#counters.tailBytes += this.#queue.bytes - before
    if (this.#wakeReader !== null && !this.#isHalfFull) this.#letReaderGo()
    if (item !== null) return item
    this.#flushGap()
    return this.#queue.shift()
  }

  /** Shows the rows that wait; what it has no room for, or a gap, is an item. */
  #takeBehindRows(taker: RowTaker): TailItem | null {
    let item = this.#take()
    while (item !== null && item.kind === 'row' && taker.hasRoom) {
      taker.row(item.row)
      item = this.#take()
    }
    return item
  }

  #letReaderGo(): void {
    const wake = this.#wakeReader
    this.#wakeReader = null
    wake?.()
  }

  get isFull(): boolean {
    const { length, bytes } = this.#queue
    if (length >= this.#rowsMax || bytes >= QUEUE_BYTES_MAX) return true
    return length > 0 && this.#counters.tailBytes >= ALL_QUEUES_BYTES_MAX
  }

  #flushGap(): void {
    if (this.#gap === null) return
    this.#queue.push({ kind: 'gap', ...this.#gap }, 0)
    this.#gap = null
  }
}

function rowBytes(row: Row): number {
  const fields = row.kind === 'record' ? row.fields : row.values
  let bytes = 200 + (row.kind === 'record' ? row.message.length : 0)
  for (const field of fields) bytes += 100 + field.value.length
  return bytes
}
