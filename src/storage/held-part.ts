/** A part as a snapshot holds it: plain data, so that it can cross threads. */
export interface HeldPart {
  readonly number: number
  readonly path: string
  /** The file of its deleted rows; null where it has none. */
  readonly deletesPath: string | null
  readonly deletedRecords: number
  readonly records: number
  readonly bytes: number
  /** zstd level. */
  readonly compression: number
  readonly firstId: number
  /** The id after the largest one. */
  readonly endId: number
  readonly timeMsMin: number
  readonly timeMsMax: number
  /** Only these of its blocks; absent: all. */
  readonly slice?: PartSlice
}

/** Every `of`th block, from the `at`th on: so that several threads share a part. */
export interface PartSlice {
  readonly at: number
  readonly of: number
}

/** Whether the slice of the part has the block; every block where it is no slice. */
export function hasBlock({ slice }: HeldPart, block: number): boolean {
  return slice === undefined || block % slice.of === slice.at
}
