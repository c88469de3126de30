/**
 * Which bytes of a text are variables. Two readings of it:
 *
 *  - the narrow one: a token (letters, digits, `._-`, bytes of 0x80 and above; `._-` at its end do not count) with a
 *    digit is a variable. It fits what programs log.
 *  - the wide one, for what people and browsers wrote: paths, URLs, what stands in quotes and what follows `=` is a
 *    variable too, with or without digits. It fits access logs, and JSON or logfmt within a message.
 *
 *   09:15:01 GET "/a/b?q=x" from 10.0.0.7       narrow   09 15 01 10.0.0.7
 *                                               wide     09 15 01 /a/b?q=x 10.0.0.7
 *
 * Invariants: variables are not empty, ascend and do not overlap; a text is read once, whatever it holds; nothing is
 * read before its start or after its end that changes the answer.
 *
 * Not here: which text is worth a template (template-miner.ts).
 */

/** A scan found more variables than asked for. */
export const TOO_MANY_VARIABLES = -1

const TOKEN = 1
const DIGIT = 2
const TRIM = 4
const WORD = 8
const BLANK = 16
/** What a search for a closing quote looks at. */
const QUOTE_STOP = 32

const byteClasses = classifyBytes()
/** By byte, for the kernel, which has the same names for these bits. */
export const TOKEN_BYTE_CLASSES: Uint8Array = byteClasses
const pairClasses = classifyPairs(byteClasses)

const QUOTE = 0x22
const SLASH = 0x2f
const COLON = 0x3a
const EQUALS = 0x3d
const BACKSLASH = 0x5c

/** A request in quotes has up to three words, and each is a variable; any other text in quotes is one. */
const QUOTED_BLANKS_MAX = 2
/** `https` and the like. */
const SCHEME_BYTES_MAX = 16

function classifyBytes(): Uint8Array {
  const classes = new Uint8Array(256)
  const add = (bits: number, characters: string) => {
    for (const character of characters) classes[character.charCodeAt(0)] |= bits
  }
  add(TOKEN | WORD, 'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-')
  add(DIGIT, '0123456789')
  add(TRIM, '._-')
  add(WORD, '/:@%&?+#~*!$^\\`')
  add(BLANK, ' \t')
  add(QUOTE_STOP, '"\\\n')
  classes.fill(TOKEN | WORD, 0x80)
  return classes
}

/** By two bytes: bits 0 and 1 say which are token bytes, bits 8 and 9 which are digits. */
function classifyPairs(classes: Uint8Array): Uint16Array {
  const bits = (byte: number) => (classes[byte] & TOKEN ? 1 : 0) | (classes[byte] & DIGIT ? 0x100 : 0)
  return Uint16Array.from({ length: 0x1_0000 }, (_, pair) => bits(pair & 0xff) | (bits(pair >>> 8) << 1))
}

/** A byte of a token without a digit. */
export const isPlainTokenByte = (byte: number): boolean => (byteClasses[byte] & (TOKEN | DIGIT)) === TOKEN

/**
 * The narrow reading of `data[start .. end)`. Variables go to `starts` and `ends` from `count` on; the answer is the
 * new count, or TOO_MANY_VARIABLES where it would pass `countMax`.
 *
 * Sixteen bytes at a time become two masks, one bit a byte: T (token) and D (digit). In T + D a carry runs out of every
 * run of T that holds a D, so the bits of (T + D) & ~T are exactly the ends of tokens with a digit, and the inner loop
 * runs once a variable. A loop by the byte took twice as long.
 */
export function scanVariables(
  data: Uint8Array,
  view: DataView,
  start: number,
  end: number,
  starts: Uint32Array,
  ends: Uint32Array,
  count: number,
  countMax: number,
): number {
  const classes = byteClasses
  const pairs = pairClasses
  const fullUntil = view.byteLength - 16
  let runStart = start
  let carry = 0
  for (let at = start; at < end; at += 16) {
    let tokens = 0
    let digits = 0
    if (at <= fullUntil) {
      const a = view.getUint32(at, true)
      const b = view.getUint32(at + 4, true)
      const c = view.getUint32(at + 8, true)
      const d = view.getUint32(at + 12, true)
      const low =
        pairs[a & 0xffff] | (pairs[a >>> 16] << 2) | (pairs[b & 0xffff] << 4) | (pairs[b >>> 16] << 6)
      const high =
        pairs[c & 0xffff] | (pairs[c >>> 16] << 2) | (pairs[d & 0xffff] << 4) | (pairs[d >>> 16] << 6)
      tokens = (low & 0xff) | ((high & 0xff) << 8)
      digits = (low >> 8) | (high & 0xff00)
    } else {
      for (let i = Math.min(16, end - at) - 1; i >= 0; i--) {
        const bits = classes[data[at + i]]
        tokens |= (bits & TOKEN) << i
        digits |= ((bits & DIGIT) >> 1) << i
      }
    }
    if (end - at < 16) {
      const inside = (1 << (end - at)) - 1
      tokens &= inside
      digits &= inside
    }
    const sum = tokens + digits + carry
    let stops = sum & ~tokens & 0xffff
    carry = sum >>> 16
    while (stops !== 0) {
      const bit = 31 - Math.clz32(stops & -stops)
      stops &= stops - 1
      const gaps = ~tokens & ((1 << bit) - 1)
      let stop = at + bit
      while ((classes[data[stop - 1]] & TRIM) !== 0) stop--
      if (count === countMax) return TOO_MANY_VARIABLES
      starts[count] = gaps === 0 ? runStart : at + 32 - Math.clz32(gaps)
      ends[count++] = stop
    }
    const gaps = ~tokens & 0xffff
    if (gaps !== 0) runStart = at + 32 - Math.clz32(gaps)
  }
  if (carry === 0) return count
  if (count === countMax) return TOO_MANY_VARIABLES
  let stop = end
  while ((classes[data[stop - 1]] & TRIM) !== 0) stop--
  starts[count] = runStart
  ends[count++] = stop
  return count
}

/** The wide reading, otherwise as `scanVariables`. */
export function scanWideVariables(
  data: Uint8Array,
  view: DataView,
  start: number,
  end: number,
  starts: Uint32Array,
  ends: Uint32Array,
  count: number,
  countMax: number,
): number {
  const classes = byteClasses
  let at = start
  let afterEquals = false
  // A search for a closing quote that failed is not repeated for the bytes that it saw.
  let noQuoteUntil = start
  while (at < end && count !== TOO_MANY_VARIABLES) {
    const byte = data[at]
    if (byte === QUOTE && at >= noQuoteUntil) {
      const open = at + 1
      let blanks = 0
      let close = open
      for (; close < end; close++) {
        const bits = classes[data[close]]
        if ((bits & (BLANK | QUOTE_STOP)) === 0) continue
        if ((bits & BLANK) !== 0) blanks++
        else if (data[close] !== BACKSLASH) break
        // A backslash takes the meaning from the next byte.
        else close++
      }
      afterEquals = false
      if (close >= end || data[close] !== QUOTE) {
        noQuoteUntil = close
        at++
        continue
      }
      at = close + 1
      const isKey = at < end && data[at] === COLON
      if (isKey || open === close) continue
      if (blanks > 0 && blanks <= QUOTED_BLANKS_MAX && isRequest(data, open, close)) {
        count = splitQuoted(data, open, close, starts, ends, count, countMax)
      } else if (count === countMax) {
        count = TOO_MANY_VARIABLES
      } else {
        starts[count] = open
        ends[count++] = close
      }
    } else if ((classes[byte] & WORD) === 0) {
      afterEquals = byte === EQUALS
      at++
    } else {
      const wordStart = at
      let isPath = byte === SLASH
      let bits = 0
      let allBits = TOKEN
      for (; at < end; at++) {
        const next = classes[data[at]]
        if ((next & WORD) !== 0) {
          bits |= next
          allBits &= next
          continue
        }
        if (data[at] !== EQUALS || !(isPath ||= isUrl(data, wordStart, at))) break
      }
      isPath ||= isUrl(data, wordStart, at)
      if (!isPath && !afterEquals) {
        if ((bits & DIGIT) !== 0) {
          if ((allBits & TOKEN) === 0) {
            count = scanVariables(data, view, wordStart, at, starts, ends, count, countMax)
          } else if (count === countMax) {
            count = TOO_MANY_VARIABLES
          } else {
            let stop = at
            while ((classes[data[stop - 1]] & TRIM) !== 0) stop--
            starts[count] = wordStart
            ends[count++] = stop
          }
        }
      } else if (count === countMax) {
        count = TOO_MANY_VARIABLES
      } else {
        starts[count] = wordStart
        ends[count++] = at
      }
      afterEquals = false
    }
  }
  return count
}

/** Whether a word begins with the name of a scheme, a colon and two slashes. */
function isUrl(data: Uint8Array, start: number, end: number): boolean {
  const nameEnd = Math.min(end - 2, start + SCHEME_BYTES_MAX)
  for (let at = start; at < nameEnd; at++) {
    if (data[at] === COLON) return data[at + 1] === SLASH && data[at + 2] === SLASH
  }
  return false
}

/** Whether a word between the quotes begins as a path does: what a browser asks for, not what it is called. */
function isRequest(data: Uint8Array, start: number, end: number): boolean {
  for (let at = start; at < end; at++) {
    if (data[at] === SLASH && (at === start || (byteClasses[data[at - 1]] & BLANK) !== 0)) return true
  }
  return false
}

/** Each word between the quotes is a variable. */
function splitQuoted(
  data: Uint8Array,
  start: number,
  end: number,
  starts: Uint32Array,
  ends: Uint32Array,
  countBefore: number,
  countMax: number,
): number {
  const classes = byteClasses
  let count = countBefore
  for (let at = start; at < end; at++) {
    const wordStart = at
    while (at < end && (classes[data[at]] & BLANK) === 0) at++
    if (at === wordStart) continue
    if (count === countMax) return TOO_MANY_VARIABLES
    starts[count] = wordStart
    ends[count++] = at
  }
  return count
}
