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
  /** The same as runs, where they are kept so; else null. Absent: they are not. */
  runs?(): RowRuns | null
}

/** Rows that follow each other and are of one group, taken together. Neighbours may be of the same group. */
export interface RowRuns {
  readonly groups: Uint32Array
  /** By run: the row behind its last one. They ascend, and the last is the number of rows. */
  readonly ends: Uint32Array
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

/** How many rows have each group; all numbers are below `groupCount`. */
export function countsOfRuns({ groups, ends }: RowRuns, groupCount: number): Uint32Array {
  const counts = new Uint32Array(groupCount)
  let start = 0
  for (let run = 0; run < ends.length; run++) {
    counts[groups[run]] += ends[run] - start
    start = ends[run]
  }
  return counts
}

/** The group of each row. */
export function spreadRuns({ groups, ends }: RowRuns): Uint32Array {
  const ofRow = new Uint32Array(ends.length === 0 ? 0 : ends[ends.length - 1])
  let row = 0
  for (let run = 0; run < ends.length; run++) {
    const group = groups[run]
    for (const end = ends[run]; row < end; row++) ofRow[row] = group
  }
  return ofRow
}

/** Runs of several lists of the same rows made one: each run lies in one run of each. */
export interface JoinedRuns {
  /** By list, then by run. */
  readonly groups: readonly Uint32Array[]
  readonly ends: Uint32Array
}

/** Linear in the runs of all lists, for each list. There is at least one, and all are of the same rows. */
export function joinRuns(lists: readonly RowRuns[]): JoinedRuns {
  let joined: JoinedRuns = { groups: [lists[0].groups], ends: lists[0].ends }
  for (let at = 1; at < lists.length; at++) joined = joinedWith(joined, lists[at])
  return joined
}

function joinedWith({ groups, ends }: JoinedRuns, { groups: added, ends: addedEnds }: RowRuns): JoinedRuns {
  if (addedEnds.length === 1)
    return { groups: [...groups, new Uint32Array(ends.length).fill(added[0])], ends }
  const most = ends.length + addedEnds.length
  const joined = new Uint32Array(most)
  const addedGroups = new Uint32Array(most)
  const places = new Uint32Array(most)
  let count = 0
  for (let left = 0, right = 0; left < ends.length; count++) {
    places[count] = left
    addedGroups[count] = added[right]
    const leftEnd = ends[left]
    const rightEnd = addedEnds[right]
    joined[count] = leftEnd < rightEnd ? leftEnd : rightEnd
    if (leftEnd <= rightEnd) left++
    if (rightEnd <= leftEnd) right++
  }
  const before = groups.map((each) => {
    const picked = new Uint32Array(count)
    for (let run = 0; run < count; run++) picked[run] = each[places[run]]
    return picked
  })
  return { groups: [...before, addedGroups.subarray(0, count)], ends: joined.subarray(0, count) }
}

/** How many rows have each number; all numbers are below `groupCount`. */
export function countsByGroup(ofRow: Uint32Array, groupCount: number): Uint32Array {
  const counts = new Uint32Array(groupCount)
  for (let row = 0; row < ofRow.length; row++) counts[ofRow[row]]++
  return counts
}
