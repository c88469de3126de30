/**
 * The forms of lines of the text log protocol: what tells a command from a plain line, byte by byte. Nothing is
 * allocated, and nothing beyond `end` is read.
 */
import { LEVEL_WORD_BYTES_MAX } from '../record/record.ts'

export const BAR = 0x7c
export const COLON = 0x3a
const DOT = 0x2e

/** The first four bytes of a line as a little-endian number. */
export const WORD_LOG_BAR = wordOf('LOG|')
export const WORD_LOG_COLON = wordOf('LOG:')
export const WORD_PING = wordOf('PING')
export const WORD_QUIT = wordOf('QUIT')
export const WORD_STAT = wordOf('STAT')
export const WORD_AUTH = wordOf('AUTH')
export const COMMAND_BYTES = 4

/** Bytes of a timestamp that are looked at. */
export const TIME_BYTES_MAX = 64

function wordOf(text: string): number {
  return Buffer.from(text).readUInt32LE(0)
}

/** Whether a line may be one of the words of the protocol. */
export function isWord(word: number): boolean {
  return word === WORD_PING || word === WORD_STAT || word === WORD_QUIT || word === WORD_AUTH
}

const COMMAND_WORD = Buffer.from('LOG')

/** Whether a line that was cut off may have been going to be a LOG command: it ends within that word. */
export function mayBecomeCommand(bytes: Buffer, length: number): boolean {
  return length <= COMMAND_WORD.length && bytes.compare(COMMAND_WORD, 0, length, 0, length) === 0
}

/** Whether a line is a LOG command, well-formed or not (or an AUTH line, which must never become a record). */
export function isCommand(bytes: Buffer, view: DataView, start: number, end: number): boolean {
  if (end - start < COMMAND_BYTES) return false
  const word = view.getUint32(start, true)
  if (word === WORD_AUTH) return bytes[start + COMMAND_BYTES] === BAR
  return word === WORD_LOG_BAR || (word === WORD_LOG_COLON && isShortCommand(bytes, start, end))
}

/** `LOG:` [digits[`.`digits]] `:` letters `:`, of sane length. PostgreSQL's `LOG:  ready` is none. */
export function isShortCommand(bytes: Buffer, start: number, end: number): boolean {
  const timeStart = start + COMMAND_BYTES
  let at = digitsEnd(bytes, timeStart, end)
  if (at > timeStart && bytes[at] === DOT) {
    const fraction = at + 1
    at = digitsEnd(bytes, fraction, end)
    if (at === fraction) return false
  }
  if (at >= end || bytes[at] !== COLON || at - timeStart > TIME_BYTES_MAX) return false
  const levelStart = at + 1
  at = lettersEnd(bytes, levelStart, end)
  return at > levelStart && at < end && bytes[at] === COLON && at - levelStart <= LEVEL_WORD_BYTES_MAX
}

function digitsEnd(bytes: Buffer, start: number, end: number): number {
  let at = start
  while (at < end && bytes[at] >= 0x30 && bytes[at] <= 0x39) at++
  return at
}

function lettersEnd(bytes: Buffer, start: number, end: number): number {
  let at = start
  while (at < end && (bytes[at] | 0x20) >= 0x61 && (bytes[at] | 0x20) <= 0x7a) at++
  return at
}

export function indexOfByte(bytes: Buffer, byte: number, start: number, end: number): number {
  for (let at = start; at < end; at++) if (bytes[at] === byte) return at
  return -1
}

/** Where a message is cut: at the limit, but never inside a UTF-8 character. */
export function cutEnd(bytes: Buffer, start: number, end: number, bytesMax: number): number {
  if (end - start <= bytesMax) return end
  const limit = start + bytesMax
  let at = limit
  while (at > limit - 3 && at > start && (bytes[at] & 0xc0) === 0x80) at--
  return (bytes[at] & 0xc0) === 0x80 || at === start ? limit : at
}
