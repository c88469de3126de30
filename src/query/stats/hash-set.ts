/**
 * Hashes of values, each with the number of a group: a table of words that grows with what is in it and is charged to the
 * memory of the query. A value takes 16 bytes with 96 bits of a hash, 12 with 64, and the table is between a third
 * and two thirds full.
 *
 * The first bits of a hash are the number of its slot, other bits in each group, as many groups may have the same value:
 * hashes are keyed (value-hash.ts), so that nobody can choose slots. What is in the slots of one set is therefore close
 * together in another one, too. Runs of slots are taken over one after the other, which memory is fast at; but runs from
 * all over the table in turns: from its beginning on, they would fill the beginning of a smaller table while its end is
 * empty, and each look-up would go through all of them.
 *
 *   slot   group + 1 (0: free) · word · word (· word)
 */
import type { MemoryShare } from '../batches/memory-share.ts'

const SLOTS_MIN = 64
const FULL = 0.7
const WORD_BYTES = 4

/** What a set had, as plain data. */
export interface TakenHashes {
  readonly slots: Uint32Array
  readonly count: number
  /** With free slots among them, as they lay in the set; else one behind the other, in the same order. */
  readonly isTable: boolean
}

/** What groups change of a hash: nothing for the first. */
const GROUP_FACTOR = 0x9e3779b1

/** Slots that are taken over one after the other. */
const RUN = 64
/** Of so many runs, a power of two, the n-th to be taken is n times this odd number: runs next in turn are far apart. */
const SPREAD = 0x9e3779b1

/** Smaller tables are given away without their free slots. */
const TABLE_WORDS_MIN = 1 << 18

export class HashSet {
  readonly #memory: MemoryShare
  /** Words of a slot. */
  readonly #stride: number
  /** Bits of the first word that are not the number of a slot. */
  #shift = 32 - Math.log2(SLOTS_MIN)
  #slots: Uint32Array
  #count = 0

  /** Of hashes with so many words, at least two. */
  constructor(words: number, memory: MemoryShare) {
    this.#memory = memory
    this.#stride = words + 1
    this.#slots = new Uint32Array(SLOTS_MIN * this.#stride)
  }

  /**
   * Looks at the slots of so many hashes, `step` words apart from `from` on, where `add` will begin with them: their
   * memory is then on its way all at once, not one after the other. Answers nothing that means anything.
   */
  approach(group: number, words: Uint32Array, from: number, count: number, step: number): number {
    const slots = this.#slots
    const stride = this.#stride
    const shift = this.#shift
    const bits = Math.imul(group, GROUP_FACTOR)
    let seen = 0
    for (let index = 0, at = from; index < count; index++, at += step)
      seen |= slots[((words[at] ^ bits) >>> shift) * stride]
    return seen
  }

  /** Whether it is new. The hash stands in `words` from `at` on. */
  add(group: number, words: Uint32Array, at: number): boolean {
    const stride = this.#stride
    const slots = this.#slots
    const mark = group + 1
    let slot = ((words[at] ^ Math.imul(group, GROUP_FACTOR)) >>> this.#shift) * stride
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
  adopt({ slots, count, isTable }: TakenHashes): boolean {
    if (this.#count > 0 || !isTable) return false
    this.#memory.charge((slots.length - this.#slots.length) * WORD_BYTES)
    this.#slots = slots
    this.#count = count
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
      let slot = ((old[from + 1] ^ Math.imul(old[from] - 1, GROUP_FACTOR)) >>> this.#shift) * stride
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
      ? { slots, count, isTable: true }
      : { slots: this.#takenSlots(), count, isTable: false }
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

  /** How many turns there are to take over what `take` of another one gave; some are of no slot. */
  takenTurns({ slots }: TakenHashes): number {
    const runs = Math.ceil(slots.length / this.#stride / RUN)
    return runs === 0 ? 0 : 2 ** Math.ceil(Math.log2(runs)) * RUN
  }

  /** In this of so many turns. */
  takenSlot(turn: number, turns: number): number {
    const run = Math.imul(Math.trunc(turn / RUN), SPREAD) & (turns / RUN - 1)
    return run * RUN + (turn % RUN)
  }

  /** -1: the slot is free, or there is none. */
  takenGroup({ slots }: TakenHashes, slot: number): number {
    const at = slot * this.#stride
    return at < slots.length ? slots[at] - 1 : -1
  }

  addTaken({ slots }: TakenHashes, slot: number, group: number): boolean {
    return this.add(group, slots, slot * this.#stride + 1)
  }
}
