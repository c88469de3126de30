/**
 * Distinct values with how often each was seen, in bounded memory.
 *
 * A value is kept as a string with one character for each of its bytes: it is compared byte for byte, and found by the
 * engine's own seeded hash. What would take more than the memory that there is, is not kept: `isCut` says so. What is
 * kept has counted every time that it was seen since, so its hits are never too many.
 */

export interface CountedValues {
  /** One character a byte. */
  readonly keys: readonly string[]
  readonly hits: Float64Array
  /** There were more values than memory: some may be missing, and hits may be too few. */
  readonly isCut: boolean
}

/** What a value takes besides its bytes, roughly: a string, a place in the map, a number. */
const VALUE_BYTES = 96

export class ValueCounter {
  readonly #hits = new Map<string, number>()
  readonly #part: string
  #bytesLeft: number
  #isCut = false

  /** Only values that hold `part` count. */
  constructor(bytesMax: number, part = '') {
    this.#bytesLeft = bytesMax
    this.#part = keyOfText(part)
  }

  /** Bytes of a block, which are copied. */
  addBytes(data: Uint8Array, start: number, end: number, hits: number): void {
    this.addKey(keyOf(data, start, end), hits)
  }

  addText(text: string, hits: number): void {
    this.addKey(keyOfText(text), hits)
  }

  addKey(key: string, hits: number): void {
    const known = this.#hits.get(key)
    if (known !== undefined) {
      this.#hits.set(key, known + hits)
      return
    }
    if (!key.includes(this.#part)) return
    const bytes = key.length + VALUE_BYTES
    if (bytes > this.#bytesLeft) {
      this.#isCut = true
      return
    }
    this.#bytesLeft -= bytes
    this.#hits.set(key, hits)
  }

  addAll({ keys, hits, isCut }: CountedValues): void {
    this.#isCut ||= isCut
    for (let at = 0; at < keys.length; at++) this.addKey(keys[at], hits[at])
  }

  counted(): CountedValues {
    return {
      keys: [...this.#hits.keys()],
      hits: Float64Array.from(this.#hits.values()),
      isCut: this.#isCut,
    }
  }
}

/** One character a byte. */
export function keyOf(data: Uint8Array, start: number, end: number): string {
  return Buffer.prototype.latin1Slice.call(data, start, end)
}

function keyOfText(text: string): string {
  return Buffer.from(text).toString('latin1')
}

/** The text of a key for people: what is not UTF-8 shows as U+FFFD. */
function textOfKey(key: string): string {
  return Buffer.from(key, 'latin1').toString()
}

export interface ValueHits {
  readonly value: string
  readonly hits: number
}

/** The values with most hits, at most `limit`, by hits, then by their bytes. */
export function mostFrequent({ keys, hits }: CountedValues, limit: number): ValueHits[] {
  const first = (a: number, b: number): number =>
    hits[b] - hits[a] || (keys[a] < keys[b] ? -1 : Number(keys[a] > keys[b]))
  let best: number[] = []
  for (let at = 0; at < keys.length; at++) {
    // Sorted and cut whenever there are twice as many as are wanted: the rest never has to be in order.
    if (best.length >= 2 * limit) best = best.sort(first).slice(0, limit)
    best.push(at)
  }
  return best
    .sort(first)
    .slice(0, limit)
    .map((at) => ({ value: textOfKey(keys[at]), hits: hits[at] }))
}
