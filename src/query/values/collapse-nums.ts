/**
 * Numbers in texts, and texts with placeholders instead of them, so that messages that differ only in numbers become the
 * same text: pipe `collapse_nums`, filter `pattern_match`, and what the pipe `patterns` calls a pattern.
 *
 * A word is a run of ASCII letters and digits; anything else, `_` too, stands between words. Numbers are
 *
 *   200  007                 a word of digits
 *   3e98  1b                 a word of hexadecimal digits that begins with a decimal one
 *   a692162415ae             one that begins with a letter, with a decimal digit and at least 4 characters
 *   0x[7f3a]  v[2]           what follows `0x` and `v`
 *   [12]ms  [1]h[30]m  [20]T[12]   the digits of any other word that begins with one
 *   2edfed59-…-28d321ca71a7  the five words of a UUID, also where one has no decimal digit
 *
 * Words like `add`, `sha256` and `host12` stay. Work is linear in the text.
 */
import { decodeText, encodeText } from './text.ts'

const OTHER = 0
const HEX_LETTER = 1
const LETTER = 2
const DIGIT = 4

const ZERO = 0x30
const HYPHEN = 0x2d
const LOWER_CASE = 0x20
const LOWER_V = 0x76
const LOWER_X = 0x78
const LESS_THAN = 0x3c
const UPPER_N = 0x4e
const GREATER_THAN = 0x3e

/** By byte: what of a word it can be. The bits of all bytes of a word say what the word is. */
const KINDS = Uint8Array.from({ length: 256 }, (_, byte) => kindOf(String.fromCharCode(byte)))

function kindOf(character: string): number {
  if (/[0-9]/.test(character)) return DIGIT
  if (/[a-fA-F]/.test(character)) return HEX_LETTER
  return /[g-zG-Z]/.test(character) ? LETTER : OTHER
}

const HEX_WORD_MIN = 4
const UUID_WORDS = [8, 4, 4, 4, 12]
const UUID_WORD_FIRST = 8
const UUID_LENGTH = 36
const NOTHING = new Uint8Array(0)

/**
 * Finds the numbers of a text from left to right:
 *
 *   for (finder.begin(bytes, 0, bytes.length); finder.next(); ) show(finder.start, finder.end)
 */
export class NumberFinder {
  /** Of the number that was found: `end` is behind it. */
  start = 0
  end = 0
  #data: Uint8Array = NOTHING
  #limit = 0
  /** Up to here goes a word, or a UUID, whose first number was found. */
  #wordEnd = 0
  #uuidEnd = 0

  /** The text is the UTF-8 in `data` from `start` to below `limit`. */
  begin(data: Uint8Array, start: number, limit: number): void {
    this.#data = data
    this.#limit = limit
    this.start = start
    this.end = start
    this.#wordEnd = start
    this.#uuidEnd = start
  }

  /** There is one more. */
  next(): boolean {
    if (this.end < this.#uuidEnd) return this.#found(this.end + 1, this.#hexEnd(this.end + 1))
    if (this.end < this.#wordEnd && this.#nextInWord()) return true
    const data = this.#data
    const limit = this.#limit
    const kinds = KINDS
    let at = this.end
    while (at < limit) {
      let kind = kinds[data[at]]
      if (kind === OTHER) {
        at++
        continue
      }
      const start = at++
      let all = kind
      for (; at < limit; at++) {
        kind = kinds[data[at]]
        if (kind === OTHER) break
        all |= kind
      }
      const mayBeNumber = all >= DIGIT || (all === HEX_LETTER && at - start === UUID_WORD_FIRST)
      if (mayBeNumber && this.#takeWord(start, at, all)) return true
    }
    this.end = limit
    return false
  }

  /** Digits further on in a word that begins with one. */
  #nextInWord(): boolean {
    let at = this.end
    while (at < this.#wordEnd && !this.#isDigit(at)) at++
    this.end = at
    return at < this.#wordEnd && this.#found(at, this.#digitsEnd(at))
  }

  /** Whether the word is or has a number. */
  #takeWord(start: number, end: number, kinds: number): boolean {
    if ((kinds & LETTER) === 0) return this.#takeHexWord(start, end, kinds)
    const first = this.#data[start]
    if (KINDS[first] !== DIGIT) {
      const isVersion =
        (first | LOWER_CASE) === LOWER_V && end > start + 1 && this.#digitsEnd(start + 1) === end
      return isVersion && this.#found(start + 1, end)
    }
    const isHex = first === ZERO && (this.#data[start + 1] | LOWER_CASE) === LOWER_X
    if (isHex && end > start + 2 && this.#hexEnd(start + 2) === end) return this.#found(start + 2, end)
    this.#wordEnd = end
    return this.#found(start, this.#digitsEnd(start))
  }

  #takeHexWord(start: number, end: number, kinds: number): boolean {
    if (end - start === UUID_WORD_FIRST && this.#isUuid(start)) {
      this.#uuidEnd = start + UUID_LENGTH
      return this.#found(start, end)
    }
    const isNumber = kinds >= DIGIT && (end - start >= HEX_WORD_MIN || this.#isDigit(start))
    return isNumber && this.#found(start, end)
  }

  #found(start: number, end: number): true {
    this.start = start
    this.end = end
    return true
  }

  /** `start` is the beginning of a word. */
  #isUuid(start: number): boolean {
    if (this.#limit - start < UUID_LENGTH) return false
    let at = start
    for (const length of UUID_WORDS) {
      if (at > start && this.#data[at++] !== HYPHEN) return false
      const end = at + length
      for (; at < end; at++) if ((KINDS[this.#data[at]] & (HEX_LETTER | DIGIT)) === 0) return false
    }
    return at === this.#limit || KINDS[this.#data[at]] === OTHER
  }

  #digitsEnd(from: number): number {
    let at = from
    while (at < this.#limit && this.#isDigit(at)) at++
    return at
  }

  #hexEnd(from: number): number {
    let at = from
    while (at < this.#limit && (KINDS[this.#data[at]] & (HEX_LETTER | DIGIT)) !== 0) at++
    return at
  }

  #isDigit(at: number): boolean {
    return KINDS[this.#data[at]] === DIGIT
  }
}

// ---- <N> ----------------------------------------------------------------------------------------------------

const NUMBER = '<N>'

/** Texts with `<N>` instead of each number, as bytes. */
export class NumberCollapser {
  /** What the text became, up to `length`; good until the next one. Its end is filled up to four bytes with zeros. */
  bytes = new Uint8Array(1024)
  /** The same bytes, four by four. */
  words = new Uint32Array(this.bytes.buffer)
  length = 0
  readonly #finder = new NumberFinder()

  /** The text is the UTF-8 in `data` from `start` to below `end`. */
  collapse(data: Uint8Array, start: number, end: number): void {
    // A number of one byte becomes three.
    if (this.bytes.length < 3 * (end - start) + 4) this.#grow(end - start)
    const { bytes } = this
    const finder = this.#finder
    let length = 0
    let at = start
    for (finder.begin(data, start, end); finder.next(); at = finder.end) {
      const numberStart = finder.start
      while (at < numberStart) bytes[length++] = data[at++]
      bytes[length++] = LESS_THAN
      bytes[length++] = UPPER_N
      bytes[length++] = GREATER_THAN
    }
    while (at < end) bytes[length++] = data[at++]
    this.length = length
    while ((length & 3) !== 0) bytes[length++] = 0
  }

  /**
   * Whether the text becomes what the last one became: surely so where it is true, perhaps so where it is false. Costs
   * less than `collapse`, for texts whose words have digits only or none.
   */
  isSame(data: Uint8Array, start: number, end: number): boolean {
    const { bytes, length } = this
    const kinds = KINDS
    let to = 0
    for (let at = start; at < end; ) {
      const from = at
      let kind = kinds[data[at++]]
      let all = kind
      if (kind !== OTHER) {
        for (; at < end; at++) {
          kind = kinds[data[at]]
          if (kind === OTHER) break
          all |= kind
        }
      }
      if (all >= DIGIT) {
        if (all !== DIGIT || bytes[to] !== LESS_THAN || bytes[to + 1] !== UPPER_N) return false
        if (bytes[to + 2] !== GREATER_THAN) return false
        to += 3
        continue
      }
      // Such words may be those of a UUID.
      if (all === HEX_LETTER && at - from >= HEX_WORD_MIN) return false
      for (let byte = from; byte < at; byte++) if (bytes[to++] !== data[byte]) return false
    }
    return to === length
  }

  #grow(length: number): void {
    this.bytes = new Uint8Array(8 * (length + 1))
    this.words = new Uint32Array(this.bytes.buffer)
  }
}

const collapser = new NumberCollapser()

/** The text with `<N>` instead of each number. */
export function collapseNumbers(text: string): string {
  const data = encodeText(text)
  collapser.collapse(data, 0, data.length)
  const { bytes, length } = collapser
  return decodeText(bytes.subarray(0, length))
}

// ---- <UUID>, <IP4>, <TIME>, <DATE>, <DATETIME> ----------------------------------------------------------------

/** With placeholders for what numbers next to each other make up. */
export function collapseNumbersPretty(text: string): string {
  return prettify(collapseNumbers(text))
}

/**
 * The same for a text that has `<N>` already. As many numbers as the placeholder has, not fewer and not more, stand with
 * the same sign between them: `1.2.3.4` is `<IP4>`, `1.2.3.4.5` stays.
 */
export function prettify(collapsed: string): string {
  let pretty = ''
  let from = 0
  for (let at = collapsed.indexOf(NUMBER); at >= 0; at = collapsed.indexOf(NUMBER, from)) {
    const made = placeholderAt(collapsed, at)
    pretty += collapsed.slice(from, at) + made.text
    from = made.end
  }
  return from === 0 ? collapsed : pretty + collapsed.slice(from)
}

interface Made {
  readonly text: string
  readonly end: number
}

/** For the numbers from the one at `at` on that have the same sign between them. */
function placeholderAt(text: string, at: number): Made {
  const sign = text[at + NUMBER.length]
  const count = countJoined(text, at, sign)
  const end = joinedEnd(at, count)
  if (count === 5 && sign === '-') return { text: '<UUID>', end }
  if (count === 4 && sign === '.') return { text: '<IP4>', end }
  if (count === 3 && sign === ':') return { text: '<TIME>', end: fractionEnd(text, end) }
  if (count === 3 && (sign === '-' || sign === '/')) return dateAt(text, end)
  if (count === 1) return { text: NUMBER, end }
  // The last one may be the first of others.
  const last = end - NUMBER.length
  return { text: text.slice(at, last), end: last }
}

/** `end` is the end of the date. */
function dateAt(text: string, end: number): Made {
  const isFollowed = text[end] === 'T' || text[end] === ' '
  const isTime = isFollowed && countJoined(text, end + 1, ':') === 3
  if (!isTime) return { text: '<DATE>', end }
  const timeEnd = fractionEnd(text, joinedEnd(end + 1, 3))
  return { text: '<DATETIME>', end: zoneEnd(text, timeEnd) }
}

/** How many numbers from `at` on have this sign between them; 0 where none stands there. */
function countJoined(text: string, at: number, sign: string): number {
  let count = 0
  let next = at
  while (text.startsWith(NUMBER, next)) {
    count++
    next += NUMBER.length
    if (text[next] !== sign) break
    next++
  }
  return count
}

function joinedEnd(at: number, count: number): number {
  return at + count * NUMBER.length + count - 1
}

function fractionEnd(text: string, end: number): number {
  const isFraction = (text[end] === '.' || text[end] === ',') && text.startsWith(NUMBER, end + 1)
  return isFraction ? end + 1 + NUMBER.length : end
}

/** `Z`, `+02:00`, `+0200` */
function zoneEnd(text: string, end: number): number {
  if (text[end] === 'Z') return isWordCodeAt(text, end + 1) ? end : end + 1
  if (text[end] !== '+' && text[end] !== '-') return end
  const count = Math.min(2, countJoined(text, end + 1, ':'))
  return count === 0 ? end : joinedEnd(end + 1, count)
}

function isWordCodeAt(text: string, at: number): boolean {
  const code = text.charCodeAt(at)
  return code < KINDS.length && KINDS[code] !== OTHER
}
