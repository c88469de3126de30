/**
 * How the values of a column become bytes and come back, exactly. An encoding is one file and one row of the registry
 * (encodings.ts); which one a column gets is decided by size when its block is sealed.
 *
 * Invariants of every encoding: what a plan wrote, `decode` reads back byte for byte and row for row; `decode`, and what
 * it answers, throw PART_CORRUPT and nothing else on any other bytes, never read outside of them, and never take more
 * memory or time than `rowCount` and the bytes account for.
 *
 * Not here: compression, checksums and where the bytes lie (storage/part/).
 */
import type { RowRuns } from '../../record/record.ts'
import type { ByteSink } from './byte-sink.ts'
import type { ColumnFacts } from './column-facts.ts'
import type { ColumnValues } from './column-values.ts'

export interface Encoding {
  /** Stands in files: never changed, never given to another encoding. */
  readonly code: number
  /** As `logcaster stats --storage` shows it. */
  readonly name: string
  /** Whether rows are bytes to it and not numbers: then nothing is gained where neighbours are near each other. */
  readonly isText: boolean
  /**
   * How this encoding would write the column; null where it cannot hold it exactly, or surely should not. Asked for
   * every column of every block: it says no by the facts alone where it can. The column has at least one row.
   * `detail` is that of a plan for a column like it: what was tried for it in vain need not be tried again.
   */
  plan(values: ColumnValues, facts: ColumnFacts, detail?: number): EncodingPlan | null
  /** PART_CORRUPT. The bytes stay with the column and must not change. */
  decode(bytes: Uint8Array, rowCount: number): EncodedColumn
  /**
   * The bits of every byte that any value may have: those of bytes that none has may be among them. `bitsOf` has the
   * bits of each of the 256 bytes. Looks at a few bytes where it can, and decodes no row. PART_CORRUPT.
   */
  holds(bytes: Uint8Array, bitsOf: Uint32Array): number
}

/** The bits of the bytes from `start` to `end`. */
export function bitsOfBytes(bytes: Uint8Array, bitsOf: Uint32Array, start = 0, end = bytes.length): number {
  let bits = 0
  for (let at = start; at < end; at++) bits |= bitsOf[bytes[at]]
  return bits
}

/** The bits of the digits. */
export function bitsOfDigits(bitsOf: Uint32Array): number {
  let bits = 0
  for (let digit = 0x30; digit <= 0x39; digit++) bits |= bitsOf[digit]
  return bits
}

/** What was found out while estimating is what writing needs: so the estimate comes with the means to write. */
export interface EncodingPlan {
  /** Bytes that the column would take after compression, roughly. */
  readonly bytes: number
  /** The values are so clearly of this kind that encodings further down the registry need not be asked. */
  readonly settles?: boolean
  /** What the encoding decided on the way, as it alone understands it. */
  readonly detail?: number
  /** At most once, while the values and the facts are what they were. */
  readonly write: (sink: ByteSink) => void
}

/** A column as it lies in a part: a filter decides on it before anything is decoded. */
export interface EncodedColumn {
  readonly rowCount: number
  /** The distinct values, where the encoding has them; rows are compared by code then. */
  readonly dictionary: EncodedDictionary | null
  /** Bounds of the numbers that the values are, both inclusive; null where they are not all numbers. PART_CORRUPT. */
  numbers(): NumberBounds | null
  /** False only where no value has `text` within it; true where to know that would cost as much as all values. PART_CORRUPT. */
  mayContain(text: Uint8Array): boolean
  /**
   * 1 for each value that has `text` within it: by distinct value where there is a dictionary, else by row. Null where one
   * must look at the values to know. PART_CORRUPT.
   */
  valuesWith(text: Uint8Array): Uint8Array | null
  /** All values, each where `starts` and `lengths` say. Decoded once, then kept. PART_CORRUPT. */
  materialize(): MaterializedColumn
  /** One value, which lies in memory that is used for others too. For a few rows of many. PART_CORRUPT. */
  valueAt(row: number): Uint8Array
}

export interface NumberBounds {
  readonly min: number
  readonly max: number
}

export interface EncodedDictionary {
  /** Distinct: no two have the same bytes. PART_CORRUPT. */
  values(): readonly Uint8Array[]
  /** The same values, one behind the other in the order of their codes, without an object each. PART_CORRUPT. */
  entries(): MaterializedColumn
  /** By row: below the number of values. PART_CORRUPT. */
  codes(): Uint32Array
  /** The codes in runs, where they are stored so; else null. PART_CORRUPT. */
  runs(): RowRuns | null
}

/** The three arrays of a column of a block (record/block.ts). */
export interface MaterializedColumn {
  readonly data: Uint8Array
  readonly starts: Uint32Array
  readonly lengths: Uint32Array
}
