/**
 * How long to wait before the next try: doubled each time up to a cap, half of it by chance, so that many clients of
 * one server that went away do not come back at the same moment.
 */
import type { Random } from '../base/base.ts'

const TWO_32 = 0x1_0000_0000

export class Backoff {
  readonly #random: Random
  readonly #msMin: number
  readonly #msMax: number
  #tries = 0

  constructor(random: Random, msMin: number, msMax: number) {
    this.#random = random
    this.#msMin = msMin
    this.#msMax = msMax
  }

  /** Milliseconds to wait now. */
  next(): number {
    const ceilingMs = Math.min(this.#msMax, this.#msMin * 2 ** this.#tries)
    this.#tries = Math.min(this.#tries + 1, 64)
    return Math.round(ceilingMs / 2 + (ceilingMs / 2) * (this.#random.uint32() / TWO_32))
  }

  /** After a success. */
  reset(): void {
    this.#tries = 0
  }
}
