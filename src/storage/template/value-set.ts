/**
 * Distinct values of a block: spans of one array, numbered in the order of adding. A SpanSet for all but numbers of up
 * to four digits, which are found in a table by what they are. What stands in the table never stands in the set.
 */
import type { Random } from '../../base/base.ts'
import { createHashKey } from './keyed-hash.ts'
import {
  NO_SHORT_NUMBER,
  SHORT_NUMBER_BYTES_MAX,
  SHORT_NUMBERS,
  shortNumberPlace,
  shortWordAt,
} from './short-numbers.ts'
import { SpanSet } from './span-set.ts'

export class ValueSet {
  readonly #set: SpanSet
  /** By place of a short number: its entry + 1. */
  readonly #shortNumbers = new Uint32Array(SHORT_NUMBERS)
  #data: Uint8Array = new Uint8Array(0)
  #view = new DataView(this.#data.buffer)

  constructor(random: Random) {
    this.#set = new SpanSet(createHashKey(random))
  }

  get count(): number {
    return this.#set.count
  }

  /** Forgets all values; those that are added lie in `data`. */
  reset(data: Uint8Array): void {
    this.#set.reset(data)
    this.#shortNumbers.fill(0)
    this.#data = data
    this.#view = new DataView(data.buffer, data.byteOffset, data.byteLength)
  }

  /** The entry of `[start .. start + length)`, which is new or not. */
  add(start: number, length: number): number {
    if (length > SHORT_NUMBER_BYTES_MAX || length === 0) return this.#set.add(0, start, start + length)
    // At the very end of the data four bytes cannot be read at once.
    const word =
      start + SHORT_NUMBER_BYTES_MAX <= this.#data.length
        ? this.#view.getInt32(start, true) << ((SHORT_NUMBER_BYTES_MAX - length) * 8)
        : shortWordAt(this.#data, start, length)
    const place = shortNumberPlace(word, length)
    if (place === NO_SHORT_NUMBER) return this.#set.add(0, start, start + length)
    const known = this.#shortNumbers[place]
    if (known !== 0) return known - 1
    const entry = this.#set.append(start, start + length)
    this.#shortNumbers[place] = entry + 1
    return entry
  }

  /** Start and end of all entries, in arrays of their own. */
  spans(): { starts: Uint32Array; ends: Uint32Array } {
    return this.#set.spans()
  }

  /** As SpanSet does. */
  copySpans(from: number, starts: Uint32Array, ends: Uint32Array): void {
    this.#set.copySpans(from, starts, ends)
  }
}
