/**
 * The kinds of value that an option can have. A kind turns text into a value and a value into text that it
 * reads again; it knows nothing of where the text came from. A kind declares its properties: nothing outside
 * asks which kind it is. A new kind is one more constant or function here (network.ts and secret.ts hold the
 * larger ones).
 */
import { nearestName } from './nearest-name.ts'
import { quoted } from './problem.ts'

export type Texts = readonly string[]
export type JsonSchema = { readonly [key: string]: unknown }

export interface Failure {
  /** What is wrong, as the end of a sentence that began with the place. */
  readonly what: string
  /** What would be right. */
  readonly hint?: string
  /** Which text of a list. */
  readonly index?: number
}

export type Parsed<T> = { readonly value: T } | Failure

/** What a kind may read besides the text: secrets only. */
export interface ParseContext {
  readonly env: Readonly<Record<string, string | undefined>>
  /** The text of a file; throws when it cannot be read. */
  readonly readFile: (path: string) => string
}

export interface Kind<T> {
  /** For people: `duration`, `list of addresses`. */
  readonly name: string
  /**
   * `one`: one text. `list`: any number, in variables and flags separated by commas. `switch`: one text, and
   * a flag without a value means true. `reference`: one text, in the file a mapping of one name to one text.
   */
  readonly form: 'one' | 'list' | 'switch' | 'reference'
  /** What a bare number counts: `ms`, `bytes` or nothing. */
  readonly unit: 'ms' | 'bytes' | ''
  readonly schema: JsonSchema
  /** Texts are trimmed and not empty; exactly one unless the form is `list`. */
  parse(texts: Texts, context: ParseContext): Parsed<T>
  print(value: T): Texts
}

export function isFailure<T>(parsed: Parsed<T>): parsed is Failure {
  return 'what' in parsed
}

// ---- words --------------------------------------------------------------------------------------------------

export const bool: Kind<boolean> = {
  name: 'true or false',
  form: 'switch',
  unit: '',
  schema: { type: 'boolean' },
  parse([text]) {
    const word = text.toLowerCase()
    if (word === 'true' || word === 'false') return { value: word === 'true' }
    const meant = { yes: 'true', on: 'true', '1': 'true', no: 'false', off: 'false', '0': 'false' }[word]
    return { what: `${quoted(text)} is neither true nor false`, hint: `write ${meant ?? 'true or false'}` }
  },
  print: (value) => [String(value)],
}

export function oneOf<const T extends string>(...words: readonly T[]): Kind<T> {
  return {
    name: `${words.slice(0, -1).join(', ')} or ${words[words.length - 1]}`,
    form: 'one',
    unit: '',
    schema: { enum: words },
    parse([text]) {
      const word = words.find((known) => known === text)
      if (word !== undefined) return { value: word }
      const near = nearestName(text, words)
      const hint = near === null ? undefined : `did you mean ${near}?`
      return { what: `${quoted(text)} is not one of ${words.join(', ')}`, hint }
    },
    print: (value) => [value],
  }
}

/** Words of one alphabet, for names that only their owner can check. */
export function nameOf(what: string, pattern: RegExp, rule: string): Kind<string> {
  return {
    name: what,
    form: 'one',
    unit: '',
    schema: { type: 'string', pattern: pattern.source },
    parse([text]) {
      return pattern.test(text) ? { value: text } : { what: `${quoted(text)} is not a ${what}`, hint: rule }
    },
    print: (value) => [value],
  }
}

export const path: Kind<string> = {
  name: 'path',
  form: 'one',
  unit: '',
  schema: { type: 'string', minLength: 1 },
  parse([text]) {
    return text.includes('\0') ? { what: 'a path cannot contain NUL' } : { value: text }
  },
  print: (value) => [value],
}

export const timeZone: Kind<string> = {
  name: 'time zone',
  form: 'one',
  unit: '',
  schema: { type: 'string', minLength: 1 },
  parse([text]) {
    if (isTimeZone(text)) return { value: text }
    const near = nearestName(text, Intl.supportedValuesOf('timeZone'))
    const hint = near === null ? 'write a name such as UTC or Asia/Seoul' : `did you mean ${near}?`
    return { what: `${quoted(text)} is not a time zone`, hint }
  },
  print: (value) => [value],
}

function isTimeZone(text: string): boolean {
  try {
    new Intl.DateTimeFormat('en', { timeZone: text })
    return true
  } catch {
    return false
  }
}

// ---- numbers ------------------------------------------------------------------------------------------------

export interface Range {
  readonly min?: number
  readonly max?: number
}

export function count(range: Range = {}): Kind<number> {
  return number('count', '', range, { type: 'integer' }, parseCount, String)
}

export function bytes(range: Range = {}): Kind<number> {
  const schema = { type: ['integer', 'string'], pattern: '^[0-9]+(\\.[0-9]+)? *([kKmMgGtT]?[iI]?[bB])?$' }
  return number('bytes', 'bytes', range, schema, parseBytes, printBytes)
}

/** The longest delay of a timer: a longer one would fire at once. */
const TIMER_MS_MAX = 2 ** 31 - 1

export function duration(range: Range = {}): Kind<number> {
  const schema = { type: ['integer', 'string'], pattern: '^([0-9]+|([0-9]+(\\.[0-9]+)?(ms|s|m|h|d))+)$' }
  return number('duration', 'ms', { max: TIMER_MS_MAX, ...range }, schema, parseDuration, printDuration)
}

function number(
  name: string,
  unit: Kind<number>['unit'],
  { min = 0, max = Number.MAX_SAFE_INTEGER }: Range,
  schema: JsonSchema,
  parse: (text: string) => Parsed<number>,
  print: (value: number) => string,
): Kind<number> {
  return {
    name,
    form: 'one',
    unit,
    schema: { ...schema, minimum: min, ...(max === Number.MAX_SAFE_INTEGER ? {} : { maximum: max }) },
    parse([text]) {
      const parsed = parse(text)
      if (isFailure(parsed)) return parsed
      if (parsed.value < min)
        return { what: `${quoted(text)} is too small`, hint: `write at least ${print(min)}` }
      if (parsed.value > max)
        return { what: `${quoted(text)} is too large`, hint: `write at most ${print(max)}` }
      return parsed
    },
    print: (value) => [print(value)],
  }
}

function parseCount(text: string): Parsed<number> {
  const value = /^\d{1,16}$/.test(text) ? Number(text) : Number.NaN
  if (Number.isSafeInteger(value)) return { value }
  const plain = text.replace(/[_,' ]/g, '')
  const hint = /^\d{1,15}$/.test(plain) ? `write ${plain}` : 'write a whole number such as 100'
  return { what: `${quoted(text)} is not a count`, hint }
}

const BYTE_UNITS = new Map([
  ['TiB', 2 ** 40],
  ['GiB', 2 ** 30],
  ['MiB', 2 ** 20],
  ['KiB', 2 ** 10],
  ['TB', 1e12],
  ['GB', 1e9],
  ['MB', 1e6],
  ['kB', 1e3],
  ['B', 1],
])

/** A size: bare bytes, or with a unit, binary (`256KiB`) or decimal (`4MB`). */
function parseBytes(text: string): Parsed<number> {
  const [, digits, word] = /^(\d{1,15}(?:\.\d{1,6})?) *([A-Za-z]*)$/.exec(text) ?? []
  if (digits === undefined) {
    return { what: `${quoted(text)} is not a number of bytes`, hint: 'write a size such as 256KiB or 4MB' }
  }
  const unit = word === '' ? 1 : byteUnit(word)
  if (unit === undefined) {
    return { what: `${quoted(text)} has a unit that is not known`, hint: byteUnitHint(digits, word) }
  }
  const value = Math.round(Number(digits) * unit)
  const isWhole = Math.abs(value - Number(digits) * unit) < 1e-3
  if (isWhole && Number.isSafeInteger(value)) return { value }
  return {
    what: `${quoted(text)} is not a whole number of bytes`,
    hint: 'write a size such as 256KiB or 4MB',
  }
}

function byteUnit(word: string): number | undefined {
  for (const [name, size] of BYTE_UNITS) if (name.toLowerCase() === word.toLowerCase()) return size
  return undefined
}

function byteUnitHint(digits: string, word: string): string {
  const letter = word[0].toUpperCase()
  if (!'KMGT'.includes(letter)) return 'the units are B, KiB, MiB, GiB, TiB and kB, MB, GB, TB'
  return `write ${digits}${letter}iB (times 1024) or ${digits}${letter === 'K' ? 'k' : letter}B (times 1000)`
}

/** The shortest exact text: 262144 is `256KiB`, 4000000 is `4MB`, 1500 is `1500`. */
export function printBytes(value: number): string {
  for (const [name, size] of BYTE_UNITS)
    if (size > 1 && value >= size && value % size === 0) return value / size + name
  return String(value)
}

const DURATION_UNITS = new Map([
  ['d', 86_400_000],
  ['h', 3_600_000],
  ['m', 60_000],
  ['s', 1000],
  ['ms', 1],
])

/** A duration in ms: bare milliseconds, or with units, also several (`10s`, `5m`, `1h30m`, `1.5s`). */
export function parseDuration(text: string): Parsed<number> {
  if (/^\d{1,15}$/.test(text)) return { value: Number(text) }
  const pieces = text.length > 40 ? [] : [...text.matchAll(/(\d+(?:\.\d+)?)(ms|s|m|h|d)/gy)]
  const length = pieces.reduce((sum, [piece]) => sum + piece.length, 0)
  if (pieces.length === 0 || length !== text.length) {
    return {
      what: `${quoted(text)} is not a duration`,
      hint: 'write a duration such as 500ms, 10s, 5m or 1h',
    }
  }
  const value = pieces.reduce((sum, [, digits, unit]) => sum + Number(digits) * DURATION_UNITS.get(unit)!, 0)
  const rounded = Math.round(value)
  if (Math.abs(rounded - value) < 1e-6 && Number.isSafeInteger(rounded)) return { value: rounded }
  return { what: `${quoted(text)} is not a whole number of milliseconds`, hint: 'the smallest unit is ms' }
}

/** The largest unit that divides: 60000 is `1m`, 90000 is `90s`. */
export function printDuration(value: number): string {
  for (const [name, ms] of DURATION_UNITS) if (value >= ms && value % ms === 0) return value / ms + name
  return '0'
}

// ---- lists --------------------------------------------------------------------------------------------------

export interface ListRules {
  /** What stands for the empty list in one word (`off`, `none`). Without it the list cannot be empty. */
  readonly emptyWord?: string
  /** What to write instead of an empty list that is not allowed. */
  readonly emptyHint?: string
}

export function listOf<T>(
  name: string,
  item: Kind<T>,
  { emptyWord, emptyHint }: ListRules,
): Kind<readonly T[]> {
  const words = emptyWord === undefined ? [] : [{ const: emptyWord }]
  const minItems = emptyWord === undefined ? { minItems: 1 } : {}
  return {
    name,
    form: 'list',
    unit: item.unit,
    schema: {
      anyOf: [...words, item.schema, { type: 'array', items: item.schema, uniqueItems: true, ...minItems }],
    },
    parse(texts, context) {
      const isEmpty = texts.length === 0 || (texts.length === 1 && texts[0] === emptyWord)
      if (isEmpty && emptyWord !== undefined) return { value: [] }
      if (isEmpty) return { what: 'the list is empty', hint: emptyHint }
      return parseItems(texts, item, context, emptyWord)
    },
    print(values) {
      if (values.length === 0 && emptyWord !== undefined) return [emptyWord]
      return values.flatMap((value) => item.print(value))
    },
  }
}

function parseItems<T>(
  texts: Texts,
  item: Kind<T>,
  context: ParseContext,
  alone?: string,
): Parsed<readonly T[]> {
  const values: T[] = []
  for (const [index, text] of texts.entries()) {
    if (text === alone) return { what: `${quoted(text)} stands alone or not at all`, index }
    if (texts.indexOf(text) < index) return { what: `${quoted(text)} stands twice in the list`, index }
    const parsed = item.parse([text], context)
    if (isFailure(parsed)) return { ...parsed, index }
    values.push(parsed.value)
  }
  return { value: values }
}
