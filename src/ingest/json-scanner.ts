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
/** How far beyond the newline of a line `unescapeString` looks, and others that look at eight bytes at a time. */
export const SLACK_BYTES = 8

/**
 * The same for the loops below: a binding that is exported or imported is looked up each time that it is used
 * (measured: a fifteenth of all decoding).
 */
const STRING_END = QUOTE
const ESCAPE = BACKSLASH
const FAILED = INVALID

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
  /** Of `bytes`. */
  view: DataView = new DataView(new ArrayBuffer(0))
  /** The string that was scanned last has escapes. */
  isEscaped = false
  /** Behind what `unescapeString` wrote last. */
  unescapedEnd = 0
  /** Spaces stood within the array or object that was scanned last. */
  isSpaced = false
  /** It was valid so far but nested too deeply. */
  isTooDeep = false
  /** Where the bytes stop being JSON, once something was INVALID. */
  invalidAt = 0
  readonly #depthMax: number

  /** `depthMax`: how many arrays and objects may be open at once. */
  constructor(depthMax: number) {
    this.#depthMax = depthMax
  }

  /** The memory that lines are in. */
  setBytes(bytes: Uint8Array, view: DataView): void {
    assert(bytes.length === view.byteLength, 'a view of other bytes')
    this.bytes = bytes
    this.view = view
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
    const { bytes, view } = this
    const wordsEnd = view.byteLength - 7
    let at = start
    this.isEscaped = false
    for (;;) {
      while (at < wordsEnd) {
        const low = stopsOf(view.getInt32(at, true))
        const high = stopsOf(view.getInt32(at + 4, true))
        if ((low | high) !== 0) {
          at = (at + stopOfEight(low, high)) | 0
          break
        }
        at = (at + 8) | 0
      }
      let byte = bytes[at]
      while (byte >= SPACE && byte !== STRING_END && byte !== ESCAPE) byte = bytes[++at]
      if (byte === STRING_END) return at
      if (byte !== ESCAPE) return this.fail(at)
      this.isEscaped = true
      at = this.#escapeEnd(at)
      if (at === FAILED) return FAILED
    }
  }

  /** Behind the escape whose backslash stands at `at`. */
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
   * Writes what a valid string says, as UTF-8, into `target` at `to`, where there is room for `end - start` bytes;
   * behind its last byte. Half a surrogate pair becomes U+FFFD. Four bytes at a time between escapes; what such a
   * word holds beyond them is written over.
   */
  unescape(start: number, end: number, target: DataView, to: number): number {
    const { bytes, view } = this
    const wordsEnd = end - 3
    let at = start
    while (at < end) {
      if (at < wordsEnd) {
        const word = view.getInt32(at, true)
        const stops = stopsOf(word)
        target.setInt32(to, word, true)
        const plain = stops === 0 ? 4 : stopOfEight(stops, 0)
        at += plain
        to += plain
        if (stops === 0) continue
      }
      const byte = bytes[at]
      if (byte !== ESCAPE) {
        target.setUint8(to++, byte)
        at++
      } else if (bytes[at + 1] !== SMALL_U) {
        target.setUint8(to++, ESCAPED[bytes[at + 1]])
        at += 2
      } else {
        const code = this.#codePoint(at)
        to = writeUtf8(target, to, code)
        at += code > 0xffff ? 12 : 6
      }
    }
    return to
  }

  /**
   * Reads a string from `start` on and writes what it says, as UTF-8, into `target` at `to`; where its closing quote
   * stands, or INVALID, also when `target` has no room for it and SLACK_BYTES more. Then `unescapedEnd` is behind the
   * last byte that was written. One pass for what `stringEnd` and `unescape` do in two, eight bytes at a time; it looks
   * up to SLACK_BYTES beyond the newline.
   */
  unescapeString(start: number, target: DataView, to: number): number {
    const { bytes, view } = this
    const roomEnd = target.byteLength - 8
    let at = start
    while (to <= roomEnd) {
      const first = view.getInt32(at, true)
      const second = view.getInt32(at + 4, true)
      target.setInt32(to, first, true)
      target.setInt32(to + 4, second, true)
      const low = stopsOf(first)
      const high = stopsOf(second)
      if ((low | high) === 0) {
        at = (at + 8) | 0
        to = (to + 8) | 0
        continue
      }
      const plain = stopOfEight(low, high)
      at = (at + plain) | 0
      to = (to + plain) | 0
      const byte = bytes[at]
      if (byte === STRING_END) {
        this.unescapedEnd = to
        return at
      }
      if (byte !== ESCAPE || to > roomEnd) return FAILED
      const escaped = ESCAPED[bytes[at + 1]]
      if (escaped !== 0) {
        target.setUint8(to++, escaped)
        at += 2
      } else {
        if (this.#escapeEnd(at) === FAILED) return FAILED
        const code = this.#codePoint(at)
        to = writeUtf8(target, to, code)
        at += code > 0xffff ? 12 : 6
      }
    }
    return FAILED
  }

  /** The character of `\uXXXX`, or of two of them that are a surrogate pair. */
  #codePoint(at: number): number {
    const { bytes } = this
    const unit = this.#codeUnit(at)
    if (unit < 0xd800 || unit > 0xdfff) return unit
    const isPaired =
      unit < 0xdc00 &&
      bytes[at + 6] === BACKSLASH &&
      bytes[at + 7] === SMALL_U &&
      this.#escapeEnd(at + 6) !== INVALID
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

/** The first byte of `true`, `false` or `null`. */
export function startsLiteral(byte: number): boolean {
  return byte === SMALL_T || byte === SMALL_F || byte === SMALL_N
}

/**
 * The sign bits of those of four bytes that are a quote, a backslash or below 0x20; beyond the first such byte the
 * borrow of a subtraction may show others. A quote with its second bit turned is 0x20, and what was below stays below.
 */
function stopsOf(word: number): number {
  const quotes = (word ^ 0x02020202) - 0x21212121
  const backslashes = (word ^ 0x5c5c5c5c) - 0x01010101
  return (quotes | backslashes) & ~word & SIGN_BITS
}

/**
 * Which of eight bytes the first is that has its sign bit set, of which there is one. Without a branch, which would be
 * mispredicted every other time: a multiplication gathers the four sign bits of a word side by side.
 */
function stopOfEight(low: number, high: number): number {
  const bits = (Math.imul(low >>> 7, 0x10204080) >>> 28) | ((Math.imul(high >>> 7, 0x10204080) >>> 24) & 0xf0)
  return 31 - Math.clz32(bits & -bits)
}

/** For loops elsewhere, which give them names of their own. */
export const stopBits = stopsOf
export const firstStop = stopOfEight

function writeUtf8(target: DataView, at: number, code: number): number {
  if (code < 0x80) {
    target.setUint8(at++, code)
    return at
  }
  if (code < 0x800) target.setUint8(at++, 0xc0 | (code >> 6))
  else {
    if (code < 0x10000) target.setUint8(at++, 0xe0 | (code >> 12))
    else {
      target.setUint8(at++, 0xf0 | (code >> 18))
      target.setUint8(at++, 0x80 | ((code >> 12) & 0x3f))
    }
    target.setUint8(at++, 0x80 | ((code >> 6) & 0x3f))
  }
  target.setUint8(at++, 0x80 | (code & 0x3f))
  return at
}
