/**
 * Three lanes of 32 bits from a 64-bit hash and the number of an attempt: the places that a filter gives to a word.
 * `first` and `second` together are a permutation of the hash, so that different hashes stay different in every
 * attempt; `third` is mixed from both. The steps are part of the format (docs/formats/part.md).
 *
 * The lanes stand in the object, so that spreading makes none.
 */
const GOLDEN = 0x9e3779b9

export class HashLanes {
  first = 0
  second = 0
  third = 0

  spread(low: number, high: number, attempt: number): void {
    const first = (low + scramble(high + Math.imul(attempt + 1, GOLDEN))) | 0
    const second = (high + scramble(first)) | 0
    const third = scramble(second + ((first << 16) | (first >>> 16)) + GOLDEN)
    this.first = (first + scramble(second)) >>> 0
    this.second = second >>> 0
    this.third = third >>> 0
  }
}

/** Every bit of `value` reaches every bit of the result. */
function scramble(value: number): number {
  let mixed = value | 0
  mixed = Math.imul(mixed ^ (mixed >>> 16), 0x7feb352d)
  mixed = Math.imul(mixed ^ (mixed >>> 15), 0x846ca68b | 0)
  return mixed ^ (mixed >>> 16)
}

/** `lane` as a number from 0 to below `bound`, which is at most 2^21: `lane * bound / 2^32`, rounded down, exactly. */
export function scaleLane(lane: number, bound: number): number {
  return Math.floor((lane * bound) / 0x1_0000_0000)
}
