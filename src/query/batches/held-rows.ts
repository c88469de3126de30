/**
 * Rows that a pipe keeps until all rows were seen: plain data, which may go to another thread. What a column knows of
 * groups stays, so that a text that many rows have is held once. Not for rows that pass through: see row-batch.ts.
 */
import { FIELD_STRING } from '../../record/record.ts'
import type { BatchColumn } from './batch-column.ts'
import { textBytes } from './memory-share.ts'
import { type BatchKeys, RowBatch } from './row-batch.ts'
import { GroupColumn, TextColumn, TimeColumn } from './text-columns.ts'

export interface HeldRows {
  readonly rowCount: number
  readonly columns: readonly HeldColumn[]
  readonly keys: BatchKeys | null
}

export interface HeldColumn {
  readonly name: string
  /** As in a batch. */
  readonly kinds: Uint8Array | null
  readonly values: HeldValues
}

export type HeldValues =
  /** One a row. */
  | { readonly texts: readonly string[] }
  | { readonly groupTexts: readonly string[]; readonly ofRow: Uint32Array | null }
  | { readonly timesMs: Float64Array; readonly timesNs: Uint32Array }

const TIME_BYTES = 12
const KEY_BYTES = 20
const NUMBER_BYTES = 4
const REFERENCE_BYTES = 8
const COLUMN_BYTES = 200

/** Reads every column. */
export function holdRows(batch: RowBatch): HeldRows {
  const columns: HeldColumn[] = []
  for (const [name, column] of batch.columns) {
    columns.push({ name, kinds: column.kinds(), values: valuesOf(column, batch.rowCount) })
  }
  return { rowCount: batch.rowCount, columns, keys: batch.keys === null ? null : readKeys(batch.keys) }
}

/** Keys of a block may be read when they are asked for. */
function readKeys({ timesMs, timesNs, ids }: BatchKeys): BatchKeys {
  return { timesMs, timesNs, ids }
}

function valuesOf(column: BatchColumn, rowCount: number): HeldValues {
  if (column instanceof TimeColumn) return { timesMs: column.timesMs, timesNs: column.timesNs }
  const groups = column.groups()
  // Of a few rows of a block, most groups are empty.
  if (groups === null || groups.texts.length > rowCount) return { texts: column.texts() }
  return { groupTexts: groups.texts, ofRow: groups.ofRow }
}

/** What they take, roughly. */
export function heldRowsBytes({ rowCount, columns, keys }: HeldRows): number {
  let bytes = keys === null ? 0 : KEY_BYTES * rowCount
  for (const { name, values, kinds } of columns) {
    bytes += COLUMN_BYTES + textBytes(name) + (kinds === null ? 0 : rowCount) + valuesBytes(values, rowCount)
  }
  return bytes
}

function valuesBytes(values: HeldValues, rowCount: number): number {
  if ('timesMs' in values) return TIME_BYTES * rowCount
  if ('texts' in values) return textsBytes(values.texts)
  return textsBytes(values.groupTexts) + (values.ofRow === null ? 0 : NUMBER_BYTES * rowCount)
}

/** A text that stands in several rows one after the other is most likely the same one. */
function textsBytes(texts: readonly string[]): number {
  let bytes = REFERENCE_BYTES * texts.length
  let last: string | null = null
  for (const text of texts) {
    if (text !== last && text !== '') bytes += textBytes(text)
    last = text
  }
  return bytes
}

export function batchOfHeld({ rowCount, columns, keys }: HeldRows): RowBatch {
  return new RowBatch(
    rowCount,
    new Map(columns.map((column) => [column.name, columnOf(column, rowCount)])),
    keys,
  )
}

function columnOf({ values, kinds }: HeldColumn, rowCount: number): BatchColumn {
  if ('timesMs' in values) return new TimeColumn(values.timesMs, values.timesNs)
  if ('texts' in values) return new TextColumn(values.texts, kinds)
  return new GroupColumn({ texts: values.groupTexts, ofRow: values.ofRow }, rowCount, kinds)
}

/**
 * The rows of several batches as one: fields in the order in which they first came. `rows` are numbers of rows,
 * counted through all batches; they may be in any order.
 */
export function gatherRows(batches: readonly RowBatch[], rows: Uint32Array): RowBatch {
  const places = placesOf(batches, rows)
  const names = new Set(batches.flatMap((batch) => batch.names))
  const columns = new Map<string, BatchColumn>()
  for (const name of names) columns.set(name, gatherColumn(batches, name, places))
  return new RowBatch(rows.length, columns, gatherKeys(batches, places))
}

/** By row: which batch, and which row of it. */
interface Places {
  readonly batches: Uint32Array
  readonly rows: Uint32Array
}

function placesOf(batches: readonly RowBatch[], rows: Uint32Array): Places {
  const starts = new Float64Array(batches.length)
  for (let at = 1; at < batches.length; at++) starts[at] = starts[at - 1] + batches[at - 1].rowCount
  const places = { batches: new Uint32Array(rows.length), rows: new Uint32Array(rows.length) }
  for (let at = 0; at < rows.length; at++) {
    const batch = lastNotAbove(starts, rows[at])
    places.batches[at] = batch
    places.rows[at] = rows[at] - starts[batch]
  }
  return places
}

function lastNotAbove(ascending: Float64Array, value: number): number {
  let low = 0
  let high = ascending.length
  while (high - low > 1) {
    const middle = (low + high) >>> 1
    if (ascending[middle] <= value) low = middle
    else high = middle
  }
  return low
}

function gatherColumn(batches: readonly RowBatch[], name: string, places: Places): BatchColumn {
  const columns = batches.map((batch) => batch.column(name))
  if (columns.every((column) => column instanceof TimeColumn)) return gatherTimes(columns, places)
  const texts = columns.map((column) => column?.texts() ?? null)
  const kinds = columns.map((column) => column?.kinds() ?? null)
  const hasKinds = kinds.some((each) => each !== null)
  const size = places.rows.length
  const gathered = new Array<string>(size)
  const gatheredKinds = hasKinds ? new Uint8Array(size) : null
  for (let at = 0; at < size; at++) {
    const batch = places.batches[at]
    gathered[at] = texts[batch]?.[places.rows[at]] ?? ''
    if (gatheredKinds !== null) gatheredKinds[at] = kinds[batch]?.[places.rows[at]] ?? FIELD_STRING
  }
  return new TextColumn(gathered, gatheredKinds)
}

function gatherTimes(columns: readonly TimeColumn[], { batches, rows }: Places): TimeColumn {
  const timesMs = new Float64Array(rows.length)
  const timesNs = new Uint32Array(rows.length)
  for (let at = 0; at < rows.length; at++) {
    const column = columns[batches[at]]
    timesMs[at] = column.timesMs[rows[at]]
    timesNs[at] = column.timesNs[rows[at]]
  }
  return new TimeColumn(timesMs, timesNs)
}

/** Null where a batch has none. */
function gatherKeys(batches: readonly RowBatch[], { batches: ofRow, rows }: Places): BatchKeys | null {
  if (batches.length === 0 || batches.some(({ keys }) => keys === null)) return null
  const keys = {
    timesMs: new Float64Array(rows.length),
    timesNs: new Uint32Array(rows.length),
    ids: new Float64Array(rows.length),
  }
  for (let at = 0; at < rows.length; at++) {
    const from = batches[ofRow[at]].keys!
    keys.timesMs[at] = from.timesMs[rows[at]]
    keys.timesNs[at] = from.timesNs[rows[at]]
    keys.ids[at] = from.ids[rows[at]]
  }
  return keys
}
