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
 * text is no JSON object. What is `null` is left out. Objects with a name in `preserved`, and all within them, stay JSON
 * text.
 */
export function readJsonObject(
  text: string,
  preserved: ReadonlySet<string> | null = null,
): NamedTexts | null {
  open(text)
  preservedNames = preserved
  const members: NamedTexts = { names: [], texts: [] }
  return code() === OPEN_OBJECT && readMembers('', members, 0) && at === source.length ? members : null
}

/** The items of an array: strings as their text, `null` as `null`, all else as JSON text; null where it is no JSON array. */
export function readJsonArray(text: string): string[] | null {
  open(text)
  const items: string[] = []
  return code() === OPEN_ARRAY && readItems(items) && at === source.length ? items : null
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
  const isPlain = texts.every((text) => text.isWellFormed())
  return isPlain ? JSON.stringify(texts) : `[${texts.map(jsonString).join(',')}]`
}

const LONE_UNIT = /([\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff])/

// ---- reading --------------------------------------------------------------------------------------------------
// One text at a time; its state is the module's, which is twice as fast as that of an object for each text.

const QUOTE = 0x22
const PLUS = 0x2b
const COMMA = 0x2c
const MINUS = 0x2d
const POINT = 0x2e
const COLON = 0x3a
const OPEN_ARRAY = 0x5b
const BACKSLASH = 0x5c
const CLOSE_ARRAY = 0x5d
const OPEN_OBJECT = 0x7b
const CLOSE_OBJECT = 0x7d

let source = ''
let at = 0
/** The first backslash at or behind `at`, as far as was looked; the length where there is none. */
let backslash = -1
/** The value that was read last was a string. */
let wasString = false
/** Pieces of JSON text that is kept as such; spaces stand between them. Null: nothing is kept. */
let kept: string[] | null = null
let keptFrom = 0
/** Names that were read, in this text. */
let keyCount = 0
/** Names of objects that stay JSON text; null for none. */
let preservedNames: ReadonlySet<string> | null = null

function open(text: string): void {
  source = text
  at = 0
  backslash = -1
  wasString = false
  kept = null
  keyCount = 0
  skipSpace()
}

// ---- with what they hold

/** `prefix` stands before every name. */
function readMembers(prefix: string, members: NamedTexts, depth: number): boolean {
  if (depth === DEPTH_MAX) return false
  next()
  if (take(CLOSE_OBJECT)) return true
  do {
    const name = code() === QUOTE ? readName(prefix) : null
    if (name === null || !take(COLON)) return false
    if (!readMember(name, members, depth)) return false
  } while (take(COMMA))
  return take(CLOSE_OBJECT)
}

function readMember(name: string, members: NamedTexts, depth: number): boolean {
  const isPreserved = preservedNames?.has(name) === true
  if (code() === OPEN_OBJECT && name.length <= NAME_LENGTH_MAX && !isPreserved) {
    return readMembers(`${name}.`, members, depth + 1)
  }
  const value = readValue(depth)
  if (value === null) return false
  if (value === 'null' && !wasString) return true
  members.names.push(name)
  members.texts.push(value)
  return true
}

const KNOWN_MAX = 64
/** Prefixes end with a dot. */
const NO_PREFIX = '"'
/** What stood in each place of a text before, since most texts have the same names in the same order. */
const knownPrefixes: string[] = []
const knownKeys: string[] = []
const knownNames: string[] = []

function readName(prefix: string): string | null {
  const place = keyCount++
  if (place < knownKeys.length && knownPrefixes[place] === prefix) {
    const key = knownKeys[place]
    if (source.startsWith(key, at + 1) && source.charCodeAt(at + 1 + key.length) === QUOTE) {
      at += key.length + 2
      skipSpace()
      return knownNames[place]
    }
  }
  const key = readString()
  if (key === null) return null
  const name = prefix + key
  if (place < KNOWN_MAX && name.length <= NAME_LENGTH_MAX) {
    // What had to be escaped does not look the same in another text.
    knownPrefixes[place] = key.includes('\\') || key.includes('"') ? NO_PREFIX : prefix
    knownKeys[place] = key
    knownNames[place] = name
  }
  return name
}

function readItems(items: string[]): boolean {
  next()
  if (take(CLOSE_ARRAY)) return true
  do {
    const value = readValue(0)
    if (value === null) return false
    items.push(value)
  } while (take(COMMA))
  return take(CLOSE_ARRAY)
}

/** A string as its text, all else as JSON text; null where nothing right stands here. */
function readValue(depth: number): string | null {
  const first = code()
  wasString = first === QUOTE
  if (wasString) return readString()
  if (first !== OPEN_OBJECT && first !== OPEN_ARRAY) return readPlain()
  kept = []
  keptFrom = at
  const isRight = skipValue(depth + 1)
  const pieces = kept
  kept = null
  if (!isRight) return null
  // Spaces behind it were skipped, and so left out.
  pieces.push(source.slice(keptFrom, at))
  return pieces.length === 1 ? pieces[0] : pieces.join('')
}

// ---- without what they hold

function skipValue(depth: number): boolean {
  const first = code()
  if (first === QUOTE) return readString() !== null
  if (first === OPEN_OBJECT) return depth < DEPTH_MAX && skipObject(depth)
  if (first === OPEN_ARRAY) return depth < DEPTH_MAX && skipArray(depth)
  return readPlain() !== null
}

function skipObject(depth: number): boolean {
  next()
  if (take(CLOSE_OBJECT)) return true
  do {
    if (code() !== QUOTE || readString() === null || !take(COLON)) return false
    if (!skipValue(depth + 1)) return false
  } while (take(COMMA))
  return take(CLOSE_OBJECT)
}

function skipArray(depth: number): boolean {
  next()
  if (take(CLOSE_ARRAY)) return true
  do {
    if (!skipValue(depth + 1)) return false
  } while (take(COMMA))
  return take(CLOSE_ARRAY)
}

// ---- tokens

const WORD = /true|false|null|[+-]?(?:[Nn]a[Nn]|[Ii]nf(?:inity)?)/y

/** A number or a word. */
function readPlain(): string | null {
  const start = at
  const end = numberEnd()
  if (end > start) at = end
  else {
    WORD.lastIndex = start
    if (!WORD.test(source)) return null
    at = WORD.lastIndex
  }
  const text = source.slice(start, at)
  skipSpace()
  return text
}

/** Where the number that starts at `at` ends; `at` where none does. */
function numberEnd(): number {
  const whole = code() === MINUS ? at + 1 : at
  let end = digitsEnd(whole)
  if (end === whole) return at
  if (source.charCodeAt(end) === POINT) {
    const fraction = digitsEnd(end + 1)
    if (fraction > end + 1) end = fraction
  }
  if ((source.charCodeAt(end) | 0x20) !== 0x65) return end
  const sign = source.charCodeAt(end + 1)
  const exponent = sign === PLUS || sign === MINUS ? end + 2 : end + 1
  const exponentEnd = digitsEnd(exponent)
  return exponentEnd > exponent ? exponentEnd : at
}

function digitsEnd(start: number): number {
  let end = start
  for (let digit = source.charCodeAt(end); digit >= 0x30 && digit <= 0x39; ) digit = source.charCodeAt(++end)
  return end
}

function readString(): string | null {
  const start = at + 1
  const end = source.indexOf('"', start)
  if (end < 0) return null
  if (backslash < start) {
    const found = source.indexOf('\\', start)
    backslash = found < 0 ? source.length : found
  }
  if (backslash < end) return readEscapedString(start)
  at = end + 1
  skipSpace()
  return source.slice(start, end)
}

function readEscapedString(start: number): string | null {
  let text = ''
  let from = start
  for (let place = backslash; place < source.length; place++) {
    const unit = source.charCodeAt(place)
    if (unit === QUOTE) {
      text += source.slice(from, place)
      at = place + 1
      skipSpace()
      return text
    }
    if (unit !== BACKSLASH) continue
    const escaped = readEscape(place)
    if (escaped === null) return null
    text += source.slice(from, place) + escaped
    from = escapeEnd
    place = from - 1
  }
  return null
}

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
/** Where the escape that was read last ends. */
let escapeEnd = 0

/** What the backslash at `place` and what follows stand for; null for no escape. */
function readEscape(place: number): string | null {
  const name = source[place + 1]
  escapeEnd = place + 2
  if (name !== 'u') return ESCAPES[name] ?? null
  CODE.lastIndex = place + 2
  const digits = CODE.exec(source)
  if (digits === null) return null
  escapeEnd = place + 6
  const unit = Number.parseInt(digits[0], 16)
  if (unit < 0xd800 || unit > 0xdfff) return String.fromCharCode(unit)
  LOW_CODE.lastIndex = escapeEnd
  const low = unit <= 0xdbff ? LOW_CODE.exec(source) : null
  if (low === null) return REPLACEMENT
  escapeEnd += 6
  return String.fromCharCode(unit, Number.parseInt(low[1], 16))
}

function code(): number {
  return source.charCodeAt(at)
}

function next(): void {
  at++
  skipSpace()
}

function take(wanted: number): boolean {
  if (source.charCodeAt(at) !== wanted) return false
  at++
  skipSpace()
  return true
}

function skipSpace(): void {
  const start = at
  let unit = source.charCodeAt(at)
  while (unit === 0x20 || unit === 0x0a || unit === 0x0d || unit === 0x09) unit = source.charCodeAt(++at)
  if (kept === null || start === at) return
  kept.push(source.slice(keptFrom, start))
  keptFrom = at
}
