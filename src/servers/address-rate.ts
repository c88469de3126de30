/**
 * At most so many events per address within a sliding window, exactly: the times of the last ones are kept. Memory is
 * bounded by what was allowed, and addresses that were quiet for a window are forgotten.
 */
const SWEEP_AT_ADDRESSES = 1024
/** More than this, and the address that came first is forgotten, whatever it did. */
const ADDRESSES_MAX = 100_000

export class AddressRate {
  readonly #countMax: number
  readonly #windowMs: number
  readonly #timesMs = new Map<string, number[]>()
  #sweepAt = SWEEP_AT_ADDRESSES

  /** A `countMax` of 0 allows everything. */
  constructor(countMax: number, windowMs: number) {
    this.#countMax = countMax
    this.#windowMs = windowMs
  }

  /** Whether one more may happen now. */
  isFree(address: string, nowMs: number): boolean {
    if (this.#countMax === 0) return true
    const timesMs = this.#timesMs.get(address)
    return timesMs === undefined || this.#countRecent(timesMs, nowMs) < this.#countMax
  }

  /** One more happened. */
  count(address: string, nowMs: number): void {
    if (this.#countMax === 0) return
    const timesMs = this.#timesMs.get(address)
    if (timesMs !== undefined) timesMs.push(nowMs)
    else {
      this.#timesMs.set(address, [nowMs])
      if (this.#timesMs.size > this.#sweepAt) this.#sweep(nowMs)
    }
  }

  /** Drops the times that are too old and says how many are left. */
  #countRecent(timesMs: number[], nowMs: number): number {
    const oldestMs = nowMs - this.#windowMs
    let old = 0
    while (old < timesMs.length && timesMs[old] <= oldestMs) old++
    if (old > 0) timesMs.splice(0, old)
    return timesMs.length
  }

  #sweep(nowMs: number): void {
    for (const [address, timesMs] of this.#timesMs) {
      if (this.#countRecent(timesMs, nowMs) === 0) this.#timesMs.delete(address)
    }
    for (const address of this.#timesMs.keys()) {
      if (this.#timesMs.size <= ADDRESSES_MAX) break
      this.#timesMs.delete(address)
    }
    this.#sweepAt = Math.min(ADDRESSES_MAX, Math.max(SWEEP_AT_ADDRESSES, this.#timesMs.size * 2))
  }
}
