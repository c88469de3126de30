/**
 * What waits for a subscriber: items with their sizes, first in, first out. Taking from the front costs the same however
 * many wait.
 */
import type { TailItem } from './hub-api.ts'

/** Places of what was taken that may be there before the rest moves up. */
const TAKEN_MAX = 1024

export class LiveTailQueue {
  #items: (TailItem | null)[] = []
  #sizes: number[] = []
  #head = 0
  #bytes = 0

  /** How many items wait. */
  get length(): number {
    return this.#items.length - this.#head
  }

  /** Sum of the sizes of what waits. */
  get bytes(): number {
    return this.#bytes
  }

  push(item: TailItem, bytes: number): void {
    this.#items.push(item)
    this.#sizes.push(bytes)
    this.#bytes += bytes
  }

  /** The oldest item, or null. */
  shift(): TailItem | null {
    const head = this.#head
    if (head === this.#items.length) return null
    const item = this.#items[head]
    this.#items[head] = null
    this.#bytes -= this.#sizes[head]
    this.#head++
    this.#moveUp()
    return item
  }

  clear(): void {
    this.#items = []
    this.#sizes = []
    this.#head = 0
    this.#bytes = 0
  }

  #moveUp(): void {
    if (this.#head === this.#items.length) {
      this.#items.length = 0
      this.#sizes.length = 0
      this.#head = 0
    } else if (this.#head >= TAKEN_MAX && this.#head * 2 >= this.#items.length) {
      this.#items.splice(0, this.#head)
      this.#sizes.splice(0, this.#head)
      this.#head = 0
    }
  }
}
