/**
 * All rows of a column of templates, put together template by template: where each row lies is known before a byte is
 * copied, and what one template needs is at hand while its rows are written.
 */
import type { MaterializedColumn } from '../columns/encoding.ts'
import type { Template } from '../template/template.ts'

/** Pieces up to this length are copied byte by byte: that is cheaper than to ask for it. */
const SHORT_BYTES = 48

/** The rows of one template; of rows without one, the template has no text and one slot. */
export interface RowsOfTemplate {
  readonly template: Template
  /** By slot, with a value for each of the rows, in their order. */
  readonly values: readonly MaterializedColumn[]
  /** Every row of the column belongs to exactly one template. */
  readonly rows: Uint32Array
}

export function wholeText(rowCount: number, templates: readonly RowsOfTemplate[]): MaterializedColumn {
  const lengths = lengthsOfRows(rowCount, templates)
  const starts = new Uint32Array(rowCount)
  let bytes = 0
  for (let row = 0; row < rowCount; row++) {
    starts[row] = bytes
    bytes += lengths[row]
  }
  // Every byte of it is written below.
  const data = Buffer.allocUnsafeSlow(bytes)
  for (const each of templates) writeRows(data, starts, each)
  return { data, starts, lengths }
}

/** How many bytes the rows have. */
export function lengthsOfRows(rowCount: number, templates: Iterable<RowsOfTemplate>): Uint32Array {
  const lengths = new Uint32Array(rowCount)
  for (const { template, values, rows } of templates) {
    const { length } = template.text
    for (let at = 0; at < rows.length; at++) lengths[rows[at]] = length
    for (const value of values) addLengths(lengths, rows, value.lengths)
  }
  return lengths
}

function addLengths(lengths: Uint32Array, rows: Uint32Array, added: Uint32Array): void {
  for (let at = 0; at < rows.length; at++) lengths[rows[at]] += added[at]
}

function writeRows(data: Uint8Array, starts: Uint32Array, { template, values, rows }: RowsOfTemplate): void {
  const { text, slots } = template
  // Where the next byte of each row goes.
  const ends = new Uint32Array(rows.length)
  for (let at = 0; at < rows.length; at++) ends[at] = starts[rows[at]]
  let from = 0
  for (let slot = 0; slot < values.length; slot++) {
    writeText(data, ends, text.subarray(from, slots[slot]))
    from = slots[slot]
    writeValues(data, ends, values[slot])
  }
  writeText(data, ends, text.subarray(from))
}

function writeText(data: Uint8Array, ends: Uint32Array, text: Uint8Array): void {
  const { length } = text
  if (length === 0) return
  if (length > SHORT_BYTES) {
    for (let at = 0; at < ends.length; at++) data.set(text, ends[at])
  } else {
    for (let at = 0; at < ends.length; at++) {
      const end = ends[at]
      for (let index = 0; index < length; index++) data[end + index] = text[index]
    }
  }
  for (let at = 0; at < ends.length; at++) ends[at] += length
}

function writeValues(data: Uint8Array, ends: Uint32Array, values: MaterializedColumn): void {
  const { data: from, starts, lengths } = values
  for (let at = 0; at < ends.length; at++) {
    const end = ends[at]
    const start = starts[at]
    const length = lengths[at]
    if (length > SHORT_BYTES) data.set(from.subarray(start, start + length), end)
    else for (let index = 0; index < length; index++) data[end + index] = from[start + index]
    ends[at] = end + length
  }
}
