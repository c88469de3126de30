/**
 * The words of values that the column kernel has, in a set of its own, and the filter over them (kernels/columns/words.ts).
 * Its twins are WordSet and `buildFuseFilter`: the same hashes come out in the same order, and make the same filter.
 *
 * The set is bounded: `addValues` and `addHashes` say where they stopped. Values with bytes beyond ASCII are the twin's.
 */
import type { KernelInstance } from '../../base/base.ts'
import { wordStart } from '../../record/record.ts'
import {
  type FingerprintBits,
  FUSE_ATTEMPTS_MAX,
  FuseFilter,
  fuseShape,
  packedFingerprints,
  placesOf,
} from '../filter/fuse-filter.ts'
import type { HashSeed, WordHashes } from '../filter/word-hash.ts'

const ASCII = 0x80

export class KernelWords {
  readonly #functions: KernelInstance['functions']
  /** Low and high half of each hash, one behind the other. */
  readonly #hashes: Uint32Array
  readonly #fingerprints: Uint8Array

  constructor({ memory, constants, functions }: KernelInstance) {
    this.#functions = functions
    this.#hashes = new Uint32Array(memory, constants.HASHES, constants.HASHES_MAX * 2)
    this.#fingerprints = new Uint8Array(memory, constants.FINGERPRINTS, constants.PLACES_MAX)
    const isWord = new Uint8Array(memory, constants.WORD_BYTES, ASCII)
    for (let byte = 0; byte < ASCII; byte++) isWord[byte] = wordStart(Uint8Array.of(byte), 0, 1) === 0 ? 1 : 0
  }

  get count(): number {
    return this.#functions.wordCount()
  }

  /** Words shorter than `bytesMin` are left out. */
  useSeed({ low, high }: HashSeed, bytesMin: number): void {
    this.#functions.useSeed(low, high, bytesMin)
  }

  clear(): void {
    this.#functions.clearWords()
  }

  /** Adds the words of the kernel's values from `from` to below `to`; answers the first value that it does not take. */
  addValues(from: number, to: number): number {
    return this.#functions.addWords(from, to)
  }

  /** Adds hashes; the values of the kernel are gone then. False where it does not take all of them. */
  addHashes({ lows, highs }: WordHashes): boolean {
    if (lows.length * 2 > this.#hashes.length) return false
    for (let i = 0; i < lows.length; i++) {
      this.#hashes[i * 2] = lows[i]
      this.#hashes[i * 2 + 1] = highs[i]
    }
    return this.#functions.addHashes(lows.length) === lows.length
  }

  /** All hashes; the values of the kernel are gone then. */
  hashes(): WordHashes {
    const count = this.#functions.listHashes()
    const lows = new Uint32Array(count)
    const highs = new Uint32Array(count)
    for (let i = 0; i < count; i++) {
      lows[i] = this.#hashes[i * 2]
      highs[i] = this.#hashes[i * 2 + 1]
    }
    return { lows, highs }
  }

  /** The filter of at least one hash, good until the kernel is used again; null where no attempt came to an end. */
  buildFuse(bits: FingerprintBits): FuseFilter | null {
    const count = this.#functions.listHashes()
    const shape = fuseShape(count, bits)
    const places = placesOf(shape)
    if (places > this.#fingerprints.length) return null
    for (let attempt = 0; attempt < FUSE_ATTEMPTS_MAX; attempt++) {
      if (this.#functions.attemptFuse(count, shape.segments, shape.segmentBits, attempt) === 0) continue
      return new FuseFilter(shape, attempt, packedFingerprints(this.#fingerprints.subarray(0, places), bits))
    }
    return null
  }
}
