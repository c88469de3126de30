/** What one query may hold in one place. */
import { CodedError } from '../../base/portable.ts'

export class MemoryShare {
  readonly #bytesMax: number
  readonly #what: string
  #bytes = 0

  /** `what` needs the memory, for the message: "pipe `sort`". */
  constructor(bytesMax: number, what: string) {
    this.#bytesMax = bytesMax
    this.#what = what
  }

  get bytes(): number {
    return this.#bytes
  }

  hasRoom(bytes: number): boolean {
    return this.#bytes + bytes <= this.#bytesMax
  }

  /** QUERY_TOO_LARGE where so many more do not fit. */
  charge(bytes: number): void {
    this.#bytes += bytes
    if (this.#bytes <= this.#bytesMax) return
    const mebibytes = Math.max(1, Math.round(this.#bytesMax / (1 << 20)))
    throw new CodedError(
      'QUERY_TOO_LARGE',
      `${this.#what} needs more than the ${mebibytes} MiB that a query may hold: ask for less, or set query.memoryBytesMax higher`,
    )
  }

  give(bytes: number): void {
    this.#bytes -= bytes
  }
}

/** What a text takes, roughly. */
export const textBytes = (text: string): number => 32 + 2 * text.length
