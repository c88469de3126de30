/**
 * The needles of one test, searched where values are: which bytes they have, which values of a column they stand in.
 * Made once a test and used for every column, so it holds nothing of any of them.
 *
 * Says nothing of word edges and whole values: it finds places, and the test of a value decides.
 */
import { foldOf, Needle } from '../../base/base.ts'
import type { TestNeedle, ValueTest } from '../../record/record.ts'
import type { EncodedColumn, MaterializedColumn } from '../columns/encoding.ts'

/** With more needles, to look for each costs more than to look at the values. */
const NEEDLES_MAX = 16
/** Longer needles are left to the test: it takes care of those that are made to be slow. */
const SEARCHED_BYTES_MAX = 64
/** Distinct bytes that have a bit each; further ones are not looked for. */
const BITS_MAX = 31
/** Where the first so many calls of the platform's search found the needle this near, each, further ones do not pay. */
const CALLS_MIN = 32
const BYTES_PER_CALL_MIN = 200
/** Like that of any search (ValueTest.cost). */
const SEARCH_COST = 8

interface SearchedNeedle {
  readonly bytes: Uint8Array
  readonly needle: Needle
  /** Where case matters the platform's own search is faster. */
  readonly anyCase: boolean
  /** Of its bytes. */
  readonly bits: number
}

export class NeedleSearch {
  /** By byte: its bit, where a needle has it. */
  readonly bitsOf: Uint32Array
  /** A value passes where, and only where, a needle stands in it. */
  readonly decides: boolean
  /** Passes every value that a needle stands in. */
  readonly test: ValueTest
  readonly #needles: readonly SearchedNeedle[]
  readonly #isShort: boolean

  /** Null where the test has no needles, or too many. */
  static of({ needles }: ValueTest): NeedleSearch | null {
    return needles === undefined || needles.length > NEEDLES_MAX ? null : new NeedleSearch(needles)
  }

  private constructor(needles: readonly TestNeedle[]) {
    this.bitsOf = bitsOfNeedles(needles)
    this.decides = needles.every(isPlace)
    this.#isShort = needles.every(({ bytes }) => bytes.length <= SEARCHED_BYTES_MAX)
    this.#needles = needles.map(({ bytes, anyCase = false }) => ({
      ...{ bytes, anyCase, needle: new Needle(bytes, anyCase) },
      bits: bytes.reduce((bits, byte) => bits | this.bitsOf[byte], 0),
    }))
    const finders = this.#needles.map(({ needle }) => needle)
    this.test = {
      cost: SEARCH_COST * finders.length,
      test: (data, start, end) => finders.some((finder) => finder.indexIn(data, start, end) >= 0),
    }
  }

  /** Whether a text with these bits (`bitsOf`) may hold a needle. */
  mayHold(bits: number): boolean {
    for (const needle of this.#needles) if ((needle.bits & ~bits) === 0) return true
    return false
  }

  /** False only where no value of the column holds a needle. Decodes what it needs for that. PART_CORRUPT. */
  mayBeIn(column: EncodedColumn): boolean {
    return this.#needles.some(({ bytes }) => column.mayContain(bytes))
  }

  /** Whether a needle may stand in one of these texts, or reach into a value between two of them. */
  mayTouch(before: Uint8Array, behind: Uint8Array): boolean {
    return this.#needles.some((searched) => mayTouch(searched, before, behind))
  }

  /** The same for a column, by distinct value where it has a dictionary; null where one must look at the values. */
  columnWith(column: EncodedColumn): Uint8Array | null {
    let all: Uint8Array | null = null
    for (const { bytes, anyCase } of this.#needles) {
      const found = anyCase ? null : column.valuesWith(bytes)
      if (found === null) return null
      if (all === null) all = found
      else for (let value = 0; value < all.length; value++) all[value] |= found[value]
    }
    return all
  }

  /**
   * By value: 1 where a needle stands in it. Null where to search values one by one is not dearer. Values that are
   * passed over cost next to nothing.
   */
  valuesWith(values: MaterializedColumn): Uint8Array | null {
    if (!this.#isShort || !isConsecutive(values)) return null
    const found = new Uint8Array(values.starts.length)
    for (const searched of this.#needles) mark(values, searched, found)
    return found
  }
}

/** Wherever the bytes stand, the value passes. */
function isPlace({ startsWord, endsWord, isWhole, decides }: TestNeedle): boolean {
  return decides && !startsWord && !endsWord && !isWhole
}

/** A bit for each distinct byte; both cases of a letter have the same where one needle folds them. */
function bitsOfNeedles(needles: readonly TestNeedle[]): Uint32Array {
  const fold = foldOf(needles.some(({ anyCase }) => anyCase === true))
  const distinct = new Set(needles.flatMap(({ bytes }) => Array.from(bytes, (byte) => fold[byte])))
  const bits = new Map([...distinct].slice(0, BITS_MAX).map((byte, bit) => [byte, 1 << bit]))
  return Uint32Array.from({ length: 256 }, (_, byte) => bits.get(fold[byte]) ?? 0)
}

function mayTouch(
  { bytes, needle, anyCase }: SearchedNeedle,
  before: Uint8Array,
  behind: Uint8Array,
): boolean {
  const fold = foldOf(anyCase)
  for (let length = 1; length < bytes.length; length++) {
    if (length <= before.length && isAt(before, before.length - length, bytes, 0, length, fold)) return true
    if (length <= behind.length && isAt(behind, 0, bytes, bytes.length - length, length, fold)) return true
  }
  return needle.indexIn(before, 0, before.length) >= 0 || needle.indexIn(behind, 0, behind.length) >= 0
}

function isAt(
  text: Uint8Array,
  at: number,
  needle: Uint8Array,
  from: number,
  length: number,
  fold: Uint8Array,
): boolean {
  for (let index = 0; index < length; index++)
    if (fold[text[at + index]] !== needle[from + index]) return false
  return true
}

/** One search over all values: where the needle reaches from one into the next, it stands in neither. */
function mark(
  { data, starts, lengths }: MaterializedColumn,
  searched: SearchedNeedle,
  found: Uint8Array,
): void {
  const { length } = searched.bytes
  const next = finderIn(data, searched)
  let value = 0
  for (let at = next(0); at >= 0; ) {
    while (value < starts.length && starts[value] + lengths[value] <= at) value++
    if (value === starts.length) return
    const start = starts[value]
    const end = start + lengths[value]
    if (at < start) {
      at = next(start)
      continue
    }
    if (at + length <= end) found[value] = 1
    at = next(end)
    value++
  }
}

/** Finds the needle from a place on. The platform's own search is the faster one, unless it is called for every value. */
function finderIn(data: Uint8Array, { bytes, needle, anyCase }: SearchedNeedle): (from: number) => number {
  const end = data.length
  if (anyCase) return (from) => needle.indexIn(data, from, end)
  const all = Buffer.from(data.buffer, data.byteOffset, end)
  let callsLeft = CALLS_MIN
  return (from) => {
    if (callsLeft > 0) callsLeft--
    else if (from < CALLS_MIN * BYTES_PER_CALL_MIN) return needle.indexIn(data, from, end)
    return all.indexOf(bytes, from)
  }
}

/** Whether values lie in the order of their numbers, none in another. */
function isConsecutive({ starts, lengths }: MaterializedColumn): boolean {
  for (let value = 1; value < starts.length; value++)
    if (starts[value] < starts[value - 1] + lengths[value - 1]) return false
  return true
}
