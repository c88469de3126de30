/**
 * The values of one column of a block, as the encodings take them: each distinct value stands once in a table, and a
 * row has the number of its value. Whoever builds a block interns every value once; after that all decisions compare
 * numbers, and bytes are looked at once a distinct value.
 *
 *   row      0  1  2  3        table   0: "7"   1: "8"   2: ""
 *   entries  0  1  0  2
 *
 * Invariants: entries of rows are below `table.count`; two entries of a table have different bytes, or kinds. A table
 * may hold values of other columns too, so an encoding must not assume that all of it is used.
 */
export interface ValueTable {
  readonly bytes: Uint8Array
  /** Value `entry` is `bytes[starts[entry] .. ends[entry])`. */
  readonly starts: Uint32Array
  readonly ends: Uint32Array
  /** By entry: the classes of its bytes, as bits (byte-classes.ts). */
  readonly classes: Uint16Array
  readonly count: number
  /** The same values in other memory, good until another block is mined; null where they take more than `bytesMax`. */
  readonly pack?: (bytesMax: number) => PackedValues | null
}

/** The values of a table one behind the other. */
export interface PackedValues {
  readonly bytes: Uint8Array
  /** By entry, and behind the last. */
  readonly starts: Uint32Array
}

export interface ColumnValues {
  readonly table: ValueTable
  /** By row: the number of its value in the table. */
  readonly entries: Uint32Array
  readonly rowCount: number
}
