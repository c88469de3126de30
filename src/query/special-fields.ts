/**
 * Fields that every record has without having been sent them: their text, and their place in an answer. `_truncated`
 * is not one of them: blocks give it themselves.
 */
import type { Bitset } from '../base/base.ts'
import {
  type Block,
  type Column,
  formatRfc3339,
  levelName,
  levelSeverity,
  levelValue,
  RECORD_FLAG_LEVEL_UPPER,
  TRUNCATED_FIELD,
} from '../record/record.ts'
import { sha256Hex } from './values/sha256.ts'
import { decodeLoosely, encodeText } from './values/text.ts'
import { columnOfValues } from './values/text-column.ts'

export const TIME_FIELD = '_time'
export const STREAM_FIELD = '_stream'
export const STREAM_ID_FIELD = '_stream_id'
export const MESSAGE_FIELD = '_msg'
export const LEVEL_FIELD = 'level'
export const ID_FIELD = '_id'

interface SpecialField {
  column(block: Block): Column
  /**
   * Rows for which `word` is another name of what the field says, or null when it is no such name. Absent: the text
   * is all there is.
   */
  rowsNamed?(block: Block, word: string, rows: Bitset): Bitset | null
  /** An order that is not that of the text. */
  readonly order?: FieldOrder
}

export interface FieldOrder {
  /** The place of a word in the order, or null when it has none. */
  rankOf(word: string): number | null
  /** The place of a row; NaN when it has none. */
  rankOfRow(block: Block, row: number): number
}

export const SPECIAL_FIELDS: ReadonlyMap<string, SpecialField> = new Map<string, SpecialField>([
  [MESSAGE_FIELD, { column: (block) => block.message }],
  [TIME_FIELD, { column: timeColumn }],
  [ID_FIELD, { column: (block) => textColumn(block, (row) => String(block.ids[row])) }],
  [STREAM_FIELD, { column: (block) => textColumn(block, (row) => streamOfRow(block, row)) }],
  [STREAM_ID_FIELD, { column: streamIdColumn }],
  [
    LEVEL_FIELD,
    {
      column: levelColumn,
      rowsNamed: rowsOfLevel,
      order: { rankOf: rankOfLevel, rankOfRow: rankOfRowLevel },
    },
  ],
])

/** Rows whose value in `field` goes by `word`, although its text may be another; null when there is no such thing. */
export function rowsNamed(block: Block, field: string, word: string, rows: Bitset): Bitset | null {
  return SPECIAL_FIELDS.get(field)?.rowsNamed?.(block, word, rows) ?? null
}

/** The name by which a block stores the field, null for the message; undefined for fields that are made, not stored. */
export function storedFieldOf(field: string): string | null | undefined {
  if (field === MESSAGE_FIELD) return null
  return SPECIAL_FIELDS.has(field) || field === TRUNCATED_FIELD ? undefined : field
}

export function orderOf(field: string): FieldOrder | null {
  return SPECIAL_FIELDS.get(field)?.order ?? null
}

function timeColumn(block: Block): Column {
  return textColumn(block, (row) => formatRfc3339(block.timesMs[row], block.timesNs[row]))
}

function textColumn(block: Block, textOf: (row: number) => string): Column {
  const values = Array.from({ length: block.rowCount }, (_, row) => encodeText(textOf(row)))
  return columnOfValues(values)
}

/** A hash a stream, not a row. */
function streamIdColumn(block: Block): Column {
  const ids = new Map<string, string>()
  return textColumn(block, (row) => {
    const stream = streamOfRow(block, row)
    let id = ids.get(stream)
    if (id === undefined) {
      id = streamId(stream)
      ids.set(stream, id)
    }
    return id
  })
}

// ---- _stream ------------------------------------------------------------------------------------------------

const NOTHING = new Uint8Array(0)

function streamOfRow(block: Block, row: number): string {
  return streamText(
    block.streamFieldNamesOf(row).map((name) => {
      const column = block.field(name)
      return { name, value: column === null ? NOTHING : copyOf(column, row) }
    }),
  )
}

/** `{name="value",…}` by name, or nothing when there are none. */
export function streamText(fields: readonly { name: string; value: Uint8Array }[]): string {
  const pairs = fields.map(({ name, value }) => ({ name, text: streamPair(name, value) }))
  pairs.sort((a, b) => (a.name < b.name ? -1 : 1))
  return streamOfPairs(pairs.map(({ text }) => text))
}

/** What a field adds to the text of a stream. */
export function streamPair(name: string, value: Uint8Array): string {
  return `${name}=${JSON.stringify(decodeLoosely(value))}`
}

/** In the order of their names. */
export function streamOfPairs(pairs: readonly string[]): string {
  return pairs.length === 0 ? '' : `{${pairs.join(',')}}`
}

const ID_DIGITS = 32

/**
 * A name of the stream, 32 hexadecimal digits: the same wherever the stream is the same, and no other stream's. Empty
 * where there is no stream.
 */
export function streamId(stream: string): string {
  return stream === '' ? '' : sha256Hex(encodeText(stream)).slice(0, ID_DIGITS)
}

/** The bytes of a value in memory of their own (decoders take no shared memory). */
export function copyOf(column: Column, row: number): Uint8Array {
  const start = column.starts[row]
  return new Uint8Array(column.data.subarray(start, start + column.lengths[row]))
}

// ---- level --------------------------------------------------------------------------------------------------

/** The sender's own word where it was kept, else the canonical name as it came. */
export function levelText(block: Block, row: number): string {
  // Hardly any row has a word of its own.
  if (block.levelWordOf === undefined && block.levelWords.lengths[row] === 0)
    return levelValue(block.severities[row], block.flags[row])
  const word = block.levelWordOf?.(row).slice() ?? copyOf(block.levelWords, row)
  if (word.length > 0) return decodeLoosely(word)
  return levelValue(block.severities[row], block.flags[row])
}

/** Canonical names are written once each, so that equal values of rows are the same bytes. */
function levelColumn(block: Block): Column {
  const { levelWords, rowCount, severities, flags } = block
  const pieces: Uint8Array[] = [...CANONICAL_LEVELS]
  const starts = new Uint32Array(rowCount)
  const lengths = new Uint32Array(rowCount)
  let size = CANONICAL_SIZE
  for (let row = 0; row < rowCount; row++) {
    if (levelWords.lengths[row] === 0) {
      const canonical = canonicalIndex(severities[row], flags[row])
      starts[row] = CANONICAL_STARTS[canonical]
      lengths[row] = CANONICAL_LEVELS[canonical].length
      continue
    }
    starts[row] = size
    lengths[row] = levelWords.lengths[row]
    size += lengths[row]
    pieces.push(copyOf(levelWords, row))
  }
  return { data: joined(pieces, size), starts, lengths, kinds: null }
}

const SEVERITY_MAX = 24

function canonicalIndex(severity: number, flags: number): number {
  return severity * 2 + ((flags & RECORD_FLAG_LEVEL_UPPER) !== 0 ? 1 : 0)
}

/** What `levelValue` gives, by `canonicalIndex`. */
const CANONICAL_LEVELS: readonly Uint8Array[] = Array.from({ length: (SEVERITY_MAX + 1) * 2 }, (_, index) =>
  encodeText(levelValue(index >> 1, index % 2 === 1 ? RECORD_FLAG_LEVEL_UPPER : 0)),
)
const CANONICAL_STARTS = Uint32Array.from(CANONICAL_LEVELS, (_, index) =>
  CANONICAL_LEVELS.slice(0, index).reduce((sum, { length }) => sum + length, 0),
)
const CANONICAL_SIZE = CANONICAL_LEVELS.reduce((sum, { length }) => sum + length, 0)

function joined(pieces: readonly Uint8Array[], size: number): Uint8Array {
  const data = new Uint8Array(size)
  let at = 0
  for (const piece of pieces) {
    data.set(piece, at)
    at += piece.length
  }
  return data
}

/** `error`, `ERR` and `severe` name the same level; `unknown` and `none` name records without one. */
function rowsOfLevel(block: Block, word: string, rows: Bitset): Bitset | null {
  const severity = levelSeverity(word)
  if (word === '' || severity < 0) return null
  const wanted = levelName(severity)
  const found = rows.copy()
  for (let row = rows.nextSet(0); row >= 0; row = rows.nextSet(row + 1)) {
    const isNamed = levelName(block.severities[row]) === wanted
    const isPlain = wanted !== '' || block.levelWords.lengths[row] === 0
    if (!isNamed || !isPlain) found.unset(row)
  }
  return found
}

const SEVERITIES_A_LEVEL = 4

/** `trace` is 0 and `fatal` 5: the severities that share a name are equal. */
function rankOfSeverity(severity: number): number {
  return Math.floor((severity - 1) / SEVERITIES_A_LEVEL)
}

function rankOfLevel(word: string): number | null {
  const severity = levelSeverity(word)
  return severity > 0 ? rankOfSeverity(severity) : null
}

function rankOfRowLevel(block: Block, row: number): number {
  const severity = block.severities[row]
  return severity > 0 ? rankOfSeverity(severity) : Number.NaN
}
