/**
 * Letters without case, for texts with letters beyond ASCII: every code point becomes its small form, one for one, so
 * that neighbours and languages do not matter (`Σ` is always `σ`). Bytes that are not UTF-8 stay as they are.
 */
import { codePointAt, encodeText, sequenceLength } from './text.ts'

const smallForms = new Map<number, Uint8Array>()

function smallFormOf(code: number): Uint8Array {
  let form = smallForms.get(code)
  if (form === undefined) {
    const small = String.fromCodePoint(code).toLowerCase().codePointAt(0)!
    form = encodeText(String.fromCodePoint(small))
    smallForms.set(code, form)
  }
  return form
}

/** A text in its small form, in memory of its own that the next call uses again. */
export class FoldedText {
  bytes = new Uint8Array(1024)
  length = 0

  fold(data: Uint8Array, start: number, end: number): void {
    this.length = 0
    // A small form may have three bytes where the letter had two, never more.
    const needed = (end - start) * 2
    if (needed > this.bytes.length) this.bytes = new Uint8Array(needed)
    for (let at = start; at < end; ) at += this.#foldOne(data, at, end)
  }

  #foldOne(data: Uint8Array, at: number, end: number): number {
    const byte = data[at]
    if (byte < 0x80) {
      this.bytes[this.length++] = byte >= 0x41 && byte <= 0x5a ? byte + 0x20 : byte
      return 1
    }
    const length = sequenceLength(data, at, end)
    if (length === 0) {
      this.bytes[this.length++] = byte
      return 1
    }
    const form = smallFormOf(codePointAt(data, at, length))
    for (let index = 0; index < form.length; index++) this.bytes[this.length++] = form[index]
    return length
  }
}

/** The small form of bytes. */
export function foldBytes(bytes: Uint8Array): Uint8Array {
  const folded = new FoldedText()
  folded.fold(bytes, 0, bytes.length)
  return folded.bytes.slice(0, folded.length)
}

export function isAscii(data: Uint8Array, start: number, end: number): boolean {
  for (let at = start; at < end; at++) if (data[at] >= 0x80) return false
  return true
}

/** ASCII letters that have another case. Of letters beyond ASCII nothing is said. */
export function hasAsciiLetter(text: string): boolean {
  return /[a-z]/i.test(text)
}
