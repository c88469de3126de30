/**
 * How far a scan of parts has come, in memory that the thread that scans shares with whoever asks. One scan writes; a
 * reader may see a moment between two numbers, which is as good as the moment before.
 */
const BLOCKS = 0
const RECORDS = 1
const BYTES = 2
const NUMBERS = 3

export class ScanProgress {
  readonly buffer: SharedArrayBuffer
  readonly #numbers: Float64Array

  constructor(buffer = new SharedArrayBuffer(NUMBERS * Float64Array.BYTES_PER_ELEMENT)) {
    this.buffer = buffer
    this.#numbers = new Float64Array(buffer)
  }

  /** Looked at, or found to be of no interest. */
  get blocks(): number {
    return this.#numbers[BLOCKS]
  }

  get records(): number {
    return this.#numbers[RECORDS]
  }

  /** Of the files, in proportion to the records. */
  get bytes(): number {
    return this.#numbers[BYTES]
  }

  add(blocks: number, records: number, bytes: number): void {
    this.#numbers[BLOCKS] += blocks
    this.#numbers[RECORDS] += records
    this.#numbers[BYTES] += bytes
  }
}
