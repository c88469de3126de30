/**
 * What may reach a terminal. Log text is hostile: `terminalSafe` makes it inert, so that no byte of a log moves the
 * cursor, changes a title, hides or reorders text. Nothing else in cli/ may print text of a log to a terminal.
 *
 * Shown instead of themselves: control characters (`\n`, `\r`, `\x1b`, `\u009b`), format characters such as
 * bidirectional overrides and everything without width (`\u202e`), line and paragraph separators, lone surrogates,
 * and bytes that are not UTF-8 (`\xff`). Tabs and backslashes stay. This is for eyes: it cannot be read back.
 */
import { isUtf8 } from 'node:buffer'
import { styleText } from 'node:util'

const HOSTILE = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]|[\u{e0100}-\u{e01ef}]/gu
const HOSTILE_ONCE = new RegExp(HOSTILE.source, 'u')
const TAB = '\t'
const NAMED: Readonly<Record<string, string>> = { '\n': '\\n', '\r': '\\r', [TAB]: TAB }
const decoder = new TextDecoder('utf-8', { ignoreBOM: true })

/** The text with everything escaped that a terminal could obey. Never holds a newline. */
export function terminalSafe(text: string | Uint8Array): string {
  const decoded = typeof text === 'string' ? text : decodeVisibly(text)
  return HOSTILE_ONCE.test(decoded) ? decoded.replace(HOSTILE, escapeVisibly) : decoded
}

/** A line of JSON that means the same and is inert on a terminal: hostile characters become JSON's own `\u` escapes. */
export function jsonSafe(json: string): string {
  return HOSTILE_ONCE.test(json) ? json.replace(HOSTILE, escapeForJson) : json
}

function escapeVisibly(character: string): string {
  const named = NAMED[character]
  if (named !== undefined) return named
  const code = character.codePointAt(0)!
  if (code < 0x80) return `\\x${hex(code, 2)}`
  return code > 0xffff ? `\\u{${hex(code, 1)}}` : `\\u${hex(code, 4)}`
}

function escapeForJson(character: string): string {
  let escaped = ''
  for (let i = 0; i < character.length; i++) escaped += `\\u${hex(character.charCodeAt(i), 4)}`
  return escaped
}

const hex = (value: number, digits: number): string => value.toString(16).padStart(digits, '0')

/** UTF-8 to text, where each byte that is not UTF-8 becomes `\xNN`. */
function decodeVisibly(bytes: Uint8Array): string {
  if (isUtf8(bytes)) return decoder.decode(bytes)
  let text = ''
  let good = 0
  for (let i = 0; i < bytes.length; ) {
    const length = sequenceLength(bytes, i)
    if (length > 0) {
      i += length
      continue
    }
    text += `${decoder.decode(bytes.subarray(good, i))}\\x${hex(bytes[i], 2)}`
    good = ++i
  }
  return text + decoder.decode(bytes.subarray(good))
}

/** Bytes of the UTF-8 sequence at `i`, 0 when there is no valid one. */
function sequenceLength(bytes: Uint8Array, i: number): number {
  const lead = bytes[i]
  if (lead < 0x80) return 1
  const length =
    lead >= 0xc2 && lead < 0xe0 ? 2 : lead >= 0xe0 && lead < 0xf0 ? 3 : lead >= 0xf0 && lead < 0xf5 ? 4 : 0
  return length > 0 && isUtf8(bytes.subarray(i, i + length)) && i + length <= bytes.length ? length : 0
}

export type ColorChoice = 'auto' | 'always' | 'never'

/** Whether to colour: the option first, then FORCE_COLOR, NO_COLOR and TERM=dumb, then whether it is a terminal. */
export function wantsColor(
  choice: ColorChoice,
  env: Readonly<Record<string, string | undefined>>,
  isTerminal: boolean,
): boolean {
  if (choice !== 'auto') return choice === 'always'
  const forced = env['FORCE_COLOR']
  if (forced !== undefined) return forced !== '0' && forced !== 'false'
  if (env['NO_COLOR'] || env['TERM'] === 'dumb') return false
  return isTerminal
}

export type Style = Parameters<typeof styleText>[0]

/** Colours a text, or leaves it as it is. */
export type Painter = (style: Style, text: string) => string

export const paintNothing: Painter = (_style, text) => text
export const paint: Painter = (style, text) => styleText(style, text, { validateStream: false })
