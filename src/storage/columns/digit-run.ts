/**
 * What a text says about the numbers of every value that it stands in: a run of digits with another byte before it is
 * where a run of the value begins, too, so the first number of that run begins with its digits.
 *
 *   text "k_8982"     within "blk_89820"   the number 89820 begins with 8982
 *                     not in "blk_1"       1 is not the first digit of 8982, nor does it begin with 8982
 *
 * With it a column of numbers is asked without printing one of them (shapes.ts).
 */
import { DIGITS_MAX, isDigit, POWERS_OF_TEN, ZERO } from './digits.ts'

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
