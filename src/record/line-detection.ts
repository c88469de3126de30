/**
 * What a plain line tells of itself: its time and its level, found at or near its beginning.
 *
 * Time: the first spelling of line-time.ts at the start of one of the first words. The search goes past words that
 * look like names of machines, programs or numbers and past level words (`web-1 |`, `10.0.0.7 - -`, `INFO`), and
 * ends at the first word of prose, because a time inside a sentence is seldom the time of the record.
 *
 * Level: the first word of the level table that stands where levels stand, among the first words:
 *   in brackets, any case        [notice]  [core:error]  [Server thread/INFO]  <warn>
 *   before a colon, any case     error: Bind failed     INFO:root:started     app.ERROR: failed
 *   in capitals, as a whole word 2025-01-15 09:50:00 WARN …    10:00 | INFO | …
 *   first word behind the time   2025-01-15 09:50:00, Info …   2025-01-15T09:50:00Z<tab>warn<tab>…
 *   as a value                   level=error  severity="warning"  "level":"error"
 *   one letter                   I0115 09:50:00.250000 …  01-15 09:50:00.250  1702  2395 W tag: …
 * Small letters in prose ("no error found") are no level. `<PRI>` of syslog gives the level when no word does.
 * Lines that begin with `{` are read as JSON, its outermost level only.
 *
 * Hot path: once per plain line, nothing is allocated. Measured on the corpus, on a machine that reads a byte table at
 * 2 ns a byte: 0.15 µs a line where the level stands early, 0.35 µs where there is none, 0.6 µs for access logs.
 * Not for deciding what a line belongs to, and never an error: a line that tells nothing has no level and no time.
 */
import { levelSeverityOfBytes, tellingSeverityOfBytes } from './levels.ts'
import { type LineTime, readLineTime, readUnixAndDay } from './line-time.ts'
import { parseUnixTime } from './time.ts'

export interface LineDetection extends LineTime {
  /** Whether `ms` and `ns` are the line's time; without one they mean nothing. */
  hasTime: boolean
  /** 0 when the line tells no level. */
  severity: number
  /** The level word in `bytes`; empty when there is none, also when the severity came from `<PRI>`. */
  levelStart: number
  levelEnd: number
}

const TIME_WORDS_MAX = 6
const LEVEL_WORDS_MAX = 10
const LEVEL_BYTES_MAX = 512
const PARTS_MAX = 4
const JSON_BYTES_MAX = 4096
const LEVEL_WORD_BYTES_MIN = 3
const LEVEL_WORD_BYTES_MAX = 13

const ESCAPE = 0x1b
const SPACE = 0x20
const QUOTE = 0x22
const COLON = 0x3a
const LESS = 0x3c
const EQUALS = 0x3d
const GREATER = 0x3e
const OPEN_BRACKET = 0x5b
const BACKSLASH = 0x5c
const CLOSE_BRACKET = 0x5d
const SLASH = 0x2f
const LETTER_A = 0x61
const LAST_CAPITAL = 0x5a
const OPEN_BRACE = 0x7b
const CLOSE_BRACE = 0x7d

// ---- classes of bytes ---------------------------------------------------------------------------------------

const LETTER = 1
const DIGIT = 2
const BLANK = 4
/** May stand right before a level in capitals. */
const BEFORE = 8
/** May stand right behind one. */
const BEHIND = 16
/** What may open a word that holds a time. */
const OPENER = 32
/** Right behind a level or its key where small letters count: `]`, `>`, `:`, `=`, `"`. */
const MARK = 64
/** Part of a word that is more than plain letters, with LETTER and DIGIT: bytes of other scripts, `_`. */
const OTHER_WORD = 128

const CLASSES = new Uint8Array(256)
for (let byte = 0; byte < 256; byte++) CLASSES[byte] = classOf(byte)

function classOf(byte: number): number {
  if (byte >= 0x80 || byte === 0x5f) return OTHER_WORD
  const char = String.fromCharCode(byte)
  let bits = /[A-Za-z]/.test(char) ? LETTER : 0
  if (/[0-9]/.test(char)) bits |= DIGIT
  if (/[ \t]/.test(char)) bits |= BLANK
  if (/[ \t[\](){|:;,.*/]/.test(char)) bits |= BEFORE
  if (/[ \t\r[\])}|:;,!/\x1b]/.test(char)) bits |= BEHIND
  if (/[ \t[(<"'|*]/.test(char)) bits |= OPENER
  if (/[\]>:="]/.test(char)) bits |= MARK
  return bits
}

const WORD = LETTER | DIGIT | OTHER_WORD

/** Where the time stands in the line that is being read; equal when there is none. */
let timeStart = 0
let timeEnd = 0

/**
 * Finds the level and the time of the line from `start` to below `end`. `arrivalMs` decides the year where none is
 * named: the arrival as clocks read it where the times come from (UTC, or `toLocalMs` of their zone).
 */
export function detectLine(
  bytes: Uint8Array,
  start: number,
  end: number,
  arrivalMs: number,
  out: LineDetection,
): void {
  out.hasTime = false
  out.isLocal = false
  out.severity = 0
  out.levelStart = start
  out.levelEnd = start
  let at = start
  while (at < end && (CLASSES[bytes[at]] & BLANK) !== 0) at++
  if (at < end && bytes[at] === OPEN_BRACE) {
    detectJson(bytes, at, end, arrivalMs, out)
    return
  }
  const bodyStart = priorityEnd(bytes, at, end)
  const fallback = bodyStart === at ? 0 : prioritySeverity(bytes, at)
  out.hasTime = findTime(bytes, bodyStart, end, arrivalMs, out)
  findLevel(bytes, bodyStart, end, out)
  if (out.severity === 0) out.severity = fallback
}

// ---- syslog's <PRI> -----------------------------------------------------------------------------------------

/** Behind `<0>` to `<191>` and the version `1 ` that may follow; `at` when there is no such thing. */
function priorityEnd(bytes: Uint8Array, at: number, end: number): number {
  if (at + 3 > end || bytes[at] !== LESS) return at
  let position = at + 1
  let value = 0
  for (; position < end && (CLASSES[bytes[position]] & DIGIT) !== 0 && position < at + 4; position++) {
    value = value * 10 + bytes[position] - 0x30
  }
  if (position === at + 1 || position >= end || bytes[position] !== GREATER || value > 191) return at
  position++
  const hasVersion = position + 2 < end && bytes[position] === 0x31 && bytes[position + 1] === SPACE
  return hasVersion ? position + 2 : position
}

/** Of emergency, alert, critical, error, warning, notice, informational, debug. */
const SEVERITY_OF_PRIORITY = [24, 22, 21, 17, 13, 10, 9, 5]

function prioritySeverity(bytes: Uint8Array, at: number): number {
  let value = 0
  for (let position = at + 1; bytes[position] !== GREATER; position++)
    value = value * 10 + bytes[position] - 0x30
  return SEVERITY_OF_PRIORITY[value & 7]
}

// ---- time ---------------------------------------------------------------------------------------------------

function findTime(
  bytes: Uint8Array,
  start: number,
  end: number,
  arrivalMs: number,
  out: LineDetection,
): boolean {
  timeStart = timeEnd = start
  let at = skipOpeners(bytes, start, end)
  if (tryTime(bytes, at, end, true, arrivalMs, out)) return true
  if (readTagAndUnix(bytes, start, end, out)) return true
  for (let word = 1; word < TIME_WORDS_MAX && at < end; word++) {
    const wordEnd = endOfWord(bytes, at, end)
    if (wordEnd < 0) return false
    if (bytes[wordEnd] === EQUALS && wordEnd < end) {
      if (tryTimeValue(bytes, at, wordEnd, end, arrivalMs, out)) return true
      at = skipOpeners(bytes, endOfValue(bytes, wordEnd + 1, end), end)
    } else {
      at = skipOpeners(bytes, wordEnd, end)
    }
    if (tryTime(bytes, at, end, false, arrivalMs, out)) return true
  }
  return false
}

function tryTime(
  bytes: Uint8Array,
  at: number,
  end: number,
  isLineStart: boolean,
  arrivalMs: number,
  out: LineDetection,
): boolean {
  const stop = readLineTime(bytes, at, end, isLineStart, arrivalMs, out)
  if (stop < 0) return false
  timeStart = at
  timeEnd = stop
  return true
}

function skipOpeners(bytes: Uint8Array, start: number, end: number): number {
  let at = start
  while (at < end) {
    if ((CLASSES[bytes[at]] & OPENER) !== 0) at++
    else if (bytes[at] === ESCAPE) at = endOfEscape(bytes, at, end)
    else break
  }
  return at
}

/** Behind a colour sequence: ESC `[` digits and semicolons, one letter. */
function endOfEscape(bytes: Uint8Array, start: number, end: number): number {
  let at = start + 1
  if (at >= end || bytes[at] !== OPEN_BRACKET) return at
  for (at++; at < end && at < start + 20; at++) {
    if ((CLASSES[bytes[at]] & LETTER) !== 0) return at + 1
  }
  return at
}

/** Where the word at `start` ends: at a blank, at a colour, or at the `=` behind a key. -1 when it is a word of prose. */
function endOfWord(bytes: Uint8Array, start: number, end: number): number {
  let at = start
  let isPlain = true
  for (; at < end; at++) {
    const byte = bytes[at]
    const bits = CLASSES[byte]
    if ((bits & BLANK) !== 0 || byte === ESCAPE || byte === EQUALS) break
    if ((bits & LETTER) === 0) isPlain = false
  }
  const isProse = isPlain && at > start && bytes[at] !== EQUALS
  return isProse && tellingSeverityOfBytes(bytes, start, at) === 0 ? -1 : at
}

/** A tag without blanks, then `1117838570 2005.06.03 `. */
function readTagAndUnix(bytes: Uint8Array, start: number, end: number, out: LineDetection): boolean {
  const tagEnd = Math.min(end, start + 17)
  let at = start
  while (at < tagEnd && bytes[at] !== SPACE) at++
  if (at === tagEnd || at === start) return false
  const stop = readUnixAndDay(bytes, at + 1, end, out)
  if (stop < 0) return false
  timeStart = at + 1
  timeEnd = stop
  return true
}

/** `time="2025-01-15T09:50:00Z"`, `ts=1705312200.25`: the key from `start`, its `=` at `equals`. */
function tryTimeValue(
  bytes: Uint8Array,
  start: number,
  equals: number,
  end: number,
  arrivalMs: number,
  out: LineDetection,
): boolean {
  if (!isTimeKey(bytes, start, equals)) return false
  const at = equals + 1 < end && bytes[equals + 1] === QUOTE ? equals + 2 : equals + 1
  return tryTime(bytes, at, end, true, arrivalMs, out)
}

/** Behind a value that may be quoted. */
function endOfValue(bytes: Uint8Array, start: number, end: number): number {
  let at = start
  if (at < end && bytes[at] === QUOTE) {
    const close = endOfString(bytes, at + 1, Math.min(end, at + LEVEL_BYTES_MAX))
    return close < 0 ? end : close + 1
  }
  while (at < end && (CLASSES[bytes[at]] & BLANK) === 0) at++
  return at
}

// ---- level --------------------------------------------------------------------------------------------------

function findLevel(bytes: Uint8Array, start: number, end: number, out: LineDetection): void {
  if (timeEnd === timeStart) {
    scanLevel(bytes, start, Math.min(end, start + LEVEL_BYTES_MAX), end, false, out)
    return
  }
  if (readLetterLevel(bytes, end, out)) return
  if (scanLevel(bytes, start, timeStart, end, false, out)) return
  scanLevel(bytes, timeEnd, Math.min(end, timeEnd + LEVEL_BYTES_MAX), end, true, out)
}

/** Looks at the words from `start` to below `scanEnd`. Measured: 1 to 2 ns a byte, so it looks at few. */
function scanLevel(
  bytes: Uint8Array,
  start: number,
  scanEnd: number,
  end: number,
  isBehindTime: boolean,
  out: LineDetection,
): boolean {
  let at = start
  let words = 0
  /** Runs of letters and digits since the last blank. */
  let parts = 0
  /** The byte before `at`; a word counts as a letter, what is skipped as a space. */
  let before = SPACE
  /** Nothing but punctuation stands between the time and `at`. */
  let isFirst = isBehindTime
  while (at < scanEnd) {
    const byte = bytes[at]
    const bits = CLASSES[byte]
    if ((bits & WORD) !== 0) {
      const wordEnd = endOfWordBytes(bytes, at + 1, end)
      const length = wordEnd - at
      if (length >= LEVEL_WORD_BYTES_MIN && length <= LEVEL_WORD_BYTES_MAX && (bits & LETTER) !== 0) {
        // Most words leave here: small letters where no level stands.
        const isMarked = wordEnd < end && (CLASSES[bytes[wordEnd]] & MARK) !== 0
        if (isMarked || bytes[at + 1] <= LAST_CAPITAL || before === OPEN_BRACKET || isFirst) {
          if (readLevel(bytes, at, wordEnd, end, before, isFirst, out)) return true
        }
      }
      isFirst = false
      const isSkipped = ++parts === PARTS_MAX || (parts === 1 && before <= SPACE && (bits & DIGIT) !== 0)
      before = LETTER_A
      at = isSkipped ? endOfNonBlank(bytes, wordEnd, scanEnd) : wordEnd
    } else if (byte === ESCAPE) {
      at = endOfEscape(bytes, at, end)
      before = SPACE
    } else {
      if (byte <= SPACE) {
        if (before > SPACE && ++words > LEVEL_WORDS_MAX) return false
        parts = 0
      }
      before = byte
      at++
    }
  }
  return false
}

/** Long words hold paths and numbers: past their first parts, and past numbers, only their end is looked for. */
function endOfNonBlank(bytes: Uint8Array, start: number, end: number): number {
  let at = start
  while (at < end && bytes[at] > SPACE) at++
  return at
}

function endOfWordBytes(bytes: Uint8Array, start: number, end: number): number {
  let at = start
  while (at < end && (CLASSES[bytes[at]] & WORD) !== 0) at++
  return at
}

/** Whether the word from `start` to `wordEnd` stands where a level stands and is one, or is the key of one. */
function readLevel(
  bytes: Uint8Array,
  start: number,
  wordEnd: number,
  end: number,
  before: number,
  isBehindTime: boolean,
  out: LineDetection,
): boolean {
  const behind = wordEnd < end ? bytes[wordEnd] : SPACE
  if (behind === CLOSE_BRACKET || behind === GREATER || before === OPEN_BRACKET) {
    if (isBracketed(bytes, wordEnd, end, before, behind)) return take(bytes, start, wordEnd, true, out)
  }
  if (behind === EQUALS || behind === QUOTE) {
    const value = isLevelKey(bytes, start, wordEnd) ? startOfValue(bytes, wordEnd, end) : -1
    return value >= 0 && takeValue(bytes, value, end, out)
  }
  if (isUpper(bytes, start, wordEnd)) {
    const isWhole = (CLASSES[before] & BEFORE) !== 0 && (CLASSES[behind] & BEHIND) !== 0
    return isWhole && isPlacedInCapitals(before, behind) && take(bytes, start, wordEnd, false, out)
  }
  const isClause = behind === COLON && (wordEnd + 1 >= end || (CLASSES[bytes[wordEnd + 1]] & BLANK) !== 0)
  if (isClause && (CLASSES[before] & BEFORE) !== 0) return take(bytes, start, wordEnd, false, out)
  const isAlone = isBehindTime && (CLASSES[behind] & BLANK) !== 0
  return isAlone && take(bytes, start, wordEnd, false, out)
}

/** `[word]`, `[word  ]`, `[core:word]`, `[Server thread/word]`, `<word> `. */
function isBracketed(
  bytes: Uint8Array,
  wordEnd: number,
  end: number,
  before: number,
  behind: number,
): boolean {
  if (behind === CLOSE_BRACKET) return before === OPEN_BRACKET || before === COLON || before === SLASH
  if (behind === GREATER) return before === LESS && wordEnd + 1 < end && bytes[wordEnd + 1] === SPACE
  let at = wordEnd
  while (at < end && bytes[at] === SPACE) at++
  return at > wordEnd && at < end && bytes[at] === CLOSE_BRACKET
}

/** A path or a host name in capitals is no level: after `/` and `.` a level needs its own closing. */
function isPlacedInCapitals(before: number, behind: number): boolean {
  if (before === SLASH) return behind === CLOSE_BRACKET
  if (before === 0x2e) return behind === COLON
  return true
}

function isUpper(bytes: Uint8Array, start: number, end: number): boolean {
  for (let at = start; at < end; at++) {
    if (bytes[at] > LAST_CAPITAL) return false
  }
  return true
}

/** Takes the word as the level if it is one: any word of the table where `isSure`, else only those that tell. */
function take(bytes: Uint8Array, start: number, end: number, isSure: boolean, out: LineDetection): boolean {
  const severity = isSure
    ? levelSeverityOfBytes(bytes, start, end)
    : tellingSeverityOfBytes(bytes, start, end)
  if (severity <= 0) return false
  out.severity = severity
  out.levelStart = start
  out.levelEnd = end
  return true
}

/** `I0115 …`: the letter opens the time. `01-15 09:50:00.250  1702  2395 W tag`: it follows two numbers. */
function readLetterLevel(bytes: Uint8Array, end: number, out: LineDetection): boolean {
  if (isLevelLetter(bytes[timeStart]) && (CLASSES[bytes[timeStart + 1]] & DIGIT) !== 0) {
    return take(bytes, timeStart, timeStart + 1, true, out)
  }
  let at = timeEnd
  for (let number = 0; number < 2; number++) {
    const blank = at
    while (at < end && bytes[at] === SPACE) at++
    const digits = at
    while (at < end && (CLASSES[bytes[at]] & DIGIT) !== 0) at++
    if (digits === blank || at === digits) return false
  }
  const isAlone = at + 2 < end && bytes[at] === SPACE && bytes[at + 2] === SPACE
  return isAlone && isLevelLetter(bytes[at + 1]) && take(bytes, at + 1, at + 2, true, out)
}

/** One of `V D I W E F`. */
function isLevelLetter(byte: number): boolean {
  switch (byte) {
    case 0x56:
    case 0x44:
    case 0x49:
    case 0x57:
    case 0x45:
    case 0x46:
      return true
    default:
      return false
  }
}

// ---- keys and values ----------------------------------------------------------------------------------------

/** Where the value begins behind `=`, `="`, `":"` or `": "`; -1 when no such thing follows the key. */
function startOfValue(bytes: Uint8Array, keyEnd: number, end: number): number {
  let at = keyEnd
  if (bytes[at] === EQUALS) {
    at++
    return at < end && bytes[at] === QUOTE ? at + 1 : at
  }
  at++
  if (at >= end || bytes[at] !== COLON) return -1
  at++
  while (at < end && bytes[at] === SPACE) at++
  return at < end && bytes[at] === QUOTE ? at + 1 : -1
}

function takeValue(bytes: Uint8Array, start: number, end: number, out: LineDetection): boolean {
  if (start >= end || (CLASSES[bytes[start]] & LETTER) === 0) return false
  return take(bytes, start, endOfWordBytes(bytes, start, end), true, out)
}

const LEVEL_KEYS = keysOf('level lvl severity loglevel levelname log.level log_level severity_text')
const TIME_KEYS = keysOf('time ts timestamp @timestamp _time t date datetime')

function keysOf(names: string): readonly Uint8Array[] {
  return names.split(' ').map((name) => new TextEncoder().encode(name))
}

function isLevelKey(bytes: Uint8Array, start: number, end: number): boolean {
  const first = bytes[start] | 0x20
  if (first !== 0x6c && first !== 0x73) return false
  return isOneOf(LEVEL_KEYS, bytes, start, end)
}

function isTimeKey(bytes: Uint8Array, start: number, end: number): boolean {
  return isOneOf(TIME_KEYS, bytes, start, end)
}

function isOneOf(keys: readonly Uint8Array[], bytes: Uint8Array, start: number, end: number): boolean {
  for (let index = 0; index < keys.length; index++) {
    if (isKey(keys[index], bytes, start, end)) return true
  }
  return false
}

/** The letters in any case. */
function isKey(key: Uint8Array, bytes: Uint8Array, start: number, end: number): boolean {
  if (key.length !== end - start) return false
  for (let index = 0; index < key.length; index++) {
    const byte = bytes[start + index]
    if (key[index] !== ((CLASSES[byte] & LETTER) !== 0 ? byte | 0x20 : byte)) return false
  }
  return true
}

// ---- JSON ---------------------------------------------------------------------------------------------------

/** The members `level` and `time` (and their synonyms) of the outermost object, the first of each. */
function detectJson(
  bytes: Uint8Array,
  start: number,
  lineEnd: number,
  arrivalMs: number,
  out: LineDetection,
): void {
  const end = Math.min(lineEnd, start + JSON_BYTES_MAX)
  let depth = 0
  let at = start
  while (at < end) {
    const byte = bytes[at]
    if (byte === QUOTE) {
      const close = endOfString(bytes, at + 1, end)
      if (close < 0) return
      if (depth === 1) readMember(bytes, at + 1, close, end, arrivalMs, out)
      if (out.hasTime && out.severity !== 0) return
      at = close + 1
      continue
    }
    if (byte === OPEN_BRACE || byte === OPEN_BRACKET) depth++
    else if (byte === CLOSE_BRACE || byte === CLOSE_BRACKET) depth--
    at++
  }
}

/** Where the closing quote stands, or -1. */
function endOfString(bytes: Uint8Array, start: number, end: number): number {
  for (let at = start; at < end; at++) {
    if (bytes[at] === QUOTE) return at
    if (bytes[at] === BACKSLASH) at++
  }
  return -1
}

/** Reads the value of the string from `start` to `close` if it is a key that matters. */
function readMember(
  bytes: Uint8Array,
  start: number,
  close: number,
  end: number,
  arrivalMs: number,
  out: LineDetection,
): void {
  let at = close + 1
  while (at < end && (CLASSES[bytes[at]] & BLANK) !== 0) at++
  if (at >= end || bytes[at] !== COLON) return
  at++
  while (at < end && (CLASSES[bytes[at]] & BLANK) !== 0) at++
  const isText = at < end && bytes[at] === QUOTE
  if (out.severity === 0 && isText && isLevelKey(bytes, start, close)) {
    takeValue(bytes, at + 1, end, out)
  } else if (!out.hasTime && isTimeKey(bytes, start, close)) {
    out.hasTime = readJsonTime(bytes, isText ? at + 1 : at, end, arrivalMs, out)
  }
}

/** Text in any spelling, or a Unix time: here every number is one. */
function readJsonTime(
  bytes: Uint8Array,
  at: number,
  end: number,
  arrivalMs: number,
  out: LineDetection,
): boolean {
  if (readLineTime(bytes, at, end, true, arrivalMs, out) >= 0) return true
  let stop = at
  while (stop < end && ((CLASSES[bytes[stop]] & DIGIT) !== 0 || bytes[stop] === 0x2e)) stop++
  return stop < end && parseUnixTime(bytes, at, stop, out)
}
