/**
 * The column kernel (kernels/columns.ts): its memory, the values of a block in it, and the hints that it is asked with.
 * It encodes the slots of templates where a hint tells how; the encodings of this folder are its twins, and encode what
 * it does not take.
 *
 * Invariants: its memory has one size for ever. A column that it takes has the bytes that `chooseEncoding` gives it with
 * the same hint, and the hint counts it in the same way.
 */
import type { InstantiateKernel, KernelInstance } from '../../base/base.ts'
import type { SlotFacts } from '../template/slot-facts.ts'
import { CLASS_BITS } from './byte-classes.ts'
import type { ByteSink } from './byte-sink.ts'
import { COLUMNS_KERNEL } from './column-kernel-bytes.ts'
import type { ColumnValues, PackedValues, ValueTable } from './column-values.ts'
import { type ColumnHint, isHintGood } from './encodings.ts'
import { KernelWords } from './kernel-words.ts'

/** Values up to this length are copied at once, and up to the other one byte by byte. */
const BLOCK = 8
const SHORT_BYTES = 32
/** Values of a call: what is called often is compiled once, a loop over a whole table anew for every block. */
const GATHER_VALUES = 1024
/** Of a table whose values are brought here for one column. */
const COLUMN_VALUES_MAX = 4096
const HINT_INTS = 4
const HINT_DOUBLES = 2
const FACT_INTS = 8
const FACT_DOUBLES = 4
/** What stands in the facts of a slot that was encoded as its hint says, and of one that was chosen for. */
const BY_HINT = 2
const BY_CHOICE = 3
const NO_CODE = -1
const NO_DETAIL = 0
const NO_DETAIL_FOUND = 0xffff_ffff

/** Answers whether it took the column. */
type EncodeColumn = (rowCount: number) => number
type EncodeNumbers = (count: number) => void
type EncodeSlots = (from: number, to: number, rowCount: number) => number

export class ColumnKernel {
  /** Whether `encodeSlots` stopped at a slot that it does not take. */
  isRefused = false
  readonly words: KernelWords
  readonly memory: ArrayBuffer
  readonly #bytes: Uint8Array
  readonly #values: Uint8Array
  readonly #starts: Uint32Array
  readonly #classes: Uint16Array
  readonly #entries: Uint32Array
  readonly #hintInts: Int32Array
  readonly #hintDoubles: Float64Array
  readonly #facts: Uint32Array
  readonly #factDoubles: Float64Array
  readonly #result: Uint32Array
  readonly #out: number
  readonly #rowsMax: number
  readonly #slotsMax: number
  readonly #encodeSlots: EncodeSlots
  readonly #encodeColumn: EncodeColumn
  readonly #encodeNumbers: EncodeNumbers
  readonly #numbers: Float64Array
  readonly #view: DataView
  #hasTable = false

  /** Null where WebAssembly is refused. */
  static open(instantiate: InstantiateKernel): ColumnKernel | null {
    const instance = instantiate(COLUMNS_KERNEL, { log2: Math.log2 })
    return instance === null ? null : new ColumnKernel(instance)
  }

  private constructor(instance: KernelInstance) {
    const { memory, constants, functions } = instance
    this.words = new KernelWords(instance)
    this.memory = memory
    this.#bytes = new Uint8Array(memory)
    this.#values = new Uint8Array(memory, constants.VALUES, constants.VALUE_BYTES)
    this.#starts = new Uint32Array(memory, constants.STARTS, constants.VALUES_MAX + 1)
    this.#classes = new Uint16Array(memory, constants.CLASSES, constants.VALUES_MAX)
    this.#entries = new Uint32Array(memory, constants.ENTRIES, constants.ENTRIES_MAX)
    this.#hintInts = new Int32Array(memory, constants.HINTS, constants.SLOTS_MAX * HINT_INTS)
    this.#hintDoubles = new Float64Array(memory, constants.HINTS, constants.SLOTS_MAX * HINT_DOUBLES)
    this.#facts = new Uint32Array(memory, constants.FACTS, constants.SLOTS_MAX * FACT_INTS)
    this.#factDoubles = new Float64Array(memory, constants.FACTS, constants.SLOTS_MAX * FACT_DOUBLES)
    this.#result = new Uint32Array(memory, constants.RESULT, 1)
    this.#out = constants.OUT
    this.#rowsMax = constants.ROWS_MAX
    this.#slotsMax = constants.SLOTS_MAX
    this.#encodeSlots = functions.encodeSlots as EncodeSlots
    this.#encodeColumn = functions.encodeColumn as EncodeColumn
    this.#encodeNumbers = functions.encodeNumbers as EncodeNumbers
    this.#numbers = new Float64Array(memory, constants.NUMBERS, constants.ROWS_MAX)
    this.#view = new DataView(memory, constants.VALUES, constants.VALUE_BYTES + BLOCK)
    const logarithms = new Float64Array(memory, constants.N_LOG_N, constants.N_LOG_N_COUNT)
    for (let n = 2; n < logarithms.length; n++) logarithms[n] = n * Math.log2(n)
    new Uint16Array(memory, constants.CLASS_BITS, CLASS_BITS.length).set(CLASS_BITS)
  }

  /** Columns that come have values of this table. False where it is too large: then none of them is taken. */
  begin(table: ValueTable): boolean {
    const { count } = table
    this.#hasTable = false
    if (count >= this.#starts.length) return false
    if (!(table.pack === undefined ? this.#gatherAll(table) : this.#takePacked(table.pack))) return false
    this.#classes.set(table.classes.subarray(0, count))
    this.#hasTable = true
    return true
  }

  #takePacked(pack: (bytesMax: number) => PackedValues | null): boolean {
    const packed = pack(this.#values.length)
    if (packed === null) return false
    this.#values.set(packed.bytes)
    this.#starts.set(packed.starts)
    return true
  }

  #gatherAll({ bytes, starts, ends, count }: ValueTable): boolean {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    let at = 0
    for (let value = 0; value < count && at >= 0; value += GATHER_VALUES)
      at = this.#gather(bytes, view, starts, ends, value, Math.min(count, value + GATHER_VALUES), at)
    if (at < 0) return false
    this.#starts[count] = at
    return true
  }

  /** Copies some values one behind the other; answers where the next one goes, -1 where there is no room. */
  #gather(
    bytes: Uint8Array,
    view: DataView,
    starts: Uint32Array,
    ends: Uint32Array,
    from: number,
    to: number,
    firstAt: number,
  ): number {
    const ownStarts = this.#starts
    const values = this.#values
    const own = this.#view
    const lastBlock = bytes.length - BLOCK
    let at = firstAt
    for (let value = from; value < to; value++) {
      const start = starts[value]
      const length = ends[value] - start
      ownStarts[value] = at
      if (at + length > values.length) return -1
      // What is copied behind the value is written over by the next one.
      if (length <= BLOCK && start <= lastBlock) own.setBigInt64(at, view.getBigInt64(start, true), true)
      else if (length <= SHORT_BYTES) for (let i = 0; i < length; i++) values[at + i] = bytes[start + i]
      else values.set(bytes.subarray(start, start + length), at)
      at += length
    }
    return at
  }

  /** Memory for as many numbers as `putNumbers` is to write; null where they are too many. */
  numbers(count: number): Float64Array | null {
    return count > this.#numbers.length ? null : this.#numbers.subarray(0, count)
  }

  /** Appends the first `count` of `numbers`, at least one, as `planSequence` would write them. */
  putNumbers(count: number, sink: ByteSink): void {
    this.#encodeNumbers(count)
    sink.append(this.#bytes, this.#out, this.#result[0])
  }

  /**
   * Encodes the slots of a template from number `from` on: the entries of `rowCount` rows for each stand in `entries`,
   * slot after slot. Appends bytes that follow, code and bytes of each, and tells its facts. Answers the slot at which
   * it stopped: `isRefused` says that it is for the twin, otherwise there is more.
   */
  encodeSlots(
    entries: Uint32Array,
    rowCount: number,
    from: number,
    hints: readonly ColumnHint[],
    facts: SlotFacts,
    sink: ByteSink,
  ): number {
    this.isRefused = true
    if (!this.#hasTable || rowCount > this.#rowsMax) return from
    const fitting = Math.min(this.#slotsMax, Math.floor(this.#entries.length / rowCount))
    const end = Math.min(hints.length, from + fitting)
    this.#entries.set(entries.subarray(from * rowCount, end * rowCount))
    for (let slot = from; slot < end; slot++) this.#putHint(slot - from, hints[slot])
    const stopped = this.#encodeSlots(0, end - from, rowCount) + from
    for (let slot = from; slot < stopped; slot++)
      this.#takeFacts(slot - from, slot, rowCount, hints[slot], facts)
    sink.append(this.#bytes, this.#out, this.#result[0])
    this.isRefused = stopped < end
    return stopped
  }

  /**
   * Encodes one column, and appends its code and bytes. False where it is for the twin, as one of a table with more
   * than a few values is: to bring them here would cost more than is won.
   */
  encodeColumn({ table, entries, rowCount }: ColumnValues, hint: ColumnHint, sink: ByteSink): boolean {
    if (table.count > COLUMN_VALUES_MAX || rowCount > this.#rowsMax || !this.begin(table)) return false
    this.#entries.set(entries)
    this.#putHint(0, hint)
    if (this.#encodeColumn(rowCount) === 0) return false
    this.#takeHint(0, rowCount, hint)
    sink.append(this.#bytes, this.#out, this.#result[0])
    return true
  }

  #putHint(place: number, hint: ColumnHint): void {
    const isGood = isHintGood(hint)
    this.#hintInts[place * HINT_INTS] = isGood ? hint.code : NO_CODE
    if (!isGood) return
    this.#hintInts[place * HINT_INTS + 1] = hint.detail ?? NO_DETAIL
    this.#hintDoubles[place * HINT_DOUBLES + 1] = hint.bytesPerRow
  }

  #takeFacts(
    place: number,
    slot: number,
    rowCount: number,
    hint: ColumnHint,
    { classes, lengthMin, lengthMax }: SlotFacts,
  ): void {
    const facts = this.#facts
    const at = place * FACT_INTS
    classes[slot] = facts[at]
    lengthMin[slot] = facts[at + 1]
    lengthMax[slot] = facts[at + 2]
    this.#takeHint(place, rowCount, hint)
  }

  #takeHint(place: number, rowCount: number, hint: ColumnHint): void {
    const facts = this.#facts
    const at = place * FACT_INTS
    if (facts[at + 3] === BY_HINT) hint.uses++
    if (facts[at + 3] !== BY_CHOICE) return
    hint.code = facts[at + 4]
    hint.detail = facts[at + 5] === NO_DETAIL_FOUND ? undefined : facts[at + 5]
    hint.bytesPerRow = this.#factDoubles[place * FACT_DOUBLES + 3] / rowCount
    hint.uses = 0
  }
}
