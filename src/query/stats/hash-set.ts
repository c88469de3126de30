/**
 * Hashes of values, each with the number of a group: a table of words that grows with what is in it and is charged to the
 * memory of the query. A value takes 16 bytes with 96 bits of a hash, 12 with 64, and the table is between a third
 * and two thirds full.
 *
 * Where a hash lies depends on a number that each set draws for itself: what one set gives away, in the order of its
 * slots, would else fill another one from its beginning, slot after slot, and each look-up would go through all of them.
 *
 *   slot   group + 1 (0: free) · word · word (· word)
 */
import type { Random } from '../../base/base.ts'
import type { MemoryShare } from '../batches/memory-share.ts'

const SLOTS_MIN = 64
const FULL = 0.7
const WORD_BYTES = 4

/** What a set had, as plain data: slots with free ones among them, or those that are taken alone. */
export interface TakenHashes {
  readonly slots: Uint32Array
  readonly count: number
  /** Of the set, whose slots lie as they lay there; null: they are one behind the other. */
  readonly factor: number | null
}

/** Smaller tables are given away without their free slots. */
const TABLE_WORDS_MIN = 1 << 18

export class HashSet {
  readonly #memory: MemoryShare
  /** Words of a slot. */
  readonly #stride: number
  #factor: number
  /** Bits of a product that are not the number of a slot. */
  #shift = 32 - Math.log2(SLOTS_MIN)
  #slots: Uint32Array
  #count = 0

  /** Of hashes with so many words, at least two. */
  constructor(words: number, memory: MemoryShare, random: Random) {
    this.#memory = memory
    this.#factor = random.uint32() | 1
    this.#stride = words + 1
    this.#slots = new Uint32Array(SLOTS_MIN * this.#stride)
  }

  /**
   * Looks at the slots of so many hashes, `step` words apart from `from` on, where `add` will begin with them: their memory
   * is then on its way all at once, not one after the other. Answers nothing that means anything.
   */
  approach(words: Uint32Array, from: number, count: number, step: number): number {
    const slots = this.#slots
    const stride = this.#stride
    const factor = this.#factor
    const shift = this.#shift
    let seen = 0
    for (let index = 0, at = from; index < count; index++, at += step)
      seen |= slots[(Math.imul(words[at], factor) >>> shift) * stride]
    return seen
  }

  /** Whether it is new. The hash stands in `words` from `at` on. */
  add(group: number, words: Uint32Array, at: number): boolean {
    const stride = this.#stride
    const slots = this.#slots
    const mark = group + 1
    let slot = (Math.imul(words[at], this.#factor) >>> this.#shift) * stride
    const end = slots.length
    for (; slots[slot] !== 0; slot = slot + stride === end ? 0 : slot + stride) {
      const isSame =
        slots[slot] === mark && slots[slot + 1] === words[at] && slots[slot + 2] === words[at + 1]
      if (isSame && (stride === 3 || slots[slot + 3] === words[at + 2])) return false
    }
    slots[slot] = mark
    for (let word = 1; word < stride; word++) slots[slot + word] = words[at + word - 1]
    this.#count++
    if (this.#count * stride > FULL * end) this.#grow()
    return true
  }

  /** Of an empty set: takes all that another one had, where it lies as it lay there; else answers false. */
  adopt({ slots, count, factor }: TakenHashes): boolean {
    if (this.#count > 0 || factor === null) return false
    this.#memory.charge((slots.length - this.#slots.length) * WORD_BYTES)
    this.#slots = slots
    this.#count = count
    this.#factor = factor
    this.#shift = 32 - Math.log2(slots.length / this.#stride)
    return true
  }

  /** Of an empty set: makes room for all that another one had, in one step. */
  reserve({ count }: TakenHashes): void {
    if (this.#count > 0) return
    let doublings = 0
    while (this.#slots.length * 2 ** doublings * FULL < count * this.#stride) doublings++
    if (doublings > 0) this.#grow(doublings)
  }

  #grow(doublings = 1): void {
    const stride = this.#stride
    const old = this.#slots
    const size = old.length * 2 ** doublings
    this.#memory.charge(size * WORD_BYTES)
    const slots = new Uint32Array(size)
    this.#shift -= doublings
    for (let from = 0; from < old.length; from += stride) {
      if (old[from] === 0) continue
      let slot = (Math.imul(old[from + 1], this.#factor) >>> this.#shift) * stride
      while (slots[slot] !== 0) slot = slot + stride === slots.length ? 0 : slot + stride
      for (let word = 0; word < stride; word++) slots[slot + word] = old[from + word]
    }
    this.#slots = slots
    this.#memory.give(old.length * WORD_BYTES)
  }

  /** The set is of no use afterwards. */
  take(): TakenHashes {
    const slots = this.#slots
    const count = this.#count
    return slots.length >= TABLE_WORDS_MIN
      ? { slots, count, factor: this.#factor }
      : { slots: this.#takenSlots(), count, factor: null }
  }

  #takenSlots(): Uint32Array {
    const stride = this.#stride
    const slots = this.#slots
    let to = 0
    for (let from = 0; from < slots.length; from += stride) {
      if (slots[from] === 0) continue
      for (let word = 0; word < stride; word++) slots[to + word] = slots[from + word]
      to += stride
    }
    return slots.slice(0, to)
  }

  /** Of what `take` of another one gave: its slots, some of which are free. */
  takenSlots({ slots }: TakenHashes): number {
    return slots.length / this.#stride
  }

  /** -1: the slot is free. */
  takenGroup({ slots }: TakenHashes, slot: number): number {
    return slots[slot * this.#stride] - 1
  }

  approachTaken({ slots }: TakenHashes, slot: number, count: number): number {
    return this.approach(slots, slot * this.#stride + 1, count, this.#stride)
  }

  addTaken({ slots }: TakenHashes, slot: number, group: number): boolean {
    return this.add(group, slots, slot * this.#stride + 1)
  }
}
