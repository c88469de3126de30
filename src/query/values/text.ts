/**
 * Text of queries and bytes of records.
 *
 * Records may hold bytes that are not UTF-8, and a query must be able to ask for them (`"\xff"`). Inside a query such a
 * byte is one code unit from U+DC80 to U+DCFF, which no valid text contains; `encodeText` and `decodeText` turn one
 * into the other without loss.
 */
const encoder = new TextEncoder()
const strictDecoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
const looseDecoder = new TextDecoder('utf-8', { ignoreBOM: true })

const LONE_SURROGATE = /[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/
const UNPRINTABLE_SURROGATE =
  /[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udc7f\udd00-\udfff]/g
const REPLACEMENT = '\ufffd'

/** The bytes of a text. A code unit from U+DC80 to U+DCFF that stands alone is the byte 80 to FF. */
export function encodeText(text: string): Uint8Array {
  if (!LONE_SURROGATE.test(text)) return encoder.encode(text)
  const bytes: number[] = []
  for (const character of text) {
    const code = character.codePointAt(0)!
    if (code >= 0xdc80 && code <= 0xdcff) bytes.push(code - 0xdc00)
    else bytes.push(...encoder.encode(character))
  }
  return Uint8Array.from(bytes)
}

/** The text of bytes. Every byte that is not part of UTF-8 becomes one code unit from U+DC80 to U+DCFF. */
export function decodeText(bytes: Uint8Array): string {
  try {
    return strictDecoder.decode(bytes)
  } catch {
    return decodePieces(bytes)
  }
}

function decodePieces(bytes: Uint8Array): string {
  let text = ''
  for (let at = 0; at < bytes.length; ) {
    const length = sequenceLength(bytes, at, bytes.length)
    text +=
      length === 0
        ? String.fromCharCode(0xdc00 + bytes[at])
        : strictDecoder.decode(bytes.subarray(at, at + length))
    at += length || 1
  }
  return text
}

/** The text of bytes for people: what is not UTF-8 shows as U+FFFD. */
export function decodeLoosely(bytes: Uint8Array): string {
  return looseDecoder.decode(bytes)
}

/** A query text in which every code unit is part of a character or means a byte. Its length does not change. */
export function cleanText(text: string): string {
  return text.replace(UNPRINTABLE_SURROGATE, REPLACEMENT)
}

/** Bytes of the UTF-8 sequence that starts at `at`, or 0 where none does. Never looks at or beyond `end`. */
export function sequenceLength(bytes: Uint8Array, at: number, end: number): number {
  const lead = bytes[at]
  if (lead < 0x80) return 1
  const length = lead < 0xc2 ? 0 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : lead < 0xf5 ? 4 : 0
  if (length === 0 || at + length > end) return 0
  const second = bytes[at + 1]
  if (second < secondMin(lead) || second > secondMax(lead)) return 0
  for (let next = at + 2; next < at + length; next++) if ((bytes[next] & 0xc0) !== 0x80) return 0
  return length
}

/** Shortest form only (E0, F0). */
function secondMin(lead: number): number {
  return lead === 0xe0 ? 0xa0 : lead === 0xf0 ? 0x90 : 0x80
}

/** No surrogates (ED), nothing above U+10FFFF (F4). */
function secondMax(lead: number): number {
  return lead === 0xed ? 0x9f : lead === 0xf4 ? 0x8f : 0xbf
}

/** The code point of the sequence of `length` bytes at `at`, as `sequenceLength` found it. */
export function codePointAt(bytes: Uint8Array, at: number, length: number): number {
  const lead = bytes[at]
  if (length === 1) return lead
  if (length === 2) return ((lead & 0x1f) << 6) | (bytes[at + 1] & 0x3f)
  const middle = ((bytes[at + 1] & 0x3f) << 6) | (bytes[at + 2] & 0x3f)
  if (length === 3) return ((lead & 0x0f) << 12) | middle
  return ((lead & 0x07) << 18) | (middle << 6) | (bytes[at + 3] & 0x3f)
}
