/**
 * How many rows of a batch have each tuple of groups, by one table of all tuples that there can be: for those who count
 * rows and need not know which row is which tuple.
 */
import { joinRuns, type RowRuns } from '../../record/record.ts'
import type { TextGroups } from '../batches/batch-column.ts'

const TABLE_MIN = 1 << 16
const TABLE_MAX = 1 << 22
const TABLE_A_ROW = 4

/**
 * By tuple: how many rows have it. The number of a tuple is made of those of its groups, the last key counting by one:
 * (a * groups of b + b) * groups of c + c. Null where the table would be too large.
 */
export function tupleCounts(keys: readonly TextGroups[], rowCount: number): Uint32Array | null {
  const size = keys.reduce((product, { texts }) => product * texts.length, 1)
  if (size > Math.min(TABLE_MAX, Math.max(TABLE_MIN, TABLE_A_ROW * rowCount))) return null
  const counts = new Uint32Array(size)
  if (keys.length > 1 && countRuns(counts, keys, rowCount)) return counts
  const varying: { readonly ofRow: Uint32Array; readonly factor: number }[] = []
  let factor = size
  for (const { texts, ofRow } of keys) {
    factor /= texts.length
    if (ofRow !== null) varying.push({ ofRow, factor })
  }
  if (varying.length === 0) counts[0] = rowCount
  else if (varying.length === 1) countOne(counts, varying[0].ofRow, varying[0].factor)
  else if (varying.length === 2) {
    countTwo(counts, varying[0].ofRow, varying[0].factor, varying[1].ofRow, varying[1].factor)
  } else {
    const tuples = new Uint32Array(rowCount)
    for (const { ofRow, factor: each } of varying) {
      for (let row = 0; row < rowCount; row++) tuples[row] += ofRow[row] * each
    }
    countOne(counts, tuples, 1)
  }
  return counts
}

/** False where some key does not have its rows in runs: then nothing is counted. */
function countRuns(counts: Uint32Array, keys: readonly TextGroups[], rowCount: number): boolean {
  const lists: RowRuns[] = []
  for (const { texts, runs } of keys) {
    const own = texts.length === 1 ? oneRun(rowCount) : (runs?.() ?? null)
    if (own === null) return false
    lists.push(own)
  }
  const { groups, ends } = joinRuns(lists)
  const tuples = groups[0].slice()
  for (let key = 1; key < keys.length; key++) addKey(tuples, groups[key], keys[key].texts.length)
  let start = 0
  for (let run = 0; run < ends.length; run++) {
    counts[tuples[run]] += ends[run] - start
    start = ends[run]
  }
  return true
}

function addKey(tuples: Uint32Array, groups: Uint32Array, size: number): void {
  for (let run = 0; run < tuples.length; run++) tuples[run] = tuples[run] * size + groups[run]
}

function oneRun(rowCount: number): RowRuns {
  return { groups: Uint32Array.of(0), ends: Uint32Array.of(rowCount) }
}

function countOne(counts: Uint32Array, ofRow: Uint32Array, factor: number): void {
  for (let row = 0; row < ofRow.length; row++) counts[ofRow[row] * factor]++
}

function countTwo(
  counts: Uint32Array,
  first: Uint32Array,
  firstFactor: number,
  second: Uint32Array,
  secondFactor: number,
): void {
  for (let row = 0; row < first.length; row++) {
    counts[first[row] * firstFactor + second[row] * secondFactor]++
  }
}
