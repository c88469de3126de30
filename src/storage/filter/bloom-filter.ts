/**
 * A Bloom filter in blocks of 64 bytes: the fall-back for sets of which no fuse filter can be built. About 12 bits and
 * 1 % false answers; building cannot fail. All six bits of a hash lie in one block.
 */
import { HashLanes, scaleLane } from './hash-lanes.ts'
import type { WordHashes } from './word-hash.ts'

export const BLOOM_BLOCK_BYTES = 64
/** What `scaleLane` takes: 128 MiB. Above that the share of false answers grows. */
export const BLOOM_BLOCKS_MAX = 2 ** 21
const BITS_A_HASH = 12
const PLACES_MASK = BLOOM_BLOCK_BYTES * 8 - 1

export class BloomFilter {
  readonly bits: Uint8Array
  readonly #blocks: number
  readonly #lanes = new HashLanes()

  constructor(bits: Uint8Array) {
    this.bits = bits
    this.#blocks = bits.length / BLOOM_BLOCK_BYTES
  }

  mayContain(low: number, high: number): boolean {
    const { first, second, third } = this.#spread(low, high)
    const start = scaleLane(first, this.#blocks) * BLOOM_BLOCK_BYTES
    for (let shift = 0; shift < 27; shift += 9) {
      if (!this.#has(start, second >>> shift) || !this.#has(start, third >>> shift)) return false
    }
    return true
  }

  add(low: number, high: number): void {
    const { first, second, third } = this.#spread(low, high)
    const start = scaleLane(first, this.#blocks) * BLOOM_BLOCK_BYTES
    for (let shift = 0; shift < 27; shift += 9) {
      this.#set(start, second >>> shift)
      this.#set(start, third >>> shift)
    }
  }

  #spread(low: number, high: number): HashLanes {
    this.#lanes.spread(low, high, 0)
    return this.#lanes
  }

  #has(start: number, place: number): boolean {
    return (this.bits[start + ((place & PLACES_MASK) >>> 3)] & (1 << (place & 7))) !== 0
  }

  #set(start: number, place: number): void {
    this.bits[start + ((place & PLACES_MASK) >>> 3)] |= 1 << (place & 7)
  }
}

export function buildBloomFilter(hashes: WordHashes): BloomFilter {
  const blocks = Math.ceil((hashes.lows.length * BITS_A_HASH) / (BLOOM_BLOCK_BYTES * 8))
  const bounded = Math.min(BLOOM_BLOCKS_MAX, Math.max(1, blocks))
  const filter = new BloomFilter(new Uint8Array(bounded * BLOOM_BLOCK_BYTES))
  for (let at = 0; at < hashes.lows.length; at++) filter.add(hashes.lows[at], hashes.highs[at])
  return filter
}
