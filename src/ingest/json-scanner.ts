/**
 * JSON (RFC 8259) in the bytes of one line: where a value ends, and what a string says. It accepts exactly what
 * JSON.parse accepts of the same text; bytes of 0x80 and above are taken as they come, valid UTF-8 or not.
 *
 * Invariants:
 *  - a line ends with a newline byte, which no value contains: it stops every loop, so none looks at the length.
 *  - nesting is counted on the way in, so that no input can exhaust the stack.
 *  - no object and no string is made.
 *
 * Not for building values, nor for text that spans lines.
 */
import { assert } from '../base/base.ts'

export const QUOTE = 0x22
export const COMMA = 0x2c
export const COLON = 0x3a
export const OPENING_BRACKET = 0x5b
export const BACKSLASH = 0x5c
export const CLOSING_BRACKET = 0x5d
export const OPENING_BRACE = 0x7b
export const CLOSING_BRACE = 0x7d
const SPACE = 0x20
const TAB = 0x09
const RETURN = 0x0d
const PLUS = 0x2b
const MINUS = 0x2d
const DOT = 0x2e
const ZERO = 0x30
const NINE = 0x39
const CAPITAL_E = 0x45
const SMALL_E = 0x65
const SMALL_F = 0x66
const SMALL_N = 0x6e
const SMALL_T = 0x74
const SMALL_U = 0x75

/** Instead of where a value ends: it is not valid. */
export const INVALID = -1
const SIGN_BITS = 0x80808080 | 0

/** What a byte behind a backslash stands for; 0 for those that may not follow one, and for `u`. */
const ESCAPED = new Uint8Array(256)
for (const [letter, value] of ['""', '\\\\', '//', 'b\b', 'f\f', 'n\n', 'r\r', 't\t']) {
  ESCAPED[letter.charCodeAt(0)] = value.charCodeAt(0)
}
/** The value of a hexadecimal digit, 255 for all other bytes. */
const HEX = new Uint8Array(256).fill(255)
for (let digit = 0; digit < 16; digit++) {
  HEX[digit.toString(16).charCodeAt(0)] = digit
  HEX[digit.toString(16).toUpperCase().charCodeAt(0)] = digit
}

export class JsonScanner {
  bytes: Uint8Array = new Uint8Array(0)
  /** The string that was scanned last has escapes. */
  isEscaped = false
  /** Spaces stood within the array or object that was scanned last. */
  isSpaced = false
  /** It was valid so far but nested too deeply. */
  isTooDeep = false
  /** Where the bytes stop being JSON, once something was INVALID. */
  invalidAt = 0
  readonly #depthMax: number
  #view: DataView = new DataView(new ArrayBuffer(0))

  /** `depthMax`: how many arrays and objects may be open at once. */
  constructor(depthMax: number) {
    this.#depthMax = depthMax
  }

  /** The memory that lines are in. */
  setBytes(bytes: Uint8Array, view: DataView): void {
    assert(bytes.length === view.byteLength, 'a view of other bytes')
    this.bytes = bytes
    this.#view = view
  }

  fail(at: number): typeof INVALID {
    this.invalidAt = at
    return INVALID
  }

  /** False, and failed, when `depth` levels, this one included, are too many. */
  checkDepth(depth: number, at: number): boolean {
    if (depth <= this.#depthMax) return true
    this.isTooDeep = true
    this.invalidAt = at
    return false
  }

  skipSpaces(at: number): number {
    const { bytes } = this
    let byte = bytes[at]
    while (byte === SPACE || byte === TAB || byte === RETURN) byte = bytes[++at]
    return at
  }

  // ---- strings ----------------------------------------------------------------------------------------------

  /** Where the closing quote stands. `start` is behind the opening one. Looks at eight bytes at a time. */
  stringEnd(start: number): number {
    const { bytes } = this
    const view = this.#view
    const wordsEnd = view.byteLength - 7
    let at = start
    this.isEscaped = false
    for (;;) {
      while (at < wordsEnd) {
        const bits = stopBits(view.getInt32(at, true)) | stopBits(view.getInt32(at + 4, true))
        if ((bits & SIGN_BITS) !== 0) break
        at += 8
      }
      let byte = bytes[at]
      while (byte >= SPACE && byte !== QUOTE && byte !== BACKSLASH) byte = bytes[++at]
      if (byte === QUOTE) return at
      if (byte !== BACKSLASH) return this.fail(at)
      this.isEscaped = true
      at = this.#escapeEnd(at)
      if (at === INVALID) return INVALID
    }
  }

  #escapeEnd(at: number): number {
    const { bytes } = this
    if (ESCAPED[bytes[at + 1]] !== 0) return at + 2
    if (bytes[at + 1] !== SMALL_U) return this.fail(at)
    for (let digit = at + 2; digit < at + 6; digit++) {
      if (HEX[bytes[digit]] === 255) return this.fail(at)
    }
    return at + 6
  }

  /**
   * Writes what a valid string says, as UTF-8, into `target` at 0, which has room for `end - start` bytes; how many
   * bytes it has. Half a surrogate pair becomes U+FFFD.
   */
  unescape(start: number, end: number, target: Uint8Array): number {
    const { bytes } = this
    let to = 0
    for (let at = start; at < end; ) {
      const byte = bytes[at]
      if (byte !== BACKSLASH) {
        target[to++] = byte
        at++
      } else if (bytes[at + 1] !== SMALL_U) {
        target[to++] = ESCAPED[bytes[at + 1]]
        at += 2
      } else {
        const code = this.#codePoint(at, end)
        to = writeUtf8(target, to, code)
        at += code > 0xffff ? 12 : 6
      }
    }
    return to
  }

  /** The character of `\uXXXX`, or of two of them that are a surrogate pair. */
  #codePoint(at: number, end: number): number {
    const { bytes } = this
    const unit = this.#codeUnit(at)
    if (unit < 0xd800 || unit > 0xdfff) return unit
    const isPaired =
      unit < 0xdc00 && at + 12 <= end && bytes[at + 6] === BACKSLASH && bytes[at + 7] === SMALL_U
    const low = isPaired ? this.#codeUnit(at + 6) : 0
    if (low < 0xdc00 || low > 0xdfff) return 0xfffd
    return 0x10000 + ((unit - 0xd800) << 10) + (low - 0xdc00)
  }

  #codeUnit(at: number): number {
    const { bytes } = this
    return (
      (HEX[bytes[at + 2]] << 12) | (HEX[bytes[at + 3]] << 8) | (HEX[bytes[at + 4]] << 4) | HEX[bytes[at + 5]]
    )
  }

  // ---- other values -----------------------------------------------------------------------------------------

  /** The end of a number that begins at `start`. */
  numberEnd(start: number): number {
    const { bytes } = this
    let at = bytes[start] === MINUS ? start + 1 : start
    if (bytes[at] === ZERO) at++
    else if ((at = this.#digitsEnd(at)) === INVALID) return INVALID
    if (bytes[at] === DOT && (at = this.#digitsEnd(at + 1)) === INVALID) return INVALID
    if (bytes[at] !== SMALL_E && bytes[at] !== CAPITAL_E) return at
    const isSigned = bytes[at + 1] === PLUS || bytes[at + 1] === MINUS
    return this.#digitsEnd(isSigned ? at + 2 : at + 1)
  }

  /** At least one digit. */
  #digitsEnd(start: number): number {
    const { bytes } = this
    let at = start
    while (bytes[at] >= ZERO && bytes[at] <= NINE) at++
    return at > start ? at : this.fail(at)
  }

  /** The end of `true`, `false` or `null`, whichever begins with the byte at `start`. */
  literalEnd(start: number): number {
    const first = this.bytes[start]
    if (first === SMALL_T) return this.#wordEnd(start, 'true')
    if (first === SMALL_F) return this.#wordEnd(start, 'false')
    return first === SMALL_N ? this.#wordEnd(start, 'null') : this.fail(start)
  }

  #wordEnd(start: number, word: string): number {
    for (let index = 1; index < word.length; index++) {
      if (this.bytes[start + index] !== word.charCodeAt(index)) return this.fail(start + index)
    }
    return start + word.length
  }

  /** Behind the bracket that closes the array that opens at `start`, `depth` levels being open then. */
  arrayEnd(start: number, depth: number): number {
    this.isSpaced = false
    return this.#arrayEnd(start, depth)
  }

  #arrayEnd(start: number, depth: number): number {
    const { bytes } = this
    if (!this.checkDepth(depth, start)) return INVALID
    let at = this.#skipInnerSpaces(start + 1)
    if (bytes[at] === CLOSING_BRACKET) return at + 1
    for (;;) {
      at = this.valueEnd(at, depth)
      if (at === INVALID) return INVALID
      at = this.#skipInnerSpaces(at)
      if (bytes[at] === CLOSING_BRACKET) return at + 1
      if (bytes[at] !== COMMA) return this.fail(at)
      at = this.#skipInnerSpaces(at + 1)
    }
  }

  #objectEnd(start: number, depth: number): number {
    const { bytes } = this
    if (!this.checkDepth(depth, start)) return INVALID
    let at = this.#skipInnerSpaces(start + 1)
    if (bytes[at] === CLOSING_BRACE) return at + 1
    for (;;) {
      if (bytes[at] !== QUOTE) return this.fail(at)
      at = this.stringEnd(at + 1)
      if (at === INVALID) return INVALID
      at = this.#skipInnerSpaces(at + 1)
      if (bytes[at] !== COLON) return this.fail(at)
      at = this.valueEnd(this.#skipInnerSpaces(at + 1), depth)
      if (at === INVALID) return INVALID
      at = this.#skipInnerSpaces(at)
      if (bytes[at] === CLOSING_BRACE) return at + 1
      if (bytes[at] !== COMMA) return this.fail(at)
      at = this.#skipInnerSpaces(at + 1)
    }
  }

  /** The end of any value; `depth` levels are open around it. */
  valueEnd(at: number, depth: number): number {
    const byte = this.bytes[at]
    if (byte === QUOTE) {
      const end = this.stringEnd(at + 1)
      return end === INVALID ? INVALID : end + 1
    }
    if (byte === OPENING_BRACE) return this.#objectEnd(at, depth + 1)
    if (byte === OPENING_BRACKET) return this.#arrayEnd(at, depth + 1)
    return startsNumber(byte) ? this.numberEnd(at) : this.literalEnd(at)
  }

  #skipInnerSpaces(at: number): number {
    const end = this.skipSpaces(at)
    if (end !== at) this.isSpaced = true
    return end
  }

  /** Writes a valid array or object without the spaces between its parts into `target` at 0; how many bytes it has. */
  compact(start: number, end: number, target: Uint8Array): number {
    const { bytes } = this
    let to = 0
    let isInString = false
    for (let at = start; at < end; at++) {
      const byte = bytes[at]
      if (!isInString && (byte === SPACE || byte === TAB || byte === RETURN)) continue
      target[to++] = byte
      if (byte === QUOTE) isInString = !isInString
      else if (byte === BACKSLASH) target[to++] = bytes[++at]
    }
    return to
  }
}

export function startsNumber(byte: number): boolean {
  return (byte >= ZERO && byte <= NINE) || byte === MINUS
}

/**
 * A sign bit is set if one of the four bytes is a quote, a backslash or below 0x20: it shows the borrow of a
 * subtraction.
 */
function stopBits(word: number): number {
  const quote = word ^ 0x22222222
  const backslash = word ^ 0x5c5c5c5c
  return (
    ((word - 0x20202020) & ~word) | ((quote - 0x01010101) & ~quote) | ((backslash - 0x01010101) & ~backslash)
  )
}

function writeUtf8(target: Uint8Array, at: number, code: number): number {
  if (code < 0x80) {
    target[at++] = code
    return at
  }
  if (code < 0x800) target[at++] = 0xc0 | (code >> 6)
  else {
    if (code < 0x10000) target[at++] = 0xe0 | (code >> 12)
    else {
      target[at++] = 0xf0 | (code >> 18)
      target[at++] = 0x80 | ((code >> 12) & 0x3f)
    }
    target[at++] = 0x80 | ((code >> 6) & 0x3f)
  }
  target[at++] = 0x80 | (code & 0x3f)
  return at
}
