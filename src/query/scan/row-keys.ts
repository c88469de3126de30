/**
 * The keys of matching rows: (time, ns, id), the total order of records. Typed arrays that grow, no object a row.
 *
 * With a limit it is a heap whose root is the oldest key kept, so that only the newest N stay; without one, keys are
 * gathered as they come. `takeSorted` gives them oldest first.
 */
import { CodedError } from '../../base/base.ts'

/** 8 for the time, 4 for its nanoseconds, 8 for the id, 4 for the place while sorting. */
export const KEY_BYTES = 24
const CAPACITY_FIRST = 256
const RUN_LENGTH = 32 * 1024

/** Keys oldest first, in arrays of the same length that share no memory with others. */
export interface SortedKeys {
  /** Milliseconds since the epoch, and nanoseconds within that millisecond. */
  readonly timesMs: Float64Array<ArrayBuffer>
  readonly timesNs: Uint32Array<ArrayBuffer>
  readonly ids: Float64Array<ArrayBuffer>
}

export class RowKeys {
  timesMs = new Float64Array(CAPACITY_FIRST)
  timesNs = new Uint32Array(CAPACITY_FIRST)
  ids = new Float64Array(CAPACITY_FIRST)
  count = 0
  readonly #limit: number
  readonly #bytesMax: number

  /** `limit`: the newest so many; Infinity for all. `bytesMax`: beyond it, QUERY_TOO_LARGE. */
  constructor(limit: number, bytesMax: number) {
    this.#limit = limit
    this.#bytesMax = bytesMax
  }

  get isFull(): boolean {
    return this.count >= this.#limit
  }

  /** The time of the oldest key kept once as many as the limit are; nothing older can enter. -Infinity before. */
  get worstTimeMs(): number {
    if (!this.isFull) return -Infinity
    return this.count === 0 ? Infinity : this.timesMs[0]
  }

  push(timeMs: number, timeNs: number, id: number): void {
    if (this.isFull) {
      if (this.count === 0 || !this.#isRootOlder(timeMs, timeNs, id)) return
      this.#put(0, timeMs, timeNs, id)
      this.#sink(0)
      return
    }
    if (this.count === this.ids.length) this.#grow()
    this.#put(this.count++, timeMs, timeNs, id)
    // The heap is needed only once it is full.
    if (this.isFull) for (let at = (this.count >> 1) - 1; at >= 0; at--) this.#sink(at)
  }

  #put(at: number, timeMs: number, timeNs: number, id: number): void {
    this.timesMs[at] = timeMs
    this.timesNs[at] = timeNs
    this.ids[at] = id
  }

  #isRootOlder(timeMs: number, timeNs: number, id: number): boolean {
    if (this.timesMs[0] !== timeMs) return this.timesMs[0] < timeMs
    if (this.timesNs[0] !== timeNs) return this.timesNs[0] < timeNs
    return this.ids[0] < id
  }

  /** Below 0 when the key at `a` is older. */
  compare(a: number, b: number): number {
    return this.timesMs[a] - this.timesMs[b] || this.timesNs[a] - this.timesNs[b] || this.ids[a] - this.ids[b]
  }

  #sink(from: number): void {
    for (let at = from; ; ) {
      const left = 2 * at + 1
      if (left >= this.count) return
      const right = left + 1
      const older = right < this.count && this.compare(right, left) < 0 ? right : left
      if (this.compare(at, older) <= 0) return
      this.#swap(at, older)
      at = older
    }
  }

  #swap(a: number, b: number): void {
    const { timesMs, timesNs, ids } = this
    const ms = timesMs[a]
    const ns = timesNs[a]
    const id = ids[a]
    this.#put(a, timesMs[b], timesNs[b], ids[b])
    this.#put(b, ms, ns, id)
  }

  #grow(): void {
    const capacity = Math.min(this.#limit, this.ids.length * 2)
    if (capacity * KEY_BYTES > this.#bytesMax) throw tooManyRows(this.count)
    this.timesMs = grown(this.timesMs, new Float64Array(capacity))
    this.timesNs = grown(this.timesNs, new Uint32Array(capacity))
    this.ids = grown(this.ids, new Float64Array(capacity))
  }

  /** All keys, oldest first; none are left here. A column is let go as soon as it was copied. */
  async takeSorted(pause: () => Promise<void>): Promise<SortedKeys> {
    const order = await this.#sorted(pause)
    this.count = 0
    const ids = reordered(this.ids, order, new Float64Array(order.length))
    this.ids = new Float64Array(0)
    const timesMs = reordered(this.timesMs, order, new Float64Array(order.length))
    this.timesMs = new Float64Array(0)
    const timesNs = reordered(this.timesNs, order, new Uint32Array(order.length))
    this.timesNs = new Uint32Array(0)
    return { timesMs, timesNs, ids }
  }

  /** The places of all keys, oldest first. Sorts in pieces and lets others work between them. */
  async #sorted(pause: () => Promise<void>): Promise<Uint32Array> {
    let order = Uint32Array.from({ length: this.count }, (_, at) => at)
    for (let start = 0; start < order.length; start += RUN_LENGTH) {
      order.subarray(start, start + RUN_LENGTH).sort((a, b) => this.compare(a, b))
      await pause()
    }
    let spare = new Uint32Array(order.length > RUN_LENGTH ? order.length : 0)
    for (let run = RUN_LENGTH; run < order.length; run *= 2) {
      await this.#mergeRuns(order, spare, run, pause)
      const sorted = spare
      spare = order
      order = sorted
    }
    return order
  }

  async #mergeRuns(
    from: Uint32Array,
    to: Uint32Array,
    run: number,
    pause: () => Promise<void>,
  ): Promise<void> {
    for (let start = 0; start < from.length; start += 2 * run) {
      const middle = Math.min(start + run, from.length)
      const end = Math.min(start + 2 * run, from.length)
      let left = start
      let right = middle
      for (let at = start; at < end; at++) {
        const takesLeft = left < middle && (right >= end || this.compare(from[left], from[right]) < 0)
        to[at] = takesLeft ? from[left++] : from[right++]
        if ((at & (RUN_LENGTH - 1)) === 0) await pause()
      }
    }
  }
}

/** What is enough for so many keys: arrays are doubled when they are full. */
export function keyBytesFor(count: number): number {
  return KEY_BYTES * 2 ** Math.ceil(Math.log2(Math.max(CAPACITY_FIRST, count)))
}

function grown<T extends Float64Array<ArrayBuffer> | Uint32Array<ArrayBuffer>>(from: T, to: T): T {
  to.set(from)
  return to
}

function reordered<T extends Float64Array | Uint32Array>(from: T, order: Uint32Array, to: T): T {
  for (let at = 0; at < order.length; at++) to[at] = from[order[at]]
  return to
}

function tooManyRows(count: number): CodedError {
  const message = `more than ${count} rows match and nothing limits them: add \`| limit 1000\` or narrow the time range`
  return new CodedError('QUERY_TOO_LARGE', message)
}
