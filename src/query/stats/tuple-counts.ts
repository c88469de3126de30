/**
 * How many rows of a batch have each tuple of groups, by one table of all tuples that there can be: for those who count
 * rows and need not know which row is which tuple.
 */
import type { TextGroups } from '../row-batch.ts'

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
