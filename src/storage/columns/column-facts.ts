/**
 * What one cheap pass over a column finds out, so that most encodings can say at once that they do not fit.
 *
 * The rows are numbered anew: a code is the place of a value among the column's own distinct values, in the order of
 * their first appearance. Bytes are looked at once a distinct value, so the cost is that of the rows plus that of the
 * distinct bytes, whatever they are.
 */
import type { ColumnValues, ValueTable } from './column-values.ts'

/** Classes of bytes, as bits. */
export const DIGIT = 1
export const LOWER_HEX = 2
export const UPPER_HEX = 4
export const MINUS_SIGN = 8
export const POINT = 16
export const OTHER = 32

export const BYTE_CLASSES = Uint8Array.from({ length: 256 }, (_, byte) => {
  if (byte >= 0x30 && byte <= 0x39) return DIGIT
  if (byte >= 0x61 && byte <= 0x66) return LOWER_HEX
  if (byte >= 0x41 && byte <= 0x46) return UPPER_HEX
  if (byte === 0x2d) return MINUS_SIGN
  return byte === 0x2e ? POINT : OTHER
})

export interface ColumnFacts {
  /** Entries of the values that the column has, in the order of their first appearance. */
  readonly distinct: Uint32Array
  /** By row: place of its value in `distinct`. */
  readonly codes: Uint32Array
  /** Whether `codes` is 0, 1, 2, ...: every value stands once. */
  readonly isDistinct: boolean
  /** Rows whose value is not that of the row before. */
  readonly changes: number
  /** Bytes of the shortest and the longest value. */
  readonly lengthMin: number
  readonly lengthMax: number
  /** Bytes of all distinct values, and of all rows. */
  readonly distinctBytes: number
  readonly rowBytes: number
  /** Which classes of bytes occur anywhere, as bits; looks at no more than the first 64 bytes of a value. */
  readonly classes: number
}

/** How far into a value its classes of bytes are looked at: longer ones are text to every encoding that asks. */
const CLASSIFIED_BYTES_MAX = 64

/** The memory that finding facts needs, kept from column to column: a worker has one. */
export class FactsWorkspace {
  /** Sparse set: entry `e` was seen when `distinct[codeOf[e]]` is `e`; so nothing must be cleared between columns. */
  #codeOf = new Uint32Array(0)
  #distinct = new Uint32Array(1024)

  facts({ table, entries, rowCount }: ColumnValues): ColumnFacts {
    if (this.#codeOf.length < table.count) this.#codeOf = new Uint32Array(table.count * 2)
    if (this.#distinct.length < rowCount) this.#distinct = new Uint32Array(rowCount * 2)
    const codeOf = this.#codeOf
    const distinct = this.#distinct
    const codes = new Uint32Array(rowCount)
    let count = 0
    let changes = 0
    let rowBytes = 0
    let previous = -1
    for (let row = 0; row < rowCount; row++) {
      const entry = entries[row]
      let code = codeOf[entry]
      if (code >= count || distinct[code] !== entry) {
        code = count++
        codeOf[entry] = code
        distinct[code] = entry
      }
      codes[row] = code
      rowBytes += table.ends[entry] - table.starts[entry]
      if (entry !== previous) changes++
      previous = entry
    }
    const isDistinct = count === rowCount
    const own = distinct.slice(0, count)
    return { distinct: own, codes, isDistinct, changes: changes - 1, rowBytes, ...textFacts(table, own) }
  }
}

function textFacts(
  { bytes, starts, ends }: ValueTable,
  distinct: Uint32Array,
): Pick<ColumnFacts, 'lengthMin' | 'lengthMax' | 'distinctBytes' | 'classes'> {
  let lengthMin = Number.POSITIVE_INFINITY
  let lengthMax = 0
  let distinctBytes = 0
  let classes = 0
  for (let i = 0; i < distinct.length; i++) {
    const start = starts[distinct[i]]
    const length = ends[distinct[i]] - start
    distinctBytes += length
    if (length < lengthMin) lengthMin = length
    if (length > lengthMax) lengthMax = length
    const end = start + Math.min(length, CLASSIFIED_BYTES_MAX)
    for (let at = start; at < end; at++) classes |= BYTE_CLASSES[bytes[at]]
  }
  return { lengthMin, lengthMax, distinctBytes, classes }
}

/** The facts of the column that has each distinct value once. */
export function factsOfDistinct(facts: ColumnFacts): ColumnFacts {
  const { distinct } = facts
  const codes = new Uint32Array(distinct.length)
  for (let i = 0; i < codes.length; i++) codes[i] = i
  return { ...facts, codes, isDistinct: true, changes: codes.length - 1, rowBytes: facts.distinctBytes }
}

/** By row, what stands by distinct value. */
export function gather(byDistinct: Float64Array, { codes, isDistinct }: ColumnFacts): Float64Array {
  if (isDistinct) return byDistinct
  const byRow = new Float64Array(codes.length)
  for (let row = 0; row < byRow.length; row++) byRow[row] = byDistinct[codes[row]]
  return byRow
}
