/**
 * Text of a block, at sealing: where the variables of messages lie, which node of the trie each message ends at, and
 * which values are equal. What tokens.ts, template-trie.ts, value-set.ts and the loops of value-interner.ts and
 * span-interner.ts in src/storage/template do, sixteen bytes at a time; these are its twins and its specification, and
 * src/storage/template/text-kernel.test.ts holds them together. This is AssemblyScript: `npm run -s node --
 * dev/kernels.ts` compiles it.
 *
 *   memory                             who writes
 *   RESULT           u32 variables, u32 places that only the strong hash led to
 *   TOKEN_CLASSES    by byte            text-kernel.ts, from tokens.ts
 *   VALUE_CLASSES    by byte            text-kernel.ts, from byte-classes.ts
 *   ROW_*            some rows          both, see the functions
 *   SCRATCH          a segment          kernel-trie.ts
 *   TEMPLATES        of the block       value-interner.ts
 *   0x60000 ..       records            both, see kernels/text/records.ts
 *   STEPS .. NODES   what is known of the trie: a hash table, bytes, nodes
 *   LAST             what slots held last
 *   STARTS, ENDS     variables          kernel and twin; or values that were packed
 *   ENTRIES          values of slots    kernel
 *   SETS             two sets of values: a hash table, starts, ends and classes of its entries
 *   DATA             the block's bytes  text-kernel.ts
 *
 *   node, 64 bytes                        step, 16 bytes        template, 16 bytes
 *    0 first 16 bytes of the segment       0 u64 hash            0 u32 first column
 *   16 u32 its length * 2 + is last        8 u32 child + 1       4 u32 column behind the last one
 *   20 u32 its bytes                      12 u32 parent          8 u32 entry of the next row
 *   24 u32 child taken last                                     12 u32 entries of a slot
 *   28 u32 marks                          last, 32 bytes
 *   32 u32 its holes                       0 first 16 bytes      place, 16 bytes
 *   36 u32 child taken before             16 i32 length          0 u64 bytes, or hash of more than 8
 *   holes: u32 how many, then each        20 u32 start           8 u32 entry + 1
 *    0 u32 bytes of the prefix            24 u32 entry          12 u32 length
 *    4 u32 bytes of the suffix
 *    8 u32 is last                        set, 32 bytes: u32 count, u32 mask of places, u32 its memory,
 *   12 prefix, suffix, to 4n                             u32 short numbers
 *
 * Invariants:
 *  - bytes decide what is equal; a hash only says where to look. The hash is cheap, its key is secret, and a look-up
 *    tries a few places: then a set goes on where a strong hash says, and a step counts as unknown.
 *  - a row of which a step is unknown leaves nothing behind, and is the twin's; so is what comes after a set is full.
 *  - nothing is allocated. Up to 64 bytes behind the data are read; they change no answer.
 */

export {
  LAYOUT,
  LAYOUT_STRIDE,
  PLACE_KINDS,
  PLACE_LENGTHS,
  PLACES,
  PLACE_STRIDE,
  RECORD_FIELDS_MAX,
  RECORD_FLAGS,
  RECORD_IDS,
  RECORD_MESSAGE_LENGTHS,
  RECORD_MESSAGES,
  RECORD_RESULT,
  RECORD_ROWS_MAX,
  RECORD_SEVERITIES,
  RECORD_TIMES,
  RECORD_TIMES_NS,
  RECORD_WORD_LENGTHS,
  RECORD_WORDS,
  setLayout,
  takeRecords,
} from './text/records'

export const RESULT: i32 = 0x8000
export const TOKEN_CLASSES: i32 = 0x9000
export const VALUE_CLASSES: i32 = 0x9200
const SETS: i32 = 0x9800
const FIELD_LAST: i32 = 0x9900
export const ROWS_MAX: i32 = 4096
export const ROW_STARTS: i32 = 0x10000
export const ROW_LENGTHS: i32 = 0x14000
/** Nodes, templates or entries. */
export const ROW_NUMBERS: i32 = 0x18000
export const ROW_VARIABLES: i32 = 0x1c000
export const SCRATCH: i32 = 0x20000
export const SCRATCH_BYTES: i32 = 0x10000
const SHORT_NUMBERS: i32 = 0x30000
const SHORT_NUMBERS_STRIDE: i32 = 0x10000
const SHORT_NUMBERS_BYTES: i32 = 44440
export const TEMPLATES: i32 = 0x50000
export const TEMPLATES_MAX: i32 = 4096
const STEPS: i32 = 0x100000
const STEP_PLACES: i32 = 0x10000
const SEGMENTS: i32 = 0x200000
const SEGMENTS_END: i32 = 0x400000
export const NODES: i32 = 0x400000
export const NODES_MAX: i32 = 0x10000
export const NODE_BYTES: i32 = 64
const LAST: i32 = 0x800000
export const COLUMNS_MAX: i32 = 0x10000
export const STARTS: i32 = 0xa00000
export const ENDS: i32 = 0x1300000
export const VARIABLES_MAX: i32 = 0x200000
export const ENTRIES: i32 = 0x1c00000
export const SET_MEMORY: i32 = 0x2400000
export const SET_MEMORY_STRIDE: i32 = 0x2c00000
export const SET_STARTS: i32 = 0x2000000
export const SET_ENDS: i32 = 0x2400000
export const SET_CLASSES: i32 = 0x2800000
export const SET_ENTRIES_MAX: i32 = 0x100000
const PLACES_MIN: i32 = 0x1000
export const DATA: i32 = 0x7c00000
export const DATA_BYTES: i32 = 0x2000000

const UNKNOWN: i32 = -3
const READ_WIDE: i32 = -2
const NO_TEMPLATE: i32 = -1
const NARROW_ROOT: i32 = 0
const WIDE_ROOT: i32 = 1
const HAS_HOLES: i32 = 1
const IS_WIDE: i32 = 2
const SLOTS_MAX: i32 = 512
const TEXT_BYTES_MAX: i32 = 8192
const STEP_TRIES: i32 = 8
const CHEAP_PLACES: i32 = 16
const FULL: i32 = -1
const NO_SHORT_NUMBER: i32 = -1

const TOKEN: i32 = 1
const DIGIT: i32 = 2
const TRIM: i32 = 4
const WORD: i32 = 8
const BLANK: i32 = 16
const QUOTE_STOP: i32 = 32
const QUOTE: i32 = 0x22
const SLASH: i32 = 0x2f
const COLON: i32 = 0x3a
const EQUALS: i32 = 0x3d
const BACKSLASH: i32 = 0x5c
const QUOTED_BLANKS_MAX: i32 = 2
const SCHEME_BYTES_MAX: i32 = 16

/** Read from 16 - n on: n bytes that count and 16 - n that do not. */
const MASKS: usize = memory.data<u8>([
  255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255,
  0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
], 16)
/** By the number of digits: the place of the first number. */
const SHORT_FIRST: usize = memory.data<u32>([0, 0, 10, 110, 1110])

const P0: u64 = 0x9e3779b97f4a7c15
const P1: u64 = 0xd6e8feb86659fd93

let key0: u64 = 0
let key1: u64 = 0
let variableCount: i32 = 0
let segmentsEnd: i32 = SEGMENTS
let stepCount: i32 = 0
let nodesEnd: i32 = 2

/** Of 32 bits each, secret. */
export function setKey(a: i32, b: i32, c: i32, d: i32): void {
  key0 = (<u64>(<u32>a) << 32) | <u64>(<u32>b)
  key1 = (<u64>(<u32>c) << 32) | <u64>(<u32>d)
}

// ---- bytes ----------------------------------------------------------------------------------------------------

// @ts-ignore: decorator
@inline
function isAny(classes: i32, at: i32): bool {
  return (<i32>load<u8>(TOKEN_CLASSES + <i32>load<u8>(at)) & classes) != 0
}

/** Up to 16 bytes, and zeros behind them. */
// @ts-ignore: decorator
@inline
function headOf(at: i32, length: i32): v128 {
  return v128.and(v128.load(at), v128.load(MASKS + 16 - min(16, length)))
}

// @ts-ignore: decorator
@inline
function isSame(a: v128, b: v128): bool {
  return !v128.any_true(v128.xor(a, b))
}

/** From the 17th byte on; there are more than 16. The last 16 bytes overlap those before: none are left over. */
// @ts-ignore: decorator
@inline
function sameTail(a: i32, b: i32, length: i32): bool {
  const last = length - 16
  for (let at = 16; at < last; at += 16) {
    if (!isSame(v128.load(a + at), v128.load(b + at))) return false
  }
  return isSame(v128.load(a + last), v128.load(b + last))
}

// @ts-ignore: decorator
@inline
function mix(word: u64): u64 {
  const product = (word ^ (word >> 32)) * P1
  return product ^ (product >> 29)
}

/** Up to 8 bytes as a number. */
// @ts-ignore: decorator
@inline
function wordOf(at: i32, length: i32): u64 {
  return length == 0 ? 0 : load<u64>(at) & (<u64>-1 >> ((8 - length) << 3))
}

/** Of more than 8 bytes: the last 8 overlap those before. */
function hashOf(at: i32, length: i32): u64 {
  let hash = key0 ^ (<u64>length * P0)
  const last = at + length - 8
  for (; at < last; at += 8) {
    hash = (hash ^ load<u64>(at)) * P0
    hash ^= hash >> 31
  }
  return mix((hash ^ load<u64>(last) ^ key1) * P0)
}

// @ts-ignore: decorator
@inline
function hashOfWord(word: u64, length: i32): u64 {
  return mix((word ^ key0) * P0 + <u64>length * key1)
}

let s0: u64 = 0
let s1: u64 = 0
let s2: u64 = 0
let s3: u64 = 0

// @ts-ignore: decorator
@inline
function sipRound(): void {
  s0 += s1
  s1 = rotl<u64>(s1, 13) ^ s0
  s0 = rotl<u64>(s0, 32)
  s2 += s3
  s3 = rotl<u64>(s3, 16) ^ s2
  s0 += s3
  s3 = rotl<u64>(s3, 21) ^ s0
  s2 += s1
  s1 = rotl<u64>(s1, 17) ^ s2
  s2 = rotl<u64>(s2, 32)
}

function sipTake(word: u64): void {
  s3 ^= word
  sipRound()
  s0 ^= word
}

/** SipHash-1-3: where the cheap hash was made to collide. */
function strongHashOf(start: i32, length: i32): u64 {
  s0 = key0 ^ 0x736f6d6570736575
  s1 = key1 ^ 0x646f72616e646f6d
  s2 = key0 ^ 0x6c7967656e657261
  s3 = key1 ^ 0x7465646279746573
  let at = start
  const end = start + length
  for (; at + 8 <= end; at += 8) sipTake(load<u64>(at))
  sipTake(wordOf(at, end - at) | (<u64>length << 56))
  s2 ^= 0xff
  sipRound()
  sipRound()
  sipRound()
  return s0 ^ s1 ^ s2 ^ s3
}

// ---- which bytes are variables --------------------------------------------------------------------------------

/** By both halves of a byte: a bit that both have says that it is one of a token; the highest, that it is a digit. */
// @ts-ignore: decorator
@inline
function classified(bytes: v128): v128 {
  const low = i8x16(-72, -68, -68, -68, -68, -68, -68, -68, -68, -68, 60, 36, 36, 37, 37, 44)
  const high = i8x16(0, 0, 1, -128, 4, 8, 4, 16, 32, 32, 32, 32, 32, 32, 32, 32)
  return v128.and(
    i8x16.swizzle(low, v128.and(bytes, i8x16.splat(15))),
    i8x16.swizzle(high, i8x16.shr_u(bytes, 4)),
  )
}

// @ts-ignore: decorator
@inline
function gapsOf(classes: v128): u64 {
  return <u64>(<u32>i8x16.bitmask(i8x16.eq(classes, i8x16.splat(0))))
}

// @ts-ignore: decorator
@inline
function digitsOf(classes: v128): u64 {
  return <u64>(<u32>i8x16.bitmask(classes))
}

// @ts-ignore: decorator
@inline
function putVariable(start: i32, end: i32): void {
  store<i32>(STARTS + (variableCount << 2), start - DATA)
  store<i32>(ENDS + (variableCount << 2), end - DATA)
  variableCount++
}

// @ts-ignore: decorator
@inline
function trimmed(end: i32): i32 {
  let stop = end
  while (isAny(TRIM, stop - 1)) stop--
  return stop
}

/** The narrow reading. Puts variables; false where there would be more of them than `countMax`. */
function scanNarrow(start: i32, end: i32, countMax: i32): bool {
  let runStart = start
  let carry: u64 = 0
  let count = variableCount
  for (let at = start; at < end; at += 64) {
    const a = classified(v128.load(at))
    const b = classified(v128.load(at, 16))
    const c = classified(v128.load(at, 32))
    const d = classified(v128.load(at, 48))
    let gaps = gapsOf(a) | (gapsOf(b) << 16) | (gapsOf(c) << 32) | (gapsOf(d) << 48)
    let digits = digitsOf(a) | (digitsOf(b) << 16) | (digitsOf(c) << 32) | (digitsOf(d) << 48)
    if (end - at < 64) {
      const inside = (<u64>1 << (end - at)) - 1
      gaps |= ~inside
      digits &= inside
    }
    // A carry runs out of every token that has a digit.
    const halfSum = ~gaps + digits
    const sum = halfSum + carry
    carry = <u64>(halfSum < digits) | <u64>(sum < halfSum)
    let stops = sum & gaps
    while (stops != 0) {
      const bit = ctz(stops)
      stops &= stops - 1
      const before = gaps & ((<u64>1 << bit) - 1)
      if (count == countMax) {
        variableCount = count
        return false
      }
      const from = before == 0 ? runStart : at + 64 - <i32>clz(before)
      store<i32>(STARTS + (count << 2), from - DATA)
      store<i32>(ENDS + (count << 2), trimmed(at + <i32>bit) - DATA)
      count++
    }
    if (gaps != 0) runStart = at + 64 - <i32>clz(gaps)
  }
  variableCount = count
  if (carry == 0) return true
  if (count == countMax) return false
  putVariable(runStart, trimmed(end))
  return true
}

/** The wide reading, otherwise as `scanNarrow`. */
function scanWide(start: i32, end: i32, countMax: i32): bool {
  let at = start
  let afterEquals = false
  // A search for a closing quote that failed is not repeated for the bytes that it saw.
  let noQuoteUntil = start
  while (at < end) {
    const byte = <i32>load<u8>(at)
    if (byte == QUOTE && at >= noQuoteUntil) {
      const open = at + 1
      let blanks = 0
      let close = open
      for (; close < end; close++) {
        if (!isAny(BLANK | QUOTE_STOP, close)) continue
        if (isAny(BLANK, close)) blanks++
        else if (load<u8>(close) != BACKSLASH) break
        // A backslash takes the meaning from the next byte.
        else close++
      }
      afterEquals = false
      if (close >= end || load<u8>(close) != QUOTE) {
        noQuoteUntil = close
        at++
        continue
      }
      at = close + 1
      const isKey = at < end && load<u8>(at) == COLON
      if (isKey || open == close) continue
      if (blanks > 0 && blanks <= QUOTED_BLANKS_MAX && isRequest(open, close)) {
        if (!splitQuoted(open, close, countMax)) return false
      } else {
        if (variableCount == countMax) return false
        putVariable(open, close)
      }
    } else if (!isAny(WORD, at)) {
      afterEquals = byte == EQUALS
      at++
    } else {
      const wordStart = at
      let isPath = byte == SLASH
      let bits = 0
      let allBits = TOKEN
      for (; at < end; at++) {
        const next = <i32>load<u8>(TOKEN_CLASSES + <i32>load<u8>(at))
        if ((next & WORD) != 0) {
          bits |= next
          allBits &= next
          continue
        }
        if (load<u8>(at) != EQUALS) break
        if (!isPath) isPath = isUrl(wordStart, at)
        if (!isPath) break
      }
      if (!isPath) isPath = isUrl(wordStart, at)
      if (!isPath && !afterEquals) {
        if ((bits & DIGIT) != 0) {
          if ((allBits & TOKEN) == 0) {
            if (!scanNarrow(wordStart, at, countMax)) return false
          } else {
            if (variableCount == countMax) return false
            putVariable(wordStart, trimmed(at))
          }
        }
      } else {
        if (variableCount == countMax) return false
        putVariable(wordStart, at)
      }
      afterEquals = false
    }
  }
  return true
}

/** Whether a word begins with the name of a scheme, a colon and two slashes. */
// @ts-ignore: decorator
@inline
function isUrl(start: i32, end: i32): bool {
  const nameEnd = min(end - 2, start + SCHEME_BYTES_MAX)
  for (let at = start; at < nameEnd; at++) {
    if (load<u8>(at) == COLON) return load<u8>(at, 1) == SLASH && load<u8>(at, 2) == SLASH
  }
  return false
}

/** Whether a word between the quotes begins as a path does. */
// @ts-ignore: decorator
@inline
function isRequest(start: i32, end: i32): bool {
  for (let at = start; at < end; at++) {
    if (load<u8>(at) == SLASH && (at == start || isAny(BLANK, at - 1))) return true
  }
  return false
}

/** Each word between the quotes is a variable. */
// @ts-ignore: decorator
@inline
function splitQuoted(start: i32, end: i32, countMax: i32): bool {
  for (let at = start; at < end; at++) {
    const wordStart = at
    while (at < end && !isAny(BLANK, at)) at++
    if (at == wordStart) continue
    if (variableCount == countMax) return false
    putVariable(wordStart, at)
  }
  return true
}

// ---- the trie -------------------------------------------------------------------------------------------------

// @ts-ignore: decorator
@inline
function nodeAt(node: i32): i32 {
  return NODES + node * NODE_BYTES
}

/** Forgets the trie but for its roots, whose marks and holes `setMarks` tells. */
export function forgetTrie(): void {
  memory.fill(STEPS, 0, STEP_PLACES << 4)
  for (let node = 0; node < nodesEnd; node++) store<i32>(nodeAt(node), -1, 16)
  memory.fill(nodeAt(0), 0, NODE_BYTES * 2)
  store<i32>(nodeAt(NARROW_ROOT), -1, 16)
  store<i32>(nodeAt(WIDE_ROOT), -1, 16)
  nodesEnd = 2
  segmentsEnd = SEGMENTS
  stepCount = 0
}

export function isNodeKnown(node: i32): bool {
  return node < nodesEnd && load<i32>(nodeAt(node), 16) != -1
}

/** Learns the step from one node to another, whose segment is in SCRATCH. False where there is no room. */
export function learnStep(parent: i32, child: i32, length: i32, isLast: i32): bool {
  const room = (length + 31) & ~15
  if (child >= NODES_MAX || stepCount * 2 >= STEP_PLACES || segmentsEnd + room > SEGMENTS_END) return false
  const hash = stepHashOf(parent, SCRATCH, length, isLast)
  for (let tries = 0; tries < STEP_TRIES; tries++) {
    const place = stepPlace(hash, tries)
    if (load<i32>(place, 8) != 0) continue
    store<u64>(place, hash)
    store<i32>(place, child + 1, 8)
    store<i32>(place, parent, 12)
    stepCount++
    break
  }
  memory.copy(segmentsEnd, SCRATCH, length)
  const node = nodeAt(child)
  v128.store(node, headOf(SCRATCH, length))
  store<i32>(node, (length << 1) | isLast, 16)
  store<i32>(node, segmentsEnd, 20)
  store<i32>(node, NARROW_ROOT, 24)
  store<i32>(node, 0, 28)
  store<i32>(node, NARROW_ROOT, 36)
  segmentsEnd += room
  for (; nodesEnd <= child; nodesEnd++) if (nodesEnd != child) store<i32>(nodeAt(nodesEnd), -1, 16)
  return true
}

/** Marks a node, whose holes are in SCRATCH, so many bytes. False where there is no room. */
export function setMarks(node: i32, marks: i32, holeBytes: i32): bool {
  const room = (holeBytes + 31) & ~15
  if (node >= NODES_MAX || segmentsEnd + room > SEGMENTS_END) return false
  memory.copy(segmentsEnd, SCRATCH, holeBytes)
  store<i32>(nodeAt(node), marks, 28)
  store<i32>(nodeAt(node), segmentsEnd, 32)
  segmentsEnd += room
  return true
}

// @ts-ignore: decorator
@inline
function stepHashOf(parent: i32, start: i32, length: i32, isLast: i32): u64 {
  const hash = length > 8 ? hashOf(start, length) : hashOfWord(wordOf(start, length), length)
  return mix(hash + <u64>((parent << 1) | isLast) * P0)
}

// @ts-ignore: decorator
@inline
function stepPlace(hash: u64, tries: i32): i32 {
  return STEPS + (((<i32>(hash >> 20) + tries) & (STEP_PLACES - 1)) << 4)
}

// @ts-ignore: decorator
@inline
function hasSegment(node: i32, key: i32, head: v128, start: i32): bool {
  if (load<i32>(node, 16) != key || !isSame(v128.load(node), head)) return false
  return key < 34 || sameTail(load<i32>(node, 20), start, key >> 1)
}

function findStep(parent: i32, key: i32, head: v128, start: i32): i32 {
  const hash = stepHashOf(parent, start, key >> 1, key & 1)
  for (let tries = 0; tries < STEP_TRIES; tries++) {
    const place = stepPlace(hash, tries)
    const child = load<i32>(place, 8) - 1
    if (child < 0) return UNKNOWN
    if (load<u64>(place) != hash || load<i32>(place, 12) != parent) continue
    if (hasSegment(nodeAt(child), key, head, start)) return child
  }
  return UNKNOWN
}

/** The last node of a text whose variables are those from `first` on; a hole adds its word to them. */
function walk(root: i32, start: i32, end: i32, first: i32): i32 {
  let node = root
  let at = start
  let variable = first
  while (true) {
    const record = nodeAt(node)
    const marks = load<i32>(record, 28)
    if (marks != 0) {
      if ((marks & IS_WIDE) != 0) return READ_WIDE
      takeHole(load<i32>(record, 32), at, end, variable, first)
    }
    const isLast = variable == variableCount
    const segmentEnd = isLast ? end : load<i32>(STARTS + (variable << 2)) + DATA
    const length = segmentEnd - at
    const head = headOf(at, length)
    const key = (length << 1) | i32(isLast)
    const child = load<i32>(record, 24)
    if (hasSegment(nodeAt(child), key, head, at)) node = child
    else {
      const other = load<i32>(record, 36)
      node = hasSegment(nodeAt(other), key, head, at) ? other : findStep(node, key, head, at)
      if (node < 0) return UNKNOWN
      store<i32>(record, node, 24)
      store<i32>(record, child, 36)
    }
    if (isLast) return node
    at = load<i32>(ENDS + (variable << 2)) + DATA
    variable++
  }
}

/** Where the text between `at` and the next variable fits a hole, its word becomes a variable. */
function takeHole(holes: i32, at: i32, end: i32, variable: i32, first: i32): void {
  if (variableCount - first >= SLOTS_MAX) return
  const isLast = variable == variableCount
  const segmentEnd = isLast ? end : load<i32>(STARTS + (variable << 2)) + DATA
  const count = load<i32>(holes)
  let hole = holes + 4
  for (let index = 0; index < count; index++) {
    const prefixBytes = load<i32>(hole)
    const suffixBytes = load<i32>(hole, 4)
    const wordStart = at + prefixBytes
    const wordEnd = segmentEnd - suffixBytes
    if (
      load<i32>(hole, 8) == i32(isLast) &&
      wordStart < wordEnd &&
      memory.compare(hole + 12, at, prefixBytes) == 0 &&
      memory.compare(hole + 12 + prefixBytes, wordEnd, suffixBytes) == 0 &&
      isPlainWord(wordStart, wordEnd)
    ) {
      insertVariable(variable, wordStart, wordEnd)
      return
    }
    hole += (12 + prefixBytes + suffixBytes + 3) & ~3
  }
}

function isPlainWord(start: i32, end: i32): bool {
  for (let at = start; at < end; at++) {
    if ((<i32>load<u8>(TOKEN_CLASSES + <i32>load<u8>(at)) & (TOKEN | DIGIT)) != TOKEN) return false
  }
  return true
}

function insertVariable(variable: i32, start: i32, end: i32): void {
  const place = variable << 2
  const bytes = (variableCount - variable) << 2
  memory.copy(STARTS + place + 4, STARTS + place, bytes)
  memory.copy(ENDS + place + 4, ENDS + place, bytes)
  store<i32>(STARTS + place, start - DATA)
  store<i32>(ENDS + place, end - DATA)
  variableCount++
}

// ---- rows -----------------------------------------------------------------------------------------------------

/**
 * Reads rows `from` to below `to` of ROW_STARTS and ROW_LENGTHS, behind `count` variables. ROW_NUMBERS gets the last
 * node of each, below zero where it has no template, and ROW_VARIABLES its first variable. Returns the row that is not
 * known, or `to`; RESULT gets the number of variables.
 */
export function readRows(from: i32, to: i32, count: i32): i32 {
  variableCount = count
  let row = from
  for (; row < to; row++) {
    const first = variableCount
    if (first >= VARIABLES_MAX) break
    const start = DATA + load<i32>(ROW_STARTS + (row << 2))
    const node = readRow(start, start + load<i32>(ROW_LENGTHS + (row << 2)), first)
    if (node < 0) variableCount = first
    if (node == UNKNOWN) break
    store<i32>(ROW_NUMBERS + (row << 2), node)
    store<i32>(ROW_VARIABLES + (row << 2), first)
  }
  store<i32>(RESULT, variableCount)
  return row
}

// @ts-ignore: decorator
@inline
function readRow(start: i32, end: i32, first: i32): i32 {
  if ((load<i32>(nodeAt(NARROW_ROOT), 28) & IS_WIDE) == 0) {
    if (!scanNarrow(start, end, first + SLOTS_MAX) || isLong(start, end, first)) return NO_TEMPLATE
    const node = walk(NARROW_ROOT, start, end, first)
    if (node != READ_WIDE) return node
    variableCount = first
  }
  if (!scanWide(start, end, first + SLOTS_MAX) || isLong(start, end, first)) return NO_TEMPLATE
  return walk(WIDE_ROOT, start, end, first)
}

/** Whether the static text is longer than a template may be. */
function isLong(start: i32, end: i32, first: i32): bool {
  let bytes = end - start
  if (bytes <= TEXT_BYTES_MAX) return false
  for (let variable = first; variable < variableCount; variable++) {
    bytes -= load<i32>(ENDS + (variable << 2)) - load<i32>(STARTS + (variable << 2))
  }
  return bytes > TEXT_BYTES_MAX
}

// ---- values ---------------------------------------------------------------------------------------------------

/** Empties a set, and makes room in its table for so many places, a power of two. */
export function resetValues(set: i32, places: i32): void {
  const about = SETS + (set << 5)
  const placeCount = max(PLACES_MIN, min(SET_ENTRIES_MAX * 2, places))
  store<i32>(about, 0)
  store<i32>(about, placeCount - 1, 4)
  store<i32>(about, SET_MEMORY + set * SET_MEMORY_STRIDE, 8)
  store<i32>(about, SHORT_NUMBERS + set * SHORT_NUMBERS_STRIDE, 12)
  memory.fill(SET_MEMORY + set * SET_MEMORY_STRIDE, 0, placeCount << 4)
  memory.fill(SHORT_NUMBERS + set * SHORT_NUMBERS_STRIDE, 0, SHORT_NUMBERS_BYTES)
}

export function valueCount(set: i32): i32 {
  return load<i32>(SETS + (set << 5))
}

/**
 * Copies the values of a set one behind the other to ENDS, and where each begins to STARTS, so the variables are gone.
 * Returns how many bytes they are, or FULL where they are more than `bytesMax`, which 8 MiB is the most for.
 */
export function packValues(set: i32, bytesMax: i32): i32 {
  const base = SET_MEMORY + set * SET_MEMORY_STRIDE
  const count = valueCount(set)
  let end = 0
  for (let entry = 0; entry < count; entry++) {
    const start = load<i32>(base + SET_STARTS + (entry << 2))
    const length = load<i32>(base + SET_ENDS + (entry << 2)) - start
    if (end + length > bytesMax) return FULL
    store<i32>(STARTS + (entry << 2), end)
    // What is copied behind the value is written over by the next one.
    for (let done = 0; done < length; done += 16) {
      v128.store(ENDS + end + done, v128.load(DATA + start + done))
    }
    end += length
  }
  store<i32>(STARTS + (count << 2), end)
  return end
}

/** Forgets what so many columns held last. */
export function beginColumns(columns: i32): void {
  memory.fill(LAST, 255, columns << 5)
}

/**
 * Adds the variables from number `first` on of `rows` rows, whose templates are ROW_NUMBERS (-1: none). ENTRIES gets
 * their entries. Returns the number of the next variable, or FULL.
 */
export function internVariables(set: i32, rows: i32, first: i32): i32 {
  let variable = first << 2
  for (let row = 0; row < rows; row++) {
    const number = load<i32>(ROW_NUMBERS + (row << 2))
    if (number < 0) continue
    const template = TEMPLATES + (number << 4)
    let to = load<i32>(template, 8)
    store<i32>(template, to + 1, 8)
    to = ENTRIES + (to << 2)
    const stride = load<i32>(template, 12) << 2
    const end = LAST + (load<i32>(template, 4) << 5)
    for (let last = LAST + (load<i32>(template) << 5); last < end; last += 32) {
      const start = load<i32>(STARTS + variable)
      const length = load<i32>(ENDS + variable) - start
      const entry = entryOf(set, last, start, length)
      if (entry < 0) return FULL
      store<i32>(to, entry)
      variable += 4
      to += stride
    }
  }
  return variable >> 2
}

/**
 * Adds the values of `rows` rows of a column, of ROW_STARTS and ROW_LENGTHS; ROW_NUMBERS gets their entries. False where
 * the set is full.
 */
export function internSpans(set: i32, rows: i32, isFirst: i32): bool {
  if (isFirst != 0) store<i32>(FIELD_LAST, -1, 16)
  for (let row = 0; row < rows; row++) {
    const start = load<i32>(ROW_STARTS + (row << 2))
    const entry = entryOf(set, FIELD_LAST, start, load<i32>(ROW_LENGTHS + (row << 2)))
    if (entry < 0) return false
    store<i32>(ROW_NUMBERS + (row << 2), entry)
  }
  return true
}

/** The entry of a value, which is mostly what was there last. */
// @ts-ignore: decorator
@inline
function entryOf(set: i32, last: i32, start: i32, length: i32): i32 {
  const at = start + DATA
  const head = headOf(at, length)
  let entry = load<i32>(last, 24)
  const isKnown =
    load<i32>(last, 16) == length &&
    isSame(v128.load(last), head) &&
    (length <= 16 || sameTail(at, load<i32>(last, 20), length))
  // The latest place, since its bytes are likely in the processor's cache.
  store<i32>(last, at, 20)
  if (isKnown) return entry
  entry = addValue(set, at, length, head)
  v128.store(last, head)
  store<i32>(last, length, 16)
  store<i32>(last, entry, 24)
  return entry
}

function addValue(set: i32, at: i32, length: i32, head: v128): i32 {
  const about = SETS + (set << 5)
  const word = i64x2.extract_lane(head, 0)
  if (length <= 4) {
    const number = shortNumberPlace(<i32>word, length)
    if (number != NO_SHORT_NUMBER) {
      const place = load<i32>(about, 12) + (number << 2)
      const known = load<i32>(place)
      if (known != 0) return known - 1
      const entry = appendValue(about, at, length)
      if (entry >= 0) store<i32>(place, entry + 1)
      return entry
    }
  }
  const mask = load<i32>(about, 4)
  const places = load<i32>(about, 8)
  let hash: u64
  let key: u64
  if (length <= 8) {
    key = word
    hash = hashOfWord(word, length)
  } else {
    hash = hashOf(at, length)
    key = hash
  }
  let number = <i32>(hash >> 24) & mask
  for (let tries = 0; tries < CHEAP_PLACES; tries++) {
    const place = places + (number << 4)
    const known = load<i32>(place, 8)
    if (known == 0) return putValue(about, place, key, at, length)
    if (hasValue(about, place, key, at, length, head)) return known - 1
    number = (number + 1) & mask
  }
  return addByStrongHash(about, key, at, length, head)
}

function addByStrongHash(about: i32, key: u64, at: i32, length: i32, head: v128): i32 {
  const mask = load<i32>(about, 4)
  const places = load<i32>(about, 8)
  let number = <i32>strongHashOf(at, length) & mask
  while (true) {
    store<i32>(RESULT, load<i32>(RESULT, 4) + 1, 4)
    const place = places + (number << 4)
    const known = load<i32>(place, 8)
    if (known == 0) return putValue(about, place, key, at, length)
    if (hasValue(about, place, key, at, length, head)) return known - 1
    number = (number + 1) & mask
  }
}

// @ts-ignore: decorator
@inline
function putValue(about: i32, place: i32, key: u64, at: i32, length: i32): i32 {
  const entry = load<i32>(about)
  if (entry >= SET_ENTRIES_MAX) return FULL
  store<u64>(place, key)
  store<i32>(place, entry + 1, 8)
  store<i32>(place, length, 12)
  return appendValue(about, at, length)
}

// @ts-ignore: decorator
@inline
function hasValue(about: i32, place: i32, key: u64, at: i32, length: i32, head: v128): bool {
  if (load<u64>(place) != key || load<i32>(place, 12) != length) return false
  return length <= 8 || sameValue(about, load<i32>(place, 8) - 1, at, length, head)
}

// @ts-ignore: decorator
@inline
function sameValue(about: i32, entry: i32, at: i32, length: i32, head: v128): bool {
  const other = load<i32>(load<i32>(about, 8) + SET_STARTS + (entry << 2)) + DATA
  return isSame(headOf(other, length), head) && (length <= 16 || sameTail(other, at, length))
}

/** The place of a text of one to four digits among all such texts. */
// @ts-ignore: decorator
@inline
function shortNumberPlace(bytes: i32, length: i32): i32 {
  if (length == 0) return NO_SHORT_NUMBER
  const missing = (4 - length) << 3
  // Zeros for the digits that it lacks.
  const digits = (bytes << missing) ^ (0x30303030 << missing)
  // No byte is above 9: neither its high half is set, nor is that of the byte plus 6.
  if (((digits | (digits + 0x06060606)) & 0xf0f0f0f0) != 0) return NO_SHORT_NUMBER
  const pairs = (digits * 10 + (digits >>> 8)) & 0xff00ff
  return load<i32>(SHORT_FIRST + (length << 2)) + (pairs & 0xff) * 100 + (pairs >>> 16)
}

function appendValue(about: i32, at: i32, length: i32): i32 {
  const entry = load<i32>(about)
  if (entry >= SET_ENTRIES_MAX) return FULL
  const base = load<i32>(about, 8)
  let classes = 0
  for (let byte = at; byte < at + length; byte++) {
    classes |= <i32>load<u16>(VALUE_CLASSES + (<i32>load<u8>(byte) << 1))
  }
  store<i32>(base + SET_STARTS + (entry << 2), at - DATA)
  store<i32>(base + SET_ENDS + (entry << 2), at - DATA + length)
  store<u16>(base + SET_CLASSES + (entry << 1), classes)
  store<i32>(about, entry + 1)
  if ((entry + 1) * 4 > load<i32>(about, 4) * 3) growValues(about)
  return entry
}

function growValues(about: i32): void {
  const placeCount = (load<i32>(about, 4) + 1) << 1
  if (placeCount > SET_ENTRIES_MAX * 2) return
  const base = load<i32>(about, 8)
  store<i32>(about, placeCount - 1, 4)
  memory.fill(base, 0, placeCount << 4)
  const count = load<i32>(about)
  for (let entry = 0; entry < count; entry++) placeAgain(base, placeCount - 1, entry)
}

function placeAgain(base: i32, mask: i32, entry: i32): void {
  const at = load<i32>(base + SET_STARTS + (entry << 2)) + DATA
  const length = load<i32>(base + SET_ENDS + (entry << 2)) + DATA - at
  const word = length <= 8 ? wordOf(at, length) : 0
  if (length <= 4 && shortNumberPlace(<i32>word, length) != NO_SHORT_NUMBER) return
  const hash = length <= 8 ? hashOfWord(word, length) : hashOf(at, length)
  let number = <i32>(hash >> 24) & mask
  let tries = 0
  while (true) {
    if (tries++ == CHEAP_PLACES) number = <i32>strongHashOf(at, length) & mask
    const place = base + (number << 4)
    if (load<i32>(place, 8) == 0) {
      store<u64>(place, length <= 8 ? word : hash)
      store<i32>(place, entry + 1, 8)
      store<i32>(place, length, 12)
      return
    }
    number = (number + 1) & mask
  }
}
