/**
 * The 64-bit hash of a word: HalfSipHash-1-3 under a seed of 64 bits, which is random for each part and stored in it
 * (docs/formats/part.md). Keyed, because log text is hostile: nobody who does not know the seed can choose words that
 * collide, neither wholly nor in the bits that give them a place in a table.
 *
 * The result stands in `low` and `high`, so that hashing makes no object.
 */
export interface HashSeed {
  readonly low: number
  readonly high: number
}

/** Hashes by number: `lows[n]` and `highs[n]`, all different. */
export interface WordHashes {
  readonly lows: Uint32Array
  readonly highs: Uint32Array
}

/** Rounds after the last bytes, before each half of the result. */
const FINAL_ROUNDS = 3

export class WordHash {
  /** Halves of the last hash, from 0 to 2^32 - 1. */
  low = 0
  high = 0
  readonly seed: HashSeed

  constructor(seed: HashSeed) {
    this.seed = { low: seed.low >>> 0, high: seed.high >>> 0 }
  }

  hash(data: Uint8Array, start: number, end: number): void {
    const { low, high } = this.seed
    let v0 = low | 0
    let v1 = high ^ 0xee
    let v2 = 0x6c796765 ^ low
    let v3 = 0x74656462 ^ high
    const rounds = ((end - start) >>> 2) + 1
    // One loop holds the only copy of the round: a final round is one that takes in nothing.
    for (let round = 0, at = start; round < rounds + 2 * FINAL_ROUNDS; round++, at += 4) {
      let taken = 0
      if (round < rounds - 1) {
        taken = data[at] | (data[at + 1] << 8) | (data[at + 2] << 16) | (data[at + 3] << 24)
      } else if (round === rounds - 1) {
        taken = lastBytes(data, at, end, end - start)
      } else if (round === rounds) {
        v2 ^= 0xee
      } else if (round === rounds + FINAL_ROUNDS) {
        this.low = (v1 ^ v3) >>> 0
        v1 ^= 0xdd
      }
      v3 ^= taken
      v0 = (v0 + v1) | 0
      v1 = ((v1 << 5) | (v1 >>> 27)) ^ v0
      v0 = (v0 << 16) | (v0 >>> 16)
      v2 = (v2 + v3) | 0
      v3 = ((v3 << 8) | (v3 >>> 24)) ^ v2
      v0 = (v0 + v3) | 0
      v3 = ((v3 << 7) | (v3 >>> 25)) ^ v0
      v2 = (v2 + v1) | 0
      v1 = ((v1 << 13) | (v1 >>> 19)) ^ v2
      v2 = (v2 << 16) | (v2 >>> 16)
      v0 ^= taken
    }
    this.high = (v1 ^ v3) >>> 0
  }
}

/** The length in the top byte, below it the up to three bytes that are left. */
function lastBytes(data: Uint8Array, at: number, end: number, length: number): number {
  let last = length << 24
  for (let shift = 0; at < end; at++, shift += 8) last |= data[at] << shift
  return last
}
