/**
 * A number of bytes that many sessions share. Whoever takes some gives them back; the sum never exceeds `bytesMax`,
 * except by what `force` took. Not a counter for statistics: what is taken is memory that is held.
 */
export class ByteBudget {
  readonly bytesMax: number
  #used = 0

  constructor(bytesMax: number) {
    this.bytesMax = bytesMax
  }

  get used(): number {
    return this.#used
  }

  get isSpent(): boolean {
    return this.#used >= this.bytesMax
  }

  /** False, and nothing taken, when there is not enough left. */
  take(byteCount: number): boolean {
    if (this.#used + byteCount > this.bytesMax) return false
    this.#used += byteCount
    return true
  }

  /** Takes bytes that are held already, whatever is left. */
  force(byteCount: number): void {
    this.#used += byteCount
  }

  give(byteCount: number): void {
    this.#used -= byteCount
  }
}
