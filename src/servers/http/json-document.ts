/**
 * A JSON document, one object or an array of objects, as lines of NDJSON of the same length: element n becomes line n.
 * Only the structure around the elements is looked at; whether each is JSON is the decoder's to say.
 *
 *   [{"a":1},\n {"b":2}]   ->   " {"a":1}\n  {"b":2} "
 */
import { HttpProblem } from './problem-document.ts'

const TAB = 0x09
const NEWLINE = 0x0a
const RETURN = 0x0d
const SPACE = 0x20
const QUOTE = 0x22
const COMMA = 0x2c
const BACKSLASH = 0x5c
const OPENING_BRACKET = 0x5b
const CLOSING_BRACKET = 0x5d
const OPENING_BRACE = 0x7b
const CLOSING_BRACE = 0x7d
const BYTE_ORDER_MARK = Buffer.from('\ufeff')
/** As wrong in a string as a line break is, but it ends no line. */
const CONTROL = 0x1f

/** Changes `body` and gives it back. REQUEST_INVALID when what stands around its elements is no JSON. */
export function linesOfJson(body: Buffer): Buffer {
  if (body.subarray(0, BYTE_ORDER_MARK.length).equals(BYTE_ORDER_MARK)) {
    body.fill(SPACE, 0, BYTE_ORDER_MARK.length)
  }
  const start = spacesEnd(body, 0)
  if (body[start] === OPENING_BRACKET) splitArray(body, start)
  else joinLines(body)
  return body
}

function spacesEnd(body: Buffer, from: number): number {
  let at = from
  while (isSpace(body[at])) at++
  return at
}

function isSpace(byte: number | undefined): boolean {
  return byte === SPACE || byte === NEWLINE || byte === RETURN || byte === TAB
}

function joinLines(body: Buffer): void {
  for (let at = 0; at < body.length; ) at = passToken(body, at)
}

function splitArray(body: Buffer, start: number): void {
  body[start] = SPACE
  let at = start + 1
  for (let count = 0, isLast = false; !isLast; count++) {
    const end = elementEnd(body, at)
    isLast = body[end] === CLOSING_BRACKET
    const isEmptyArray = isLast && count === 0
    if (spacesEnd(body, at) === end && !isEmptyArray) throw invalid('an element is missing', end)
    body[end] = isLast ? SPACE : NEWLINE
    at = end + 1
  }
  checkEnd(body, at)
}

/** The comma or the bracket that ends the element at `from`. */
function elementEnd(body: Buffer, from: number): number {
  let depth = 0
  let at = from
  while (at < body.length) {
    const byte = body[at]
    if (depth === 0 && (byte === COMMA || byte === CLOSING_BRACKET)) return at
    if (byte === OPENING_BRACKET || byte === OPENING_BRACE) depth++
    if (byte === CLOSING_BRACKET || byte === CLOSING_BRACE) depth--
    if (depth < 0) throw invalid('something is closed that was not opened', at)
    at = passToken(body, at)
  }
  throw invalid('the array is not closed', at)
}

function checkEnd(body: Buffer, from: number): void {
  const at = spacesEnd(body, from)
  if (at < body.length) throw invalid('something follows the array', at)
  body.fill(SPACE, from)
}

/** Behind a string, or behind one byte. Line breaks become spaces, or, inside a string, what is as wrong. */
function passToken(body: Buffer, at: number): number {
  if (body[at] === QUOTE) return passString(body, at + 1)
  if (body[at] === NEWLINE || body[at] === RETURN) body[at] = SPACE
  return at + 1
}

function passString(body: Buffer, from: number): number {
  let at = from
  let isEscaped = false
  for (; at < body.length && (isEscaped || body[at] !== QUOTE); at++) {
    if (body[at] === NEWLINE || body[at] === RETURN) body[at] = CONTROL
    isEscaped = !isEscaped && body[at] === BACKSLASH
  }
  return at + 1
}

function invalid(what: string, at: number): HttpProblem {
  return new HttpProblem('REQUEST_INVALID', `The body is not JSON: ${what}, at byte ${at + 1}.`)
}
