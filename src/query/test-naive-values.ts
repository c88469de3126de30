/**
 * For tests: what LogsQL says of single values, in texts and as plainly as possible: words, numbers, moments, levels and
 * the order of values. Written from docs/logsql.md and on purpose without any function of the engine, which must come to
 * the same. Bytes that are not UTF-8 are one code unit from U+DC80 to U+DCFF each.
 */

// ---- bytes and characters -----------------------------------------------------------------------------------

const isLoneByte = (character: string): boolean => /^[\udc80-\udcff]$/.test(character)

export function bytesOfText(text: string): Buffer {
  const pieces = [...text].map((character) =>
    isLoneByte(character) ? Buffer.from([character.charCodeAt(0) - 0xdc00]) : Buffer.from(character),
  )
  return Buffer.concat(pieces)
}

/** The same text again: `bytesOfText` turned round. */
export function textOfBytes(bytes: Uint8Array): string {
  const buffer = Buffer.from(bytes)
  const whole = buffer.toString()
  if (Buffer.from(whole).equals(buffer)) return whole
  let text = ''
  for (let at = 0; at < buffer.length; ) {
    const character = characterAt(buffer, at)
    text += character ?? String.fromCharCode(0xdc00 + buffer[at])
    at += character === null ? 1 : Buffer.byteLength(character)
  }
  return text
}

/** Null where no character begins. */
function characterAt(buffer: Buffer, at: number): string | null {
  for (let length = 1; length <= 4 && at + length <= buffer.length; length++) {
    const piece = buffer.subarray(at, at + length)
    const text = piece.toString()
    if ([...text].length === 1 && Buffer.from(text).equals(piece)) return text
  }
  return null
}

export const characterCount = (text: string): number => [...text].length

export const byteOrder = (a: string, b: string): number => Buffer.compare(bytesOfText(a), bytesOfText(b))

/** As JSON, in which lone bytes stay what they are. */
export function jsonOf(text: string): string {
  const pieces = [...text].map((each) => (isLoneByte(each) ? each : JSON.stringify(each).slice(1, -1)))
  return `"${pieces.join('')}"`
}

// ---- words --------------------------------------------------------------------------------------------------

const WORD_AT_END = /[\p{L}\p{Nd}_]$/u
const WORD_AT_START = /^[\p{L}\p{Nd}_]/u

/** Where the phrase stands between ends of words, from `from` on; -1 where it does not. */
function placeOfPhrase(value: string, phrase: string, from: number, isPrefix: boolean): number {
  for (let at = value.indexOf(phrase, from); at >= 0; at = value.indexOf(phrase, at + 1)) {
    const end = at + phrase.length
    const isInWord = WORD_AT_START.test(phrase) && WORD_AT_END.test(value.slice(0, at))
    const goesOn = !isPrefix && WORD_AT_END.test(phrase) && WORD_AT_START.test(value.slice(end))
    if (!isInWord && !goesOn) return at
  }
  return -1
}

/** The empty phrase is the empty value. */
export function hasPhrase(value: string, phrase: string): boolean {
  return phrase === '' ? value === '' : placeOfPhrase(value, phrase, 0, false) >= 0
}

/** The empty prefix is any value. */
export function hasPrefix(value: string, prefix: string): boolean {
  return prefix === '' ? value !== '' : placeOfPhrase(value, prefix, 0, true) >= 0
}

export function hasSequence(value: string, phrases: readonly string[]): boolean {
  let from = 0
  for (const phrase of phrases) {
    const at = placeOfPhrase(value, phrase, from, false)
    if (at < 0) return false
    from = at + phrase.length
  }
  return true
}

// ---- levels -------------------------------------------------------------------------------------------------

const LEVEL_WORDS: readonly (readonly [string, string])[] = [
  ['trace', 'trace trc finest silly t finer'],
  ['debug', 'debug dbg d v fine verbose config'],
  ['info', 'info information informational inf i note notice'],
  ['warn', 'warn warning wrn w'],
  ['error', 'error err severe e'],
  ['fatal', 'fatal critical crit f ftl alert emergency emerg panic'],
]

/** From 0 for `trace` to 5 for `fatal`; -1 for what is no level. */
export function levelRank(word: string): number {
  return LEVEL_WORDS.findIndex(([, words]) => words.split(' ').includes(word.toLowerCase()))
}

export const LEVEL_NAMES = LEVEL_WORDS.map(([name]) => name)

/** `word` is another name of the level that the value names. */
export const isSameLevel = (value: string, word: string): boolean =>
  levelRank(word) >= 0 && levelRank(word) === levelRank(value)

// ---- moments ------------------------------------------------------------------------------------------------

const MOMENT = /^(\d{4}-\d\d-\d\d)[Tt ](\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?Z$/

/** Nanoseconds since the epoch; null for what is no moment. */
export function momentOf(text: string): bigint | null {
  const parts = MOMENT.exec(text)
  if (parts === null) return null
  const [, day, clock, fraction = ''] = parts
  const seconds = Date.parse(`${day}T${clock}Z`) / 1000
  return Number.isNaN(seconds) ? null : BigInt(seconds) * 1_000_000_000n + BigInt(fraction.padEnd(9, '0'))
}

/** With no, three, six or nine decimals. */
export function momentText(ns: bigint): string {
  const rest = ((ns % 1_000_000_000n) + 1_000_000_000n) % 1_000_000_000n
  const date = new Date(Number((ns - rest) / 1_000_000n)).toISOString().slice(0, 19)
  const decimals = String(rest).padStart(9, '0')
  const length = [0, 3, 6, 9].find((each) => /^0*$/.test(decimals.slice(each))) ?? 9
  return `${date}${length === 0 ? '' : `.${decimals.slice(0, length)}`}Z`
}

// ---- numbers ------------------------------------------------------------------------------------------------

const UNIT_NS: Readonly<Record<string, number>> = {
  ns: 1,
  us: 1e3,
  µs: 1e3,
  ms: 1e6,
  s: 1e9,
  m: 60e9,
  h: 3600e9,
  d: 86_400e9,
  w: 604_800e9,
  y: 31_536_000e9,
}
const DURATION = /^[+-]?(?:\d+(?:\.\d+)?(?:ns|us|µs|ms|s|m|h|d|w|y))+$/
const SIZE = /^[+-]?(?:\d+(?:\.\d+)?(?:B|[KMGT]i?B?))+$/
const PLAIN = /^[+-]?(?:\d[\d_]*\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/
const HEXADECIMAL = /^[+-]?0x[0-9a-f]+$/i
const INFINITE = /^[+-]?inf(?:inity)?$/i
const ADDRESS = /^\d{1,3}(?:\.\d{1,3}){3}$/

/** Plain numbers, sizes in bytes, durations in nanoseconds; null for any other text. */
export function amountOf(text: string): number | null {
  const sign = text.startsWith('-') ? -1 : 1
  const bare = text.replace(/^[+-]/, '')
  if (PLAIN.test(text)) return sign * Number(bare.replaceAll('_', ''))
  if (HEXADECIMAL.test(text)) return sign * Number(bare)
  if (INFINITE.test(text)) return sign * Infinity
  if (SIZE.test(text)) return sign * sumOfParts(bare, sizeOf)
  return DURATION.test(text) ? sign * sumOfParts(bare, (unit) => UNIT_NS[unit]) : null
}

function sumOfParts(text: string, factorOf: (unit: string) => number): number {
  const parts = [...text.matchAll(/(\d+(?:\.\d+)?)([^\d.]+)/g)]
  return parts.reduce((sum, [, count, unit]) => sum + Number(count) * factorOf(unit), 0)
}

const sizeOf = (unit: string): number => (unit.includes('i') ? 1024 : 1000) ** 'BKMGT'.indexOf(unit[0])

/** IPv4 addresses as numbers of 32 bits. */
export function addressOf(text: string): number | null {
  if (!ADDRESS.test(text)) return null
  const parts = text.split('.').map(Number)
  return parts.some((part) => part > 255) ? null : parts.reduce((all, part) => all * 256 + part, 0)
}

/** Amounts, addresses and moments: what filters and `math` compare and count. */
export function numberOf(text: string): number | null {
  const address = addressOf(text)
  if (address !== null || ADDRESS.test(text)) return address
  const moment = momentOf(text)
  return moment === null ? amountOf(text) : Number(moment)
}

/** IPv6 addresses as numbers of 128 bits; IPv4 ones are `::ffff:a.b.c.d`. */
export function wideAddressOf(text: string): bigint | null {
  const short = addressOf(text)
  if (short !== null) return 0xffff_0000_0000n + BigInt(short)
  const last = /(?<=:)[\d.]+\.[\d.]+$/.exec(text)
  const tail = last === null ? null : addressOf(last[0])
  if (last !== null && tail === null) return null
  const hex = (part: number): string => part.toString(16)
  const plain =
    tail === null ? text : `${text.slice(0, last!.index)}${hex(tail >>> 16)}:${hex(tail & 0xffff)}`
  const [before, after, ...more] = plain.split('::').map((half) => (half === '' ? [] : half.split(':')))
  if (more.length > 0) return null
  const missing = after === undefined ? 0 : 8 - before.length - after.length
  if (missing < 0 || (after !== undefined && missing === 0)) return null
  const groups = [...before, ...new Array<string>(missing).fill('0'), ...(after ?? [])]
  if (groups.length !== 8 || !groups.every((group) => /^[0-9a-f]{1,4}$/i.test(group))) return null
  return groups.reduce((all, group) => (all << 16n) + BigInt(`0x${group}`), 0n)
}

/** Without an exponent. */
export function numberText(value: number): string {
  if (Number.isNaN(value)) return 'NaN'
  if (!Number.isFinite(value)) return value > 0 ? '+Inf' : '-Inf'
  if (value < 0) return `-${numberText(-value)}`
  const [digits, exponent] = String(value).split('e')
  if (exponent === undefined) return digits
  const [whole, rest = ''] = digits.split('.')
  if (Number(exponent) < 0) return `0.${'0'.repeat(-Number(exponent) - 1)}${whole}${rest}`
  return whole + rest.padEnd(Number(exponent), '0')
}

// ---- order --------------------------------------------------------------------------------------------------

const TIME_LIKE = /^\d{4}-\d\d-\d\d[Tt ]/

/** nothing < texts before digits < numbers < moments < other texts */
function rankOf(value: string): number {
  if (value === '') return 0
  if (orderedNumberOf(value) !== null) return 2
  if (value.charCodeAt(0) < 0x30) return 1
  return momentOf(value) !== null ? 3 : 4
}

const orderedNumberOf = (value: string): number | null => (TIME_LIKE.test(value) ? null : amountOf(value))

/** Below 0 where `a` comes before `b`; 0 where they count the same, as `1` and `1.0` do. */
export function compareValues(a: string, b: string): number {
  const rank = rankOf(a)
  if (rank !== rankOf(b)) return rank - rankOf(b)
  if (rank === 0) return 0
  if (rank === 2) return compareNumbers(a, b)
  if (rank === 3) return compareAny(momentOf(a)!, momentOf(b)!)
  return compareTexts(a, b)
}

/** Only equal texts are the same; those that count the same are in the order of their characters. */
export const compareExactly = (a: string, b: string): number => compareValues(a, b) || compareAny(a, b)

/** Whole ones exactly, however long they are. */
function compareNumbers(a: string, b: string): number {
  const areWhole = [a, b].every((each) => /^[+-]?\d+$/.test(each))
  if (areWhole) return compareAny(BigInt(a.replace('+', '')), BigInt(b.replace('+', '')))
  return compareAny(orderedNumberOf(a)!, orderedNumberOf(b)!)
}

const compareAny = <T extends number | bigint | string>(a: T, b: T): number => (a < b ? -1 : a > b ? 1 : 0)

/** Runs of digits count as numbers. */
function compareTexts(a: string, b: string): number {
  const piecesA = a.match(/\d+|\D/g) ?? []
  const piecesB = b.match(/\d+|\D/g) ?? []
  for (let at = 0; at < Math.min(piecesA.length, piecesB.length); at++) {
    const [one, other] = [piecesA[at], piecesB[at]]
    const areNumbers = /^\d/.test(one) && /^\d/.test(other)
    const order = areNumbers ? compareAny(BigInt(one), BigInt(other)) : compareAny(one[0], other[0])
    if (order !== 0) return order
  }
  return piecesA.length - piecesB.length || compareAny(a, b)
}

export function compareTuples(a: readonly string[], b: readonly string[]): number {
  for (const [at, value] of a.entries()) {
    const order = compareExactly(value, b[at])
    if (order !== 0) return order
  }
  return 0
}
