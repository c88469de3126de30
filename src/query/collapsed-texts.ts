/**
 * Collapsed texts, each made once: millions of messages become few texts. A message is read once and looked up by a hash
 * of what it becomes, without making a text of it; only a text that is not known costs memory.
 *
 * The hash is seeded, what it finds is compared, and a search ends after a few steps: texts that are made to collide
 * cost no more than new ones. What is remembered is bounded; beyond that, texts are made again.
 */
import { type Codes, NumberFinder, prettify } from './collapse-nums.ts'
import type { TextGroups } from './row-batch.ts'

const TEXTS_MAX = 1 << 16
const UNITS_MAX = 1 << 22
const SLOTS_MIN = 1 << 10
const STEPS_MAX = 8
const NONE = -1
/** Arguments of a call. */
const PIECE = 4096

const MULTIPLIER = 0x01000193
const LESS_THAN = 0x3c
const UPPER_N = 0x4e
const GREATER_THAN = 0x3e

export class CollapsedTexts {
  readonly #isPretty: boolean
  readonly #seed: number
  readonly #finder = new NumberFinder()
  #units = new Uint16Array(1024)
  #made = new Uint16Array(1024)
  #madeLength = 0
  #madeHash = 0
  /** By number of the text. */
  #collapsed: string[] = []
  #texts: string[] = []
  #hashes = new Int32Array(SLOTS_MIN)
  #unitCount = 0
  /** Numbers of texts by hash. */
  #slots = new Int32Array(SLOTS_MIN).fill(NONE)

  constructor(isPretty: boolean, seed: number) {
    this.#isPretty = isPretty
    this.#seed = seed | 0
  }

  /** The text with placeholders for its numbers. */
  textOf(text: string): string {
    this.#forgetTooMany()
    return this.#texts[this.#numberOf(text)]
  }

  /** Of texts by row. */
  groupsOf(texts: readonly string[]): TextGroups {
    this.#forgetTooMany()
    const numbers = new Uint32Array(texts.length)
    for (let row = 0; row < texts.length; row++) numbers[row] = this.#numberOf(texts[row])
    return this.#groupsOfNumbers(numbers)
  }

  /** Numbered from 0 on, in the order in which they come. */
  #groupsOfNumbers(numbers: Uint32Array): TextGroups {
    const groups = new Int32Array(this.#texts.length).fill(NONE)
    const texts: string[] = []
    for (let row = 0; row < numbers.length; row++) {
      const number = numbers[row]
      if (groups[number] === NONE) groups[number] = texts.push(this.#texts[number]) - 1
      numbers[row] = groups[number]
    }
    return { texts, ofRow: numbers }
  }

  #numberOf(text: string): number {
    this.#read(text)
    this.#make(this.#units, text.length)
    return this.#find() ?? this.#add()
  }

  #read(text: string): void {
    const { length } = text
    if (this.#units.length < length) {
      this.#units = new Uint16Array(2 * length)
    }
    const units = this.#units
    for (let at = 0; at < length; at++) units[at] = text.charCodeAt(at)
  }

  /** What the text becomes, and its hash. */
  #make(codes: Codes, length: number): void {
    const finder = this.#finder
    // A number of one character becomes three.
    if (this.#made.length < 3 * length) this.#made = new Uint16Array(6 * length)
    const made = this.#made
    let hash = this.#seed
    let count = 0
    let from = 0
    for (finder.begin(codes, 0, length); finder.next(); from = finder.end) {
      for (let at = from; at < finder.start; at++) {
        const code = codes[at]
        made[count++] = code
        hash = Math.imul(hash ^ code, MULTIPLIER)
      }
      made[count++] = LESS_THAN
      made[count++] = UPPER_N
      made[count++] = GREATER_THAN
      hash = Math.imul(hash ^ UPPER_N, MULTIPLIER) ^ (hash >>> 15)
    }
    for (let at = from; at < length; at++) {
      const code = codes[at]
      made[count++] = code
      hash = Math.imul(hash ^ code, MULTIPLIER)
    }
    this.#madeLength = count
    this.#madeHash = mixed(hash)
  }

  #find(): number | null {
    const slots = this.#slots
    const mask = slots.length - 1
    for (let step = 0; step < STEPS_MAX; step++) {
      const number = slots[(this.#madeHash + step) & mask]
      if (number === NONE) return null
      if (this.#hashes[number] === this.#madeHash && this.#isMade(this.#collapsed[number])) return number
    }
    return null
  }

  #isMade(text: string): boolean {
    const made = this.#made
    const length = this.#madeLength
    if (text.length !== length) return false
    for (let at = 0; at < length; at++) if (text.charCodeAt(at) !== made[at]) return false
    return true
  }

  #add(): number {
    const collapsed = textOfUnits(this.#made, this.#madeLength)
    const number = this.#collapsed.push(collapsed) - 1
    this.#texts.push(this.#isPretty ? prettify(collapsed) : collapsed)
    this.#unitCount += collapsed.length
    if (number === this.#hashes.length) this.#hashes = grown(this.#hashes)
    this.#hashes[number] = this.#madeHash
    if (2 * number >= this.#slots.length) this.#growSlots()
    else this.#file(number)
    return number
  }

  /** A text for which no place is left is not found again. */
  #file(number: number): void {
    const slots = this.#slots
    const mask = slots.length - 1
    for (let step = 0; step < STEPS_MAX; step++) {
      const slot = (this.#hashes[number] + step) & mask
      if (slots[slot] !== NONE) continue
      slots[slot] = number
      return
    }
  }

  #growSlots(): void {
    this.#slots = new Int32Array(4 * this.#slots.length).fill(NONE)
    for (let number = 0; number < this.#collapsed.length; number++) this.#file(number)
  }

  #forgetTooMany(): void {
    if (this.#collapsed.length <= TEXTS_MAX && this.#unitCount <= UNITS_MAX) return
    this.#collapsed = []
    this.#texts = []
    this.#unitCount = 0
    this.#hashes = new Int32Array(SLOTS_MIN)
    this.#slots = new Int32Array(SLOTS_MIN).fill(NONE)
  }
}

function mixed(hash: number): number {
  const half = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b)
  return Math.imul(half ^ (half >>> 13), 0xc2b2ae35) ^ (half >>> 16)
}

function grown(values: Int32Array): Int32Array<ArrayBuffer> {
  const more = new Int32Array(2 * values.length)
  more.set(values)
  return more
}

function textOfUnits(units: Uint16Array, length: number): string {
  let text = ''
  for (let at = 0; at < length; at += PIECE) {
    text += String.fromCharCode.apply(
      null,
      units.subarray(at, Math.min(length, at + PIECE)) as unknown as number[],
    )
  }
  return text
}
