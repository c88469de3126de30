/**
 * LogsQL words: runs of letters, digits and underscores of any script (Unicode classes L and Nd). Works on bytes; what
 * is not UTF-8 belongs to no word.
 */
import { codePointAt, sequenceLength } from './text.ts'

const WORD_CHARACTER = /^[\p{L}\p{Nd}_]$/u
const BMP_SIZE = 0x10000
const UNKNOWN = 0
const YES = 1
const NO = 2

/** One answer for every code point below U+10000, found when first asked for. */
const answers = new Uint8Array(BMP_SIZE)

export function isWordCode(code: number): boolean {
  if (code >= BMP_SIZE) return WORD_CHARACTER.test(String.fromCodePoint(code))
  if (answers[code] === UNKNOWN) answers[code] = WORD_CHARACTER.test(String.fromCharCode(code)) ? YES : NO
  return answers[code] === YES
}

/** A word character starts at `at`. Never looks at or beyond `end`. */
export function isWordAt(data: Uint8Array, at: number, end: number): boolean {
  if (at >= end) return false
  if (data[at] < 0x80) return isWordCode(data[at])
  const length = sequenceLength(data, at, end)
  return length > 0 && isWordCode(codePointAt(data, at, length))
}

/** A word character ends right before `at`. Never looks before `start`. */
export function isWordBefore(data: Uint8Array, at: number, start: number): boolean {
  if (at <= start) return false
  if (data[at - 1] < 0x80) return isWordCode(data[at - 1])
  for (let back = 2; back <= 4 && at - back >= start; back++) {
    const length = sequenceLength(data, at - back, at)
    if (length === back) return isWordCode(codePointAt(data, at - back, length))
  }
  return false
}
