/**
 * Quoted text of LogsQL. `"…"` and `'…'` know backslash escapes (\n \t \\ \" \xNN \NNN \uNNNN \UNNNNNNNN and the rare
 * \a \b \f \r \v), `…` between backticks knows none. `\x80` to `\xff` are bytes, not characters: see text.ts.
 */
import { decodeText, encodeText } from '../values/text.ts'

export interface Unquoted {
  readonly text: string
  /** What is wrong, with its place within the raw text; null when nothing is. */
  readonly problem: { readonly message: string; readonly offset: number; readonly length: number } | null
}

const SIMPLE_ESCAPES: Readonly<Record<string, string>> = {
  a: '\x07',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
  v: '\v',
  '\\': '\\',
  '"': '"',
  "'": "'",
}
const CODED_ESCAPE = /\\(?:x([0-9a-fA-F]{2})|([0-3][0-7]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8}))/y
const BYTE_BASE = 0xdc00

/** Where the quoted text that opens at `start` ends (after its closing quote), or -1 when nothing closes it. */
export function quotedEnd(source: string, start: number): number {
  const quote = source[start]
  for (let at = start + 1; at < source.length; at++) {
    if (source[at] === quote) return at + 1
    if (source[at] === '\\' && quote !== '`') at++
  }
  return -1
}

/** The text that a quoted text with its quotes stands for. */
export function unquote(raw: string): Unquoted {
  const inner = raw.slice(1, -1)
  if (raw[0] === '`' || !inner.includes('\\')) return { text: inner, problem: null }
  let text = ''
  let hasBytes = false
  for (let at = 0; at < inner.length; ) {
    if (inner[at] !== '\\') {
      text += inner[at++]
      continue
    }
    const read = readEscape(inner, at)
    if (read === null) return { text, problem: escapeProblem(inner, at) }
    text += read.text
    hasBytes ||= read.isByte
    at += read.length
  }
  return { text: hasBytes ? decodeText(encodeText(text)) : text, problem: null }
}

function readEscape(inner: string, at: number): { text: string; length: number; isByte: boolean } | null {
  const simple = SIMPLE_ESCAPES[inner[at + 1]]
  if (simple !== undefined) return { text: simple, length: 2, isByte: false }
  CODED_ESCAPE.lastIndex = at
  const match = CODED_ESCAPE.exec(inner)
  if (match === null) return null
  const [all, hex, octal, short, long] = match
  if (hex !== undefined || octal !== undefined) {
    const byte = hex === undefined ? Number.parseInt(octal, 8) : Number.parseInt(hex, 16)
    return {
      text: String.fromCharCode(byte < 0x80 ? byte : BYTE_BASE + byte),
      length: all.length,
      isByte: byte >= 0x80,
    }
  }
  const code = Number.parseInt(short ?? long, 16)
  if (code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff)) return null
  return { text: String.fromCodePoint(code), length: all.length, isByte: false }
}

function escapeProblem(inner: string, at: number): Unquoted['problem'] {
  const written = inner.slice(at, at + 2)
  const name = shown(written)
  return {
    message: `${name} is no escape inside quotes: write \`\\${name.slice(1)}, or put the text between backticks`,
    offset: at + 1,
    length: written.length,
  }
}

const NAMED_ESCAPES: Readonly<Record<string, string>> = {
  '\n': '\\n',
  '\r': '\\r',
  '\t': '\\t',
  '"': '\\"',
  '\\': '\\\\',
}
/** Quotes, backslashes, controls, line and paragraph ends, what turns the direction of text, and lone code units. */
const TO_ESCAPE =
  /["\\\p{Cc}\u2028\u2029\u200e\u200f\u061c\u202a-\u202e\u2066-\u2069\ufeff]|[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/gu

/** A text between quotation marks, so that `unquote` gives it back, in characters that are safe to show. */
export function quote(text: string): string {
  return `"${text.replace(TO_ESCAPE, escapeOf)}"`
}

function escapeOf(character: string): string {
  const named = NAMED_ESCAPES[character]
  if (named !== undefined) return named
  const code = character.codePointAt(0)!
  if (code >= BYTE_BASE + 0x80 && code <= BYTE_BASE + 0xff) return `\\x${(code - BYTE_BASE).toString(16)}`
  return `\\u${code.toString(16).padStart(4, '0')}`
}

const SHOWN_MAX = 40

/** A piece of the query for an error message: between backticks, on one line, inert and not long. */
export function shown(text: string): string {
  return `\`${inert(text.length > SHOWN_MAX ? `${text.slice(0, SHOWN_MAX)}…` : text)}\``
}

/** A text that may stand in a message: on one line, nothing invisible, no control characters. */
export function inert(text: string): string {
  return text.replace(TO_ESCAPE, (character) => ('"\\'.includes(character) ? character : escapeOf(character)))
}
