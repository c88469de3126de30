/**
 * The rows of one template in one block: a column for each slot. Nothing is decoded before it is asked for, and what a
 * column cannot hold is told from a few of its bytes.
 */
import { ByteSource, partCorrupt } from '../columns/byte-source.ts'
import type { EncodedColumn, MaterializedColumn } from '../columns/encoding.ts'
import { bitsHeld, decodeColumn } from '../columns/encodings.ts'
import { renderInto, type Template } from '../template/template.ts'

export class TemplateRows {
  readonly template: Template
  readonly rowCount: number
  readonly #bytes: Uint8Array
  /** By slot: where its column begins in the bytes, and where it ends. */
  readonly #ends: Uint32Array
  readonly #starts: Uint32Array
  readonly #columns: (EncodedColumn | undefined)[] = []

  /** `bytes`: the string of the template's variables; nothing where it has no slots. PART_CORRUPT. */
  constructor(template: Template, rowCount: number, bytes: Uint8Array) {
    this.template = template
    this.rowCount = rowCount
    this.#bytes = bytes
    const slotCount = template.slots.length
    this.#starts = new Uint32Array(slotCount)
    this.#ends = new Uint32Array(slotCount)
    const source = new ByteSource(bytes)
    for (let slot = 0; slot < slotCount; slot++) {
      const length = source.varintUpTo(source.remaining, 'a column')
      if (length === 0) throw partCorrupt('a column without an encoding')
      this.#starts[slot] = source.skip(length)
      this.#ends[slot] = source.at
    }
    source.expectEnd()
  }

  /** PART_CORRUPT. */
  column(slot: number): EncodedColumn {
    return (this.#columns[slot] ??= decodeColumn(
      this.#bytes[this.#starts[slot]],
      this.#bytesOf(slot),
      this.rowCount,
    ))
  }

  /** Columns of the slots from `from` to below `to`. */
  columns(from: number, to: number): EncodedColumn[] {
    const columns: EncodedColumn[] = []
    for (let slot = from; slot < to; slot++) columns.push(this.column(slot))
    return columns
  }

  /** The values of each slot. */
  materialize(): MaterializedColumn[] {
    return this.columns(0, this.#starts.length).map((column) => column.materialize())
  }

  /** How many bytes the rows have. PART_CORRUPT. */
  lengths(): Uint32Array {
    const lengths = new Uint32Array(this.rowCount).fill(this.template.text.length)
    for (const values of this.materialize())
      for (let row = 0; row < lengths.length; row++) lengths[row] += values.lengths[row]
    return lengths
  }

  /** The text of one row, in memory of its own. PART_CORRUPT. */
  textOf(ordinal: number): Uint8Array {
    const { text, slots } = this.template
    const values = Array.from(slots, (_, slot) => this.column(slot).valueAt(ordinal))
    const whole = new Uint8Array(values.reduce((sum, { length }) => sum + length, text.length))
    renderInto(whole, 0, this.template, values)
    return whole
  }

  /** The bits of every byte that any value of the slot may have (Encoding.holds). PART_CORRUPT. */
  bitsHeld(slot: number, bitsOf: Uint32Array): number {
    return bitsHeld(this.#bytes[this.#starts[slot]], this.#bytesOf(slot), bitsOf)
  }

  #bytesOf(slot: number): Uint8Array {
    return this.#bytes.subarray(this.#starts[slot] + 1, this.#ends[slot])
  }
}
