/** How far a query has come with what is sealed: the sum of its scans. What is not sealed yet is little, and not counted. */
import { type HeldPart, ScanProgress } from '../../storage/storage.ts'

/** Of how much, so far: more scans may begin. */
export interface Progress {
  readonly blocksDone: number
  readonly recordsDone: number
  readonly recordsAll: number
  readonly bytesDone: number
  readonly bytesAll: number
}

export class QueryProgress {
  readonly #scans: ScanProgress[] = []
  #recordsAll = 0
  #bytesAll = 0

  /** For a scan of these parts that begins: shared memory for its thread. */
  scanOf(parts: readonly HeldPart[]): SharedArrayBuffer {
    for (const { records, bytes, slice } of parts) {
      this.#recordsAll += records / (slice?.of ?? 1)
      this.#bytesAll += bytes / (slice?.of ?? 1)
    }
    const scan = new ScanProgress()
    this.#scans.push(scan)
    return scan.buffer
  }

  now(): Progress {
    const sum = (of: (scan: ScanProgress) => number): number =>
      this.#scans.reduce((total, scan) => total + of(scan), 0)
    return {
      blocksDone: sum(({ blocks }) => blocks),
      recordsDone: Math.round(
        Math.min(
          this.#recordsAll,
          sum(({ records }) => records),
        ),
      ),
      recordsAll: Math.round(this.#recordsAll),
      bytesDone: Math.round(
        Math.min(
          this.#bytesAll,
          sum(({ bytes }) => bytes),
        ),
      ),
      bytesAll: Math.round(this.#bytesAll),
    }
  }
}
