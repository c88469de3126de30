/**
 * The words of a value, as LogsQL means them: longest runs of letters, decimal digits and underscores of any script
 * (Unicode classes L and Nd). Works on bytes; what is not UTF-8 belongs to no word and parts the words beside it.
 *
 *   for (let start = wordStart(data, from, end); start < end; start = wordStart(data, stop, end)) {
 *     stop = wordEnd(data, start, end)
 *     …data[start .. stop) is a word
 *   }
 *
 * Which code points are letters depends on the Unicode version of the runtime: whoever stores anything made of words
 * stores `WORDS_UNICODE_VERSION` with it.
 */
const WORD_CHARACTER = /^[\p{L}\p{Nd}_]$/u
const BMP_SIZE = 0x10000
const UNKNOWN = 0
const YES = 1
const NO = 2

/** `17.0` as 0x1100; 0 in a browser, which does not say. */
export const WORDS_UNICODE_VERSION = packVersion(globalThis.process?.versions['unicode'] ?? '0.0')

/** One answer for every code point below U+10000: of ASCII at once, of the rest when first asked for. */
const answers = new Uint8Array(BMP_SIZE)
for (let code = 0; code < 0x80; code++) answers[code] = askUnicode(code)

function packVersion(text: string): number {
  const [major, minor] = text.split('.').map(Number)
  return (major << 8) | minor
}

function askUnicode(code: number): number {
  return WORD_CHARACTER.test(String.fromCodePoint(code)) ? YES : NO
}

function isWordCode(code: number): boolean {
  if (code >= BMP_SIZE) return askUnicode(code) === YES
  if (answers[code] === UNKNOWN) answers[code] = askUnicode(code)
  return answers[code] === YES
}

/** Where the first word at or behind `at` starts, `end` where there is none. `at` is no place inside a character. */
export function wordStart(data: Uint8Array, at: number, end: number): number {
  while (at < end) {
    const byte = data[at]
    if (byte < 0x80) {
      if (answers[byte] === YES) return at
      at++
    } else {
      const code = codePointAt(data, at, end)
      if (code >= 0 && isWordCode(code)) return at
      at += byteLengthOf(code)
    }
  }
  return end
}

/** Where the word that starts at `at` ends. */
export function wordEnd(data: Uint8Array, at: number, end: number): number {
  while (at < end) {
    const byte = data[at]
    if (byte < 0x80) {
      if (answers[byte] !== YES) return at
      at++
    } else {
      const code = codePointAt(data, at, end)
      if (code < 0 || !isWordCode(code)) return at
      at += byteLengthOf(code)
    }
  }
  return end
}

/** The code point of the UTF-8 sequence that starts at `at`, -1 where none does. Never looks at or beyond `end`. */
function codePointAt(data: Uint8Array, at: number, end: number): number {
  const lead = data[at]
  if (lead < 0x80) return lead
  if (lead < 0xc2 || lead > 0xf4) return -1
  const length = lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4
  if (at + length > end) return -1
  let code = lead & (0x7f >> length)
  for (let next = at + 1; next < at + length; next++) {
    if ((data[next] & 0xc0) !== 0x80) return -1
    code = (code << 6) | (data[next] & 0x3f)
  }
  return isShortestForm(code, length) ? code : -1
}

/** Also no surrogates, and nothing above U+10FFFF. */
function isShortestForm(code: number, length: number): boolean {
  if (length === 2) return true
  if (length === 3) return code >= 0x800 && (code < 0xd800 || code > 0xdfff)
  return code >= BMP_SIZE && code <= 0x10ffff
}

/** Bytes to move on by: what is not UTF-8 is passed byte by byte. */
function byteLengthOf(code: number): number {
  return code < 0x80 ? 1 : code < 0x800 ? 2 : code < BMP_SIZE ? 3 : 4
}

/** A word as a piece of bytes. */
export interface WordSpan {
  readonly start: number
  readonly end: number
}

/**
 * The words that every value has in which the phrase stands as LogsQL demands: a word character at either end of it
 * is the end of a word there, but at its last end not where it `isPrefix`. Words at an end whose bytes may be a piece
 * of a larger character are left out.
 */
export function requiredWords(phrase: Uint8Array, isPrefix: boolean): WordSpan[] {
  const words: WordSpan[] = []
  const length = phrase.length
  for (
    let start = wordStart(phrase, 0, length), end = 0;
    start < length;
    start = wordStart(phrase, end, length)
  ) {
    end = wordEnd(phrase, start, length)
    const isSure = isSureStart(phrase, start) && isSureEnd(phrase, end, isPrefix)
    if (isSure) words.push({ start, end })
  }
  return words
}

/** Not where only continuation bytes stand before it: in a value they may end a letter. */
function isSureStart(phrase: Uint8Array, start: number): boolean {
  for (let at = 0; at < start; at++) if ((phrase[at] & 0xc0) !== 0x80) return true
  return start === 0 || start > 3
}

/** Not where only a lead byte and its first continuation bytes stand behind it: in a value they may go on as a letter. */
function isSureEnd(phrase: Uint8Array, end: number, isPrefix: boolean): boolean {
  const { length } = phrase
  if (end === length) return !isPrefix
  if (length - end > 3 || phrase[end] < 0xc2) return true
  for (let at = end + 1; at < length; at++) if ((phrase[at] & 0xc0) !== 0x80) return true
  return codePointAt(phrase, end, length) >= 0
}
