/**
 * Reads what a ByteSink wrote, and never beyond the end. Whatever does not hold is PART_CORRUPT: the bytes come from a
 * disk. Not here: which file and where, which the caller knows and adds.
 */
import { CodedError } from '../../base/base.ts'

export function partCorrupt(reason: string): CodedError {
  return new CodedError('PART_CORRUPT', `A column of a part is damaged: ${reason}.`)
}

export class ByteSource {
  readonly bytes: Uint8Array
  #at = 0

  constructor(bytes: Uint8Array) {
    this.bytes = bytes
  }

  get at(): number {
    return this.#at
  }

  get remaining(): number {
    return this.bytes.length - this.#at
  }

  u8(): number {
    return this.bytes[this.skip(1)]
  }

  u16(): number {
    const at = this.skip(2)
    return this.bytes[at] | (this.bytes[at + 1] << 8)
  }

  u32(): number {
    const at = this.skip(4)
    const { bytes } = this
    return (bytes[at] | (bytes[at + 1] << 8) | (bytes[at + 2] << 16) | (bytes[at + 3] << 24)) >>> 0
  }

  varint(): number {
    let value = 0
    for (let scale = 1; scale <= 2 ** 49; scale *= 0x80) {
      const byte = this.u8()
      value += (byte & 0x7f) * scale
      if (byte < 0x80) return checkSafe(value)
    }
    throw partCorrupt('an integer has more than 53 bits')
  }

  signedVarint(): number {
    const low = this.u8()
    const magnitude = checkSafe(((low & 0x7f) >>> 1) + (low < 0x80 ? 0 : this.varint() * 0x40))
    return (low & 1) === 0 ? magnitude : 0 - magnitude
  }

  /** A varint that must not be above `max`. */
  varintUpTo(max: number, what: string): number {
    const value = this.varint()
    if (value > max) throw partCorrupt(`${what} is ${value}, at most ${max} is possible`)
    return value
  }

  /** Passes over bytes and answers where they begin. */
  skip(byteCount: number): number {
    const at = this.#at
    if (byteCount > this.bytes.length - at) throw partCorrupt('it ends too early')
    this.#at = at + byteCount
    return at
  }

  /** Back to a place where it was before. */
  goTo(at: number): void {
    this.#at = at
  }

  take(byteCount: number): Uint8Array {
    const at = this.skip(byteCount)
    return this.bytes.subarray(at, at + byteCount)
  }

  takeRest(): Uint8Array {
    return this.take(this.remaining)
  }

  expectEnd(): void {
    if (this.remaining > 0) throw partCorrupt(`${this.remaining} bytes too many`)
  }
}

function checkSafe(value: number): number {
  if (value > Number.MAX_SAFE_INTEGER) throw partCorrupt('an integer has more than 53 bits')
  return value
}
