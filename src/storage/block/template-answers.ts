/**
 * What a test means for each template of a part: none of its rows pass, all do, or pieces of each must be looked at.
 * Asked once a template, and kept for all blocks of the part as long as the test is used.
 */
import { requiredWords, type TestNeedle, type ValueTest, type WordSpan } from '../../record/record.ts'
import { bitsOfBytes } from '../columns/encoding.ts'
import type { WordFilter } from '../filter/word-filter.ts'
import type { SlotFacts } from '../template/slot-facts.ts'
import type { Template } from '../template/template.ts'
import { TemplateMatcher, type TemplateWindow } from '../template/template-match.ts'

const UNKNOWN = 0
export const ANSWER_NONE = 1
export const ANSWER_ALL = 2
export const ANSWER_SOME = 3

/** More words of a needle are not looked at: the first ones tell enough. */
const WORDS_MAX = 16

/** Distinct bytes of a needle that have a bit each; further ones are not looked for. */
const NEEDLE_BITS_MAX = 31

/** A piece of the rows of a template. */
export interface Window extends TemplateWindow {
  /** Bits of the needle's bytes that its static text does not have (`needleBits`). */
  readonly missing: number
}

interface NeedlePart {
  readonly needle: TestNeedle
  readonly matcher: TemplateMatcher
  readonly words: readonly WordSpan[]
}

export class TemplateAnswers {
  readonly #templates: readonly Template[]
  readonly #facts: readonly SlotFacts[]
  readonly #needles: readonly NeedlePart[]
  readonly #answers: Uint8Array
  readonly #windows = new Map<number, readonly Window[]>()
  /** The test of a row is that of its windows: whether one of them passes. */
  readonly isDecidedByWindows: boolean
  /** By byte: a bit of its own where it stands in the needle; null where there is not one needle alone. */
  readonly needleBits: Uint32Array | null
  /** The bits of all bytes of the needle. */
  readonly allNeedleBits: number
  /** By needle and template: which of its words the static text may have, as bits; plus one. */
  readonly #staticWords: readonly Uint32Array[]

  constructor(test: ValueTest, templates: readonly Template[], facts: readonly SlotFacts[]) {
    this.#templates = templates
    this.#facts = facts
    this.#needles = (test.needles ?? []).map((needle) => ({
      needle,
      matcher: new TemplateMatcher(needle),
      words: wordsOf(needle),
    }))
    this.#answers = new Uint8Array(templates.length)
    const needle = this.#needles.length === 1 ? this.#needles[0].needle : null
    this.isDecidedByWindows = needle?.decides === true
    this.needleBits = needle === null ? null : bitsOfNeedle(needle.bytes)
    this.allNeedleBits = needle === null ? 0 : bitsOfBytes(needle.bytes, this.needleBits!)
    this.#staticWords = this.#needles.map(() => new Uint32Array(templates.length))
  }

  /** ANSWER_*. */
  answer(number: number): number {
    if (this.#answers[number] === UNKNOWN) this.#answers[number] = this.#ask(number)
    return this.#answers[number]
  }

  /** Where the answer is ANSWER_SOME: the pieces of a row in one of which a needle stands where the row passes. */
  windowsOf(number: number): readonly Window[] {
    return (
      this.#windows.get(number) ?? [
        { fromSegment: 0, toSegment: this.#templates[number].slots.length, missing: 0 },
      ]
    )
  }

  /**
   * Whether rows may pass that have one of these templates, or none (`plainRows`), in a block with such words in its
   * variables and in its rows without a template.
   */
  mayMatch(numbers: Uint32Array, plainRows: number, filter: WordFilter | null): boolean {
    if (this.#needles.length === 0) return true
    const held = filter === null ? null : this.#needles.map((part) => wordsHeld(filter, part))
    if (plainRows > 0 && this.#isAnyWhole(held)) return true
    for (let place = 0; place < numbers.length; place++) {
      const answer = this.answer(numbers[place])
      if (answer === ANSWER_ALL) return true
      if (answer === ANSWER_SOME && (held === null || this.#mayHoldWith(numbers[place], held))) return true
    }
    return false
  }

  /** Whether any value may hold a needle whose words are all of the filter. */
  mayHold(filter: WordFilter | null): boolean {
    if (filter === null || this.#needles.length === 0) return true
    return this.#isAnyWhole(this.#needles.map((part) => wordsHeld(filter, part)))
  }

  /** `held`: by needle, bits of its words; null where all may be there. */
  #isAnyWhole(held: readonly number[] | null): boolean {
    return held === null || this.#needles.some(({ words }, index) => isAll(held[index], words))
  }

  /** The same with the words of a template's own text. */
  #mayHoldWith(number: number, held: readonly number[]): boolean {
    for (let index = 0; index < held.length; index++) {
      const { words } = this.#needles[index]
      if (isAll(held[index], words) || isAll(held[index] | this.#staticWordsOf(index, number), words))
        return true
    }
    return false
  }

  /** Bits of the words that may stand in the template's own text. */
  #staticWordsOf(index: number, number: number): number {
    const known = this.#staticWords[index][number]
    if (known !== 0) return known - 1
    const { needle, words } = this.#needles[index]
    const text = Buffer.from(this.#templates[number].text)
    let bits = 0
    for (const [at, { start, end }] of words.entries()) {
      if (text.includes(Buffer.from(needle.bytes.subarray(start, end)))) bits |= 1 << at
    }
    this.#staticWords[index][number] = bits + 1
    return bits
  }

  #missingBits({ text, slots }: Template, { fromSegment, toSegment }: TemplateWindow): number {
    const start = fromSegment === 0 ? 0 : slots[fromSegment - 1]
    const end = toSegment === slots.length ? text.length : slots[toSegment]
    return this.allNeedleBits & ~bitsOfBytes(text, this.needleBits!, start, end)
  }

  #ask(number: number): number {
    if (this.#needles.length === 0) return ANSWER_SOME
    const template = this.#templates[number]
    const facts = this.#facts[number]
    let answered = ANSWER_NONE
    for (const { needle, matcher } of this.#needles) {
      const answer = matcher.ask(template, facts)
      if (answer === 'none') continue
      if (answer === 'all' && needle.decides) return ANSWER_ALL
      answered = ANSWER_SOME
      if (answer !== 'all' && this.#needles.length === 1)
        this.#windows.set(
          number,
          answer.map((window) => ({ ...window, missing: this.#missingBits(template, window) })),
        )
    }
    return answered
  }
}

/** A bit for each distinct byte. */
function bitsOfNeedle(bytes: Uint8Array): Uint32Array {
  const bitsOf = new Uint32Array(256)
  const distinct = [...new Set(bytes)].slice(0, NEEDLE_BITS_MAX)
  for (const [bit, byte] of distinct.entries()) bitsOf[byte] = 1 << bit
  return bitsOf
}

/** Words that a value has for sure where the needle stands in it. */
function wordsOf({ bytes, startsWord, endsWord }: TestNeedle): WordSpan[] {
  const words = requiredWords(bytes, !endsWord)
  return words.filter(({ start }) => start > 0 || startsWord).slice(0, WORDS_MAX)
}

/** Bits of the words that the filter may have. */
function wordsHeld(filter: WordFilter, { needle, words }: NeedlePart): number {
  let bits = 0
  for (let at = 0; at < words.length; at++) {
    if (filter.mayContain(needle.bytes, words[at].start, words[at].end)) bits |= 1 << at
  }
  return bits
}

function isAll(bits: number, { length }: readonly WordSpan[]): boolean {
  return bits === 2 ** length - 1
}
