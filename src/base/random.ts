/** Randomness as an argument. */
export interface Random {
  /** An integer from 0 to 2^32 - 1. */
  uint32(): number
}

export const systemRandom: Random = {
  uint32: () => crypto.getRandomValues(new Uint32Array(1))[0],
}

/** A small deterministic generator (mulberry32 by T. Ettinger, public domain): equal seeds, equal numbers. */
export class SeededRandom implements Random {
  #state: number

  constructor(seed: number) {
    this.#state = seed >>> 0
  }

  uint32(): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0
    let t = this.#state
    t = Math.imul(t ^ (t >>> 15), t | 1)
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61)
    return (t ^ (t >>> 14)) >>> 0
  }

  /** An integer from 0 to below `bound`. */
  below(bound: number): number {
    return Math.floor((this.uint32() / 0x1_0000_0000) * bound)
  }

  chance(probability: number): boolean {
    return this.uint32() / 0x1_0000_0000 < probability
  }
}
