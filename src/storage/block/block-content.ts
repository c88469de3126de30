/**
 * The records of one block as columns, before they are written: what sealing makes of batches (content-of-batches.ts)
 * and merging of stored blocks (content-of-blocks.ts), and what the block writer encodes.
 *
 * Invariants: ids ascend. Values of rows are spans of one memory, `data`, which does not change meanwhile. A layout is
 * the list of the fields of a row, in the order in which they were sent, each field once; rows with the same fields in
 * the same order share one. The rows of a field ascend, and are those whose layout has it.
 */
import { FIELD_STRING } from '../../record/record.ts'

/** Values by place: the span of value n is `data[starts[n] .. starts[n] + lengths[n])`. */
export interface Spans {
  readonly data: Uint8Array
  readonly starts: Uint32Array
  readonly lengths: Uint32Array
}

export interface FieldContent {
  readonly name: string
  /** The rows that have the field, ascending; null: all of them. */
  readonly rows: Uint32Array | null
  /** FIELD_* by place; null: all are strings. */
  readonly kinds: Uint8Array | null
  /** By place. */
  readonly starts: Uint32Array
  readonly lengths: Uint32Array
}

/** Of each field of a row: the number of the field times 2, plus 1 where it is a stream field. */
export type Layout = readonly number[]

export interface BlockContent {
  readonly rowCount: number
  readonly ids: Float64Array
  readonly timesMs: Float64Array
  readonly timesNs: Uint32Array
  readonly receivedMs: Float64Array
  readonly receivedNs: Uint32Array
  readonly severities: Uint8Array
  readonly flags: Uint8Array
  /** The memory of all spans. */
  readonly data: Uint8Array
  readonly messages: Omit<Spans, 'data'>
  readonly levelWords: Omit<Spans, 'data'>
  readonly layouts: readonly Layout[]
  /** By row: the number of its layout. */
  readonly rowLayouts: Uint32Array
  readonly fields: readonly FieldContent[]
}

/** Values of one field, gathered row by row. */
export class FieldGatherer {
  name: string
  count = 0
  /** Where the layout of the row that was added last has the field. */
  place = 0
  #rows = new Uint32Array(8)
  #starts = new Uint32Array(8)
  #lengths = new Uint32Array(8)
  #kinds = new Uint8Array(8)
  #anyKind = FIELD_STRING
  /** Of so many places the row is the place: `#rows` has those behind them. */
  #dense = 0

  constructor(name: string) {
    this.name = name
  }

  /** Begins another field, in the memory of this one unless that has more rows than these. */
  reset(name: string, rowsKeptMax: number): void {
    this.name = name
    this.count = 0
    this.place = 0
    this.#anyKind = FIELD_STRING
    this.#dense = 0
    if (this.#rows.length <= rowsKeptMax) return
    this.#rows = new Uint32Array(8)
    this.#starts = new Uint32Array(8)
    this.#lengths = new Uint32Array(8)
    this.#kinds = new Uint8Array(8)
  }

  /** The row that was added last, or -1. */
  get lastRow(): number {
    return this.count === this.#dense ? this.count - 1 : this.#rows[this.count - 1]
  }

  /** Where the value that was added last begins. */
  get lastStart(): number {
    return this.#starts[this.count - 1]
  }

  /** Another value for the row that was added last. */
  replaceLast(start: number, length: number, kind: number): void {
    const at = this.count - 1
    this.#starts[at] = start
    this.#lengths[at] = length
    this.#kinds[at] = kind
    this.#anyKind |= kind
  }

  /** Rows ascend. */
  add(row: number, place: number, start: number, length: number, kind: number): void {
    this.place = place
    const at = this.count++
    if (at === this.#rows.length) this.#grow(at + 1)
    if (row === at) this.#dense = this.count
    else this.#rows[at] = row
    this.#starts[at] = start
    this.#lengths[at] = length
    this.#kinds[at] = kind
    this.#anyKind |= kind
  }

  /** Adds a value to each of `count` rows from `row` on; null for kinds: all are strings. */
  addRows(
    row: number,
    count: number,
    place: number,
    starts: Uint32Array,
    lengths: Uint32Array,
    kinds: Uint8Array | null,
  ): void {
    const at = this.count
    const end = at + count
    this.place = place
    this.count = end
    if (end > this.#rows.length) this.#grow(end)
    if (row === at) this.#dense = end
    else for (let i = 0; i < count; i++) this.#rows[at + i] = row + i
    this.#starts.set(starts.subarray(0, count), at)
    this.#lengths.set(lengths.subarray(0, count), at)
    if (kinds === null) this.#kinds.fill(FIELD_STRING, at, end)
    else this.#addKinds(kinds.subarray(0, count), at)
  }

  #addKinds(kinds: Uint8Array, at: number): void {
    this.#kinds.set(kinds, at)
    for (let i = 0; i < kinds.length; i++) this.#anyKind |= kinds[i]
  }

  content(rowCount: number): FieldContent {
    const { count } = this
    return {
      name: this.name,
      rows: count === rowCount ? null : this.#allRows(),
      kinds: this.#anyKind === FIELD_STRING ? null : this.#kinds.subarray(0, count),
      starts: this.#starts.subarray(0, count),
      lengths: this.#lengths.subarray(0, count),
    }
  }

  #allRows(): Uint32Array {
    const rows = this.#rows
    for (let place = 0; place < this.#dense; place++) rows[place] = place
    return rows.subarray(0, this.count)
  }

  #grow(count: number): void {
    let capacity = this.#rows.length * 2
    while (capacity < count) capacity *= 2
    this.#rows = grown(this.#rows, capacity)
    this.#starts = grown(this.#starts, capacity)
    this.#lengths = grown(this.#lengths, capacity)
    const kinds = new Uint8Array(capacity)
    kinds.set(this.#kinds)
    this.#kinds = kinds
  }
}

/** The same numbers in larger memory. */
export function grown(numbers: Uint32Array, capacity: number): Uint32Array<ArrayBuffer> {
  const larger = new Uint32Array(capacity)
  larger.set(numbers)
  return larger
}

/**
 * The distinct layouts of a block. Keys are strings, which the engine hashes with a seed of its own and compares in
 * full.
 */
export class LayoutSet {
  readonly list: Layout[] = []
  readonly #numbers = new Map<string, number>()

  numberOf(fields: ArrayLike<number> & Iterable<number> & { join(separator: string): string }): number {
    const key = fields.join(',')
    let number = this.#numbers.get(key)
    if (number === undefined) {
      number = this.list.push([...fields]) - 1
      this.#numbers.set(key, number)
    }
    return number
  }
}
