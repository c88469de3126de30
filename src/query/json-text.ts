/**
 * JSON in the texts of fields, read so that values stay as they were written: numbers keep their digits, arrays are JSON
 * text without spaces. Takes `NaN` and infinities for numbers, as other senders of logs write them, and control
 * characters inside strings; whatever else is no JSON is none at all. Linear, and at most DEPTH_MAX levels deep.
 *
 * Not for what comes from senders: that is the decoders' work, on bytes.
 */
import type { NamedTexts } from './named-texts.ts'

const DEPTH_MAX = 256
/** Objects below a name longer than this stay JSON text, so that names do not add up. */
const NAME_LENGTH_MAX = 128

/**
 * Names and texts of the members of an object, those of objects within it with dots between the names; null where the
 * text is no JSON object. What is `null` is left out.
 */
export function readJsonObject(text: string): NamedTexts | null {
  const reader = new JsonReader(text)
  const members: NamedTexts = { names: [], texts: [] }
  return reader.isObject() && reader.readMembers('', members, 0) && reader.isAtEnd() ? members : null
}

/** The items of an array: strings as their text, `null` as `null`, all else as JSON text; null where it is no JSON array. */
export function readJsonArray(text: string): string[] | null {
  const reader = new JsonReader(text)
  const items: string[] = []
  return reader.isArray() && reader.readItems(items) && reader.isAtEnd() ? items : null
}

/** A text begins so where it can be an object. */
export function mayBeJsonObject(text: string): boolean {
  return new JsonReader(text).isObject()
}

/** A text as a JSON string. Bytes that are not UTF-8 (text.ts) stay what they are. */
export function jsonString(text: string): string {
  if (text.isWellFormed()) return JSON.stringify(text)
  // What is alone has to stand alone, or `stringify` would write it as an escape.
  const pieces = text
    .split(LONE_UNIT)
    .map((piece, at) => (at % 2 === 1 ? piece : JSON.stringify(piece).slice(1, -1)))
  return `"${pieces.join('')}"`
}

/** Texts as a JSON array of strings. */
export function jsonStrings(texts: readonly string[]): string {
  return `[${texts.map(jsonString).join(',')}]`
}

const LONE_UNIT = /([\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff])/

const QUOTE = 0x22
const COMMA = 0x2c
const COLON = 0x3a
const OPEN_ARRAY = 0x5b
const BACKSLASH = 0x5c
const CLOSE_ARRAY = 0x5d
const OPEN_OBJECT = 0x7b
const CLOSE_OBJECT = 0x7d

const NUMBER = /-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/y
const WORD = /true|false|null|[+-]?(?:[Nn]a[Nn]|[Ii]nf(?:inity)?)/y
const ESCAPES: Readonly<Record<string, string>> = {
  '"': '"',
  '\\': '\\',
  '/': '/',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
}
const CODE = /[0-9a-fA-F]{4}/y
const LOW_CODE = /\\u([dD][c-fC-F][0-9a-fA-F]{2})/y
const REPLACEMENT = '\ufffd'

class JsonReader {
  readonly #text: string
  #at = 0
  /** The first backslash at or behind `#at`, as far as was looked; the length where there is none. */
  #backslash = -1
  /** Pieces of the JSON text that is kept as such; spaces stand between them. Null: nothing is kept. */
  #kept: string[] | null = null
  #keptFrom = 0
  /** The value that was read last was a string. */
  #wasString = false
  /** Where the escape that was read last ends. */
  #escapeEnd = 0

  constructor(text: string) {
    this.#text = text
    this.#skipSpace()
  }

  isObject(): boolean {
    return this.#code() === OPEN_OBJECT
  }

  isArray(): boolean {
    return this.#code() === OPEN_ARRAY
  }

  isAtEnd(): boolean {
    return this.#at === this.#text.length
  }

  // ---- with what they hold --------------------------------------------------------------------------------------

  /** `prefix` stands before every name. */
  readMembers(prefix: string, members: NamedTexts, depth: number): boolean {
    if (depth === DEPTH_MAX) return false
    this.#next()
    if (this.#take(CLOSE_OBJECT)) return true
    do {
      const key = this.#code() === QUOTE ? this.#string() : null
      if (key === null || !this.#take(COLON)) return false
      if (!this.#readMember(prefix + key, members, depth)) return false
    } while (this.#take(COMMA))
    return this.#take(CLOSE_OBJECT)
  }

  #readMember(name: string, members: NamedTexts, depth: number): boolean {
    if (this.#code() === OPEN_OBJECT && name.length <= NAME_LENGTH_MAX) {
      return this.readMembers(`${name}.`, members, depth + 1)
    }
    const value = this.#value(depth)
    if (value === null) return false
    if (value === 'null' && !this.#wasString) return true
    members.names.push(name)
    members.texts.push(value)
    return true
  }

  readItems(items: string[]): boolean {
    this.#next()
    if (this.#take(CLOSE_ARRAY)) return true
    do {
      const value = this.#value(0)
      if (value === null) return false
      items.push(value)
    } while (this.#take(COMMA))
    return this.#take(CLOSE_ARRAY)
  }

  /** A string as its text, all else as JSON text; null where nothing right stands here. */
  #value(depth: number): string | null {
    const code = this.#code()
    this.#wasString = code === QUOTE
    if (code === QUOTE) return this.#string()
    if (code !== OPEN_OBJECT && code !== OPEN_ARRAY) return this.#plain()
    this.#kept = []
    this.#keptFrom = this.#at
    const isRight = this.#skip(depth + 1)
    const pieces = this.#kept
    const from = this.#keptFrom
    this.#kept = null
    if (!isRight) return null
    // Spaces behind it were skipped, and so left out.
    return from < this.#at ? pieces.join('') + this.#text.slice(from, this.#at) : pieces.join('')
  }

  // ---- without what they hold -----------------------------------------------------------------------------------

  #skip(depth: number): boolean {
    const code = this.#code()
    if (code === QUOTE) return this.#skipString()
    if (code === OPEN_OBJECT) return depth < DEPTH_MAX && this.#skipObject(depth)
    if (code === OPEN_ARRAY) return depth < DEPTH_MAX && this.#skipArray(depth)
    return this.#plain() !== null
  }

  #skipObject(depth: number): boolean {
    this.#next()
    if (this.#take(CLOSE_OBJECT)) return true
    do {
      if (this.#code() !== QUOTE || !this.#skipString() || !this.#take(COLON)) return false
      if (!this.#skip(depth + 1)) return false
    } while (this.#take(COMMA))
    return this.#take(CLOSE_OBJECT)
  }

  #skipArray(depth: number): boolean {
    this.#next()
    if (this.#take(CLOSE_ARRAY)) return true
    do {
      if (!this.#skip(depth + 1)) return false
    } while (this.#take(COMMA))
    return this.#take(CLOSE_ARRAY)
  }

  #skipString(): boolean {
    return this.#string() !== null
  }

  // ---- tokens ---------------------------------------------------------------------------------------------------

  #plain(): string | null {
    return this.#match(NUMBER) ?? this.#match(WORD)
  }

  #match(pattern: RegExp): string | null {
    pattern.lastIndex = this.#at
    const match = pattern.exec(this.#text)
    if (match === null) return null
    this.#at = pattern.lastIndex
    this.#skipSpace()
    return match[0]
  }

  #string(): string | null {
    const start = this.#at + 1
    const end = this.#text.indexOf('"', start)
    if (end < 0) return null
    if (this.#backslashFrom(start) > end) {
      this.#at = end + 1
      this.#skipSpace()
      return this.#text.slice(start, end)
    }
    return this.#escapedString(start)
  }

  #backslashFrom(at: number): number {
    if (this.#backslash < at) {
      const found = this.#text.indexOf('\\', at)
      this.#backslash = found < 0 ? this.#text.length : found
    }
    return this.#backslash
  }

  #escapedString(start: number): string | null {
    let text = ''
    let from = start
    for (let at = start; at < this.#text.length; at++) {
      const code = this.#text.charCodeAt(at)
      if (code === QUOTE) {
        text += this.#text.slice(from, at)
        this.#at = at + 1
        this.#skipSpace()
        return text
      }
      if (code !== BACKSLASH) continue
      const escaped = this.#escape(at)
      if (escaped === null) return null
      text += this.#text.slice(from, at) + escaped
      from = this.#escapeEnd
      at = from - 1
    }
    return null
  }

  /** What the backslash at `at` and what follows stand for; null for no escape. */
  #escape(at: number): string | null {
    const name = this.#text[at + 1]
    this.#escapeEnd = at + 2
    if (name !== 'u') return ESCAPES[name] ?? null
    CODE.lastIndex = at + 2
    const digits = CODE.exec(this.#text)
    if (digits === null) return null
    this.#escapeEnd = at + 6
    const code = Number.parseInt(digits[0], 16)
    if (code < 0xd800 || code > 0xdfff) return String.fromCharCode(code)
    LOW_CODE.lastIndex = this.#escapeEnd
    const low = code <= 0xdbff ? LOW_CODE.exec(this.#text) : null
    if (low === null) return REPLACEMENT
    this.#escapeEnd += 6
    return String.fromCharCode(code, Number.parseInt(low[1], 16))
  }

  #code(): number {
    return this.#text.charCodeAt(this.#at)
  }

  #next(): void {
    this.#at++
    this.#skipSpace()
  }

  #take(code: number): boolean {
    if (this.#code() !== code) return false
    this.#next()
    return true
  }

  #skipSpace(): void {
    const start = this.#at
    let code = this.#code()
    while (code === 0x20 || code === 0x0a || code === 0x0d || code === 0x09)
      code = this.#text.charCodeAt(++this.#at)
    if (this.#kept === null || start === this.#at) return
    this.#kept.push(this.#text.slice(this.#keptFrom, start))
    this.#keptFrom = this.#at
  }
}
