/**
 * What a text says about the numbers of every value that it stands in: a run of digits with another byte before it is
 * where a run of the value begins, too, so the first number of that run begins with its digits.
 *
 *   text "k_8982"     within "blk_89820"   the number 89820 begins with 8982
 *                     not in "blk_1"       1 is not the first digit of 8982, nor does it begin with 8982
 *
 * With it a column of numbers is asked without printing one of them (shapes.ts).
 */
import { digitCount } from '../../base/base.ts'
import { DIGITS_MAX, isDigit, POWERS_OF_TEN, ZERO } from './digits.ts'

const INTEGER_MAX = 0x7fff_ffff
/** Imported constants cost a look-up each time: this one is for hot functions. */
const POWERS = POWERS_OF_TEN

export class DigitRun {
  /** By digits, from 1: the number that so many of the first ones are. */
  readonly #beginnings: Float64Array
  readonly #length: number

  private constructor(beginnings: Float64Array) {
    this.#beginnings = beginnings
    this.#length = beginnings.length - 1
  }

  /** The longest run of digits that another byte stands before, at most its first 15; null where there is none. */
  static of(text: Uint8Array): DigitRun | null {
    let start = 0
    let length = 0
    for (let at = 1; at < text.length; at++) {
      if (!isDigit(text[at]) || isDigit(text[at - 1])) continue
      let end = at
      while (end < text.length && isDigit(text[end])) end++
      if (end - at > length) {
        start = at
        length = end - at
      }
    }
    if (length === 0) return null
    const beginnings = new Float64Array(Math.min(length, DIGITS_MAX) + 1)
    for (let digits = 1; digits < beginnings.length; digits++)
      beginnings[digits] = beginnings[digits - 1] * 10 + text[start + digits - 1] - ZERO
    return new DigitRun(beginnings)
  }

  /** False only where a run of a value whose first number is this one, in so many digits, cannot begin so. */
  mayBegin(number: number, digits: number): boolean {
    const length = this.#length
    if (digits <= length) return number === this.#beginnings[digits]
    return Math.floor(number / POWERS[digits - length]) === this.#beginnings[length]
  }
}

const knownTexts = new WeakMap<Uint8Array, DigitText | null>()

/** A text of digits alone, searched in numbers as they would be printed. */
export class DigitText {
  /** The number that it is: a smaller one does not have it. */
  readonly number: number
  readonly #length: number
  /** One more than the largest number of so many digits. */
  readonly #limit: number
  #bytes: Uint8Array | null = null

  private constructor(number: number, length: number) {
    this.number = number
    this.#length = length
    this.#limit = POWERS[length]
  }

  /** Null where it is something else, or too long. The text must not change: it is asked for with every column. */
  static of(text: Uint8Array): DigitText | null {
    let known = knownTexts.get(text)
    if (known === undefined) {
      known = DigitText.#read(text)
      knownTexts.set(text, known)
    }
    return known
  }

  static #read(text: Uint8Array): DigitText | null {
    if (text.length === 0 || text.length >= DIGITS_MAX) return null
    let number = 0
    for (const byte of text) {
      if (!isDigit(byte)) return null
      number = number * 10 + byte - ZERO
    }
    return new DigitText(number, text.length)
  }

  /** By number of one byte: 1 where it stands within it. */
  get bytes(): Uint8Array {
    this.#bytes ??= Uint8Array.from({ length: 256 }, (_, byte) => (this.isIn(byte, digitCount(byte)) ? 1 : 0))
    return this.#bytes
  }

  /** Whether it stands within a number, not negative, that is printed in so many digits. */
  isIn(number: number, digits: number): boolean {
    const wanted = this.number
    const limit = this.#limit
    let rest = number
    let left = digits
    // What fits into 31 bits is divided in no time.
    for (; rest > INTEGER_MAX && left >= this.#length; left--) {
      if (rest % limit === wanted) return true
      rest = Math.floor(rest / 10)
    }
    if (rest < wanted || limit > INTEGER_MAX) return this.#isInRest(rest, left)
    for (let small = rest | 0, end = limit | 0, found = wanted | 0; left >= this.#length; left--) {
      if (small % end === found) return true
      small = (small / 10) | 0
    }
    return false
  }

  #isInRest(number: number, digits: number): boolean {
    let rest = number
    for (let left = digits; left >= this.#length && rest >= this.number; left--) {
      if (rest % this.#limit === this.number) return true
      rest = Math.floor(rest / 10)
    }
    return false
  }
}
