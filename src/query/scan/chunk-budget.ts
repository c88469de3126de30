/**
 * Memory for rows that were fetched and not taken yet, of all answers together: a chunk may be large while few answers
 * wait for their readers, and is small when many do. No answer waits for another: the least is always there.
 */

/** The most that one chunk may hold. */
export const CHUNK_BYTES_MAX = 8 * 1024 * 1024
/** What a chunk may hold although everything is taken. */
export const CHUNK_BYTES_MIN = 64 * 1024
const ALL_BYTES_MAX = 128 * 1024 * 1024
/** A chunk takes no more than this part of what is free. */
const SHARE = 8

export class ChunkBudget {
  readonly #bytesMax: number
  #used = 0

  constructor(bytesMax = ALL_BYTES_MAX) {
    this.#bytesMax = bytesMax
  }

  get usedBytes(): number {
    return this.#used
  }

  /** How many bytes the next chunk may hold: they are taken. */
  take(): number {
    const share = Math.floor((this.#bytesMax - this.#used) / SHARE)
    const bytes = Math.min(CHUNK_BYTES_MAX, Math.max(CHUNK_BYTES_MIN, share))
    this.#used += bytes
    return bytes
  }

  give(bytes: number): void {
    this.#used -= bytes
  }
}
