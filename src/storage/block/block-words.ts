/**
 * The words of one block, and the filter over them. Those of values that the column kernel has are gathered by it, all
 * others, and all where there is no kernel, in a WordSet; for the filter both become one.
 */

import type { ValueTable } from '../columns/column-values.ts'
import type { KernelWords } from '../columns/kernel-words.ts'
import type { FingerprintBits } from '../filter/fuse-filter.ts'
import { encodeWordFilter } from '../filter/word-filter.ts'
import type { HashSeed } from '../filter/word-hash.ts'
import { WordSet } from '../filter/word-set.ts'

export class BlockWords {
  readonly #set: WordSet
  readonly #kernel: KernelWords | null
  readonly #wordBytesMin: number

  /** Words shorter than `wordBytesMin` are left out. */
  constructor(seed: HashSeed, wordBytesMin: number, kernel: KernelWords | null) {
    this.#set = new WordSet(seed, wordBytesMin)
    this.#kernel = kernel
    this.#wordBytesMin = wordBytesMin
    kernel?.useSeed(seed, wordBytesMin)
    kernel?.clear()
  }

  /** Forgets all words. */
  clear(): void {
    this.#set.clear()
    this.#kernel?.clear()
  }

  /** Adds every word of `data[from .. end)`. */
  addWords(data: Uint8Array, from: number, end: number): void {
    if (end - from >= this.#wordBytesMin) this.#set.addWords(data, from, end)
  }

  /** Adds the words of all values of a table; `isInKernel`: they are the ones that the kernel has. */
  addTable({ bytes, starts, ends, count }: ValueTable, isInKernel: boolean): void {
    const kernel = isInKernel ? this.#kernel : null
    for (let value = 0; value < count; value++) {
      if (kernel !== null) value = kernel.addValues(value, count)
      if (value < count) this.addWords(bytes, starts[value], ends[value])
    }
  }

  /** The filter as bytes (word-filter.ts). The kernel has no values any more then. */
  encode(bits: FingerprintBits): Uint8Array {
    const { seed, wordBytesMin } = this.#set
    const kernel = this.#kernel
    if (kernel === null || kernel.count === 0) return encodeWordFilter(this.#set, bits)
    if (kernel.addHashes(this.#set.hashes())) {
      const { count } = kernel
      return encodeWordFilter(
        { seed, wordBytesMin, count, hashes: () => kernel.hashes(), buildFuse: () => kernel.buildFuse(bits) },
        bits,
      )
    }
    this.#set.addHashes(kernel.hashes())
    return encodeWordFilter(this.#set, bits)
  }
}
