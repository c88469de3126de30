/**
 * Turns the variables of a mined column into columns of values: each distinct value of the block stands once in one
 * table, and for each template and slot there is a column of numbers into it (columns/column-values.ts).
 *
 * Values are not copied: the table's bytes are the data that was mined. No string and no object is made for a value.
 * Memory is bounded by the variables of a block, which the miner bounds, and is used again: columns are good until the
 * next block is interned.
 *
 * Most variables are what the same slot held in the row before; they cost one comparison. The others are looked up
 * (value-set.ts), where bytes decide, not a hash.
 */
import type { Random } from '../../base/base.ts'
import { classifyValues } from '../columns/byte-classes.ts'
import type { ColumnValues, ValueTable } from '../columns/column-values.ts'
import { sameFrom4 } from './span-set.ts'
import { PLAIN } from './template.ts'
import type { MinedColumn } from './template-miner.ts'
import { type KernelMemory, SLOT_VALUES, type TextKernel } from './text-kernel.ts'
import { ValueSet } from './value-set.ts'

export interface TemplateColumns {
  readonly table: ValueTable
  /** The values of a slot, over the rows of its template in their order. */
  slot(template: number, slot: number): ColumnValues
}

/** What a slot held last: start, length, first four bytes, entry. */
const LAST_INTS = 4

/** Numbers that memory is kept for, 4 MB an array. */
const KEPT_MAX = 1 << 20

/** Rows of a call: what is called often is compiled once, a loop over a whole block anew for every block. */
const WALK_ROWS = 1024

interface InternWalk {
  readonly mined: MinedColumn
  readonly view: DataView
  readonly firstColumns: Uint32Array
  readonly firstEntries: Uint32Array
  readonly entries: Uint32Array
  /** By column, see LAST_INTS. */
  readonly last: Int32Array
  /** By template. */
  readonly rowsDone: Uint32Array
}

export class ValueInterner {
  readonly #set: ValueSet
  #entries = new Uint32Array(1 << 12)
  #starts = new Uint32Array(1 << 10)
  #ends = new Uint32Array(1 << 10)
  #classes = new Uint16Array(1 << 10)

  readonly #kernel: TextKernel | null
  /** Values of the block before. */
  #lastCount = 0

  /** With a kernel, columns whose data it has are interned by it. */
  constructor(random: Random, kernel: TextKernel | null = null) {
    this.#set = new ValueSet(random)
    this.#kernel = kernel
  }

  /** `data` is what was mined. */
  intern(mined: MinedColumn, data: Uint8Array): TemplateColumns {
    const { templates, rowCounts } = mined
    const firstColumns = new Uint32Array(templates.length + 1)
    const firstEntries = new Uint32Array(templates.length + 1)
    for (let template = 0; template < templates.length; template++) {
      const slotCount = templates[template].slots.length
      firstColumns[template + 1] = firstColumns[template] + slotCount
      firstEntries[template + 1] = firstEntries[template] + slotCount * rowCounts[template]
    }
    const kernel = this.#kernel?.memoryOf(data) ?? null
    const isKernels = kernel !== null && this.#internByKernel(kernel, mined, firstColumns, firstEntries)
    const entries = isKernels ? kernel.entries : this.#internRows(mined, data, firstColumns, firstEntries)
    const table = isKernels ? kernelTable(kernel, data) : this.#makeTable(data)
    return {
      table,
      slot: (template, slot) => {
        const rowCount = rowCounts[template]
        const from = firstEntries[template] + slot * rowCount
        return { table, entries: entries.subarray(from, from + rowCount), rowCount }
      },
    }
  }

  /** False where a limit of the kernel is passed: then there is nothing. */
  #internByKernel(
    kernel: KernelMemory,
    mined: MinedColumn,
    firstColumns: Uint32Array,
    firstEntries: Uint32Array,
  ): boolean {
    const { rowTemplates, rowCounts, variableStarts, variableEnds } = mined
    const templateCount = rowCounts.length
    const columnCount = firstColumns[templateCount]
    if (templateCount > kernel.templatesMax || columnCount > kernel.columnsMax) return false
    if (variableStarts.length > kernel.variablesMax) return false
    if (variableStarts.buffer !== kernel.variableStarts.buffer) {
      kernel.variableStarts.set(variableStarts)
      kernel.variableEnds.set(variableEnds)
    }
    for (let template = 0; template < templateCount; template++) {
      const at = template * 4
      kernel.templates[at] = firstColumns[template]
      kernel.templates[at + 1] = firstColumns[template + 1]
      kernel.templates[at + 2] = firstEntries[template]
      kernel.templates[at + 3] = rowCounts[template]
    }
    kernel.resetValues(SLOT_VALUES, this.#lastCount)
    kernel.beginColumns(columnCount)
    let variable = 0
    for (let row = 0; row < rowTemplates.length && variable >= 0; row += kernel.rowsMax) {
      const rows = rowTemplates.subarray(row, row + kernel.rowsMax)
      kernel.rowNumbers.set(rows)
      variable = kernel.internVariables(SLOT_VALUES, rows.length, variable)
    }
    this.#lastCount = kernel.valueCount(SLOT_VALUES)
    return variable >= 0
  }

  #makeTable(bytes: Uint8Array): ValueTable {
    const { count } = this.#set
    if (count > this.#starts.length || this.#starts.length > KEPT_MAX) {
      const capacity = Math.max(count, Math.min(count * 2, KEPT_MAX))
      this.#starts = new Uint32Array(capacity)
      this.#ends = new Uint32Array(capacity)
      this.#classes = new Uint16Array(capacity)
    }
    const starts = this.#starts
    const ends = this.#ends
    const classes = this.#classes
    this.#set.copySpans(0, starts, ends)
    classifyValues(bytes, starts, ends, 0, count, classes)
    return { bytes, starts, ends, classes, count }
  }

  #takeEntries(count: number): Uint32Array {
    if (count > this.#entries.length || this.#entries.length > KEPT_MAX)
      this.#entries = new Uint32Array(Math.max(count, Math.min(count * 2, KEPT_MAX)))
    return this.#entries
  }

  /** Entries of all columns: where each begins, and slot after slot of a template the rows that have it. */
  #internRows(
    mined: MinedColumn,
    data: Uint8Array,
    firstColumns: Uint32Array,
    firstEntries: Uint32Array,
  ): Uint32Array {
    this.#set.reset(data)
    const templateCount = mined.rowCounts.length
    const walk: InternWalk = {
      ...{ mined, firstColumns, firstEntries },
      view: new DataView(data.buffer, data.byteOffset, data.byteLength),
      entries: this.#takeEntries(firstEntries[templateCount]),
      last: new Int32Array(firstColumns[templateCount] * LAST_INTS),
      rowsDone: new Uint32Array(templateCount),
    }
    let variable = 0
    const rowCount = mined.rowTemplates.length
    for (let row = 0; row < rowCount; row += WALK_ROWS)
      variable = this.#internSome(walk, row, Math.min(rowCount, row + WALK_ROWS), variable)
    return walk.entries
  }

  /** The number of the variable after those of the rows. */
  #internSome(walk: InternWalk, from: number, to: number, firstVariable: number): number {
    const { mined, view, firstColumns, firstEntries, entries, last, rowsDone } = walk
    const { rowTemplates, rowCounts, variableStarts: starts, variableEnds: ends } = mined
    const set = this.#set
    const dataEnd = view.byteLength - 4
    const plain = PLAIN
    let variable = firstVariable
    for (let row = from; row < to; row++) {
      const template = rowTemplates[row]
      if (template === plain) continue
      const stride = rowCounts[template]
      const slotsEnd = firstColumns[template + 1] * LAST_INTS
      let place = firstEntries[template] + rowsDone[template]++
      for (let at = firstColumns[template] * LAST_INTS; at < slotsEnd; at += LAST_INTS) {
        const start = starts[variable]
        const length = ends[variable] - start
        variable++
        // At the very end of the data four bytes cannot be read at once: such a value is always looked up.
        let word = 0
        let same = false
        if (start <= dataEnd) {
          word = view.getInt32(start, true)
          if (length < 4) word <<= (4 - length) * 8
          same = length === last[at + 1] && word === last[at + 2]
          if (same && length > 4) same = sameFrom4(view, start, last[at], length)
        }
        if (!same) {
          last[at + 1] = start <= dataEnd ? length : -1
          last[at + 2] = word
          last[at + 3] = set.add(start, length)
        }
        // The latest place, since its bytes are likely in the processor's cache.
        last[at] = start
        entries[place] = last[at + 3]
        place += stride
      }
    }
    return variable
  }
}

function kernelTable(kernel: KernelMemory, bytes: Uint8Array): ValueTable {
  return {
    ...{ bytes, ...kernel.values[SLOT_VALUES] },
    count: kernel.valueCount(SLOT_VALUES),
    pack: (bytesMax) => kernel.packValues(SLOT_VALUES, bytesMax),
  }
}
