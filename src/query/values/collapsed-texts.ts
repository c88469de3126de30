/**
 * Collapsed texts, each made once: millions of messages become few texts. A message is read once as bytes and looked up by
 * a hash of what it becomes; only a text that is not known costs memory.
 *
 * The hash is seeded, what it finds is compared, and a search ends after a few steps: texts that are made to collide
 * cost no more than new ones. What is remembered is bounded; beyond that, texts are made again.
 */
import type { Column } from '../../record/record.ts'
import type { StoredValues, TextGroups } from '../batches/batch-column.ts'
import { NumberCollapser, prettify } from './collapse-nums.ts'
import { decodeText, encodeText } from './text.ts'

const TEXTS_MAX = 1 << 16
const WORDS_MAX = 1 << 21
const SLOTS_MIN = 1 << 10
const STEPS_MAX = 8
const NONE = -1
/** Bytes of UTF-8 that a code unit has at most. */
const UNIT_BYTES_MAX = 3

const encoder = new TextEncoder()

type Values = Omit<Column, 'kinds'>

export class CollapsedTexts {
  readonly isPretty: boolean
  readonly #seed: number
  readonly #collapser = new NumberCollapser()
  #buffer = new Uint8Array(4096)
  /** By number of the text: the text, the hash of its collapsed bytes, and where they begin and end, in words of 32 bits. */
  #texts: string[] = []
  #hashes = new Int32Array(SLOTS_MIN)
  #ends = new Uint32Array(SLOTS_MIN)
  /** Collapsed bytes, one text behind the other. */
  #words = new Uint32Array(1 << 14)
  #wordCount = 0
  /** Numbers of texts by hash. */
  #slots = new Int32Array(SLOTS_MIN).fill(NONE)
  #hash = 0
  /** The number of the text that was collapsed last. */
  #last = NONE
  /** By number: the group it has among those that were made last, where its stamp is that of the last time. */
  #stamp = 0
  #stamps = new Uint32Array(SLOTS_MIN)
  #groups = new Uint32Array(SLOTS_MIN)
  /** By row: the number of its text. */
  #numbers = new Uint32Array(SLOTS_MIN)
  /** By place in the data: the length of the value that was read there last, plus one, and the number of its text. */
  #sharedLengths = new Uint32Array(SLOTS_MIN)
  #sharedNumbers = new Uint32Array(SLOTS_MIN)

  constructor(isPretty: boolean, seed: number) {
    this.isPretty = isPretty
    this.#seed = seed | 0
  }

  /** The text with placeholders for its numbers. */
  textOf(text: string): string {
    this.#forgetTooMany()
    return this.#texts[this.#numberOfText(text)]
  }

  /** Of texts by row. */
  groupsOfTexts(texts: readonly string[]): TextGroups {
    this.#forgetTooMany()
    const numbers = new Uint32Array(texts.length)
    for (let row = 0; row < numbers.length; row++) numbers[row] = this.#numberOfText(texts[row])
    return this.#groupsOf(numbers)
  }

  /** Of values by row, without a text of each. */
  groupsOfStored({ column, rows }: StoredValues, rowCount: number): TextGroups {
    if (column === null) return { texts: [''], ofRow: null }
    this.#forgetTooMany()
    return this.#groupsOf(this.#numbersOf(column, rows, rowCount).slice(0, rowCount))
  }

  /** Of all values; where they become the same, there are no numbers of groups. */
  groupsOfValues(values: Values): TextGroups {
    this.#forgetTooMany()
    const count = values.starts.length
    const numbers = this.#numbersOf(values, null, count)
    let row = 1
    while (row < count && numbers[row] === numbers[0]) row++
    if (row >= count) return { texts: [count === 0 ? '' : this.#texts[numbers[0]]], ofRow: null }
    return this.#groupsOf(numbers.slice(0, count))
  }

  /** In memory that is used again. */
  #numbersOf(values: Values, rows: Uint32Array | null, rowCount: number): Uint32Array {
    if (this.#numbers.length < rowCount) this.#numbers = new Uint32Array(2 * rowCount)
    const numbers = this.#numbers
    if (isShared(values)) {
      this.#readShared(values, rows, rowCount)
      return numbers
    }
    const { data, starts, lengths } = values
    for (let at = 0; at < rowCount; at++) {
      const row = rows === null ? at : rows[at]
      numbers[at] = this.#numberOf(data, starts[row], starts[row] + lengths[row])
    }
    return numbers
  }

  /** Rows with the same value have the same bytes, as in a dictionary: each is looked at once. */
  #readShared({ data, starts, lengths }: Values, rows: Uint32Array | null, rowCount: number): void {
    const size = data.length + 1
    if (this.#sharedLengths.length < size) {
      this.#sharedLengths = new Uint32Array(2 * size)
      this.#sharedNumbers = new Uint32Array(2 * size)
    } else this.#sharedLengths.fill(0, 0, size)
    const numbers = this.#numbers
    const sharedLengths = this.#sharedLengths
    const sharedNumbers = this.#sharedNumbers
    for (let at = 0; at < rowCount; at++) {
      const row = rows === null ? at : rows[at]
      const start = starts[row]
      const length = lengths[row]
      if (sharedLengths[start] !== length + 1) {
        sharedNumbers[start] = this.#numberOf(data, start, start + length)
        sharedLengths[start] = length + 1
      }
      numbers[at] = sharedNumbers[start]
    }
  }

  /** Groups in the order in which they come. Costs nothing for texts that are not among them. */
  #groupsOf(numbers: Uint32Array): TextGroups {
    const stamp = ++this.#stamp
    if (this.#stamps.length < this.#texts.length) {
      this.#stamps = withRoom(this.#stamps, this.#texts.length)
      this.#groups = withRoom(this.#groups, this.#texts.length)
    }
    const stamps = this.#stamps
    const groups = this.#groups
    const texts: string[] = []
    for (let row = 0; row < numbers.length; row++) {
      const number = numbers[row]
      if (stamps[number] !== stamp) {
        stamps[number] = stamp
        groups[number] = texts.push(this.#texts[number]) - 1
      }
      numbers[row] = groups[number]
    }
    return { texts, ofRow: numbers }
  }

  #numberOfText(text: string): number {
    if (!text.isWellFormed()) {
      const bytes = encodeText(text)
      return this.#numberOf(bytes, 0, bytes.length)
    }
    const size = UNIT_BYTES_MAX * text.length
    if (this.#buffer.length < size) this.#buffer = new Uint8Array(2 * size)
    return this.#numberOf(this.#buffer, 0, encoder.encodeInto(text, this.#buffer).written)
  }

  #numberOf(data: Uint8Array, start: number, end: number): number {
    if (this.#last !== NONE && this.#collapser.isSame(data, start, end)) return this.#last
    this.#collapser.collapse(data, start, end)
    const number = this.#find()
    this.#last = number === NONE ? this.#add() : number
    return this.#last
  }

  #find(): number {
    const { words, length } = this.#collapser
    const count = (length + 3) >>> 2
    const slots = this.#slots
    const mask = slots.length - 1
    const hash = hashOf(words, count, this.#seed ^ length)
    this.#hash = hash
    for (let step = 0; step < STEPS_MAX; step++) {
      const number = slots[(hash + step) & mask]
      if (number === NONE) return NONE
      if (this.#hashes[number] === hash && this.#isAt(number, words, count)) return number
    }
    return NONE
  }

  #isAt(number: number, words: Uint32Array, count: number): boolean {
    const known = this.#words
    const from = number === 0 ? 0 : this.#ends[number - 1]
    if (this.#ends[number] - from !== count) return false
    for (let at = 0; at < count; at++) if (known[from + at] !== words[at]) return false
    return true
  }

  #add(): number {
    const { bytes, words, length } = this.#collapser
    const count = (length + 3) >>> 2
    const collapsed = decodeText(bytes.subarray(0, length))
    const number = this.#texts.push(this.isPretty ? prettify(collapsed) : collapsed) - 1
    this.#words = withRoom(this.#words, this.#wordCount + count)
    this.#words.set(words.subarray(0, count), this.#wordCount)
    this.#wordCount += count
    this.#hashes = withRoom(this.#hashes, number + 1)
    this.#hashes[number] = this.#hash
    this.#ends = withRoom(this.#ends, number + 1)
    this.#ends[number] = this.#wordCount
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
    for (let number = 0; number < this.#texts.length; number++) this.#file(number)
  }

  /** Between batches: numbers of a batch stay what they are. */
  #forgetTooMany(): void {
    if (this.#texts.length <= TEXTS_MAX && this.#wordCount <= WORDS_MAX) return
    this.#texts = []
    this.#last = NONE
    this.#wordCount = 0
    this.#words = new Uint32Array(1 << 14)
    this.#hashes = new Int32Array(SLOTS_MIN)
    this.#ends = new Uint32Array(SLOTS_MIN)
    this.#slots = new Int32Array(SLOTS_MIN).fill(NONE)
  }
}

const SHARED_BYTES_A_ROW_MAX = 16

/** Some rows share their bytes, and there are few bytes a row. */
function isShared({ data, starts, lengths }: Values): boolean {
  if (data.length > SHARED_BYTES_A_ROW_MAX * starts.length) return false
  for (let row = 1; row < starts.length; row++)
    if (starts[row] < starts[row - 1] + lengths[row - 1]) return true
  return false
}

function hashOf(words: Uint32Array, count: number, seed: number): number {
  let hash = seed
  for (let at = 0; at < count; at++) {
    hash = Math.imul(hash ^ words[at], 0x9e3779b1)
    hash ^= hash >>> 15
  }
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b)
  return hash ^ (hash >>> 13)
}

function withRoom<T extends Uint32Array<ArrayBuffer> | Int32Array<ArrayBuffer>>(
  values: T,
  length: number,
): T {
  if (length <= values.length) return values
  const more = new (values.constructor as new (length: number) => T)(Math.max(length, 2 * values.length))
  more.set(values)
  return more
}
