/** Sizes and limits of a store; all in bytes or milliseconds. */
export interface StoreOptions {
  /** A segment is closed when the next frame would make it larger. */
  readonly segmentBytesMax: number
  /** Memory for the newest frames. */
  readonly bufferBytesMax: number
  /** The most that one `append` may hand over. */
  readonly batchBytesMax: number
  /** The most that one write to the disk holds. */
  readonly groupBytesMax: number
  /** When more than this waits for the disk, `writable()` waits. */
  readonly gatherBytesMax: number
  /** With less room than this on the disk, records are refused. */
  readonly freeBytesMin: number
  /** With less room than this an operator is told. */
  readonly warnFreeBytesMin: number
  /** With less room than this merging waits. */
  readonly shedFreeBytesMin: number
  /** The oldest parts are dropped, until `shedFreeBytesMin` are free, before records are refused. */
  readonly dropOldest: boolean
  /** How long, and how many, idempotency keys are remembered. */
  readonly keyWindowMs: number
  readonly keysMax: number
  /** Go on although acknowledged records are missing: an operator said so. */
  readonly acceptLoss: boolean
  /** Closed segments become parts, and parts are merged, in the background. Otherwise only when asked to. */
  readonly sealing: boolean
  /** A segment that has records is closed and sealed at this age, however small it is. */
  readonly sealAfterMs: number
  /** Rows of a block, and bytes of batches that become one. */
  readonly blockRowsMax: number
  readonly blockBytesMax: number
  /** Parts of about one size that become one (merge-plan.ts). */
  readonly mergeFanIn: number
  /** The largest part that merging makes. */
  readonly partBytesMax: number
  /** Closed segments that wait for sealing; with more of them writers wait. */
  readonly unsealedSegmentsMax: number
  /** Records are dropped when the larger of their time and receivedTime is older; 0: never. */
  readonly retentionMs: number
  /** The oldest parts are dropped while the store has more bytes; 0: no limit. */
  readonly retentionBytes: number
  /** Every part is read and checked once in so many days of running; 0: never. */
  readonly scrubDays: number
  /** Decoded frames of parts that are kept for readers in this thread. */
  readonly cacheBytesMax: number
}

const MIB = 1024 * 1024

export const STORE_DEFAULTS: StoreOptions = {
  segmentBytesMax: 64 * MIB,
  bufferBytesMax: 64 * MIB,
  batchBytesMax: 4 * MIB,
  groupBytesMax: 1 * MIB,
  gatherBytesMax: 8 * MIB,
  freeBytesMin: 64 * MIB,
  warnFreeBytesMin: 1024 * MIB,
  shedFreeBytesMin: 256 * MIB,
  dropOldest: false,
  keyWindowMs: 24 * 60 * 60 * 1000,
  keysMax: 100_000,
  acceptLoss: false,
  sealing: true,
  sealAfterMs: 60 * 60 * 1000,
  blockRowsMax: 65_536,
  blockBytesMax: 16 * MIB,
  mergeFanIn: 8,
  partBytesMax: 1024 * MIB,
  unsealedSegmentsMax: 64,
  retentionMs: 0,
  retentionBytes: 0,
  scrubDays: 7,
  cacheBytesMax: 16 * MIB,
}
