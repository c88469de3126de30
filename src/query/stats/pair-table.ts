/**
 * Pairs of whole numbers below 2^32, numbered from 0 in the order in which they came: what a tuple is, in tables that
 * hash nothing but two numbers. Where a pair lies depends on a secret; whether two are the same, only on them.
 */
import type { Random } from '../../base/base.ts'
import type { MemoryShare } from '../batches/memory-share.ts'

const SLOTS_MIN = 16
const BYTES_A_PAIR = 8
const BYTES_A_SLOT = 4

export class PairTable {
  /** The pairs, by their numbers; the first `count` are in use. */
  firsts = new Uint32Array(SLOTS_MIN / 2)
  seconds = new Uint32Array(SLOTS_MIN / 2)
  count = 0
  readonly #memory: MemoryShare
  readonly #secret: number
  #slots = new Uint32Array(SLOTS_MIN)

  constructor(memory: MemoryShare, random: Random) {
    this.#memory = memory
    this.#secret = random.uint32()
  }

  /** The number of the pair, which is `count` from before where it is new. */
  numberOf(first: number, second: number): number {
    const slots = this.#slots
    const mask = slots.length - 1
    let at = this.#place(first, second) & mask
    for (let slot = slots[at]; slot !== 0; slot = slots[at]) {
      if (this.firsts[slot - 1] === first && this.seconds[slot - 1] === second) return slot - 1
      at = (at + 1) & mask
    }
    return this.#put(at, first, second)
  }

  #put(at: number, first: number, second: number): number {
    const number = this.count
    if (number === this.firsts.length) {
      this.#grow()
      this.#slots[this.#freeSlot(first, second)] = number + 1
    } else this.#slots[at] = number + 1
    this.firsts[number] = first
    this.seconds[number] = second
    this.count++
    return number
  }

  #grow(): void {
    const pairs = 2 * this.firsts.length
    this.#memory.charge((pairs / 2) * BYTES_A_PAIR + pairs * BYTES_A_SLOT)
    this.firsts = grown(this.firsts, pairs)
    this.seconds = grown(this.seconds, pairs)
    this.#slots = new Uint32Array(2 * pairs)
    for (let number = 0; number < this.count; number++) {
      this.#slots[this.#freeSlot(this.firsts[number], this.seconds[number])] = number + 1
    }
  }

  #freeSlot(first: number, second: number): number {
    const mask = this.#slots.length - 1
    let at = this.#place(first, second) & mask
    while (this.#slots[at] !== 0) at = (at + 1) & mask
    return at
  }

  #place(first: number, second: number): number {
    let hash = Math.imul(first ^ this.#secret, 0x9e3779b1)
    hash = Math.imul(hash ^ (hash >>> 15) ^ second, 0x85ebca6b)
    hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35)
    return hash ^ (hash >>> 16)
  }
}

function grown(values: Uint32Array, length: number): Uint32Array<ArrayBuffer> {
  const more = new Uint32Array(length)
  more.set(values)
  return more
}
