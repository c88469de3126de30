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
 * Words like `add`, `sha256` and `host12` stay. Work is linear in the text. All that counts is ASCII, so bytes of UTF-8
 * and code units of a text give the same numbers.
 */

/** Bytes of UTF-8 or code units. */
export type Codes = Uint8Array | Uint16Array

const OTHER = 0
const DIGIT = 1
const HEX_LETTER = 2
const LETTER = 3

const ZERO = 0x30
const HYPHEN = 0x2d
const LOWER_CASE = 0x20
const LOWER_V = 0x76
const LOWER_X = 0x78

const CLASS_COUNT = 256
/** By code: what of a word it can be. */
const CLASSES = Uint8Array.from({ length: CLASS_COUNT }, (_, code) => classOf(String.fromCharCode(code)))

function classOf(character: string): number {
  if (/[0-9]/.test(character)) return DIGIT
  if (/[a-fA-F]/.test(character)) return HEX_LETTER
  return /[g-zG-Z]/.test(character) ? LETTER : OTHER
}

const HEX_WORD_MIN = 4
const UUID_WORDS = [8, 4, 4, 4, 12]
const UUID_LENGTH = 36

/**
 * Finds the numbers of a text from left to right:
 *
 *   for (finder.begin(codes, 0, codes.length); finder.next(); ) show(finder.start, finder.end)
 */
export class NumberFinder {
  /** Of the number that was found: `end` is behind it. */
  start = 0
  end = 0
  #codes: Codes = new Uint8Array(0)
  #limit = 0
  /** Up to here goes a word, or a UUID, whose first number was found. */
  #wordEnd = 0
  #uuidEnd = 0

  /** The text is `codes` from `start` to below `limit`. */
  begin(codes: Codes, start: number, limit: number): void {
    this.#codes = codes
    this.#limit = limit
    this.start = start
    this.end = start
    this.#wordEnd = start
    this.#uuidEnd = start
  }

  /** There is one more. */
  next(): boolean {
    const codes = this.#codes
    const limit = this.#limit
    const classes = CLASSES
    let at = this.end
    if (at < this.#uuidEnd) return this.#found(at + 1, this.#hexEnd(at + 1))
    while (at < limit) {
      const code = codes[at]
      const kind = code < CLASS_COUNT ? classes[code] : OTHER
      if (kind === OTHER) at++
      else if (at < this.#wordEnd) {
        if (kind === DIGIT) return this.#found(at, this.#digitsEnd(at))
        at++
      } else {
        if (kind === DIGIT ? this.#beginsWithDigit(at) : this.#beginsWithLetter(at, code, kind)) return true
        at = this.end
      }
    }
    this.end = at
    return false
  }

  #beginsWithDigit(at: number): boolean {
    const digitsEnd = this.#digitsEnd(at)
    const hexEnd = this.#hexEnd(digitsEnd)
    if (!this.#isWordAt(hexEnd)) return this.#foundHex(at, hexEnd)
    if (
      digitsEnd === at + 1 &&
      this.#codes[at] === ZERO &&
      (this.#codes[digitsEnd] | LOWER_CASE) === LOWER_X
    ) {
      const end = this.#hexEnd(digitsEnd + 1)
      if (end > digitsEnd + 1 && !this.#isWordAt(end)) return this.#found(digitsEnd + 1, end)
    }
    this.#wordEnd = this.#endOfWord(hexEnd)
    return this.#found(at, digitsEnd)
  }

  /** Whether the word at `at` is or has a number; if not, `end` is the end of the word. */
  #beginsWithLetter(at: number, code: number, kind: number): boolean {
    if (kind === HEX_LETTER) {
      const end = this.#hexEnd(at)
      if (!this.#isWordAt(end)) return this.#foundHex(at, end)
    } else if ((code | LOWER_CASE) === LOWER_V) {
      const end = this.#digitsEnd(at + 1)
      if (end > at + 1 && !this.#isWordAt(end)) return this.#found(at + 1, end)
    }
    this.end = this.#endOfWord(at + 1)
    return false
  }

  /** A word of hexadecimal digits. If it is no number, `end` is its end. */
  #foundHex(start: number, end: number): boolean {
    if (end - start === UUID_WORDS[0] && this.#isUuid(start)) {
      this.#uuidEnd = start + UUID_LENGTH
      return this.#found(start, end)
    }
    if (this.#classAt(start) === DIGIT) return this.#found(start, end)
    if (end - start >= HEX_WORD_MIN && this.#hasDigit(start, end)) return this.#found(start, end)
    this.end = end
    return false
  }

  #found(start: number, end: number): true {
    this.start = start
    this.end = end
    return true
  }

  /** `start` is the beginning of a word. */
  #isUuid(start: number): boolean {
    let at = start
    for (const length of UUID_WORDS) {
      if (at > start && this.#codes[at++] !== HYPHEN) return false
      const end = at + length
      if (this.#hexEnd(at) !== end || this.#isWordAt(end)) return false
      at = end
    }
    return true
  }

  #hasDigit(start: number, end: number): boolean {
    for (let at = start; at < end; at++) if (this.#classAt(at) === DIGIT) return true
    return false
  }

  #digitsEnd(from: number): number {
    let at = from
    while (this.#classAt(at) === DIGIT) at++
    return at
  }

  #hexEnd(from: number): number {
    let at = from
    for (let kind = this.#classAt(at); kind === DIGIT || kind === HEX_LETTER; kind = this.#classAt(at)) at++
    return at
  }

  #endOfWord(from: number): number {
    let at = from
    while (this.#classAt(at) !== OTHER) at++
    return at
  }

  #isWordAt(at: number): boolean {
    return this.#classAt(at) !== OTHER
  }

  #classAt(at: number): number {
    if (at >= this.#limit) return OTHER
    const code = this.#codes[at]
    return code < CLASS_COUNT ? CLASSES[code] : OTHER
  }
}

// ---- <N> ----------------------------------------------------------------------------------------------------

const NUMBER = '<N>'
const finder = new NumberFinder()
let units = new Uint16Array(1024)

/** The text with `<N>` instead of each number. */
export function collapseNumbers(text: string): string {
  finder.begin(unitsOf(text), 0, text.length)
  if (!finder.next()) return text
  let collapsed = ''
  let from = 0
  do {
    collapsed += text.slice(from, finder.start) + NUMBER
    from = finder.end
  } while (finder.next())
  return collapsed + text.slice(from)
}

/** Good until the next call. */
function unitsOf(text: string): Uint16Array {
  if (units.length < text.length) units = new Uint16Array(2 * text.length)
  for (let at = 0; at < text.length; at++) units[at] = text.charCodeAt(at)
  return units
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
  return code < CLASS_COUNT && CLASSES[code] !== OTHER
}
