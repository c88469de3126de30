/**
 * What a pipe that works batch by batch adds to a batch: charged while the batch is made, and given back when the next
 * one comes. A value may become many times as long as it was, and a row may become many rows.
 */
import type { MemoryShare } from '../batches/memory-share.ts'

const BYTES_A_UNIT = 2

export class BatchMemory {
  readonly #memory: MemoryShare
  #bytes = 0

  constructor(memory: MemoryShare) {
    this.#memory = memory
  }

  /** Another batch begins. */
  begin(): void {
    this.#memory.give(this.#bytes)
    this.#bytes = 0
  }

  /** QUERY_TOO_LARGE. */
  charge(bytes: number): void {
    this.#bytes += bytes
    this.#memory.charge(bytes)
  }

  /** A text of so many code units takes the place of one with so many. */
  chargeGrowth(from: number, to: number): void {
    if (to > from) this.charge(BYTES_A_UNIT * (to - from))
  }
}
