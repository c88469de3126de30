/**
 * What a test means for each template of a part: none of its rows pass, all do, or pieces of each must be looked at.
 * Asked once a template, and kept for all blocks of the part as long as the test is used.
 */
import { Needle } from '../../base/base.ts'
import { type NumberRange, requiredWords, type TestNeedle, type ValueTest } from '../../record/record.ts'
import { NOT_ASCII_BIT } from '../columns/byte-classes.ts'
import { bitsOfBytes } from '../columns/encoding.ts'
import type { WordFilter } from '../filter/word-filter.ts'
import type { SlotFacts } from '../template/slot-facts.ts'
import type { Template } from '../template/template.ts'
import { type TemplateAnswer, TemplateMatcher, type TemplateWindow } from '../template/template-match.ts'
import { NeedleSearch } from './needle-search.ts'

const UNKNOWN = 0
const CHARACTER_BYTES_MAX = 4
export const ANSWER_NONE = 1
export const ANSWER_ALL = 2
export const ANSWER_SOME = 3

/** More words of a needle are not looked at: the first ones tell enough. */
const WORDS_MAX = 16

/**
 * A filter knows words as they are written, so one in any case is looked up in every case. With more letters it would
 * be taken for one that is there anyway: each look-up errs once in some hundred times.
 */
const LETTERS_MAX = 8

/** A piece of the rows of a template. */
export interface Window extends TemplateWindow {
  /** Bits of bytes of needles that its static text has (NeedleSearch.bitsOf). */
  readonly held: number
}

/** What was found out about a template whose answer is ANSWER_SOME. */
interface Pieces {
  readonly windows: readonly Window[]
  readonly decide: boolean
}

interface NeedlePart {
  readonly needle: TestNeedle
  readonly matcher: TemplateMatcher
  readonly words: readonly NeedleWord[]
}

/** A word that every value has in which the needle stands. */
interface NeedleWord {
  readonly needle: Needle
  /** Where it has letters of which either case will do; at most LETTERS_MAX. */
  readonly letters: readonly number[]
}

/** By needle, bits of its words; null where all may be there. */
export type WordsHeld = readonly number[] | null

export class TemplateAnswers {
  readonly #templates: readonly Template[]
  readonly #facts: readonly SlotFacts[]
  readonly #characters: NumberRange | null
  readonly #needles: readonly NeedlePart[]
  readonly #answers: Uint8Array
  readonly #pieces = new Map<number, Pieces>()
  /** Null where the needles are none, or too many to be looked for. */
  readonly search: NeedleSearch | null
  /** By needle and template: which of its words the static text may have, as bits; plus one. */
  readonly #staticWords: readonly Uint32Array[]

  constructor(test: ValueTest, templates: readonly Template[], facts: readonly SlotFacts[]) {
    this.#templates = templates
    this.#facts = facts
    this.#characters = test.characters ?? null
    this.#needles = (test.needles ?? []).map((needle) => ({
      needle,
      matcher: new TemplateMatcher(needle),
      words: wordsOf(needle),
    }))
    this.#answers = new Uint8Array(templates.length)
    this.search = NeedleSearch.of(test)
    this.#staticWords = this.#needles.map(() => new Uint32Array(templates.length))
  }

  /** Without, nothing is known of what passes. */
  get hasNeedles(): boolean {
    return this.#needles.length > 0
  }

  /** ANSWER_*. */
  answer(number: number): number {
    if (this.#answers[number] === UNKNOWN) this.#answers[number] = this.#ask(number)
    return this.#answers[number]
  }

  /** Where the answer is ANSWER_SOME: the pieces of a row in one of which a needle stands where the row passes. */
  windowsOf(number: number): readonly Window[] {
    return this.#pieces.get(number)?.windows ?? [{ ...this.#wholeOf(number), held: -1 }]
  }

  /** The test of a row of the template is that of its windows: whether one of them passes. */
  isDecidedByWindows(number: number): boolean {
    return this.#pieces.get(number)?.decide === true
  }

  /**
   * Whether rows may pass that have one of these templates, or none (`plainRows`), in a block with such words in its
   * variables and in its rows without a template.
   */
  mayMatch(numbers: Uint32Array, plainRows: number, filter: WordFilter | null): boolean {
    const held = this.wordsHeld(filter)
    if (plainRows > 0 && this.mayBePlain(held)) return true
    for (let place = 0; place < numbers.length; place++) {
      const answer = this.answer(numbers[place])
      if (answer === ANSWER_ALL) return true
      if (answer === ANSWER_SOME && this.mayBeIn(numbers[place], held)) return true
    }
    return false
  }

  /** Which words of the needles the block with this filter has, for the questions below. */
  wordsHeld(filter: WordFilter | null): WordsHeld {
    if (filter === null || !this.hasNeedles) return null
    return this.#needles.map((part) => wordsHeld(filter, part))
  }

  /** Whether any value may hold a needle whose words are all of the filter. */
  mayHold(filter: WordFilter | null): boolean {
    return this.mayBePlain(this.wordsHeld(filter))
  }

  /** Whether a row without a template, in a block with these words, may hold a needle. */
  mayBePlain(held: WordsHeld): boolean {
    return held === null || this.#needles.some(({ words }, index) => isAll(held[index], words))
  }

  /** The same of a row with this template, whose answer is ANSWER_SOME. */
  mayBeIn(number: number, held: WordsHeld): boolean {
    if (held === null) return true
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
    const { text } = this.#templates[number]
    let bits = 0
    for (const [at, { needle }] of this.#needles[index].words.entries()) {
      if (needle.indexIn(text, 0, text.length) >= 0) bits |= 1 << at
    }
    this.#staticWords[index][number] = bits + 1
    return bits
  }

  /** The characters that a row of the template must have to pass, where they are its bytes; else null. */
  bytesWanted(number: number): NumberRange | null {
    const isCounted = this.#characters !== null && isAscii(this.#templates[number], this.#facts[number])
    return isCounted ? this.#characters : null
  }

  #wholeOf(number: number): TemplateWindow {
    return { fromSegment: 0, toSegment: this.#templates[number].slots.length }
  }

  #ask(number: number): number {
    const template = this.#templates[number]
    const facts = this.#facts[number]
    if (this.#needles.length === 0)
      return this.#characters === null ? ANSWER_SOME : answerOfLengths(template, facts, this.#characters)
    const found: Found[] = []
    for (const { needle, matcher } of this.#needles) {
      const answer = matcher.ask(template, facts)
      if (answer === 'none') continue
      if (answer === 'all' && needle.decides) return ANSWER_ALL
      found.push({ needle, answer })
    }
    if (found.length === 0) return ANSWER_NONE
    if (this.search !== null) this.#pieces.set(number, this.#piecesOf(number, found, this.search))
    return ANSWER_SOME
  }

  #piecesOf(number: number, found: readonly Found[], { bitsOf }: NeedleSearch): Pieces {
    const template = this.#templates[number]
    const windows = found.flatMap(({ answer }) =>
      typeof answer === 'string' ? this.#wholeOf(number) : answer,
    )
    return {
      windows: (found.length === 1 ? windows : withoutOverlap(windows)).map((window) => ({
        ...window,
        held: heldBits(template, window, bitsOf),
      })),
      decide: found.every(({ needle }) => needle.decides && (found.length === 1 || isAnywhere(needle))),
    }
  }
}

// ---- lengths --------------------------------------------------------------------------------------------------

/** What the lengths tell that rows of the template have in the part. */
function answerOfLengths(template: Template, facts: SlotFacts, { min, max }: NumberRange): number {
  let bytesMin = template.text.length
  let bytesMax = bytesMin
  for (let slot = 0; slot < template.slots.length; slot++) {
    bytesMin += facts.lengthMin[slot]
    bytesMax += facts.lengthMax[slot]
  }
  const charactersMin = isAscii(template, facts) ? bytesMin : Math.ceil(bytesMin / CHARACTER_BYTES_MAX)
  if (bytesMax < min || charactersMin > max) return ANSWER_NONE
  return charactersMin >= min && bytesMax <= max ? ANSWER_ALL : ANSWER_SOME
}

function isAscii({ text }: Template, { classes }: SlotFacts): boolean {
  return classes.every((bits) => (bits & NOT_ASCII_BIT) === 0) && text.every((byte) => byte < 0x80)
}

// ---- needles --------------------------------------------------------------------------------------------------

/** A needle that may stand in rows of a template. */
interface Found {
  readonly needle: TestNeedle
  readonly answer: TemplateAnswer
}

/** A window that was made for another needle tells as well whether it stands there. */
function isAnywhere({ startsWord, endsWord, isWhole }: TestNeedle): boolean {
  return !startsWord && !endsWord && !isWhole
}

/** Windows that share a slot, or lie in one segment, become one. */
function withoutOverlap(windows: readonly TemplateWindow[]): TemplateWindow[] {
  const merged: TemplateWindow[] = []
  for (const window of windows.toSorted((a, b) => a.fromSegment - b.fromSegment)) {
    const last = merged.at(-1)
    const isApart =
      last === undefined || (last.toSegment <= window.fromSegment && last.fromSegment < last.toSegment)
    if (isApart) merged.push(window)
    else {
      const toSegment = Math.max(last.toSegment, window.toSegment)
      merged[merged.length - 1] = { fromSegment: last.fromSegment, toSegment }
    }
  }
  return merged
}

function heldBits(
  { text, slots }: Template,
  { fromSegment, toSegment }: TemplateWindow,
  bitsOf: Uint32Array,
): number {
  const start = fromSegment === 0 ? 0 : slots[fromSegment - 1]
  const end = toSegment === slots.length ? text.length : slots[toSegment]
  return bitsOfBytes(text, bitsOf, start, end)
}

/** Words that a value has for sure where the needle stands in it. */
function wordsOf({ bytes, startsWord, endsWord, anyCase = false }: TestNeedle): NeedleWord[] {
  return requiredWords(bytes, !endsWord)
    .filter(({ start }) => start > 0 || startsWord)
    .map(({ start, end }) => wordOf(bytes.slice(start, end), anyCase))
    .filter(({ letters }) => letters.length <= LETTERS_MAX)
    .slice(0, WORDS_MAX)
}

function wordOf(bytes: Uint8Array, anyCase: boolean): NeedleWord {
  const letters = anyCase ? [...bytes.keys()].filter((at) => isSmallLetter(bytes[at])) : []
  return { needle: new Needle(bytes, anyCase), letters }
}

const isSmallLetter = (byte: number): boolean => byte >= 0x61 && byte <= 0x7a

/** Bits of the words that the filter may have. */
function wordsHeld(filter: WordFilter, { words }: NeedlePart): number {
  let bits = 0
  for (let at = 0; at < words.length; at++) if (isHeld(filter, words[at])) bits |= 1 << at
  return bits
}

/** Whether the filter may have the word, in any case of its letters. */
function isHeld(filter: WordFilter, { needle, letters }: NeedleWord): boolean {
  const { bytes } = needle
  if (letters.length === 0) return filter.mayContain(bytes, 0, bytes.length)
  const cased = bytes.slice()
  for (let capitals = 0; capitals < 2 ** letters.length; capitals++) {
    for (const [bit, at] of letters.entries()) cased[at] = bytes[at] - (((capitals >> bit) & 1) << 5)
    if (filter.mayContain(cased, 0, cased.length)) return true
  }
  return false
}

function isAll(bits: number, { length }: readonly NeedleWord[]): boolean {
  return bits === 2 ** length - 1
}
