/**
 * Columns out of stored blocks, for merging: the rows of several blocks that are not deleted, one behind the other, as
 * the content of one block.
 *
 *   const content = contentOfBlocks([{ block, names, deleted: null }, { block: next, names, deleted }])
 *
 * Works column by column. The values of a column are copied into the one memory that all columns share; where their
 * values repeat (one memory for many rows), the memory is copied and not the rows, so that it never grows by copying.
 *
 * Not here: which blocks go together, and how many (merge.ts).
 */
import { assert, type Bitset } from '../../base/base.ts'
import { FIELD_STRING } from '../../record/record.ts'
import type { MaterializedColumn } from '../columns/encoding.ts'
import { type BlockContent, type FieldContent, LayoutSet } from './block-content.ts'
import { COLUMN_MESSAGE } from './block-layout.ts'
import type { StoredBlock } from './stored-block.ts'

export interface BlockPiece {
  readonly block: StoredBlock
  /** Names of fields, as the part of the block numbers them. */
  readonly names: readonly string[]
  /** Rows that are left out; null: none. */
  readonly deleted: Bitset | null
}

/** The column of one field in one block, or all columns of a kind that every block has. */
interface SourceColumn {
  readonly values: MaterializedColumn
  /** The rows of its values; null: all rows of the block. */
  readonly rows: Uint32Array | null
  readonly kinds: Uint8Array | null
}

/** Rows of one block and where they come to lie. */
interface PieceRows {
  readonly piece: BlockPiece
  readonly firstRow: number
  readonly count: number
  /** By row of the block: its row in the content; -1 where it is deleted. Null: `firstRow` + row. */
  readonly rowsTo: Int32Array | null
}

/** Rows of the piece that are not deleted. */
export function keptRows({ block, deleted }: Omit<BlockPiece, 'names'>): number {
  return deleted === null ? block.rowCount : block.rowCount - deleted.count()
}

/** Bytes that the values of a block take in memory. Decodes all of its columns. PART_CORRUPT. */
export function valueBytes({ block, names }: Omit<BlockPiece, 'deleted'>): number {
  let bytes = block.text(COLUMN_MESSAGE).materialize().data.length + bytesWithin(block.levelWords)
  for (const { values } of fieldColumns(block, names).values()) bytes += bytesWithin(values)
  return bytes
}

function bytesWithin({ data, lengths }: MaterializedColumn): number {
  let bytes = 0
  for (let place = 0; place < lengths.length; place++) bytes += lengths[place]
  return Math.min(bytes, data.length)
}

/**
 * The rows of the blocks, whose ids ascend from block to block, without the deleted ones; at least one is left. The
 * content has memory of its own. PART_CORRUPT.
 */
export function contentOfBlocks(pieces: readonly BlockPiece[]): BlockContent {
  const placed = placeRows(pieces)
  const last = placed[placed.length - 1]
  const rowCount = last.firstRow + last.count
  const memory = new SpanMemory()
  const messages = copyColumn(placed, rowCount, memory, ({ block }) =>
    block.text(COLUMN_MESSAGE).materialize(),
  )
  const levelWords = copyColumn(placed, rowCount, memory, ({ block }) => block.levelWords)
  const numbers = new Map<string, number>()
  const { layouts, rowLayouts } = joinLayouts(placed, rowCount, numbers)
  const fields = joinFields(placed, rowCount, numbers, memory)
  return {
    rowCount,
    ...copyHeads(placed, rowCount),
    messages,
    levelWords,
    layouts,
    rowLayouts,
    fields,
    data: memory.bytes(),
  }
}

// ---- rows -------------------------------------------------------------------------------------------------------

function placeRows(pieces: readonly BlockPiece[]): PieceRows[] {
  const placed: PieceRows[] = []
  let firstRow = 0
  let lastId = -1
  for (const piece of pieces) {
    const { firstId, lastId: endId } = piece.block.facts
    assert(firstId > lastId, `block with id ${firstId} after id ${lastId}`)
    lastId = endId
    const count = keptRows(piece)
    if (count > 0) placed.push({ piece, firstRow, count, rowsTo: rowsTo(piece, firstRow) })
    firstRow += count
  }
  assert(placed.length > 0, 'a block has rows')
  return placed
}

function rowsTo({ block, deleted }: BlockPiece, firstRow: number): Int32Array | null {
  if (deleted === null || deleted.isEmpty()) return null
  const to = new Int32Array(block.rowCount)
  let next = firstRow
  for (let row = 0; row < to.length; row++) to[row] = deleted.has(row) ? -1 : next++
  return to
}

type Heads = Pick<
  BlockContent,
  'ids' | 'timesMs' | 'timesNs' | 'receivedMs' | 'receivedNs' | 'severities' | 'flags'
>

function copyHeads(placed: readonly PieceRows[], rowCount: number): Heads {
  const heads = {
    ids: new Float64Array(rowCount),
    timesMs: new Float64Array(rowCount),
    timesNs: new Uint32Array(rowCount),
    receivedMs: new Float64Array(rowCount),
    receivedNs: new Uint32Array(rowCount),
    severities: new Uint8Array(rowCount),
    flags: new Uint8Array(rowCount),
  }
  for (const rows of placed) {
    const { block } = rows.piece
    copyNumbers(block.ids, heads.ids, rows)
    copyNumbers(block.timesMs, heads.timesMs, rows)
    copyNumbers(block.timesNs, heads.timesNs, rows)
    copyNumbers(block.receivedMs, heads.receivedMs, rows)
    copyNumbers(block.receivedNs, heads.receivedNs, rows)
    copyNumbers(block.severities, heads.severities, rows)
    copyNumbers(block.flags, heads.flags, rows)
  }
  return heads
}

type Numbers = Float64Array | Uint32Array | Uint8Array

function copyNumbers(from: Numbers, to: Numbers, { firstRow, rowsTo }: PieceRows): void {
  if (rowsTo === null) {
    to.set(from, firstRow)
    return
  }
  for (let row = 0; row < rowsTo.length; row++) if (rowsTo[row] >= 0) to[rowsTo[row]] = from[row]
}

// ---- values -----------------------------------------------------------------------------------------------------

/** The memory that all columns share: gathered first, put together once. */
class SpanMemory {
  readonly #pieces: Uint8Array[] = []
  #length = 0

  /** Takes bytes that will not change, and says where they begin. */
  add(bytes: Uint8Array): number {
    const at = this.#length
    this.#pieces.push(bytes)
    this.#length += bytes.length
    return at
  }

  bytes(): Uint8Array {
    const whole = new Uint8Array(this.#length)
    let at = 0
    for (const piece of this.#pieces) {
      whole.set(piece, at)
      at += piece.length
    }
    return whole
  }
}

interface TargetSpans {
  readonly starts: Uint32Array
  readonly lengths: Uint32Array
}

/** A column that every row has. */
function copyColumn(
  placed: readonly PieceRows[],
  rowCount: number,
  memory: SpanMemory,
  columnOf: (piece: BlockPiece) => MaterializedColumn,
): TargetSpans {
  const target = { starts: new Uint32Array(rowCount), lengths: new Uint32Array(rowCount) }
  for (const { piece, firstRow, rowsTo } of placed) {
    const values = columnOf(piece)
    const places = rowsTo === null ? null : placesKept(rowsTo, null)
    copySpans(values, places, target, firstRow, memory)
  }
  return target
}

/** Places of values whose rows are kept. `rows`: the rows of the values, null: all. */
function placesKept(rowsTo: Int32Array, rows: Uint32Array | null): Uint32Array {
  const kept = new Uint32Array(rows === null ? rowsTo.length : rows.length)
  let count = 0
  for (let place = 0; place < kept.length; place++)
    if (rowsTo[rows === null ? place : rows[place]] >= 0) kept[count++] = place
  return kept.subarray(0, count)
}

/** Values at `places` (null: all) come to lie in the target from `at` on. */
function copySpans(
  { data, starts, lengths }: MaterializedColumn,
  places: Uint32Array | null,
  target: TargetSpans,
  at: number,
  memory: SpanMemory,
): void {
  const count = places === null ? starts.length : places.length
  let bytes = 0
  for (let index = 0; index < count; index++) bytes += lengths[places === null ? index : places[index]]
  if (bytes === 0) return
  const isWhole = data.length <= bytes
  const copied = isWhole ? data : new Uint8Array(bytes)
  const base = memory.add(copied)
  let used = 0
  for (let index = 0; index < count; index++) {
    const place = places === null ? index : places[index]
    const start = starts[place]
    const length = lengths[place]
    target.lengths[at + index] = length
    target.starts[at + index] = base + (isWhole ? start : used)
    if (isWhole) continue
    copyBytes(data, start, length, copied, used)
    used += length
  }
}

const COPY_LOOP_MAX = 48

function copyBytes(from: Uint8Array, start: number, length: number, to: Uint8Array, at: number): void {
  if (length > COPY_LOOP_MAX) to.set(from.subarray(start, start + length), at)
  else for (let index = 0; index < length; index++) to[at + index] = from[start + index]
}

// ---- fields -----------------------------------------------------------------------------------------------------

/** By name: the columns of a block, those in the overflow included. */
function fieldColumns(block: StoredBlock, names: readonly string[]): Map<string, SourceColumn> {
  const columns = new Map<string, SourceColumn>()
  for (const [index, { name }] of block.facts.fields.entries()) {
    columns.set(names[name], {
      values: block.materialized(index),
      rows: block.rowsOf(index),
      kinds: block.kindsOf(index),
    })
  }
  for (const { name, values, rows, kinds } of block.overflow()) columns.set(name, { values, rows, kinds })
  return columns
}

function joinFields(
  placed: readonly PieceRows[],
  rowCount: number,
  numbers: ReadonlyMap<string, number>,
  memory: SpanMemory,
): FieldContent[] {
  const columns = placed.map(({ piece }) => fieldColumns(piece.block, piece.names))
  return Array.from(numbers.keys(), (name) => joinField(name, placed, columns, rowCount, memory))
}

interface FieldSource {
  readonly rows: PieceRows
  readonly column: SourceColumn
  /** Places of the values that are kept; null: all. */
  readonly places: Uint32Array | null
  readonly count: number
}

function joinField(
  name: string,
  placed: readonly PieceRows[],
  columns: readonly ReadonlyMap<string, SourceColumn>[],
  rowCount: number,
  memory: SpanMemory,
): FieldContent {
  const sources: FieldSource[] = []
  let count = 0
  for (const [index, rows] of placed.entries()) {
    const column = columns[index].get(name)
    if (column === undefined) continue
    const places = rows.rowsTo === null ? null : placesKept(rows.rowsTo, column.rows)
    const kept = places === null ? column.values.starts.length : places.length
    sources.push({ rows, column, places, count: kept })
    count += kept
  }
  const spans = { starts: new Uint32Array(count), lengths: new Uint32Array(count) }
  const rows = count === rowCount ? null : new Uint32Array(count)
  const kinds = sources.some(({ column }) => column.kinds !== null) ? new Uint8Array(count) : null
  kinds?.fill(FIELD_STRING)
  let at = 0
  for (const source of sources) {
    copySpans(source.column.values, source.places, spans, at, memory)
    if (rows !== null) copyRows(source, rows, at)
    if (kinds !== null) copyKinds(source, kinds, at)
    at += source.count
  }
  return { name, rows, kinds: kinds?.some((kind) => kind !== FIELD_STRING) ? kinds : null, ...spans }
}

function copyRows({ rows, column, places, count }: FieldSource, target: Uint32Array, at: number): void {
  for (let index = 0; index < count; index++) {
    const place = places === null ? index : places[index]
    const row = column.rows === null ? place : column.rows[place]
    target[at + index] = rows.rowsTo === null ? rows.firstRow + row : rows.rowsTo[row]
  }
}

function copyKinds({ column, places, count }: FieldSource, target: Uint8Array, at: number): void {
  if (column.kinds === null) return
  for (let index = 0; index < count; index++)
    target[at + index] = column.kinds[places === null ? index : places[index]]
}

/** Layouts of rows that are kept, over fields that are numbered as they are met: `numbers` is filled. */
function joinLayouts(
  placed: readonly PieceRows[],
  rowCount: number,
  numbers: Map<string, number>,
): Pick<BlockContent, 'layouts' | 'rowLayouts'> {
  const layouts = new LayoutSet()
  const rowLayouts = new Uint32Array(rowCount)
  for (const { piece, firstRow, rowsTo } of placed) {
    const { list, ofRow } = piece.block.layouts()
    const nameOf = fieldNames(piece)
    /** By layout of the block: its number here + 1. */
    const known = new Uint32Array(list.length)
    for (let row = 0; row < ofRow.length; row++) {
      const to = rowsTo === null ? firstRow + row : rowsTo[row]
      if (to < 0) continue
      const layout = ofRow[row]
      if (known[layout] === 0)
        known[layout] = 1 + layouts.numberOf(list[layout].map((entry) => renumbered(entry, nameOf, numbers)))
      rowLayouts[to] = known[layout] - 1
    }
  }
  return { layouts: layouts.list, rowLayouts }
}

/** By number of the field in the block. */
function fieldNames({ block, names }: BlockPiece): string[] {
  return [...block.facts.fields.map(({ name }) => names[name]), ...block.overflow().map(({ name }) => name)]
}

function renumbered(entry: number, nameOf: readonly string[], numbers: Map<string, number>): number {
  const name = nameOf[entry >> 1]
  let number = numbers.get(name)
  if (number === undefined) {
    number = numbers.size
    numbers.set(name, number)
  }
  return number * 2 + (entry & 1)
}
