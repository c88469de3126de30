/**
 * Levels: the one table from words to level names and OTLP severity numbers.
 *
 * A record keeps a severity (0 none, 1 to 24 as OTLP; four numbers share a name) and, where the sender did not use
 * the canonical name itself, the sender's own word. Invariants: every word stands in the table once, in small
 * letters; all look-ups ignore the case of ASCII letters and nothing else.
 *
 * Not for finding a level in a line: line-detection.ts.
 */
import { RECORD_FLAG_LEVEL_UPPER } from './batch.ts'

export type LevelName = 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'fatal' | ''

export interface Level {
  /** In small letters. */
  readonly word: string
  /** Canonical name, empty for none. */
  readonly name: LevelName
  /** OTLP severity number, 0 for none. */
  readonly severity: number
  /** Such a word in a plain line tells the level; other words only where a level is expected anyway. */
  readonly isTelling: boolean
}

/** Canonical names, lowest first: severities 1, 5, 9, 13, 17 and 21. */
export const LEVEL_NAMES = ['trace', 'debug', 'info', 'warn', 'error', 'fatal'] as const

const NAMES_BY_SEVERITY: readonly LevelName[] = [
  '',
  ...LEVEL_NAMES.flatMap((name) => [name, name, name, name]),
]
const LABELS_BY_SEVERITY: readonly string[] = NAMES_BY_SEVERITY.map((name) => name.toUpperCase() || 'UNKNOWN')

export const LEVELS: readonly Level[] = [
  ...telling(1, 'trace trc finest silly'),
  ...expected(1, 't'),
  ...expected(3, 'finer'),
  ...telling(5, 'debug dbg'),
  ...expected(5, 'd v fine verbose debug1 debug5'),
  ...expected(8, 'config'),
  ...telling(9, 'info information informational inf'),
  ...expected(9, 'i note'),
  ...telling(10, 'notice'),
  ...telling(13, 'warn warning wrn'),
  ...expected(13, 'w'),
  ...telling(17, 'error err severe'),
  ...expected(17, 'e'),
  ...telling(21, 'fatal critical crit'),
  ...expected(21, 'f ftl'),
  ...telling(22, 'alert'),
  ...telling(24, 'emergency emerg panic'),
  ...LEVEL_NAMES.flatMap((name, index) => otlpNames(name, index * 4 + 1)),
  ...expected(0, 'unknown none unspecified'),
]

function telling(severity: number, words: string): Level[] {
  return words.split(' ').map((word) => level(word, severity, true))
}

function expected(severity: number, words: string): Level[] {
  return words.split(' ').map((word) => level(word, severity, false))
}

/** OTLP's own short names of the numbers between two levels: TRACE2, TRACE3, TRACE4. */
function otlpNames(name: string, severity: number): Level[] {
  return [2, 3, 4].map((step) => level(`${name}${step}`, severity + step - 1, true))
}

function level(word: string, severity: number, isTelling: boolean): Level {
  return { word, name: NAMES_BY_SEVERITY[severity], severity, isTelling }
}

// ---- look-up ------------------------------------------------------------------------------------------------

const WORD_BYTES_MAX = Math.max(...LEVELS.map((row) => row.word.length))
const SLOTS = 512
/** Open addressing: the number of a row plus one, 0 where free. Eight times larger than what it holds, so probes are short. */
const rowOfSlot = new Uint8Array(SLOTS)
/** The words, WORD_BYTES_MAX bytes a row, zero-padded. */
const wordBytes = new Uint8Array(LEVELS.length * WORD_BYTES_MAX)
const severityOfRow = Uint8Array.from(LEVELS, (row) => row.severity)
const isTellingRow = Uint8Array.from(LEVELS, (row) => (row.isTelling ? 1 : 0))
const rowOfWord = new Map(LEVELS.map((row, index) => [row.word, index]))

for (let row = 0; row < LEVELS.length; row++) fillSlot(row)

function fillSlot(row: number): void {
  const word = LEVELS[row].word
  let hash = 0
  for (let index = 0; index < word.length; index++) {
    wordBytes[row * WORD_BYTES_MAX + index] = word.charCodeAt(index)
    hash = nextHash(hash, word.charCodeAt(index))
  }
  let slot = hash & (SLOTS - 1)
  while (rowOfSlot[slot] !== 0) slot = (slot + 1) & (SLOTS - 1)
  rowOfSlot[slot] = row + 1
}

function nextHash(hash: number, byte: number): number {
  return (Math.imul(hash, 37) + byte) | 0
}

function lowerByte(byte: number): number {
  return byte >= 0x41 && byte <= 0x5a ? byte + 0x20 : byte
}

/** The row of LEVELS that the bytes name, in any case, or -1. No string, no allocation. */
function levelRowOfBytes(bytes: Uint8Array, start: number, end: number): number {
  if (end - start > WORD_BYTES_MAX || end <= start) return -1
  let hash = 0
  for (let at = start; at < end; at++) hash = nextHash(hash, lowerByte(bytes[at]))
  for (let slot = hash & (SLOTS - 1); rowOfSlot[slot] !== 0; slot = (slot + 1) & (SLOTS - 1)) {
    const row = rowOfSlot[slot] - 1
    if (isWordOfRow(row, bytes, start, end)) return row
  }
  return -1
}

function isWordOfRow(row: number, bytes: Uint8Array, start: number, end: number): boolean {
  const from = row * WORD_BYTES_MAX
  const length = end - start
  for (let index = 0; index < length; index++) {
    if (wordBytes[from + index] !== lowerByte(bytes[start + index])) return false
  }
  return length === WORD_BYTES_MAX || wordBytes[from + length] === 0
}

/** The severity of a word in any case: 0 for UNKNOWN, NONE and the empty word, -1 when it is no level. */
export function levelSeverity(word: string): number {
  if (word === '') return 0
  const row = rowOfWord.get(word.toLowerCase())
  return row === undefined ? -1 : LEVELS[row].severity
}

/** `levelSeverity` of bytes, for hot paths: no string, no allocation. */
export function levelSeverityOfBytes(bytes: Uint8Array, start: number, end: number): number {
  if (start === end) return 0
  const row = levelRowOfBytes(bytes, start, end)
  return row < 0 ? -1 : severityOfRow[row]
}

/** The severity of a word that tells a level also in a plain line, or 0. */
export function tellingSeverityOfBytes(bytes: Uint8Array, start: number, end: number): number {
  const row = levelRowOfBytes(bytes, start, end)
  return row < 0 || isTellingRow[row] === 0 ? 0 : severityOfRow[row]
}

// ---- names --------------------------------------------------------------------------------------------------

/** The canonical name of a severity: `error`; empty for 0 and for numbers that are no severity. */
export function levelName(severity: number): LevelName {
  return NAMES_BY_SEVERITY[severity] ?? ''
}

/** The canonical name in capitals: `ERROR`; `UNKNOWN` for 0 and for numbers that are no severity. */
export function levelLabel(severity: number): string {
  return LABELS_BY_SEVERITY[severity] ?? 'UNKNOWN'
}

/** The value of the field `level` of a record that kept no word of the sender: the canonical name as it came. */
export function levelValue(severity: number, flags: number): string {
  if (severity === 0) return ''
  return (flags & RECORD_FLAG_LEVEL_UPPER) !== 0 ? levelLabel(severity) : levelName(severity)
}

/**
 * How a level word is kept: RECORD_FLAG_LEVEL_UPPER when it is a canonical name in capitals, 0 when it is one in small
 * letters or means none (then nothing is kept), -1 when the record must keep the word itself (`putLevelWord`).
 */
export function levelWordFlags(bytes: Uint8Array, start: number, end: number): number {
  if (start === end) return 0
  const row = levelRowOfBytes(bytes, start, end)
  if (row < 0) return -1
  if (severityOfRow[row] === 0) return 0
  if (LEVELS[row].word !== LEVELS[row].name) return -1
  if (isCaseOf(bytes, start, end, 0x61)) return 0
  return isCaseOf(bytes, start, end, 0x41) ? RECORD_FLAG_LEVEL_UPPER : -1
}

function isCaseOf(bytes: Uint8Array, start: number, end: number, first: number): boolean {
  for (let at = start; at < end; at++) {
    if (bytes[at] < first || bytes[at] > first + 25) return false
  }
  return true
}
