/**
 * Growing memory that bytes are written to, one after the other. Integers are little-endian.
 *
 * Invariant: the first `length` bytes of `bytes` are what was written; what lies behind them is spare and arbitrary.
 * Growing moves the memory: hold offsets, never views, while writing goes on.
 */
import { assert } from '../../base/base.ts'

export class ByteSink {
  #bytes: Uint8Array
  #length = 0

  constructor(capacity = 1024) {
    this.#bytes = new Uint8Array(capacity)
  }

  get length(): number {
    return this.#length
  }

  /** The memory as it lies now; good until the next write. */
  get bytes(): Uint8Array {
    return this.#bytes
  }

  /** A view of what was written from `start` on; good until the next write. */
  written(start = 0): Uint8Array {
    return this.#bytes.subarray(start, this.#length)
  }

  /** Forgets all, or all behind `length`, and keeps the memory. */
  clear(length = 0): void {
    assert(length <= this.#length, 'a sink cannot be cleared to more than it has')
    this.#length = length
  }

  /** Room for `byteCount` bytes of arbitrary content; answers where it begins. The caller fills all of it. */
  reserve(byteCount: number): number {
    const start = this.#length
    const end = start + byteCount
    if (end > this.#bytes.length) this.#grow(end)
    this.#length = end
    return start
  }

  u8(value: number): void {
    const at = this.reserve(1)
    this.#bytes[at] = value
  }

  u16(value: number): void {
    const at = this.reserve(2)
    this.#bytes[at] = value
    this.#bytes[at + 1] = value >>> 8
  }

  u32(value: number): void {
    const at = this.reserve(4)
    this.#bytes[at] = value
    this.#bytes[at + 1] = value >>> 8
    this.#bytes[at + 2] = value >>> 16
    this.#bytes[at + 3] = value >>> 24
  }

  /** An integer from 0 to 2^53 - 1: seven bits a byte, lowest first, the high bit says that more follow. */
  varint(value: number): void {
    assert(Number.isSafeInteger(value) && value >= 0, 'a varint is an integer from 0 to 2^53 - 1')
    let rest = value
    while (rest >= 0x80) {
      this.u8((rest % 0x80) | 0x80)
      rest = Math.floor(rest / 0x80)
    }
    this.u8(rest)
  }

  /** An integer between -2^53 and 2^53: a byte of 0 or 1 for the sign would be dear, so the sign is the lowest bit. */
  signedVarint(value: number): void {
    const magnitude = Math.abs(value)
    assert(magnitude <= Number.MAX_SAFE_INTEGER, 'a signed varint lies between -2^53 and 2^53')
    const low = (magnitude % 0x40) * 2 + (value < 0 ? 1 : 0)
    const rest = Math.floor(magnitude / 0x40)
    this.u8(rest === 0 ? low : low | 0x80)
    if (rest > 0) this.varint(rest)
  }

  append(source: Uint8Array, start = 0, end = source.length): void {
    const byteCount = end - start
    const at = this.reserve(byteCount)
    if (byteCount < 24) for (let i = 0; i < byteCount; i++) this.#bytes[at + i] = source[start + i]
    else this.#bytes.set(source.subarray(start, end), at)
  }

  #grow(needed: number): void {
    const bytes = new Uint8Array(Math.max(needed, this.#bytes.length * 2))
    bytes.set(this.#bytes.subarray(0, this.#length))
    this.#bytes = bytes
  }
}
