/**
 * The records of a batch as columns, while they have the fields of a known layout: what the loop of content-of-batches.ts
 * in src/storage/block does, which is the twin and says what is meant. Part of kernels/text.ts, because the data of a block
 * stand in its memory before they are gathered.
 *
 *   memory                             who writes
 *   LAYOUT      by place, 64 bytes     kernel-records.ts, but for the last number
 *     0 16 bytes: what follows a field's kind, of a field of this name; the length of its value is 0
 *    16 16 bytes: which bits of these count
 *    32 u32 bytes of the name   36 u32 where it stands   40 u32 1 where a value is no string
 *   ROW_HEADS   some rows              kernel, and the columns behind it
 *   PLACES      by place and row: u32 start of the value, u32 its length, u8 its kind
 *
 * Invariants: a record that is not taken leaves nothing that counts behind, and is the twin's: one with other fields, and
 * one whose lengths do not add up. Nothing outside a record is read, but for up to 16 bytes behind its end.
 */

export const RECORD_ROWS_MAX: i32 = 1024
export const RECORD_FIELDS_MAX: i32 = 32
export const LAYOUT: i32 = 0x60000
export const LAYOUT_STRIDE: i32 = 64
export const RECORD_IDS: i32 = 0x61000
export const RECORD_TIMES: i32 = 0x63000
export const RECORD_TIMES_NS: i32 = 0x65000
export const RECORD_MESSAGES: i32 = 0x66000
export const RECORD_MESSAGE_LENGTHS: i32 = 0x67000
export const RECORD_WORDS: i32 = 0x68000
export const RECORD_WORD_LENGTHS: i32 = 0x69000
export const RECORD_SEVERITIES: i32 = 0x6a000
export const RECORD_FLAGS: i32 = 0x6a400
/** u32: where the first record stands that was not taken. */
export const RECORD_RESULT: i32 = 0x6a800
/** Of a field: starts, lengths, kinds. */
export const PLACES: i32 = 0x70000
export const PLACE_STRIDE: i32 = 0x3000
export const PLACE_LENGTHS: i32 = 0x1000
export const PLACE_KINDS: i32 = 0x2000

const RECORD_HEAD: i32 = 28
const FIELD_HEAD: i32 = 6
/** Bytes of a name that are compared together with its length. */
const NAME_NEAR: i32 = 11
const TWO_32: f64 = 4294967296

/** Number of fields, and of stream fields in the upper half. */
let counts: i32 = 0
let layoutEnd: i32 = LAYOUT

/** Of the fields that LAYOUT describes, the first `streamCount` are stream fields. */
export function setLayout(count: i32, streamCount: i32): void {
  counts = count | (streamCount << 16)
  layoutEnd = LAYOUT + count * LAYOUT_STRIDE
}

/**
 * Takes up to `count` records, the first of which stands at `from` and has the id `firstId`, of bytes that begin at `data`
 * and end at `end`. Answers how many it took.
 */
export function takeRecords(from: i32, end: i32, count: i32, data: i32, firstId: f64): i32 {
  let record = from
  let row = 0
  for (; row < count; row++) {
    const room = end - record
    if (room < RECORD_HEAD) break
    const length = load<i32>(record)
    if (length < RECORD_HEAD || length > room || load<i32>(record, 6) !== counts) break
    const messageLength = load<i32>(record, 24)
    if (u32(messageLength) > u32(length)) break
    const message = record + RECORD_HEAD
    const word = message + messageLength
    const wordLength = i32(load<u16>(record, 10))
    const next = record + length
    if (!takeFields(row, word + wordLength, next, data)) break
    const at = row << 2
    store<f64>(RECORD_IDS + (row << 3), firstId + f64(row))
    store<f64>(RECORD_TIMES + (row << 3), f64(load<u32>(record, 12)) + f64(load<i32>(record, 16)) * TWO_32)
    store<i32>(RECORD_TIMES_NS + at, load<i32>(record, 20))
    store<i32>(RECORD_MESSAGES + at, message - data)
    store<i32>(RECORD_MESSAGE_LENGTHS + at, messageLength)
    store<i32>(RECORD_WORDS + at, word - data)
    store<i32>(RECORD_WORD_LENGTHS + at, wordLength)
    store<u8>(RECORD_SEVERITIES + row, load<u8>(record, 4))
    store<u8>(RECORD_FLAGS + row, load<u8>(record, 5))
    record = next
  }
  store<i32>(RECORD_RESULT, record - data)
  let kinds = PLACES + PLACE_KINDS
  for (let place = LAYOUT; place < layoutEnd; place += LAYOUT_STRIDE) {
    store<i32>(place, i32(anyKind(kinds, row)), 40)
    kinds += PLACE_STRIDE
  }
  return row
}

// @ts-ignore: decorator
@inline
function takeFields(row: i32, from: i32, end: i32, data: i32): bool {
  let at = from
  let to = PLACES + (row << 2)
  let kinds = PLACES + PLACE_KINDS + row
  for (let place = LAYOUT; place < layoutEnd; place += LAYOUT_STRIDE) {
    if (end - at < FIELD_HEAD) return false
    const other = v128.and(v128.xor(v128.load(at, 1), v128.load(place)), v128.load(place, 16))
    if (v128.any_true(other)) return false
    const nameLength = load<i32>(place, 32)
    if (nameLength > NAME_NEAR && !isSameFar(at + FIELD_HEAD, load<i32>(place, 36), nameLength)) return false
    const value = at + FIELD_HEAD + nameLength
    const valueLength = load<i32>(at, 2)
    const room = end - value
    if (room < 0 || u32(valueLength) > u32(room)) return false
    store<i32>(to, value - data)
    store<i32>(to, valueLength, PLACE_LENGTHS)
    store<u8>(kinds, load<u8>(at))
    at = value + valueLength
    to += PLACE_STRIDE
    kinds += PLACE_STRIDE
  }
  return at === end
}

/** Whether one of so many rows is no string, which is kind 0. */
function anyKind(from: i32, count: i32): bool {
  const whole = count & ~7
  let found: u64 = 0
  for (let row = 0; row < whole; row += 8) found |= load<u64>(from + row)
  for (let row = whole; row < count; row++) found |= u64(load<u8>(from + row))
  return found !== 0
}

/** The last bytes of a name overlap those before. */
function isSameFar(one: i32, other: i32, length: i32): bool {
  const last = length - 8
  for (let at = NAME_NEAR; at < last; at += 8) if (load<u64>(one + at) !== load<u64>(other + at)) return false
  return load<u64>(one + last) === load<u64>(other + last)
}
