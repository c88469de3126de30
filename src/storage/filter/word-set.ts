/**
 * The distinct words of many values, as hashes only: what a filter is built from. An open table of 64-bit hashes that
 * grows by doubling and is never more than half full; the seeded hash (word-hash.ts) keeps hostile words from piling
 * up in one place of it.
 *
 * Two words with equal hashes count as one. For a filter that is no loss: it would answer alike for both.
 */
import { wordEnd, wordStart } from '../../record/record.ts'
import { buildFuseFilter, type FingerprintBits, type FuseFilter } from './fuse-filter.ts'
import { type HashSeed, WordHash, type WordHashes } from './word-hash.ts'

const SLOTS_MIN = 64
/** 4 MB. */
const SLOTS_KEPT_MAX = 1 << 19

export class WordSet {
  readonly seed: HashSeed
  readonly wordBytesMin: number
  readonly #hash: WordHash
  #lows = new Uint32Array(SLOTS_MIN)
  #highs = new Uint32Array(SLOTS_MIN)
  #count = 0
  /** The hash 0 marks a free slot, so it is kept apart. */
  #hasZero = false

  /** Words shorter than `wordBytesMin` are left out. */
  constructor(seed: HashSeed, wordBytesMin = 1) {
    this.seed = seed
    this.#hash = new WordHash(seed)
    this.wordBytesMin = wordBytesMin
  }

  /** Forgets all words, and gives back memory that an unusual block took. */
  clear(): void {
    this.#count = 0
    this.#hasZero = false
    if (this.#lows.length > SLOTS_KEPT_MAX) {
      this.#lows = new Uint32Array(SLOTS_MIN)
      this.#highs = new Uint32Array(SLOTS_MIN)
      return
    }
    this.#lows.fill(0)
    this.#highs.fill(0)
  }

  get count(): number {
    return this.#count + (this.#hasZero ? 1 : 0)
  }

  /** Adds every word of `data[from .. end)`. */
  addWords(data: Uint8Array, from: number, end: number): void {
    let stop = from
    for (let start = wordStart(data, from, end); start < end; start = wordStart(data, stop, end)) {
      stop = wordEnd(data, start, end)
      if (stop - start < this.wordBytesMin) continue
      this.#hash.hash(data, start, stop)
      this.addHash(this.#hash.low, this.#hash.high)
    }
  }

  addHash(low: number, high: number): void {
    if (low === 0 && high === 0) {
      this.#hasZero = true
      return
    }
    const slot = this.#slotOf(low, high)
    if (this.#lows[slot] !== 0 || this.#highs[slot] !== 0) return
    this.#lows[slot] = low
    this.#highs[slot] = high
    this.#count++
    if (this.#count * 2 > this.#lows.length) this.#grow()
  }

  /** All of another set with the same seed. */
  addAll(other: WordSet): void {
    this.addHashes(other.hashes())
  }

  addHashes({ lows, highs }: WordHashes): void {
    for (let at = 0; at < lows.length; at++) this.addHash(lows[at], highs[at])
  }

  /** The hashes, each once, as two arrays of halves. */
  hashes(): WordHashes {
    const lows = new Uint32Array(this.count)
    const highs = new Uint32Array(this.count)
    let found = 0
    for (let slot = 0; slot < this.#lows.length; slot++) {
      if (this.#lows[slot] === 0 && this.#highs[slot] === 0) continue
      lows[found] = this.#lows[slot]
      highs[found++] = this.#highs[slot]
    }
    return { lows, highs }
  }

  /** The filter of at least one hash; null where a Bloom filter must do. */
  buildFuse(bits: FingerprintBits): FuseFilter | null {
    return buildFuseFilter(this.hashes(), bits)
  }

  /** Where the hash stands, or the free slot where it belongs. */
  #slotOf(low: number, high: number): number {
    const mask = this.#lows.length - 1
    let slot = low & mask
    while (
      (this.#lows[slot] !== low || this.#highs[slot] !== high) &&
      (this.#lows[slot] !== 0 || this.#highs[slot] !== 0)
    ) {
      slot = (slot + 1) & mask
    }
    return slot
  }

  #grow(): void {
    const lows = this.#lows
    const highs = this.#highs
    this.#lows = new Uint32Array(lows.length * 2)
    this.#highs = new Uint32Array(lows.length * 2)
    for (let old = 0; old < lows.length; old++) {
      if (lows[old] === 0 && highs[old] === 0) continue
      const slot = this.#slotOf(lows[old], highs[old])
      this.#lows[slot] = lows[old]
      this.#highs[slot] = highs[old]
    }
  }
}
