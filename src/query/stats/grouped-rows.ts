/** Rows of a batch with the numbers of their groups, as functions get them. */

export interface GroupedRowsParts {
  readonly rowCount: number
  readonly groupCount: number
  /** By row of the batch: its group; null where all rows are of group `only`. */
  readonly ofRow: Uint32Array | null
  readonly only?: number
  /** Then nobody asks which row is in which group. */
  readonly rowCounts?: GroupCounts
  readonly rows?: Uint32Array
}

/** Groups, and how many rows each of them has. */
export interface GroupCounts {
  readonly groups: Uint32Array
  readonly counts: Uint32Array
}

export class GroupedRows {
  /** Which rows of the batch: ascending; null for all. */
  readonly rows: Uint32Array | null
  /** How many. */
  readonly count: number
  /** All numbers of groups are below it. */
  readonly groupCount: number
  /** The group of all rows, where `ofRow` is null. */
  readonly only: number
  /** By row of the batch: its group; null where all rows are of group `only`. */
  readonly ofRow: Uint32Array | null
  readonly #rowCounts: GroupCounts | null

  constructor({ rowCount, groupCount, ofRow, only = 0, rowCounts, rows }: GroupedRowsParts) {
    this.rows = rows ?? null
    this.count = rows?.length ?? rowCount
    this.groupCount = groupCount
    this.only = only
    this.ofRow = ofRow
    this.#rowCounts = rows === undefined ? (rowCounts ?? null) : null
  }

  /** These rows only; null for all. */
  among(rows: Uint32Array | null): GroupedRows {
    if (rows === null) return this
    const { count, groupCount, ofRow, only } = this
    return new GroupedRows({ rowCount: count, groupCount, ofRow, only, rows })
  }

  /** Adds the number of rows of each group. */
  countInto(counts: Float64Array): void {
    const { rows, count, ofRow, only } = this
    if (this.#rowCounts !== null) {
      addCounts(this.#rowCounts, counts)
      return
    }
    if (ofRow === null) counts[only] += count
    else if (rows === null) for (let row = 0; row < count; row++) counts[ofRow[row]]++
    else for (let at = 0; at < count; at++) counts[ofRow[rows[at]]]++
  }
}

function addCounts({ groups, counts: rowCounts }: GroupCounts, counts: Float64Array): void {
  for (let at = 0; at < groups.length; at++) counts[groups[at]] += rowCounts[at]
}
