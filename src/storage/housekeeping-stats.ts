/** What a store did in the background since it was opened. */
export interface HousekeepingStats {
  readonly sealedSegments: number
  readonly sealedRecords: number
  readonly merges: number
  readonly mergedRecords: number
  /** By retention, since the store was opened. */
  readonly droppedRecords: number
  /** Bytes of parts that were written. */
  readonly writtenBytes: number
  readonly failures: number
  /** Of the last job that failed, null when the last one did not. */
  readonly lastFailure: string | null
}
