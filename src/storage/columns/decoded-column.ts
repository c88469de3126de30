/** What the encodings answer from `decode`: everything that costs is done when it is first asked for, and kept. */
import type { EncodedColumn, EncodedDictionary, MaterializedColumn, NumberBounds } from './encoding.ts'

export interface DecodedColumnParts {
  readonly rowCount: number
  readonly dictionary?: EncodedDictionary
  readonly numbers?: () => NumberBounds | null
  readonly materialize: () => MaterializedColumn
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

  materialize(): MaterializedColumn {
    this.#materialized ??= this.#parts.materialize()
    return this.#materialized
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
  const starts = new Uint32Array(rowCount)
  for (let row = 0; row < rowCount; row++) starts[row] = row * length
  return { data, starts, lengths: new Uint32Array(rowCount).fill(length) }
}
