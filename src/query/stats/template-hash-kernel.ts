/**
 * The kernel of hashes (kernels/hashes.ts): texts of templates, put together and hashed in its memory. RowWriter and
 * ValueHasher are its twins, and do what it does not take.
 *
 * Invariant: nothing of one call is there in the next one but memory of one size.
 */
import { type InstantiateKernel, instantiateKernel, type KernelInstance } from '../../base/portable.ts'
import type { Column } from '../../record/record.ts'
import { TEMPLATE_HASHES_KERNEL } from './template-hash-kernel-bytes.ts'
import { HASH_WORDS } from './value-hash.ts'

type Values = Omit<Column, 'kinds'>

/** Fewer rows cost more to bring there than they save. */
const ROWS_MIN = 8
const SLOT_WORDS = 4
const ROW_WORDS = 4
const SPAN_BYTES = 8

export class TemplateHashKernel {
  readonly #bytes: Uint8Array
  readonly #words: Uint32Array
  readonly #constants: Readonly<Record<string, number>>
  readonly #hashRows: (slotCount: number, rowCount: number) => number

  /** Null where WebAssembly is refused. */
  static open(instantiate: InstantiateKernel = instantiateKernel): TemplateHashKernel | null {
    const instance = instantiate(TEMPLATE_HASHES_KERNEL, {})
    return instance === null ? null : new TemplateHashKernel(instance)
  }

  private constructor({ memory, constants, functions }: KernelInstance) {
    this.#bytes = new Uint8Array(memory)
    this.#words = new Uint32Array(memory)
    this.#constants = constants
    this.#hashRows = functions.hashRows
  }

  /**
   * Hashes rows of a template from `from` to below `end`, or the first of them; answers how many, 0 where it does not
   * take them: there are too few, or they are too large. `values` of each slot. `read` tells what it found.
   */
  hash(
    text: Uint8Array,
    slots: ArrayLike<number>,
    values: readonly Values[],
    from: number,
    end: number,
    key: Int32Array,
  ): number {
    const { SLOTS, SLOTS_MAX, TEXT, TEXT_BYTES, ROWS_MAX, SPANS_BYTES, ROW_BYTES } = this.#constants
    if (slots.length > SLOTS_MAX || text.length > TEXT_BYTES) return 0
    const rowsMax = Math.min(ROWS_MAX, Math.floor(SPANS_BYTES / SPAN_BYTES / slots.length))
    const rows = Math.min(end - from, rowsMax)
    if (rows < ROWS_MIN) return 0
    const rowBytes = this.#takeValues(slots, values, from, rows)
    if (rowBytes < 0 || rowBytes + text.length > ROW_BYTES) return 0
    this.#words[SLOTS / 4 + slots.length * SLOT_WORDS] = text.length
    this.#words.set(key, this.#constants.KEY / 4)
    this.#bytes.set(text, TEXT)
    this.#hashRows(slots.length, rows)
    return rows
  }

  /** Answers how many bytes the values of a row have at most, or -1 where there is no room for all. */
  #takeValues(slots: ArrayLike<number>, values: readonly Values[], from: number, rows: number): number {
    const { SLOTS, SPANS, VALUES, VALUES_BYTES } = this.#constants
    const words = this.#words
    const bytes = this.#bytes
    let spansAt = SPANS
    let valuesAt = VALUES
    let rowBytes = 0
    for (let slot = 0; slot < slots.length; slot++) {
      const { data, starts, lengths } = values[slot]
      const isWhole = rows === starts.length
      const ownStarts = isWhole ? starts : starts.subarray(from, from + rows)
      const ownLengths = isWhole ? lengths : lengths.subarray(from, from + rows)
      let first = ownStarts[0]
      let last = first
      let longest = 0
      for (let row = 0; row < rows; row++) {
        const start = ownStarts[row]
        const length = ownLengths[row]
        if (start < first) first = start
        if (start + length > last) last = start + length
        if (length > longest) longest = length
      }
      if (valuesAt + last - first > VALUES + VALUES_BYTES) return -1
      bytes.set(first === 0 && last === data.length ? data : data.subarray(first, last), valuesAt)
      words.set(ownStarts, spansAt / 4)
      words.set(ownLengths, spansAt / 4 + rows)
      const place = SLOTS / 4 + slot * SLOT_WORDS
      words[place] = slots[slot]
      words[place + 1] = spansAt
      words[place + 2] = spansAt + 4 * rows
      words[place + 3] = valuesAt - first
      spansAt += SPAN_BYTES * rows
      valuesAt += last - first
      rowBytes += longest
    }
    return rowBytes
  }

  /**
   * Puts the hashes of the rows that were hashed last where `places` tells for each of them, and 1 into `isFilled` for
   * those that are not empty.
   */
  read(places: Uint32Array, hashes: Uint32Array, isFilled: Uint8Array): void {
    const words = this.#words
    let from = this.#constants.HASHES / 4
    for (let row = 0; row < places.length; row++, from += ROW_WORDS) {
      if (words[from + HASH_WORDS] === 0) continue
      const place = places[row]
      isFilled[place] = 1
      for (let word = 0; word < HASH_WORDS; word++) hashes[place * HASH_WORDS + word] = words[from + word]
    }
  }
}
