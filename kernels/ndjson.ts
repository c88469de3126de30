/**
 * NDJSON lines of known shapes to canonical records: what src/ingest/ndjson-shape-reader.ts does, sixteen bytes at a
 * time. That file is its twin and its specification; test/kernels.test.ts and src/ingest/ndjson-kernel.test.ts hold
 * the two together. This is AssemblyScript: `npm run -s node -- dev/kernels.ts` compiles it.
 *
 *   memory, in pages of 64 KiB
 *    0        tables, spans of the line, the result of `readLines`
 *    1 ..  2  input: lines, then slack
 *    4 ..  5  text of the line that had escapes, then slack
 *    7 .. 10  output: records, then slack
 *   12 ..     arenas of shapes, written by src/ingest/ndjson-kernel.ts, a 128 KiB for each set of options
 *
 *   step, 16-byte aligned                         plan
 *    0 u32 next: what may follow the value         0 u32 depth
 *    4 u32 other: to be tried instead              4 i32 span of the time, -1 none
 *    8 i32 span of the value, -1 not kept          8 i32 span of the message
 *   12 u16 bytes of the seam                      12 i32 span of the level
 *   14 u8  0 value, 1 text, 2 end of the line     16 u32 number of fields
 *   15 u8  depth                                  20 u32 of these, stream fields
 *   16 u32 plan                                   24 u32 bytes of their names
 *   32 seam, padded with zeros to 16n             32 fields: i32 span, u32 bytes of the name, u32 where it stands, 0
 *
 * Invariants:
 *  - a line that is not taken leaves nothing behind it: the records before it are whole, and reading can go on there.
 *  - every loop over a line ends at its newline, which no value contains.
 *  - nothing is allocated, and nothing is written outside spans, text and output.
 */

/** Reads and remembers what is rare: a time, a level and an array are read by the twin's own code. */
// @ts-ignore: decorator
@external('twin', 'readTime')
declare function readTime(start: i32, end: i32): i32
// @ts-ignore: decorator
@external('twin', 'readLevel')
declare function readLevel(start: i32, end: i32, isNumber: i32): i32
// @ts-ignore: decorator
@external('twin', 'arrayEnd')
declare function arrayEnd(start: i32, depth: i32): i32

export const INPUT: i32 = 0x10000
export const INPUT_BYTES: i32 = 0x20000
const TEXT: i32 = 0x40000
export const OUTPUT: i32 = 0x70000
export const OUTPUT_BYTES: i32 = 0x40000
export const ARENAS: i32 = 0xc0000
export const ARENA_BYTES: i32 = 0x20000

/** Where `readLines` says what it did: where it stopped, the end of the output, how many records, why. */
export const RESULT: i32 = 0x8000
/** Where `readTime` leaves a time: f64 ms, i32 ns. */
export const TIME: i32 = 0x8020
/** 256 spans: u32 start, u32 end, u32 kind, 0. */
const SPANS: i32 = 0x9000
/** 64 levels: u64 word, i32 length and 16 when it is a number, i32 what `readLevel` said. */
const LEVELS: i32 = 0xb000
/** The first 16 bytes of the minute that is remembered. */
const MINUTE: i32 = 0xc000

const WHY_END: i32 = 0
const WHY_UNKNOWN: i32 = 1
const WHY_FULL: i32 = 2

const STEP_SEAM: i32 = 32
const STEP_TEXT: i32 = 1
const STEP_END: i32 = 2
const PLAN_FIELDS: i32 = 32

const KIND_STRING: i32 = 0
const KIND_NUMBER: i32 = 1
const KIND_TRUE: i32 = 2
const KIND_FALSE: i32 = 3
const KIND_NULL: i32 = 4
const KIND_JSON: i32 = 5
const RECORD_HEAD: i32 = 28
const FIELD_HEAD: i32 = 6
const FLAG_SENDER_TIME: i32 = 4
const KEEPS_WORD: i32 = 255

const INVALID: i32 = -1
const QUOTE: i32 = 0x22
const BACKSLASH: i32 = 0x5c
const ZERO: i32 = 0x30
const SMALL_U: i32 = 0x75
const TRUE_WORD: u32 = 0x65757274
const NULL_WORD: u32 = 0x6c6c756e
const FALS_WORD: u32 = 0x736c6166

/** Read from 16 - n on: n bytes that count and 16 - n that do not. */
const MASKS: usize = memory.data<u8>([
  255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255,
  0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
], 16)
/** What the bytes from 0x20 to 0x7f stand for behind a backslash, 0 for those that may not follow one, and for `u`. */
const ESCAPED: usize = memory.data<u8>([
  0, 0, 0x22, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x2f,
  0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
  0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
  0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x5c, 0, 0, 0,
  0, 0, 0x08, 0, 0, 0, 0x0c, 0, 0, 0, 0, 0, 0, 0, 0x0a, 0,
  0, 0, 0x0d, 0, 0x09, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
])
/** What a fraction of so many digits is multiplied by to be nanoseconds. */
const NS_OF_DIGIT: usize = memory.data<u32>([
  1000000000, 100000000, 10000000, 1000000, 100000, 10000, 1000, 100, 10, 1,
])

let recordBytesMax: i32 = 0
let lineBytesMax: i32 = 0
let fieldsMax: i32 = 0
let depthMax: i32 = 0
let recordEncodedBytesMax: i32 = 0
let arrivalMs: i64 = 0
let arrivalNs: i32 = 0

/** The text of the line that is unescaped already. */
let textEnd: i32 = TEXT
/** The plan of the line. */
let linePlan: i32 = 0
let timeMs: i64 = 0
let timeNs: i32 = 0
/** NaN: none. */
let minuteMs: f64 = NaN
/** The output so far. */
let output: i32 = OUTPUT

export function setLimits(record: i32, line: i32, fields: i32, depth: i32, recordEncoded: i32): void {
  recordBytesMax = record
  lineBytesMax = line
  fieldsMax = fields
  depthMax = depth
  recordEncodedBytesMax = recordEncoded
}

export function setArrival(ms: f64, ns: i32): void {
  arrivalMs = i64(ms)
  arrivalNs = ns
}

/**
 * Reads lines from `start` on, up to `end`, which is behind a newline, and writes at most `outputBytes` bytes of
 * records. `first` is the step that lines may begin with.
 */
export function readLines(start: i32, end: i32, first: i32, outputBytes: i32): void {
  const outputEnd = OUTPUT + outputBytes
  let at = start
  let records = 0
  let why = WHY_END
  output = OUTPUT
  while (at < end) {
    const next = readLine(at, first)
    if (next == INVALID) {
      why = WHY_UNKNOWN
      break
    }
    why = putRecord(next - at, outputEnd)
    if (why != WHY_END) break
    records++
    at = next
  }
  store<i32>(RESULT, at)
  store<i32>(RESULT, output, 4)
  store<i32>(RESULT, records, 8)
  store<i32>(RESULT, why, 12)
}

// ---- a line to spans ------------------------------------------------------------------------------------------

/** Behind the line at `start`, or INVALID. */
function readLine(start: i32, first: i32): i32 {
  let at = start
  let step = first
  textEnd = TEXT
  while (step != 0) {
    const byteCount = <i32>load<u16>(step, 12)
    if (!isSeamAt(step + STEP_SEAM, byteCount, at)) {
      step = load<i32>(step, 4)
      continue
    }
    const valueStart = at + byteCount
    const stepKind = <i32>load<u8>(step, 14)
    let keptStart = valueStart
    let keptEnd = valueStart
    let kind = KIND_STRING
    if (stepKind == STEP_TEXT) {
      at = plainEnd(valueStart)
      keptEnd = at
      if (load<u8>(at) != QUOTE) {
        keptStart = textEnd
        at = unescape(valueStart, at)
        if (at == INVALID) return INVALID
        keptEnd = textEnd
      }
    } else if (stepKind == STEP_END) {
      linePlan = load<i32>(step, 16)
      const isWithin = load<i32>(linePlan) <= depthMax && valueStart - start <= lineBytesMax
      return isWithin ? valueStart : INVALID
    } else {
      const byte = <i32>load<u8>(valueStart)
      if (isDigit(byte) || byte == 0x2d) {
        kind = KIND_NUMBER
        at = numberEnd(valueStart)
      } else if (byte == 0x74 || byte == 0x66 || byte == 0x6e) {
        kind = byte == 0x74 ? KIND_TRUE : byte == 0x66 ? KIND_FALSE : KIND_NULL
        at = literalEnd(valueStart, kind)
      } else if (byte == 0x5b) {
        kind = KIND_JSON
        at = arrayEnd(valueStart, load<u8>(step, 15) + 1)
      } else {
        step = load<i32>(step, 4)
        continue
      }
      if (at == INVALID) return INVALID
      keptEnd = kind == KIND_NULL ? valueStart : at
    }
    const span = load<i32>(step, 8)
    if (span >= 0) {
      if (span >= fieldsMax) return INVALID
      const place = spanAt(span)
      store<i32>(place, keptStart)
      store<i32>(place, keptEnd, 4)
      store<i32>(place, kind, 8)
    }
    step = load<i32>(step)
  }
  return INVALID
}

// @ts-ignore: decorator
@inline
function spanAt(span: i32): i32 {
  return SPANS + (span << 4)
}

// @ts-ignore: decorator
@inline
function isDigit(byte: i32): bool {
  return <u32>(byte - ZERO) <= 9
}

/** Whether the seam, of at least one byte, stands at `at`. */
// @ts-ignore: decorator
@inline
function isSeamAt(seam: i32, byteCount: i32, at: i32): bool {
  let left = byteCount
  while (left > 16) {
    if (v128.any_true(v128.xor(v128.load(seam), v128.load(at)))) return false
    seam += 16
    at += 16
    left -= 16
  }
  const difference = v128.xor(v128.load(seam), v128.load(at))
  return !v128.any_true(v128.and(difference, v128.load(MASKS + 16 - left)))
}

/** Which of sixteen bytes are a quote, a backslash or below 0x20. */
// @ts-ignore: decorator
@inline
function stopsOf(bytes: v128): i32 {
  const quotes = i8x16.eq(bytes, i8x16.splat(0x22))
  const backslashes = i8x16.eq(bytes, i8x16.splat(0x5c))
  const controls = i8x16.lt_u(bytes, i8x16.splat(0x20))
  return i8x16.bitmask(v128.or(v128.or(quotes, backslashes), controls))
}

/** The first quote, backslash or byte below 0x20 from `at` on. */
// @ts-ignore: decorator
@inline
function plainEnd(at: i32): i32 {
  let stops = stopsOf(v128.load(at))
  while (stops == 0) {
    at += 16
    stops = stopsOf(v128.load(at))
  }
  return at + ctz(stops)
}

/** Reads on a string that stops being plain at `stop`: where its closing quote stands, or INVALID. */
function unescape(start: i32, stop: i32): i32 {
  let to = textEnd
  copy(start, to, stop - start)
  to += stop - start
  let at = stop
  while (true) {
    const bytes = v128.load(at)
    v128.store(to, bytes)
    const stops = stopsOf(bytes)
    if (stops == 0) {
      at += 16
      to += 16
      continue
    }
    const plain = ctz(stops)
    at += plain
    to += plain
    const byte = <i32>load<u8>(at)
    if (byte == QUOTE) {
      textEnd = to
      return at
    }
    if (byte != BACKSLASH) return INVALID
    const letter = <i32>load<u8>(at, 1)
    if (letter == SMALL_U) {
      const unit = codeUnit(at)
      if (unit < 0) return INVALID
      const code = codePoint(at, unit)
      to = writeUtf8(to, code)
      at += code > 0xffff ? 12 : 6
    } else {
      const escaped: u8 = <u32>(letter - 0x20) < 0x60 ? load<u8>(ESCAPED + letter - 0x20) : 0
      if (escaped == 0) return INVALID
      store<u8>(to++, escaped)
      at += 2
    }
  }
}

/** The character of `\uXXXX`, or of two of them that are a surrogate pair; half a pair is U+FFFD. */
function codePoint(at: i32, unit: i32): i32 {
  if (unit < 0xd800 || unit > 0xdfff) return unit
  if (unit >= 0xdc00 || load<u8>(at, 6) != BACKSLASH || load<u8>(at, 7) != SMALL_U) return 0xfffd
  const low = codeUnit(at + 6)
  if (low < 0xdc00 || low > 0xdfff) return 0xfffd
  return 0x10000 + ((unit - 0xd800) << 10) + (low - 0xdc00)
}

/** Of the `\uXXXX` at `at`, -1 when a digit is none. */
function codeUnit(at: i32): i32 {
  let unit = 0
  for (let place = 2; place < 6; place++) {
    const byte = <i32>load<u8>(at + place)
    const letter = (byte | 0x20) - 0x61
    if (isDigit(byte)) unit = (unit << 4) | (byte - ZERO)
    else if (<u32>letter < 6) unit = (unit << 4) | (letter + 10)
    else return -1
  }
  return unit
}

function writeUtf8(at: i32, code: i32): i32 {
  if (code < 0x80) {
    store<u8>(at, code)
    return at + 1
  }
  if (code < 0x800) {
    store<u8>(at, 0xc0 | (code >> 6))
    store<u8>(at, 0x80 | (code & 0x3f), 1)
    return at + 2
  }
  if (code < 0x10000) {
    store<u8>(at, 0xe0 | (code >> 12))
    store<u8>(at, 0x80 | ((code >> 6) & 0x3f), 1)
    store<u8>(at, 0x80 | (code & 0x3f), 2)
    return at + 3
  }
  store<u8>(at, 0xf0 | (code >> 18))
  store<u8>(at, 0x80 | ((code >> 12) & 0x3f), 1)
  store<u8>(at, 0x80 | ((code >> 6) & 0x3f), 2)
  store<u8>(at, 0x80 | (code & 0x3f), 3)
  return at + 4
}

function numberEnd(start: i32): i32 {
  let at = load<u8>(start) == 0x2d ? start + 1 : start
  if (load<u8>(at) == ZERO) at++
  else if ((at = digitsEnd(at)) == INVALID) return INVALID
  if (load<u8>(at) == 0x2e && (at = digitsEnd(at + 1)) == INVALID) return INVALID
  if ((load<u8>(at) | 0x20) != 0x65) return at
  const sign = load<u8>(at, 1)
  return digitsEnd(sign == 0x2b || sign == 0x2d ? at + 2 : at + 1)
}

/** At least one digit. */
// @ts-ignore: decorator
@inline
function digitsEnd(start: i32): i32 {
  let at = start
  while (isDigit(load<u8>(at))) at++
  return at > start ? at : INVALID
}

function literalEnd(start: i32, kind: i32): i32 {
  const word = load<u32>(start)
  if (kind == KIND_TRUE) return word == TRUE_WORD ? start + 4 : INVALID
  if (kind == KIND_NULL) return word == NULL_WORD ? start + 4 : INVALID
  return word == FALS_WORD && load<u8>(start, 4) == 0x65 ? start + 5 : INVALID
}

// ---- spans to a record ----------------------------------------------------------------------------------------

/** Writes the line as a record; otherwise why not. */
function putRecord(lineBytes: i32, outputEnd: i32): i32 {
  const plan = linePlan
  const messageSpan = load<i32>(plan, 8)
  if (messageSpan < 0) return WHY_UNKNOWN
  const fieldCount = load<i32>(plan, 16)
  const streamCount = load<i32>(plan, 20)
  const mostBytes = RECORD_HEAD + lineBytes + load<i32>(plan, 24) + fieldCount * FIELD_HEAD
  if (mostBytes > recordEncodedBytesMax) return WHY_UNKNOWN
  const message = spanAt(messageSpan)
  const messageStart = load<i32>(message)
  const messageBytes = load<i32>(message, 4) - messageStart
  if (messageBytes == 0 || messageBytes > recordBytesMax) return WHY_UNKNOWN
  const fields = plan + PLAN_FIELDS
  for (let index = 0; index < streamCount; index++) {
    const span = spanAt(load<i32>(fields + (index << 4)))
    if (load<i32>(span) == load<i32>(span, 4)) return WHY_UNKNOWN
  }
  const timeSpan = load<i32>(plan, 4)
  let flags = 0
  timeMs = arrivalMs
  timeNs = arrivalNs
  if (timeSpan >= 0) {
    if (!findTime(spanAt(timeSpan))) return WHY_UNKNOWN
    flags = FLAG_SENDER_TIME
  }
  const levelSpan = load<i32>(plan, 12)
  let level = 0
  if (levelSpan >= 0) {
    level = findLevel(spanAt(levelSpan))
    if (level < 0) return WHY_UNKNOWN
  }
  if (output + mostBytes > outputEnd) return WHY_FULL

  const record = output
  let at = record + RECORD_HEAD
  copy(messageStart, at, messageBytes)
  at += messageBytes
  let levelWordBytes = 0
  if (level >> 8 == KEEPS_WORD) {
    const span = spanAt(levelSpan)
    levelWordBytes = load<i32>(span, 4) - load<i32>(span)
    copy(load<i32>(span), at, levelWordBytes)
    at += levelWordBytes
  } else flags |= level >> 8
  for (let index = 0; index < fieldCount; index++) at = putField(fields + (index << 4), at)

  store<i32>(record, at - record)
  store<i32>(record, (level & 0xff) | (flags << 8) | (fieldCount << 16), 4)
  store<i32>(record, streamCount | (levelWordBytes << 16), 8)
  store<i64>(record, timeMs, 12)
  store<i32>(record, timeNs, 20)
  store<i32>(record, messageBytes, 24)
  output = at
  return WHY_END
}

/** Behind the field. */
// @ts-ignore: decorator
@inline
function putField(field: i32, to: i32): i32 {
  const span = spanAt(load<i32>(field))
  const nameBytes = load<i32>(field, 4)
  const start = load<i32>(span)
  const length = load<i32>(span, 4) - start
  store<i32>(to, load<i32>(span, 8) | (nameBytes << 8) | (length << 16))
  store<u16>(to, length >>> 16, 4)
  copy(load<i32>(field, 8), to + FIELD_HEAD, nameBytes)
  copy(start, to + FIELD_HEAD + nameBytes, length)
  return to + FIELD_HEAD + nameBytes + length
}

/** Writes up to fifteen bytes too many, which are written over, or lie in the slack. */
// @ts-ignore: decorator
@inline
function copy(from: i32, to: i32, length: i32): void {
  for (let at = 0; at < length; at += 16) v128.store(to + at, v128.load(from + at))
}

/** False when it is no time, or stands for none. */
// @ts-ignore: decorator
@inline
function findTime(span: i32): bool {
  const start = load<i32>(span)
  const end = load<i32>(span, 4)
  if (end - start < 2 || load<i32>(span, 8) > KIND_NUMBER || start >= TEXT) return false
  return readTimeOfMinute(start, end) || readOtherTime(start, end)
}

/** `ss[.digits]Z` of the minute that is remembered; false when it is anything else. */
// @ts-ignore: decorator
@inline
function readTimeOfMinute(start: i32, end: i32): bool {
  const length = end - start
  if (length < 20 || length > 30 || load<u8>(end - 1) != 0x5a || load<u8>(start, 16) != 0x3a) return false
  if (v128.any_true(v128.xor(v128.load(start), v128.load(MINUTE)))) return false
  const second = secondAt(start + 17)
  if (second < 0) return false
  let ms: f64 = minuteMs + f64(second) * 1000
  if (isNaN(ms)) return false
  let ns: u32 = 0
  if (length > 20) {
    const digits = length - 21
    if (load<u8>(start, 19) != 0x2e || digits == 0) return false
    let fraction: u32 = 0
    for (let at = start + 20; at < end - 1; at++) {
      const digit = <u32>load<u8>(at) - ZERO
      if (digit > 9) return false
      fraction = fraction * 10 + digit
    }
    ns = fraction * load<u32>(NS_OF_DIGIT + (digits << 2))
    const wholeMs = ns / 1000000
    ms += f64(wholeMs)
    ns -= wholeMs * 1000000
  }
  timeMs = i64(ms)
  timeNs = ns
  return true
}

/** `00` to `59`, or -1. */
// @ts-ignore: decorator
@inline
function secondAt(at: i32): i32 {
  const tens = <i32>load<u8>(at) - ZERO
  const ones = <i32>load<u8>(at, 1) - ZERO
  return <u32>tens <= 5 && <u32>ones <= 9 ? tens * 10 + ones : -1
}

/** The long way; it remembers the minute of a time in UTC that is not beside a leap second or the end of all times. */
function readOtherTime(start: i32, end: i32): bool {
  const said = readTime(start, end)
  if (said == 0) return false
  const ms = load<f64>(TIME)
  timeMs = i64(ms)
  timeNs = load<i32>(TIME, 8)
  if (said == 2 && secondAt(start + 17) >= 0) {
    v128.store(MINUTE, v128.load(start))
    minuteMs = Math.floor(ms / 60000) * 60000
  }
  return true
}

/** Its severity, and 256 times its flags or KEEPS_WORD; -1 when it is none. */
// @ts-ignore: decorator
@inline
function findLevel(span: i32): i32 {
  const start = load<i32>(span)
  const end = load<i32>(span, 4)
  const kind = load<i32>(span, 8)
  const length = end - start
  if (length == 0 || kind > KIND_NUMBER || start >= TEXT) return -1
  if (length > 8) return readLevel(start, end, kind)
  const word = load<u64>(start) & ((<u64>-1) >> (64 - (length << 3)))
  const about = length | (kind << 4)
  const folded = <i32>(word ^ (word >> 32))
  const place = LEVELS + (((folded ^ (folded >>> 15) ^ (folded >>> 7) ^ about) & 63) << 4)
  if (load<u64>(place) == word && load<i32>(place, 8) == about) return load<i32>(place, 12)
  const level = readLevel(start, end, kind)
  store<u64>(place, word)
  store<i32>(place, about, 8)
  store<i32>(place, level, 12)
  return level
}
