/**
 * Values of one group in order, for quantiles. Exact as long as there are at most VALUES_MAX different ones; with more,
 * values that are close count as one, the smallest of them: numbers that have the same first binary digits, times that
 * are close, texts that begin the same. As many digits are kept as let the values fit, so a number is off by less than
 * one part in a hundred even where they span thirty powers of ten, mostly by less than one in ten thousand.
 *
 * No chance is in it: the answer depends on the values alone, not on their order or on how rows were divided.
 */
import { compareKeysExactly, RANK_NUMBER, RANK_TIME, type ValueKey, valueKey } from '../values/value-order.ts'

export const VALUES_MAX = 16_384

/** Binary digits behind the first one that are kept, step by step. */
const DIGITS = [52, 24, 20, 18, 16, 15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0]
/** Times lie close together, so that more digits are needed to tell them apart. */
const TIME_DIGITS_MORE = 20

interface Bucket {
  key: ValueKey
  count: number
}

/** Plain data. */
export interface TakenSketch {
  readonly step: number
  readonly texts: readonly string[]
  readonly counts: readonly number[]
  readonly last: string
}

export class QuantileSketch {
  #step = 0
  #buckets = new Map<number | string, Bucket>()
  /** The last value of all, in their order. */
  #last: ValueKey | null = null
  #count = 0

  get size(): number {
    return this.#buckets.size
  }

  /** Bytes of the texts that are held change by what it gives back. */
  add(key: ValueKey, count: number): void {
    this.#count += count
    if (this.#last === null || compareKeysExactly(key, this.#last) > 0) this.#last = key
    this.#put(key, count)
    while (this.#buckets.size > VALUES_MAX) this.#coarsen()
  }

  #put(key: ValueKey, count: number): void {
    const name = nameOf(key, DIGITS[this.#step])
    const bucket = this.#buckets.get(name)
    if (bucket === undefined) {
      this.#buckets.set(name, { key, count })
      return
    }
    bucket.count += count
    if (bucket.key !== key && compareKeysExactly(key, bucket.key) < 0) bucket.key = key
  }

  #coarsen(): void {
    this.#step++
    const buckets = this.#buckets
    this.#buckets = new Map()
    for (const { key, count } of buckets.values()) this.#put(key, count)
  }

  take(): TakenSketch {
    const buckets = [...this.#buckets.values()]
    return {
      step: this.#step,
      texts: buckets.map(({ key }) => key.text),
      counts: buckets.map(({ count }) => count),
      last: this.#last?.text ?? '',
    }
  }

  merge({ step, texts, counts, last }: TakenSketch): void {
    while (this.#step < step) this.#coarsen()
    for (let at = 0; at < texts.length; at++) this.add(valueKey(texts[at]), counts[at])
    const key = valueKey(last)
    if (texts.length > 0 && (this.#last === null || compareKeysExactly(key, this.#last) > 0)) this.#last = key
  }

  /** The value at this share of all, from 0 to 1; nothing where there is none. */
  valueAt(share: number): string {
    const rank = Math.min(Math.floor(share * this.#count), this.#count - 1)
    if (rank === this.#count - 1) return this.#last?.text ?? ''
    const buckets = [...this.#buckets.values()].sort((a, b) => compareKeysExactly(a.key, b.key))
    let before = 0
    for (const { key, count } of buckets) {
      before += count
      if (before > rank) return key.text
    }
    return this.#last?.text ?? ''
  }
}

/** The same for values that count as one when so many digits are kept. */
function nameOf({ rank, number, ns, text }: ValueKey, digits: number): number | string {
  if (rank === RANK_NUMBER) return digits === DIGITS[0] ? number : shortened(number, digits)
  if (rank === RANK_TIME) {
    if (digits === DIGITS[0]) return `t${number}.${ns}`
    return digits === 0 ? 't' : `t${shortened(number, digits + TIME_DIGITS_MORE)}`
  }
  return `x${digits === DIGITS[0] ? text : text.slice(0, digits)}`
}

const float = new Float64Array(1)
const words = new Uint32Array(float.buffer)
const HIGH = new Uint8Array(Uint16Array.of(1).buffer)[0] === 1 ? 1 : 0
const HIGH_DIGITS = 20

/** With so many binary digits behind the first one. */
function shortened(number: number, digits: number): number {
  float[0] = number
  if (digits <= HIGH_DIGITS) {
    words[1 - HIGH] = 0
    words[HIGH] &= -1 << (HIGH_DIGITS - digits)
  } else words[1 - HIGH] &= -1 << (52 - digits)
  return float[0]
}
