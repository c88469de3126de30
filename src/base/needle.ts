/**
 * A search for bytes in bytes: Boyer-Moore-Horspool over tables that also fold ASCII case where asked. For values of
 * some hundred bytes it is as fast as the platform's own search, which costs a call each time and folds nothing.
 *
 * Linear for every input: a needle that makes the search compare again and again (`baaaa…` in `aaaa…`) goes on with
 * Knuth-Morris-Pratt.
 */
const SAME = Uint8Array.from({ length: 256 }, (_, byte) => byte)

/** By byte: the small letter of an ASCII letter, any other byte itself. */
const SMALL_LETTERS: Uint8Array = SAME.map((byte) => (byte >= 0x41 && byte <= 0x5a ? byte + 0x20 : byte))

/** What bytes are compared as, by byte: ASCII letters as their small forms, or every byte as it is. */
export const foldOf = (anyCase: boolean): Uint8Array => (anyCase ? SMALL_LETTERS : SAME)

/** Comparisons that may be spent beyond one for every byte passed, before the search changes its way. */
const WASTE_MAX = 4096

export class Needle {
  readonly bytes: Uint8Array
  readonly #fold: Uint8Array
  /** How far the search may move on, by the byte under the needle's last place; 0 where it is the needle's last. */
  readonly #skips: Uint32Array
  /** The same where that byte is the needle's last, and the needle does not stand there. */
  readonly #shift: number
  #borders: Uint32Array | null = null

  /** `anyCase`: ASCII letters match in any case, other bytes as they are. */
  constructor(bytes: Uint8Array, anyCase = false) {
    const fold = foldOf(anyCase)
    const folded = bytes.map((byte) => fold[byte])
    const last = folded.length - 1
    const shifts = new Uint32Array(256).fill(Math.max(1, folded.length))
    for (let index = 0; index < last; index++) shifts[folded[index]] = last - index
    this.bytes = folded
    this.#fold = fold
    this.#shift = last < 0 ? 1 : shifts[folded[last]]
    this.#skips = shifts.map((_, byte) => (fold[byte] === folded[last] ? 0 : shifts[fold[byte]]))
  }

  /**
   * Where it first stands between `start` and `end` so that `accept` takes it, or -1. An empty needle stands at
   * `start` only.
   */
  indexIn(data: Uint8Array, start: number, end: number, accept: Accept | null = null): number {
    const { bytes } = this
    const fold = this.#fold
    const skips = this.#skips
    const shift = this.#shift
    const lastIndex = bytes.length - 1
    if (lastIndex < 0) return accept === null || accept(data, start, start, end) ? start : -1
    let wasteLeft = WASTE_MAX
    for (let at = start + lastIndex; at < end; ) {
      const skip = skips[data[at]]
      if (skip !== 0) {
        at += skip
        continue
      }
      let index = lastIndex - 1
      let position = at - 1
      while (index >= 0 && fold[data[position]] === bytes[index]) {
        index--
        position--
      }
      if (index < 0 && (accept === null || accept(data, position + 1, start, end))) return position + 1
      wasteLeft -= lastIndex - index - shift
      if (wasteLeft < 0) return this.#indexByBorders(data, at + 1 - lastIndex, start, end, accept)
      at += shift
    }
    return -1
  }

  /** The same from `from` on. */
  #indexByBorders(data: Uint8Array, from: number, start: number, end: number, accept: Accept | null): number {
    const { bytes } = this
    const fold = this.#fold
    this.#borders ??= bordersOf(bytes)
    const borders = this.#borders
    let matched = 0
    for (let at = from; at < end; at++) {
      const byte = fold[data[at]]
      while (matched > 0 && bytes[matched] !== byte) matched = borders[matched - 1]
      if (bytes[matched] === byte) matched++
      if (matched < bytes.length) continue
      const position = at + 1 - matched
      if (accept === null || accept(data, position, start, end)) return position
      matched = borders[matched - 1]
    }
    return -1
  }
}

/** Whether the needle may stand at `position` of `data`, whose text goes from `start` to `end`. */
export type Accept = (data: Uint8Array, position: number, start: number, end: number) => boolean

/** For every beginning of the needle, the longest piece that both begins and ends it. */
function bordersOf(bytes: Uint8Array): Uint32Array {
  const borders = new Uint32Array(bytes.length)
  let length = 0
  for (let index = 1; index < bytes.length; index++) {
    while (length > 0 && bytes[index] !== bytes[length]) length = borders[length - 1]
    if (bytes[index] === bytes[length]) length++
    borders[index] = length
  }
  return borders
}
