/**
 * The Common Event Format of security products, as it stands behind `CEF:` in a syslog message:
 *
 *   0|vendor|product|version|event class|name|severity|src=10.0.0.1 msg=with spaces dst=…
 *
 * The seven parts of the header and the pairs behind it, as `cef.…` and `cef.extension.…`. `\|`, `\=`, `\\` and `\n`
 * are escapes. Linear.
 */
import type { NamedTexts } from './named-texts.ts'

const HEADER = [
  'version',
  'device_vendor',
  'device_product',
  'device_version',
  'device_event_class_id',
  'name',
  'severity',
]
const VERSION = /^\d+$/
const KEY = /(?:^|\s)([^\s=\\]+)=/g
const ESCAPE = /\\([\\|=nr])/g

/** Null where the text does not have all parts of the header. */
export function readCef(text: string): NamedTexts | null {
  const parts: string[] = []
  let start = 0
  for (let at = 0; at < text.length && parts.length < HEADER.length; at++) {
    if (text[at] === '\\') at++
    else if (text[at] === '|') {
      parts.push(unescaped(text.slice(start, at)))
      start = at + 1
    }
  }
  // The last part may end with the text.
  if (parts.length === HEADER.length - 1) {
    parts.push(unescaped(text.slice(start)))
    start = text.length
  }
  if (parts.length < HEADER.length || !VERSION.test(parts[0])) return null
  const found: NamedTexts = { names: HEADER.map((name) => `cef.${name}`), texts: parts }
  readExtension(text.slice(start), found)
  return found
}

/** A value goes on to the next name, spaces included. */
function readExtension(text: string, found: NamedTexts): void {
  const keys = [...text.matchAll(KEY)]
  for (const [at, key] of keys.entries()) {
    const start = key.index + key[0].length
    const end = at + 1 < keys.length ? keys[at + 1].index : text.length
    found.names.push(`cef.extension.${key[1]}`)
    found.texts.push(unescaped(text.slice(start, end).trimEnd()))
  }
}

function unescaped(text: string): string {
  return text.replace(ESCAPE, (_all, character: string) => ESCAPED[character] ?? character)
}

const ESCAPED: Readonly<Record<string, string>> = { n: '\n', r: '\r' }
