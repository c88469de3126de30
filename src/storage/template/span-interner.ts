/**
 * Interns the values of materialised columns (starts and lengths over one array), so that the encodings can take them:
 * the fields of a block that is sealed, or the columns of a part that is merged. All columns of one `begin` share one
 * table: what two columns have in common stands there once.
 *
 *   data "7 8 7"     column([0, 2], [1, 1]) -> entries 0 1     column([4, 2, 2], [1, 1, 1]) -> entries 0 1 1
 *
 * Values are not copied and nothing is allocated for a value. Bytes decide what is equal, a hash only says where to look
 * (value-set.ts), so no input makes it super-linear. A row with the bytes of the row before costs one comparison.
 *
 * Memory is reused: what `column` answers is good until the next `begin`. The table grows with every column; entries
 * that were given out keep their meaning.
 *
 * Not here: the variables of templates (value-interner.ts), which are many columns at once.
 */
import type { Random } from '../../base/base.ts'
import { classifyValues } from '../columns/byte-classes.ts'
import type { ColumnValues } from '../columns/column-values.ts'
import { sameFrom4 } from './span-set.ts'
import { FIELD_VALUES, type KernelMemory, type TextKernel } from './text-kernel.ts'
import { ValueSet } from './value-set.ts'

/** Rows of all columns that memory is kept for, 4 MB; and distinct values, 8 MB. */
const ROWS_KEPT_MAX = 1 << 20
const VALUES_KEPT_MAX = 1 << 20
const NO_BYTES = new Uint8Array(0)

/** As a ValueTable, of which it is one: it grows while columns are added. */
interface GrowingTable {
  readonly bytes: Uint8Array
  starts: Uint32Array
  ends: Uint32Array
  classes: Uint16Array
  count: number
}

export class SpanInterner {
  readonly #set: ValueSet
  #table: GrowingTable = tableOf(NO_BYTES, 1024)
  /** Whose arrays are used where the kernel's are not. */
  #ownTable = this.#table
  #view: DataView = new DataView(NO_BYTES.buffer)
  #entries = new Uint32Array(1 << 14)
  #entriesUsed = 0
  readonly #source: TextKernel | null
  /** Null where values are interned without it. */
  #kernel: KernelMemory | null = null
  /** Values that the kernel had before the last `begin`. */
  #lastCount = 0

  /** With a kernel, columns of data that it has are interned by it. */
  constructor(random: Random, kernel: TextKernel | null = null) {
    this.#set = new ValueSet(random)
    this.#source = kernel
  }

  /** Forgets all; columns lie in `data` from now on, which must not change while their values are used. */
  begin(data: Uint8Array): void {
    if (this.#entries.length > ROWS_KEPT_MAX) this.#entries = new Uint32Array(ROWS_KEPT_MAX)
    this.#entriesUsed = 0
    const kernel = this.#source?.memoryOf(data) ?? null
    if (kernel === null) this.#beginTwin(data)
    else this.#beginKernel(kernel, data)
  }

  #beginKernel(kernel: KernelMemory, data: Uint8Array): void {
    this.#kernel = kernel
    kernel.resetValues(FIELD_VALUES, this.#lastCount)
    this.#table = { bytes: data, ...kernel.values[FIELD_VALUES], count: 0 }
  }

  #beginTwin(data: Uint8Array): void {
    this.#kernel = null
    this.#set.reset(data)
    this.#view = new DataView(data.buffer, data.byteOffset, data.byteLength)
    const own = this.#ownTable
    this.#table =
      own.starts.length <= VALUES_KEPT_MAX
        ? { ...own, bytes: data, count: 0 }
        : tableOf(data, VALUES_KEPT_MAX)
    this.#ownTable = this.#table
  }

  /** The values of the column whose row n is `data[starts[n] .. starts[n] + lengths[n])`. */
  column(starts: Uint32Array, lengths: Uint32Array): ColumnValues {
    const rowCount = starts.length
    const entries = this.#takeEntries(rowCount)
    if (this.#kernel !== null && this.#fillByKernel(this.#kernel, entries, starts, lengths))
      return { table: this.#table, entries, rowCount }
    this.#fill(entries, starts, lengths)
    const table = this.#table
    const { count } = this.#set
    if (count > table.starts.length) growTable(table, count)
    this.#set.copySpans(table.count, table.starts, table.ends)
    classifyValues(table.bytes, table.starts, table.ends, table.count, count, table.classes)
    table.count = count
    return { table, entries, rowCount }
  }

  /** One column with a table of its own. */
  internSpans(data: Uint8Array, starts: Uint32Array, lengths: Uint32Array): ColumnValues {
    this.begin(data)
    return this.column(starts, lengths)
  }

  /** False where the kernel's set is full: then this and all other columns of `begin` have a table of their own. */
  #fillByKernel(
    kernel: KernelMemory,
    entries: Uint32Array,
    starts: Uint32Array,
    lengths: Uint32Array,
  ): boolean {
    const rowsMax = kernel.rowsMax
    for (let row = 0; row < entries.length; row += rowsMax) {
      const to = Math.min(entries.length, row + rowsMax)
      kernel.setRows(starts.subarray(row, to), lengths.subarray(row, to))
      if (kernel.internSpans(FIELD_VALUES, to - row, row === 0 ? 1 : 0) === 0) {
        this.#beginTwin(this.#table.bytes)
        return false
      }
      entries.set(kernel.rowNumbers.subarray(0, to - row), row)
    }
    this.#lastCount = this.#table.count = kernel.valueCount(FIELD_VALUES)
    return true
  }

  #fill(entries: Uint32Array, starts: Uint32Array, lengths: Uint32Array): void {
    const set = this.#set
    const view = this.#view
    const fullUntil = view.byteLength - 4
    let lastStart = -1
    let lastLength = -1
    let lastWord = 0
    let entry = 0
    for (let row = 0; row < entries.length; row++) {
      const start = starts[row]
      const length = lengths[row]
      if (length === lastLength) {
        // At the very end of the data four bytes cannot be read at once: such a value is always looked up.
        let same = start === lastStart
        if (!same && start <= fullUntil) {
          const difference = view.getInt32(start, true) ^ lastWord
          if (length >= 4) same = difference === 0 && sameFrom4(view, start, lastStart, length)
          else same = length === 0 || difference << ((4 - length) * 8) === 0
        }
        if (same) {
          entries[row] = entry
          continue
        }
      }
      entry = set.add(start, length)
      entries[row] = entry
      lastStart = start
      lastLength = start <= fullUntil ? length : -1
      if (start <= fullUntil) lastWord = view.getInt32(start, true)
    }
  }

  #takeEntries(rowCount: number): Uint32Array {
    if (this.#entriesUsed + rowCount > this.#entries.length) {
      // Columns that were given out keep the memory that they have.
      this.#entries = new Uint32Array(Math.max(rowCount, this.#entries.length * 2))
      this.#entriesUsed = 0
    }
    const from = this.#entriesUsed
    this.#entriesUsed += rowCount
    return this.#entries.subarray(from, from + rowCount)
  }
}

function tableOf(bytes: Uint8Array, capacity: number): GrowingTable {
  return {
    bytes,
    starts: new Uint32Array(capacity),
    ends: new Uint32Array(capacity),
    classes: new Uint16Array(capacity),
    count: 0,
  }
}

function growTable(table: GrowingTable, count: number): void {
  const larger = tableOf(table.bytes, Math.max(count, table.starts.length * 2))
  larger.starts.set(table.starts.subarray(0, table.count))
  larger.ends.set(table.ends.subarray(0, table.count))
  larger.classes.set(table.classes.subarray(0, table.count))
  table.starts = larger.starts
  table.ends = larger.ends
  table.classes = larger.classes
}
