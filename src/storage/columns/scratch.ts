/**
 * Memory for what is known of one column while its block is sealed: handed out piece by piece, taken back all at once.
 * A block has thousands of small columns, and arrays of their own cost more than what is done with them (measured: a
 * third of the time to choose encodings).
 *
 * Invariant: what was handed out before `reset` must not be used after it. Its content is arbitrary. Beyond the
 * capacity, arrays are made as always, so that an unusual column is not kept in memory.
 */

/** Arrays of up to 64 bytes live in the heap of objects, which is cheaper than a view. */
const SMALL_FLOATS = 8
const SMALL_WORDS = 16
const CAPACITY = 1 << 19

export class Scratch {
  #floats = new Float64Array(CAPACITY)
  #words = new Uint32Array(CAPACITY)
  #floatsUsed = 0
  #wordsUsed = 0

  reset(): void {
    this.#floatsUsed = 0
    this.#wordsUsed = 0
  }

  floats(count: number): Float64Array {
    const start = this.#floatsUsed
    if (count <= SMALL_FLOATS || start + count > CAPACITY) return new Float64Array(count)
    this.#floatsUsed = start + count
    return this.#floats.subarray(start, start + count)
  }

  words(count: number): Uint32Array {
    const start = this.#wordsUsed
    if (count <= SMALL_WORDS || start + count > CAPACITY) return new Uint32Array(count)
    this.#wordsUsed = start + count
    return this.#words.subarray(start, start + count)
  }
}
