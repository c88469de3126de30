/**
 * How many rows of a block have each value of a field: kept as long as the part is open, for fields with few values.
 * Blocks never change, so those that are counted again and again are not decoded again for it.
 */
import type { RowGroups } from '../../record/record.ts'

/** Of a block. */
const FIELDS_MAX = 1024
/** Of a field. */
const VALUES_MAX = 256
/** Of a part; each field takes so many besides its counts. */
const BYTES_MAX = 64 * 1024
const FIELD_BYTES = 192

interface KeptCounts {
  /** By block and field. */
  readonly known: Map<number, Uint32Array>
  bytes: number
}

/** By part that is open. */
const countsByPart = new WeakMap<object, KeptCounts>()

function countsOf(part: object): KeptCounts {
  let counts = countsByPart.get(part)
  if (counts === undefined) {
    counts = { known: new Map(), bytes: 0 }
    countsByPart.set(part, counts)
  }
  return counts
}

/** The groups of the values of a field, by its number, in a block of the part. */
export function countedOnce(
  groups: RowGroups<Uint8Array>,
  part: object,
  block: number,
  field: number,
): RowGroups<Uint8Array> {
  if (field >= FIELDS_MAX) return groups
  const counts = countsOf(part)
  const key = block * FIELDS_MAX + field
  return {
    ...groups,
    rowCounts: () => {
      const known = counts.known.get(key)
      if (known !== undefined) return known.slice()
      const counted = groups.rowCounts()
      const bytes = FIELD_BYTES + counted.byteLength
      if (counted.length <= VALUES_MAX && counts.bytes + bytes <= BYTES_MAX) {
        counts.known.set(key, counted.slice())
        counts.bytes += bytes
      }
      return counted
    },
  }
}
