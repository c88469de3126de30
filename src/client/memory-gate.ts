/**
 * The bound on what a client holds in memory (`memoryBytesMax`), and the queue of those who wait for room. They are let
 * in in their order. What waits is bounded too, by the same number of bytes once more.
 */
import type { SendTicket } from './send-ticket.ts'

/** A send for which there is no room yet. */
export interface Waiter {
  readonly bytes: number
  readonly records: number
  readonly ticket: SendTicket
  readonly enter: () => void
}

export class MemoryGate {
  readonly #bytesMax: number
  #heldBytes = 0
  #waitingBytes = 0
  #waiting: Waiter[] = []

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax
  }

  get heldBytes(): number {
    return this.#heldBytes
  }

  get waitingRecords(): number {
    return this.#waiting.reduce((total, { records }) => total + records, 0)
  }

  get hasRoom(): boolean {
    return this.#waiting.length === 0 && this.#heldBytes < this.#bytesMax
  }

  /** Takes the bytes if they fit and nobody waits. */
  take(bytes: number): boolean {
    if (this.#waiting.length > 0 || !this.#fits(bytes)) return false
    this.#heldBytes += bytes
    return true
  }

  /** Takes bytes that must come in, whether they fit or not. */
  force(bytes: number): void {
    this.#heldBytes += bytes
  }

  /** Lets in later. False when even the queue has no room, or when it will never fit. */
  wait(waiter: Waiter): boolean {
    const { bytes } = waiter
    if (bytes > this.#bytesMax || this.#waitingBytes + bytes > this.#bytesMax) return false
    this.#waiting.push(waiter)
    this.#waitingBytes += bytes
    return true
  }

  release(bytes: number): void {
    this.#heldBytes -= bytes
    this.#admit()
  }

  /** Forgets those that gave up. */
  sweep(): void {
    this.#waiting = this.#waiting.filter(({ ticket }) => !ticket.isDone)
    this.#waitingBytes = this.#waiting.reduce((total, { bytes }) => total + bytes, 0)
    this.#admit()
  }

  /** Lets everybody in, for the end. */
  open(): void {
    for (const { bytes, enter } of this.#waiting.splice(0)) {
      this.#heldBytes += bytes
      enter()
    }
    this.#waitingBytes = 0
  }

  #admit(): void {
    while (this.#waiting.length > 0 && this.#fits(this.#waiting[0].bytes)) {
      const [{ bytes, enter }] = this.#waiting.splice(0, 1)
      this.#waitingBytes -= bytes
      this.#heldBytes += bytes
      enter()
    }
  }

  #fits(bytes: number): boolean {
    return this.#heldBytes + bytes <= this.#bytesMax
  }
}
