import { assert } from './assert.ts'

/**
 * A fixed number of bits, for the rows of a block that a filter kept.
 *
 * Invariant: bits at and above `size` in the last word are 0, so that `count`, `isEmpty` and `nextSet` need no mask.
 * Not for sparse sets over large ranges, and it does not grow. Indexes are not checked: below 0 or from `size` on is
 * the caller's bug.
 */
export class Bitset {
  readonly size: number
  /** Bit i is bit `i & 31` of word `i >>> 5`. For hot loops that read; whoever writes keeps the invariant. */
  readonly words: Uint32Array

  constructor(size: number, words: Uint32Array = new Uint32Array((size + 31) >>> 5)) {
    assert(words.length === (size + 31) >>> 5, `${words.length} words do not make ${size} bits`)
    this.size = size
    this.words = words
  }

  /** A set with every bit on. */
  static full(size: number): Bitset {
    return new Bitset(size).fill()
  }

  /** A set with these bits on. */
  static of(size: number, indexes: ArrayLike<number>): Bitset {
    const bits = new Bitset(size)
    for (let at = 0; at < indexes.length; at++) bits.set(indexes[at])
    return bits
  }

  has(index: number): boolean {
    return (this.words[index >>> 5] & (1 << (index & 31))) !== 0
  }

  set(index: number): void {
    this.words[index >>> 5] |= 1 << (index & 31)
  }

  unset(index: number): void {
    this.words[index >>> 5] &= ~(1 << (index & 31))
  }

  /** Turns every bit on. */
  fill(): this {
    this.words.fill(0xffff_ffff)
    this.#trim()
    return this
  }

  /** Turns every bit off. */
  clear(): this {
    this.words.fill(0)
    return this
  }

  /** Turns the bits from `from` to below `to` on. */
  fillRange(from: number, to: number): this {
    if (from >= to) return this
    const first = from >>> 5
    const last = (to - 1) >>> 5
    const head = 0xffff_ffff << (from & 31)
    const tail = 0xffff_ffff >>> (31 - ((to - 1) & 31))
    if (first === last) {
      this.words[first] |= head & tail
      return this
    }
    this.words[first] |= head
    this.words.fill(0xffff_ffff, first + 1, last)
    this.words[last] |= tail
    return this
  }

  and(other: Bitset): this {
    assert(other.size === this.size, 'bitsets of different sizes')
    const { words } = this
    const others = other.words
    for (let i = 0; i < words.length; i++) words[i] &= others[i]
    return this
  }

  or(other: Bitset): this {
    assert(other.size === this.size, 'bitsets of different sizes')
    const { words } = this
    const others = other.words
    for (let i = 0; i < words.length; i++) words[i] |= others[i]
    return this
  }

  /** Turns off what is on in `other`. */
  andNot(other: Bitset): this {
    assert(other.size === this.size, 'bitsets of different sizes')
    const { words } = this
    const others = other.words
    for (let i = 0; i < words.length; i++) words[i] &= ~others[i]
    return this
  }

  /** Turns every bit around. */
  invert(): this {
    const { words } = this
    for (let i = 0; i < words.length; i++) words[i] = ~words[i]
    this.#trim()
    return this
  }

  /** How many bits are on. */
  count(): number {
    const { words } = this
    let total = 0
    for (let i = 0; i < words.length; i++) total += bitsOn(words[i])
    return total
  }

  isEmpty(): boolean {
    const { words } = this
    for (let i = 0; i < words.length; i++) if (words[i] !== 0) return false
    return true
  }

  /** The first bit that is on at or after `from`, or -1. */
  nextSet(from: number): number {
    if (from >= this.size) return -1
    const { words } = this
    let at = from >>> 5
    let word = words[at] & (0xffff_ffff << (from & 31))
    while (word === 0) {
      if (++at === words.length) return -1
      word = words[at]
    }
    return (at << 5) + lowestBit(word)
  }

  /** Calls `visit` with every bit that is on, ascending. */
  forEach(visit: (index: number) => void): void {
    const { words } = this
    for (let i = 0; i < words.length; i++) {
      for (let word = words[i]; word !== 0; word &= word - 1) visit((i << 5) + lowestBit(word))
    }
  }

  /** The bits that are on, ascending. */
  indexes(): Uint32Array {
    const { words } = this
    const indexes = new Uint32Array(this.count())
    let at = 0
    for (let i = 0; i < words.length; i++) {
      for (let word = words[i]; word !== 0; word &= word - 1) indexes[at++] = (i << 5) + lowestBit(word)
    }
    return indexes
  }

  /** Where in `indexes` bits stand that are on: places, ascending. */
  placesIn(indexes: Uint32Array): Uint32Array {
    const places = new Uint32Array(indexes.length)
    let count = 0
    for (let at = 0; at < indexes.length; at++) if (this.has(indexes[at])) places[count++] = at
    return places.slice(0, count)
  }

  /** A set of its own with the same bits. */
  copy(): Bitset {
    return new Bitset(this.size, this.words.slice())
  }

  #trim(): void {
    const used = this.size & 31
    if (used !== 0) this.words[this.words.length - 1] &= 0xffff_ffff >>> (32 - used)
  }
}

function lowestBit(word: number): number {
  return 31 - Math.clz32(word & -word)
}

function bitsOn(word: number): number {
  let pairs = word - ((word >>> 1) & 0x5555_5555)
  pairs = (pairs & 0x3333_3333) + ((pairs >>> 2) & 0x3333_3333)
  return Math.imul((pairs + (pairs >>> 4)) & 0x0f0f_0f0f, 0x0101_0101) >>> 24
}
