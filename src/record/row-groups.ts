/**
 * The rows of a block put into groups: rows of one group hold the same of something. For whoever counts what rows
 * hold: once a group in place of once a row.
 */

export interface RowGroups<T> {
  /** By group: what its rows hold. Two groups may hold the same, and some may have no row. */
  readonly held: readonly T[]
  /** By group: how many rows it has. */
  rowCounts(): Uint32Array
  /** By row: its group; null where all rows are of group 0. */
  ofRow(): Uint32Array | null
}

/** The fields of a row as they were sent, each once; what a flag of the record stands for is not among them. */
export type RowLayout = readonly LayoutField[]

export interface LayoutField {
  readonly name: string
  readonly isStream: boolean
}

/** All rows hold the same. */
export function oneGroup<T>(held: T, rowCount: number): RowGroups<T> {
  return { held: [held], rowCounts: () => Uint32Array.of(rowCount), ofRow: () => null }
}

/** How many rows have each number; all numbers are below `groupCount`. */
export function countsByGroup(ofRow: Uint32Array, groupCount: number): Uint32Array {
  const counts = new Uint32Array(groupCount)
  for (let row = 0; row < ofRow.length; row++) counts[ofRow[row]]++
  return counts
}
