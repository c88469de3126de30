/**
 * The bytes of a stream that are not taken yet, for decoders of frames with a length in front.
 *
 * Invariants: whole frames that lie in one chunk are handed out without a copy; what waits for its rest is copied,
 * and its memory grows with the bytes that came, never with a length that a peer only claims.
 */
import { assert } from '../base/base.ts'

const NOTHING = new Uint8Array(0)
const CAPACITY_MIN = 256
/** What waits may hold so much more memory than it has bytes: else half a frame could pin that of a long one. */
const SLACK = 4

export class FrameBytes {
  /** Bytes `#at` to `#end` of it are not taken yet. */
  #bytes: Uint8Array = NOTHING
  #at = 0
  #end = 0
  /** `#bytes` is ours, and not a chunk of somebody else's. */
  #isOwn = true

  /** Memory of ours that holds them. */
  get capacity(): number {
    return this.#isOwn ? this.#bytes.length : 0
  }

  /** Bytes that are not taken yet. */
  get length(): number {
    return this.#end - this.#at
  }

  /** Adds a chunk, after `settle`. It must not change until the next `settle`. */
  push(chunk: Uint8Array): void {
    assert(this.#isOwn, 'the chunk before was not settled')
    if (this.length > 0) this.#append(chunk)
    else this.#borrow(chunk)
  }

  /** Copies what is left of the last chunk, so that the chunk may be reused, and gives memory back. */
  settle(): void {
    if (this.#isOwn && this.length > 0 && this.#bytes.length <= capacityMax(this.length)) return
    const rest = this.#bytes.subarray(this.#at, this.#end)
    this.clear()
    if (rest.length > 0) this.#append(rest)
  }

  /** The byte at an offset from the first that is not taken. */
  byte(offset: number): number {
    return this.#bytes[this.#at + offset]
  }

  uint16(offset: number): number {
    return this.byte(offset) * 0x100 + this.byte(offset + 1)
  }

  uint32(offset: number): number {
    return this.uint16(offset) * 0x1_0000 + this.uint16(offset + 2)
  }

  skip(byteCount: number): void {
    this.#at += byteCount
  }

  /** Takes bytes. They lie in shared memory: valid until the next `settle` or `push`. */
  take(byteCount: number): Uint8Array {
    assert(byteCount <= this.length, 'more bytes taken than there are')
    const taken = this.#bytes.subarray(this.#at, this.#at + byteCount)
    this.#at += byteCount
    return taken
  }

  clear(): void {
    this.#bytes = NOTHING
    this.#at = 0
    this.#end = 0
    this.#isOwn = true
  }

  #borrow(chunk: Uint8Array): void {
    this.#bytes = chunk
    this.#at = 0
    this.#end = chunk.length
    this.#isOwn = false
  }

  #append(chunk: Uint8Array): void {
    const length = this.length
    if (this.#end + chunk.length > this.#bytes.length) {
      const grown = new Uint8Array(capacityFor(length + chunk.length))
      grown.set(this.#bytes.subarray(this.#at, this.#end))
      this.#bytes = grown
      this.#at = 0
      this.#end = length
    }
    this.#bytes.set(chunk, this.#end)
    this.#end += chunk.length
  }
}

function capacityMax(byteCount: number): number {
  return Math.max(CAPACITY_MIN, byteCount * SLACK)
}

function capacityFor(byteCount: number): number {
  let capacity = CAPACITY_MIN
  while (capacity < byteCount) capacity *= 2
  return capacity
}
