/**
 * The kernel of a block's text (kernels/text.ts) and its memory: what finds variables, templates and equal values
 * sixteen bytes at a time. A writer of blocks has one for all of them.
 *
 *   kernel.begin(data, rowCount)       brings the block into the kernel's memory, where that is worth it
 *   … kernel.memoryOf(data) …          who mines or interns asks; null: do it without
 *   kernel.end()                       the data may change
 *
 *   kernel.lend(byteCount)             for whoever gathers data: put into this memory, they need not be brought
 *   kernel.giveBack()
 *
 * The same results come out without it: TemplateMiner, ValueInterner and SpanInterner have twins of all its functions,
 * and take them where WebAssembly is refused and where a limit of the kernel's memory is passed.
 *
 * Invariants: memory is that of the instance, of one size for ever, and of it only what was used takes room (a little
 * more than what the twins take, and the data); after a block that used much, the next has another instance.
 *
 * Not here: what the functions do.
 */
import { assert, type InstantiateKernel, instantiateKernel, type Random } from '../../base/base.ts'
import { CLASS_BITS } from '../columns/byte-classes.ts'
import type { PackedValues } from '../columns/column-values.ts'
import { KernelRecords } from './kernel-records.ts'
import { KernelTrie } from './kernel-trie.ts'
import { TEXT_KERNEL } from './text-kernel-bytes.ts'
import { TOKEN_BYTE_CLASSES } from './tokens.ts'

/** Smaller blocks are read sooner than they are brought into the kernel's memory. */
const ROWS_MIN = 256
/** Data that have more bytes for each row are mostly not of these rows. */
const ROW_BYTES_MAX = 4096
/** Variables of one row beyond the last that is begun, and those that a hole may add. */
const VARIABLES_SLACK = 2048
/** After blocks with more bytes, or values, the memory is given back. */
const DATA_KEPT_MAX = 1 << 24
const VALUES_KEPT_MAX = 1 << 18

/** The two sets of values. */
export const SLOT_VALUES = 0
export const FIELD_VALUES = 1
const SETS = [SLOT_VALUES, FIELD_VALUES]
/** Of values that are packed. */
const PACKED_BYTES_MAX = 1 << 23

export interface TextKernelOptions {
  readonly instantiate?: InstantiateKernel
  /** Blocks with fewer rows are not brought into its memory. */
  readonly rowsMin?: number
}

/** Distinct values as the kernel has them: a ValueTable but for the data. `count` of them hold. */
export interface KernelValues {
  readonly starts: Uint32Array
  readonly ends: Uint32Array
  readonly classes: Uint16Array
}

/** Room for data in the memory of a kernel. */
export interface LentMemory {
  readonly bytes: Uint8Array
  /** Takes the records of batches that were written there. */
  readonly records: KernelRecords
}

export class TextKernel {
  readonly #instantiate: InstantiateKernel
  readonly #rowsMin: number
  readonly #random: Random
  #memory: KernelMemory | null = null
  #isRefused = false
  #data: Uint8Array | null = null
  /** Whose room for data is lent. */
  #lender: KernelMemory | null = null

  constructor(
    random: Random,
    { instantiate = instantiateKernel, rowsMin = ROWS_MIN }: TextKernelOptions = {},
  ) {
    this.#instantiate = instantiate
    this.#rowsMin = rowsMin
    this.#random = random
  }

  /** Data that are given must not change before `end`. */
  begin(data: Uint8Array, rowCount: number): void {
    this.end()
    if (rowCount < this.#rowsMin || data.length > Math.max(1, rowCount) * ROW_BYTES_MAX) return
    // What is lent must not be written over: then these data have an instance of their own.
    if (this.#lender !== null && this.#lender === this.#memory && !this.#lender.holds(data))
      this.#memory = null
    const memory = this.#ready()
    if (memory?.take(data) === true) this.#data = data
  }

  end(): void {
    this.#data = null
    if (this.#memory?.isLarge === true) this.#memory = null
  }

  /**
   * Memory of arbitrary content that stays as it is written until `giveBack`: a block may have its data there, from
   * the first byte on, or not. Null where so many bytes have no room, or there is no kernel.
   */
  lend(byteCount: number): LentMemory | null {
    const lender = this.#ready()
    this.#lender = lender
    const bytes = lender?.room(byteCount) ?? null
    return lender === null || bytes === null ? null : { bytes, records: lender.records }
  }

  giveBack(): void {
    this.#lender = null
  }

  /** Where these data are; null where they are not. */
  memoryOf(data: Uint8Array): KernelMemory | null {
    return this.#data === data ? this.#memory : null
  }

  #ready(): KernelMemory | null {
    if (this.#memory !== null || this.#isRefused) return this.#memory
    const key = Array.from({ length: 4 }, () => this.#random.uint32())
    this.#memory = KernelMemory.create(this.#instantiate, key)
    this.#isRefused = this.#memory === null
    return this.#memory
  }
}

type KernelFunction = (...values: number[]) => number

/** An instance of the kernel. Arrays are views of its memory: whoever calls again writes over them. */
export class KernelMemory {
  readonly bytes: Uint8Array
  /** The variables of rows that were read, row after row. */
  readonly variableStarts: Uint32Array<ArrayBuffer>
  readonly variableEnds: Uint32Array<ArrayBuffer>
  readonly variablesMax: number
  /** Of a call: by row, its last node, template or entry, and its first variable. */
  readonly rowNumbers: Int32Array
  readonly rowVariables: Uint32Array
  readonly rowsMax: number
  /** Four numbers a template: see kernels/text.ts. */
  readonly templates: Uint32Array
  readonly templatesMax: number
  readonly columnsMax: number
  /** What `internVariables` fills. */
  readonly entries: Uint32Array
  readonly trie: KernelTrie
  readonly records: KernelRecords
  /** By set. */
  readonly values: readonly KernelValues[]
  readonly readRows: (from: number, to: number, variableCount: number) => number
  readonly internVariables: (set: number, rowCount: number, firstVariable: number) => number
  readonly internSpans: (set: number, rowCount: number, isFirst: number) => number
  readonly beginColumns: (columns: number) => number
  readonly #resetValues: KernelFunction
  readonly #packValues: KernelFunction
  readonly #packed: Uint8Array
  readonly #valueCount: KernelFunction
  readonly #rowStarts: Uint32Array
  readonly #rowLengths: Uint32Array
  readonly #result: Uint32Array
  readonly #dataStart: number
  readonly #dataBytesMax: number
  #dataBytes = 0

  private constructor(
    memory: ArrayBuffer,
    functions: Readonly<Record<string, KernelFunction>>,
    at: Readonly<Record<string, number>>,
    key: readonly number[],
  ) {
    const words = (from: number, count: number) => new Uint32Array(memory, from, count)
    this.bytes = new Uint8Array(memory)
    this.bytes.set(TOKEN_BYTE_CLASSES, at.TOKEN_CLASSES)
    new Uint16Array(memory, at.VALUE_CLASSES, 256).set(CLASS_BITS)
    this.variablesMax = at.VARIABLES_MAX
    this.variableStarts = words(at.STARTS, at.VARIABLES_MAX + VARIABLES_SLACK)
    this.variableEnds = words(at.ENDS, at.VARIABLES_MAX + VARIABLES_SLACK)
    this.rowsMax = at.ROWS_MAX
    this.rowNumbers = new Int32Array(memory, at.ROW_NUMBERS, at.ROWS_MAX)
    this.rowVariables = words(at.ROW_VARIABLES, at.ROWS_MAX)
    this.#rowStarts = words(at.ROW_STARTS, at.ROWS_MAX)
    this.#rowLengths = words(at.ROW_LENGTHS, at.ROWS_MAX)
    this.templatesMax = at.TEMPLATES_MAX
    this.templates = words(at.TEMPLATES, at.TEMPLATES_MAX * 4)
    this.columnsMax = at.COLUMNS_MAX
    this.entries = words(at.ENTRIES, at.VARIABLES_MAX)
    this.values = SETS.map((set) => {
      const from = at.SET_MEMORY + set * at.SET_MEMORY_STRIDE
      return {
        starts: words(from + at.SET_STARTS, at.SET_ENTRIES_MAX),
        ends: words(from + at.SET_ENDS, at.SET_ENTRIES_MAX),
        classes: new Uint16Array(memory, from + at.SET_CLASSES, at.SET_ENTRIES_MAX),
      }
    })
    this.readRows = functions.readRows
    this.internVariables = functions.internVariables
    this.internSpans = functions.internSpans
    this.beginColumns = functions.beginColumns
    this.#resetValues = functions.resetValues
    this.#packValues = functions.packValues
    this.#packed = new Uint8Array(memory, at.ENDS, PACKED_BYTES_MAX)
    this.#valueCount = functions.valueCount
    this.#result = words(at.RESULT, 1)
    this.#dataStart = at.DATA
    this.#dataBytesMax = at.DATA_BYTES
    functions.setKey(...key)
    const scratch = this.bytes.subarray(at.SCRATCH, at.SCRATCH + at.SCRATCH_BYTES)
    this.trie = new KernelTrie(functions, scratch)
    this.records = new KernelRecords(memory, functions, at)
  }

  static create(instantiate: InstantiateKernel, key: readonly number[]): KernelMemory | null {
    const instance = instantiate(TEXT_KERNEL, {})
    if (instance === null) return null
    const memory = new KernelMemory(instance.memory, instance.functions, instance.constants, key)
    for (const set of SETS) memory.resetValues(set, 0)
    return memory
  }

  /** Whether more of it was used than is worth keeping. */
  get isLarge(): boolean {
    return this.#dataBytes > DATA_KEPT_MAX || SETS.some((set) => this.valueCount(set) > VALUES_KEPT_MAX)
  }

  /** Null where it is too large. */
  room(byteCount: number): Uint8Array | null {
    if (byteCount > this.#dataBytesMax) return null
    return this.bytes.subarray(this.#dataStart, this.#dataStart + byteCount)
  }

  /** Whether the data stand in their place. */
  holds(data: Uint8Array): boolean {
    return data.buffer === this.bytes.buffer && data.byteOffset === this.#dataStart
  }

  /** False where the data are too long. */
  take(data: Uint8Array): boolean {
    if (data.length > this.#dataBytesMax) return false
    if (!this.holds(data)) this.bytes.set(data, this.#dataStart)
    this.#dataBytes = data.length
    return true
  }

  /** Tells which rows the next calls are about: at most `rowsMax`. */
  setRows(starts: Uint32Array, lengths: Uint32Array): void {
    assert(starts.length <= this.rowsMax, 'rows of a call have room')
    this.#rowStarts.set(starts)
    this.#rowLengths.set(lengths)
  }

  /** Variables so far, after `readRows`. */
  get variableCount(): number {
    return this.#result[0]
  }

  /** Empties a set, which will have about so many values. */
  resetValues(set: number, expected: number): void {
    this.#resetValues(set, 2 ** Math.ceil(Math.log2(expected * 1.4 + 1)))
  }

  valueCount(set: number): number {
    return this.#valueCount(set)
  }

  /** The values of a set one behind the other, where the variables were; null where they take more than `bytesMax`. */
  packValues(set: number, bytesMax: number): PackedValues | null {
    const byteCount = this.#packValues(set, Math.min(bytesMax, PACKED_BYTES_MAX))
    if (byteCount < 0) return null
    const starts = this.variableStarts.subarray(0, this.valueCount(set) + 1)
    return { bytes: this.#packed.subarray(0, byteCount), starts }
  }
}
