/** What the encodings answer from `decode`: everything that costs is done when it is first asked for, and kept. */
import type { EncodedColumn, EncodedDictionary, MaterializedColumn, NumberBounds } from './encoding.ts'

export interface DecodedColumnParts {
  readonly rowCount: number
  readonly dictionary?: EncodedDictionary
  readonly numbers?: () => NumberBounds | null
  readonly mayContain?: (text: Uint8Array) => boolean
  readonly valuesWith?: (text: Uint8Array) => Uint8Array | null
  readonly materialize: () => MaterializedColumn
  /** One value, where that costs less than all. */
  readonly valueAt?: (row: number) => Uint8Array
}

export class DecodedColumn implements EncodedColumn {
  readonly rowCount: number
  readonly dictionary: EncodedDictionary | null
  readonly #parts: DecodedColumnParts
  #materialized: MaterializedColumn | null = null

  constructor(parts: DecodedColumnParts) {
    this.#parts = parts
    this.rowCount = parts.rowCount
    this.dictionary = parts.dictionary ?? null
  }

  numbers(): NumberBounds | null {
    return this.#parts.numbers?.() ?? null
  }

  mayContain(text: Uint8Array): boolean {
    return this.#parts.mayContain?.(text) ?? true
  }

  valuesWith(text: Uint8Array): Uint8Array | null {
    return this.#parts.valuesWith?.(text) ?? null
  }

  materialize(): MaterializedColumn {
    this.#materialized ??= this.#parts.materialize()
    return this.#materialized
  }

  valueAt(row: number): Uint8Array {
    if (this.#materialized === null && this.#parts.valueAt !== undefined) return this.#parts.valueAt(row)
    const { data, starts, lengths } = this.materialize()
    return data.subarray(starts[row], starts[row] + lengths[row])
  }
}

/** `make`, called when its result is first needed, and once. */
export function lazily<T extends object>(make: () => T): () => T {
  let made: T | null = null
  return () => (made ??= make())
}

export function boundsOf(numbers: Float64Array): NumberBounds {
  let min = numbers[0]
  let max = min
  for (let i = 1; i < numbers.length; i++) {
    if (numbers[i] < min) min = numbers[i]
    else if (numbers[i] > max) max = numbers[i]
  }
  return { min, max }
}

/** Arrays of up to 64 bytes live in the heap of objects, where they cost least. */
const SMALL_ROWS = 16

/** Zeros. In one piece of memory: a block has thousands of columns, and memory is dearer than what is put into it. */
export function newSpans(rowCount: number): { readonly starts: Uint32Array; readonly lengths: Uint32Array } {
  if (rowCount <= SMALL_ROWS) return { starts: new Uint32Array(rowCount), lengths: new Uint32Array(rowCount) }
  const spans = new Uint32Array(rowCount * 2)
  return { starts: spans.subarray(0, rowCount), lengths: spans.subarray(rowCount) }
}

/** Values that stand one behind the other. */
export function consecutive(data: Uint8Array, lengths: Uint32Array): MaterializedColumn {
  const starts = new Uint32Array(lengths.length)
  let at = 0
  for (let row = 0; row < lengths.length; row++) {
    starts[row] = at
    at += lengths[row]
  }
  return { data, starts, lengths }
}

/** Values of one length that stand one behind the other. */
export function consecutiveOfLength(data: Uint8Array, length: number, rowCount: number): MaterializedColumn {
  const { starts, lengths } = newSpans(rowCount)
  for (let row = 0, at = 0; row < rowCount; row++, at += length) starts[row] = at
  return { data, starts, lengths: lengths.fill(length) }
}

/** The same bytes for each row, one behind the other: what differs is then written over them. */
export function repeated(row: ArrayLike<number>, rowCount: number): Uint8Array {
  const data = new Uint8Array(rowCount * row.length)
  data.set(row)
  for (let filled = row.length; filled > 0 && filled < data.length; filled *= 2)
    data.copyWithin(filled, 0, Math.min(filled, data.length - filled))
  return data
}
