/**
 * Counts over time for many things at once, without knowing the times before: all have the same buckets, at most 64 of
 * equal length that begin at multiples of it. When times do not fit any more, the length doubles, and two buckets become
 * one; so in the end it follows from the first and the last time alone, in whatever order times came.
 */

const BUCKETS_MAX = 64
const STEP_MS_MIN = 1000

/** Plain data. */
export interface SparklineState {
  readonly stepMs: number
  /** Number of the first bucket: times from `first * stepMs` on. */
  readonly first: number
  /** Buckets that are in use; 0 where there was no time. */
  readonly count: number
  /** By thing: where its counts end below, which are those above 0. */
  readonly ends: Uint32Array
  readonly buckets: Uint8Array
  readonly counts: Float64Array
}

export class Sparklines {
  #stepMs = STEP_MS_MIN
  #first = 0
  #count = 0
  #thingCount = 0
  #counts = new Float64Array(BUCKETS_MAX)

  /** Bytes that a thing takes. */
  static readonly bytes = 8 * BUCKETS_MAX

  /** The rows of `things`, by row, at these times; NaN where a row has none. `thingCount`: all numbers are below it. */
  add(things: Uint32Array, timesMs: Float64Array, thingCount: number): void {
    this.#makeRoom(thingCount)
    const range = rangeOf(timesMs)
    if (range === null) return
    this.#include(range.min, range.max)
    const stepMs = this.#stepMs
    const first = this.#first
    const counts = this.#counts
    for (let row = 0; row < things.length; row++) {
      const bucket = Math.floor(timesMs[row] / stepMs) - first
      if (bucket >= 0) counts[things[row] * BUCKETS_MAX + bucket]++
    }
  }

  /** What another one has; `numbers` are the numbers here of its things. */
  merge(state: SparklineState, numbers: Uint32Array, thingCount: number): void {
    this.#makeRoom(thingCount)
    const { stepMs, first, count, ends, buckets, counts } = state
    if (count === 0) return
    while (this.#stepMs < stepMs) this.#double()
    this.#include(first * stepMs, (first + count) * stepMs - 1)
    let at = 0
    for (let thing = 0; thing < ends.length; thing++) {
      for (const own = numbers[thing] * BUCKETS_MAX; at < ends[thing]; at++) {
        const target = Math.floor(((first + buckets[at]) * stepMs) / this.#stepMs) - this.#first
        this.#counts[own + target] += counts[at]
      }
    }
  }

  state(): SparklineState {
    const ends = new Uint32Array(this.#thingCount)
    const buckets: number[] = []
    const counts: number[] = []
    for (let thing = 0; thing < ends.length; thing++) {
      for (let bucket = 0; bucket < this.#count; bucket++) {
        const count = this.#counts[thing * BUCKETS_MAX + bucket]
        if (count === 0) continue
        buckets.push(bucket)
        counts.push(count)
      }
      ends[thing] = buckets.length
    }
    return {
      ...{ stepMs: this.#stepMs, first: this.#first, count: this.#count, ends },
      ...{ buckets: Uint8Array.from(buckets), counts: Float64Array.from(counts) },
    }
  }

  /** When the first bucket begins, and how long each is. */
  get startMs(): number {
    return this.#first * this.#stepMs
  }

  get stepMs(): number {
    return this.#stepMs
  }

  /** The counts of a thing, oldest first. */
  of(thing: number): number[] {
    return [...this.#counts.subarray(thing * BUCKETS_MAX, thing * BUCKETS_MAX + this.#count)]
  }

  #makeRoom(thingCount: number): void {
    this.#thingCount = Math.max(this.#thingCount, thingCount)
    if (thingCount * BUCKETS_MAX <= this.#counts.length) return
    const counts = new Float64Array(Math.max(thingCount * BUCKETS_MAX, 2 * this.#counts.length))
    counts.set(this.#counts)
    this.#counts = counts
  }

  #include(minMs: number, maxMs: number): void {
    for (;;) {
      const first = Math.floor(minMs / this.#stepMs)
      const last = Math.floor(maxMs / this.#stepMs)
      const isEmpty = this.#count === 0
      const begin = isEmpty ? first : Math.min(first, this.#first)
      const end = isEmpty ? last + 1 : Math.max(last + 1, this.#first + this.#count)
      if (end - begin <= BUCKETS_MAX) {
        if (!isEmpty && begin < this.#first) this.#shift(this.#first - begin)
        this.#first = begin
        this.#count = end - begin
        return
      }
      this.#double()
    }
  }

  #shift(by: number): void {
    const counts = this.#counts
    for (let start = 0; start < counts.length; start += BUCKETS_MAX) {
      counts.copyWithin(start + by, start, start + BUCKETS_MAX - by)
      counts.fill(0, start, start + by)
    }
  }

  #double(): void {
    const first = Math.floor(this.#first / 2)
    const counts = new Float64Array(this.#counts.length)
    for (let start = 0; start < counts.length; start += BUCKETS_MAX) {
      for (let bucket = 0; bucket < this.#count; bucket++) {
        counts[start + Math.floor((this.#first + bucket) / 2) - first] += this.#counts[start + bucket]
      }
    }
    this.#count = this.#count === 0 ? 0 : Math.floor((this.#first + this.#count - 1) / 2) - first + 1
    this.#counts = counts
    this.#first = first
    this.#stepMs *= 2
  }
}

function rangeOf(timesMs: Float64Array): { min: number; max: number } | null {
  let min = Infinity
  let max = -Infinity
  for (let row = 0; row < timesMs.length; row++) {
    if (timesMs[row] < min) min = timesMs[row]
    if (timesMs[row] > max) max = timesMs[row]
  }
  return min <= max ? { min, max } : null
}
