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
}
