/**
 * The beginning of a line whose end has not arrived yet.
 *
 * Invariant: it holds at most `lineBytesMax` bytes, and its memory beyond a small free part is charged to a budget
 * that all sessions share, so that many half lines cannot fill the memory. An empty carry of a quiet session holds
 * next to nothing.
 */
import type { ByteBudget } from './byte-budget.ts'

const NOTHING = Buffer.alloc(0)
const CAPACITY_MIN = 256
/** A carry may always be this large, and keeps this much when it is empty. */
const FREE_BYTES = 1024

export class LineCarry {
  bytes: Buffer = NOTHING
  length = 0
  #view: DataView = new DataView(NOTHING.buffer, NOTHING.byteOffset, 0)
  readonly #lineBytesMax: number
  readonly #budget: ByteBudget

  constructor(lineBytesMax: number, budget: ByteBudget) {
    this.#lineBytesMax = lineBytesMax
    this.#budget = budget
  }

  get view(): DataView {
    return this.#view
  }

  /** Bytes that still fit. */
  get room(): number {
    return this.#lineBytesMax - this.length
  }

  /** Adds bytes, at most `room`; false, and nothing added, when the budget has not so much left. */
  append(source: Buffer, start: number, end: number): boolean {
    const needed = this.length + end - start
    if (needed > this.bytes.length && !this.#grow(needed)) return false
    source.copy(this.bytes, this.length, start, end)
    this.length = needed
    return true
  }

  clear(): void {
    this.length = 0
    if (this.bytes.length > FREE_BYTES) this.#replace(NOTHING)
  }

  #grow(needed: number): boolean {
    let capacity = CAPACITY_MIN
    while (capacity < needed) capacity *= 2
    const charge = chargeOf(capacity) - chargeOf(this.bytes.length)
    if (charge > 0 && !this.#budget.take(charge)) return false
    if (charge > 0) this.#budget.give(charge)
    const grown = Buffer.allocUnsafeSlow(capacity)
    this.bytes.copy(grown, 0, 0, this.length)
    this.#replace(grown)
    return true
  }

  #replace(bytes: Buffer): void {
    this.#budget.give(chargeOf(this.bytes.length))
    this.#budget.force(chargeOf(bytes.length))
    this.bytes = bytes
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  }
}

function chargeOf(capacity: number): number {
  return capacity <= FREE_BYTES ? 0 : capacity
}
