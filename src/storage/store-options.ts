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
  /** How long, and how many, idempotency keys are remembered. */
  readonly keyWindowMs: number
  readonly keysMax: number
  /** Go on although acknowledged records are missing: an operator said so. */
  readonly acceptLoss: boolean
}

const MIB = 1024 * 1024

export const STORE_DEFAULTS: StoreOptions = {
  segmentBytesMax: 64 * MIB,
  bufferBytesMax: 64 * MIB,
  batchBytesMax: 4 * MIB,
  groupBytesMax: 1 * MIB,
  gatherBytesMax: 8 * MIB,
  freeBytesMin: 64 * MIB,
  keyWindowMs: 24 * 60 * 60 * 1000,
  keysMax: 100_000,
  acceptLoss: false,
}
