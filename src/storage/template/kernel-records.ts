/**
 * The records of batches that stand in the memory of the text kernel (kernels/text/records.ts), as columns of some rows. Its
 * twin, which takes all others, is the loop of content-of-batches.ts.
 *
 *   const lent = kernel.lend(byteCount)              the data are written to lent.bytes; lent.records takes them
 *   records.useLayout(owner, number, …)              false: these fields are for the twin
 *   const taken = records.take(data, from, end, count, firstId)
 *   … rows 0 to below taken of `ids`, `timesMs` …, records.end
 *
 * Arrays are views of the kernel's memory, good until it is called again: whoever gathers copies them.
 */
import { FIELD_HEADER_BYTES } from '../../record/record.ts'

type KernelFunction = (...values: number[]) => number

/** Values of one field, by row. */
export interface RecordPlace {
  readonly starts: Uint32Array
  readonly lengths: Uint32Array
  readonly kinds: Uint8Array
}

/** Of a field's bytes behind its kind, those that are compared at once, and those before its name. */
const NEAR_BYTES = 16
const NAME_AT = 5
/** Of a number in the memory. */
const INT_BYTES = 4

export class KernelRecords {
  readonly rowsMax: number
  readonly ids: Float64Array
  readonly timesMs: Float64Array
  readonly timesNs: Uint32Array
  readonly severities: Uint8Array
  readonly flags: Uint8Array
  readonly messageStarts: Uint32Array
  readonly messageLengths: Uint32Array
  readonly levelWordStarts: Uint32Array
  readonly levelWordLengths: Uint32Array
  readonly places: readonly RecordPlace[]
  readonly #layout: Uint8Array
  readonly #layoutInts: Uint32Array
  readonly #layoutStride: number
  readonly #result: Uint32Array
  readonly #setLayout: KernelFunction
  readonly #takeRecords: KernelFunction
  #owner: object | null = null
  #layoutNumber = -1
  #isLayoutTaken = false

  constructor(
    memory: ArrayBuffer,
    functions: Readonly<Record<string, KernelFunction>>,
    at: Readonly<Record<string, number>>,
  ) {
    const rowsMax = at.RECORD_ROWS_MAX
    const words = (from: number) => new Uint32Array(memory, from, rowsMax)
    this.rowsMax = rowsMax
    this.ids = new Float64Array(memory, at.RECORD_IDS, rowsMax)
    this.timesMs = new Float64Array(memory, at.RECORD_TIMES, rowsMax)
    this.timesNs = words(at.RECORD_TIMES_NS)
    this.severities = new Uint8Array(memory, at.RECORD_SEVERITIES, rowsMax)
    this.flags = new Uint8Array(memory, at.RECORD_FLAGS, rowsMax)
    this.messageStarts = words(at.RECORD_MESSAGES)
    this.messageLengths = words(at.RECORD_MESSAGE_LENGTHS)
    this.levelWordStarts = words(at.RECORD_WORDS)
    this.levelWordLengths = words(at.RECORD_WORD_LENGTHS)
    this.places = Array.from({ length: at.RECORD_FIELDS_MAX }, (_, place) => {
      const from = at.PLACES + place * at.PLACE_STRIDE
      const kinds = new Uint8Array(memory, from + at.PLACE_KINDS, rowsMax)
      return { starts: words(from), lengths: words(from + at.PLACE_LENGTHS), kinds }
    })
    this.#layoutStride = at.LAYOUT_STRIDE
    this.#layout = new Uint8Array(memory, at.LAYOUT, at.LAYOUT_STRIDE * at.RECORD_FIELDS_MAX)
    this.#layoutInts = new Uint32Array(memory, at.LAYOUT, this.#layout.length / INT_BYTES)
    this.#result = words(at.RECORD_RESULT).subarray(0, 1)
    this.#setLayout = functions.setLayout
    this.#takeRecords = functions.takeRecords
  }

  /** Where the first record stands that the last call of `take` did not take. */
  get end(): number {
    return this.#result[0]
  }

  /** Whether a value of this place, of the last call of `take`, is no string. */
  hasKinds(place: number): boolean {
    return this.#layoutInts[(place * this.#layoutStride + NEAR_BYTES * 2) / INT_BYTES + 2] !== 0
  }

  /**
   * Tells the fields that records are to have. Of each, `entries` says whether it is a stream field (odd), and `heads` where
   * `data` has such a field. Asked again by the same owner for the layout with the same number, it knows. False where the
   * kernel takes no such layout.
   */
  useLayout(
    owner: object,
    number: number,
    entries: Uint32Array,
    heads: Uint32Array,
    count: number,
    data: Uint8Array,
  ): boolean {
    if (this.#owner === owner && this.#layoutNumber === number) return this.#isLayoutTaken
    this.#owner = owner
    this.#layoutNumber = number
    const streamCount = streamFieldsFirst(entries, count)
    this.#isLayoutTaken = count <= this.places.length && streamCount >= 0
    if (!this.#isLayoutTaken) return false
    for (let place = 0; place < count; place++) this.#putField(place, data, heads[place])
    this.#setLayout(count, streamCount)
    return true
  }

  #putField(place: number, data: Uint8Array, head: number): void {
    const layout = this.#layout
    const nameLength = data[head + 1]
    const near = Math.min(NEAR_BYTES, NAME_AT + nameLength)
    const at = place * this.#layoutStride
    layout.fill(0, at, at + NEAR_BYTES * 2)
    for (let byte = 0; byte < near; byte++) {
      if (byte > 0 && byte < NAME_AT) continue
      layout[at + byte] = data[head + 1 + byte]
      layout[at + NEAR_BYTES + byte] = 0xff
    }
    const ints = (at + NEAR_BYTES * 2) / INT_BYTES
    this.#layoutInts[ints] = nameLength
    this.#layoutInts[ints + 1] = data.byteOffset + head + FIELD_HEADER_BYTES
  }

  /**
   * Takes up to `count` records of `data`, the first at `from`, which has the id `firstId`; none goes beyond `end`. Answers
   * how many it took.
   */
  take(data: Uint8Array, from: number, end: number, count: number, firstId: number): number {
    const base = data.byteOffset
    return this.#takeRecords(base + from, base + end, Math.min(count, this.rowsMax), base, firstId)
  }
}

/** How many stream fields there are, all of them before the others; otherwise -1. */
function streamFieldsFirst(entries: Uint32Array, count: number): number {
  let first = 0
  while (first < count && (entries[first] & 1) === 1) first++
  for (let place = first; place < count; place++) if ((entries[place] & 1) === 1) return -1
  return first
}
