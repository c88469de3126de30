/**
 * A pattern asked of bytes. Values of ASCII go to the platform's RegExp where that is safe, all others to re2js, which
 * reads them as UTF-8: a byte that is not is one character.
 */
import { isAscii } from '../values/folding.ts'
import { compileLinear, type LinearRegexp } from './linear.ts'
import { type NativeRegexp, nativeOf } from './native.ts'
import type { PatternNode } from './tree.ts'

const NOTHING = new Uint8Array(0)

export class ByteRegexp {
  readonly #linear: LinearRegexp
  readonly #native: NativeRegexp | null
  readonly #lengthMax: number
  #data: Uint8Array = NOTHING
  #buffer: Buffer | null = null

  /** `tree`: of the pattern, null where it is not understood. */
  constructor(pattern: string, tree: PatternNode | null) {
    this.#linear = compileLinear(pattern)
    this.#native = tree === null ? null : nativeOf(tree)
    this.#lengthMax = this.#native?.lengthMax ?? -1
  }

  test(data: Uint8Array, start: number, end: number): boolean {
    if (end - start > this.#lengthMax || !isAscii(data, start, end))
      return this.#linear.test(data.subarray(start, end))
    if (data !== this.#data) {
      this.#data = data
      this.#buffer = Buffer.from(data.buffer, data.byteOffset, data.byteLength)
    }
    return this.#native!.test(this.#buffer!.toString('latin1', start, end))
  }
}
