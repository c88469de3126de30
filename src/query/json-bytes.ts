/**
 * Bytes of values as JSON texts in UTF-8, byte by byte: what `JSON.stringify` makes of the text of the bytes, without
 * that text. Bytes that are not UTF-8 show as U+FFFD.
 */
import { printDigits, printNumber } from '../base/portable.ts'
import { decodeLoosely, sequenceLength } from './values/text.ts'

const QUOTE = 0x22
const BACKSLASH = 0x5c
/** The most bytes that one byte becomes. */
const ESCAPE_BYTES_MAX = 6
const HEX = Uint8Array.from('0123456789abcdef', (digit) => digit.charCodeAt(0))
const LETTER_U = 0x75
const ZERO = 0x30
/** Of a whole number that is exact. */
const DIGITS_MAX = 16

const PART = 1
/** By byte: 0 as it is, PART of a longer sequence, LETTER_U for `\u00xx`, else the letter behind a backslash. */
const WAYS = Uint8Array.from({ length: 256 }, (_, byte) => wayOf(byte))

function wayOf(byte: number): number {
  if (byte >= 0x80) return PART
  const json = JSON.stringify(String.fromCharCode(byte))
  return json.length === 3 ? 0 : json.charCodeAt(2)
}

const encoder = new TextEncoder()

/** Memory that is written to from its beginning, and grows. */
export class JsonBytes {
  #bytes: Uint8Array<ArrayBuffer>
  #at = 0
  readonly #size: number

  /** `size`: bytes to begin with. */
  constructor(size: number) {
    this.#size = size
    this.#bytes = new Uint8Array(size)
  }

  get length(): number {
    return this.#at
  }

  /** What was written; what comes then lies in other memory. */
  take(): Uint8Array {
    const taken = this.#bytes.subarray(0, this.#at)
    this.#bytes = new Uint8Array(this.#size)
    this.#at = 0
    return taken
  }

  byte(value: number): void {
    if (this.#at === this.#bytes.length) this.#room(1)
    this.#bytes[this.#at++] = value
  }

  /** As they are. */
  put(bytes: Uint8Array): void {
    const { length } = bytes
    this.#room(length)
    const target = this.#bytes
    const at = this.#at
    for (let offset = 0; offset < length; offset++) target[at + offset] = bytes[offset]
    this.#at = at + length
  }

  /** A whole number from 0 on, without quotes. */
  digits(value: number): void {
    this.#room(DIGITS_MAX)
    this.#at = printNumber(value, this.#bytes, this.#at)
  }

  /** With zeros before it. */
  digitsOf(value: number, count: number): void {
    this.#room(count)
    printDigits(value, count, this.#bytes, this.#at)
    this.#at += count
  }

  /** The bytes from `start` to `end` as a text in quotes. */
  text(data: Uint8Array, start: number, end: number): void {
    this.#room(2 + end - start)
    const from = this.#at
    const bytes = this.#bytes
    let at = from
    bytes[at++] = QUOTE
    let next = start
    for (; next < end; next++) {
      const byte = data[next]
      if (WAYS[byte] !== 0) break
      bytes[at++] = byte
    }
    if (next < end) {
      this.#at = at
      if (this.#escaped(data, next, end)) return
      this.#at = from
      this.put(encoder.encode(JSON.stringify(decodeLoosely(data.subarray(start, end)))))
      return
    }
    bytes[at++] = QUOTE
    this.#at = at
  }

  /** The rest of a text; false where it is not UTF-8. */
  #escaped(data: Uint8Array, start: number, end: number): boolean {
    this.#room(ESCAPE_BYTES_MAX * (end - start) + 1)
    const bytes = this.#bytes
    let at = this.#at
    for (let next = start; next < end; ) {
      const byte = data[next]
      const way = WAYS[byte]
      if (way === 0) {
        bytes[at++] = byte
        next++
      } else if (way === PART) {
        const length = sequenceLength(data, next, end)
        if (length === 0) return false
        for (const behind = next + length; next < behind; next++) bytes[at++] = data[next]
      } else {
        bytes[at++] = BACKSLASH
        bytes[at++] = way
        if (way === LETTER_U) {
          bytes[at++] = ZERO
          bytes[at++] = ZERO
          bytes[at++] = HEX[byte >> 4]
          bytes[at++] = HEX[byte & 15]
        }
        next++
      }
    }
    bytes[at++] = QUOTE
    this.#at = at
    return true
  }

  #room(count: number): void {
    const needed = this.#at + count
    if (needed <= this.#bytes.length) return
    const larger = new Uint8Array(Math.max(needed, 2 * this.#bytes.length))
    larger.set(this.#bytes.subarray(0, this.#at))
    this.#bytes = larger
  }
}
