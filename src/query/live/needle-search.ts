/**
 * Many texts searched in the values of a column by one pass over their bytes: many tails look for many texts in what has
 * just come in, and each of most texts stands in few rows or in none.
 *
 * Of each text two neighbouring runs of three bytes are known by their hash; where one of them stands, the text is
 * compared. Which runs is chosen by what values hold: those that are rarest there. As they are neighbours, every other
 * place of a value is enough to see one of them (where some text has three bytes only, every place is looked at):
 *
 *   text         F a i l e d   p a s s       runs: "d p" and " pa"
 *   value      … F a i l e d   p a s s w o r d …
 *   looked at    ^   ^   ^   ^   ^   ^   ^   here " pa"
 *
 * Runs are compared with bit 5 of every byte set, so that letters count in any case; the text itself then counts as it is
 * declared. Values that are made to look like the texts everywhere cost a bounded multiple of their bytes: beyond it the
 * search gives up, and whoever asked tests the rows himself.
 */
import { Bitset, foldOf } from '../../base/base.ts'
import type { Column, TestNeedle } from '../../record/record.ts'

/** Shorter texts cannot be searched. */
export const NEEDLE_BYTES_MIN = 3
const RUN_BYTES = 3
const STEP_MAX = 2
const RUN_MASK = 0xff_ffff
const ANY_CASE = 0x20_2020
const MULTIPLIER = 0x9e37_79b1
const BUCKETS_LOG2_MIN = 12
const BUCKETS_LOG2_MAX = 16
/** Bytes of values by which runs are chosen, and how many searches the choice is good for. */
const SAMPLE_BYTES = 64 * 1024
const SEARCHES_A_CHOICE = 4096
/** Steps of comparing beyond which a search gives up: some, and some for each byte of the values. */
const WORK_MIN = 65_536
const WORK_A_BYTE = 4

interface Searched {
  /** ASCII letters small where they count in any case. */
  readonly bytes: Uint8Array
  readonly fold: Uint8Array
}

/** Rows by needle; null where no row holds it. They belong to the search, and are not to be changed. */
export type NeedleRows = readonly (Bitset | null)[]

export class NeedleSearch {
  readonly #needles: readonly Searched[]
  /** How many runs of a text are known, and the distance between places that are looked at. */
  readonly #step: number
  readonly #shift: number
  /** By bucket: the first of its runs, from 1; 0 for none. By run: the next of its bucket, and what it is a run of. */
  readonly #heads: Int32Array
  readonly #nexts: Int32Array
  readonly #runs: Int32Array
  readonly #runNeedles: Int32Array
  readonly #runOffsets: Int32Array
  #searchesLeft = 0
  /** Of the search that runs. */
  #found: (Bitset | null)[] = []
  #rowCount = 0
  /** By needle: the last row that holds it. */
  readonly #lastRows: Int32Array
  /** Needles that the value at hand holds. */
  readonly #held: Int32Array
  #heldCount = 0

  /** Each of NEEDLE_BYTES_MIN at least, none twice. */
  constructor(needles: readonly TestNeedle[]) {
    this.#needles = needles.map(({ bytes, anyCase = false }) => ({ bytes, fold: foldOf(anyCase) }))
    const shortest = needles.reduce((least, { bytes }) => Math.min(least, bytes.length), RUN_BYTES + STEP_MAX)
    this.#step = Math.min(STEP_MAX, shortest - RUN_BYTES + 1)
    const runs = needles.length * this.#step + 1
    const buckets = Math.min(BUCKETS_LOG2_MAX, Math.max(BUCKETS_LOG2_MIN, Math.ceil(Math.log2(runs)) + 5))
    this.#shift = 32 - buckets
    this.#heads = new Int32Array(1 << buckets)
    this.#nexts = new Int32Array(runs)
    this.#runs = new Int32Array(runs)
    this.#runNeedles = new Int32Array(runs)
    this.#runOffsets = new Int32Array(runs)
    this.#lastRows = new Int32Array(needles.length)
    this.#held = new Int32Array(needles.length)
  }

  /** The rows that hold each needle; null where that would take too long. */
  rowsOf(column: Column): NeedleRows | null {
    if (this.#searchesLeft-- === 0) this.#choose(column)
    this.#found = new Array<Bitset | null>(this.#needles.length).fill(null)
    this.#lastRows.fill(-1)
    this.#rowCount = column.starts.length
    return this.#search(column) ? this.#found : null
  }

  /** Fields that a batch shares are the same bytes row after row. False where it gave up. */
  #search({ data, starts, lengths }: Column): boolean {
    const view = new DataView(data.buffer, data.byteOffset, data.byteLength)
    let workLeft = WORK_MIN
    let lastStart = -1
    let lastLength = -1
    for (let row = 0; row < starts.length; row++) {
      const start = starts[row]
      const length = lengths[row]
      if (length < NEEDLE_BYTES_MIN) continue
      if (start === lastStart && length === lastLength) {
        this.#repeat(row)
        continue
      }
      lastStart = start
      lastLength = length
      this.#heldCount = 0
      const end = start + length
      workLeft += length * WORK_A_BYTE
      workLeft -=
        end < data.length
          ? this.#searchValue(view, data, start, end, row)
          : this.#searchLast(data, start, row)
      if (workLeft < 0) return false
    }
    return true
  }

  /** Runs are read four bytes at a time: behind the last value there is nothing to read. */
  #searchLast(data: Uint8Array, start: number, row: number): number {
    const longer = new Uint8Array(data.length - start + 1)
    longer.set(data.subarray(start))
    return this.#searchValue(new DataView(longer.buffer), longer, 0, longer.length - 1, row)
  }

  /** Hot: a look at a table for every other place. How much work the comparing was; infinite where it was given up. */
  #searchValue(view: DataView, data: Uint8Array, start: number, end: number, row: number): number {
    const heads = this.#heads
    const shift = this.#shift
    const step = this.#step
    const workMax = WORK_MIN + (end - start) * WORK_A_BYTE
    let work = 0
    for (let at = start; at <= end - RUN_BYTES; at += step) {
      const run = (view.getInt32(at, true) & RUN_MASK) | ANY_CASE
      const head = heads[Math.imul(run, MULTIPLIER) >>> shift]
      if (head === 0) continue
      work += this.#compare(data, head, run, at, start, end, row)
      if (work > workMax) return Number.POSITIVE_INFINITY
    }
    return work
  }

  /** The needles that have this run, here. How much work that was. */
  #compare(
    data: Uint8Array,
    head: number,
    run: number,
    at: number,
    start: number,
    end: number,
    row: number,
  ): number {
    let work = 0
    for (let entry = head; entry !== 0; entry = this.#nexts[entry]) {
      work++
      if (this.#runs[entry] !== run) continue
      const number = this.#runNeedles[entry]
      const position = at - this.#runOffsets[entry]
      const { bytes, fold } = this.#needles[number]
      if (position < start || position + bytes.length > end) continue
      if (this.#lastRows[number] === row) continue
      const same = sameBytes(data, position, bytes, fold)
      work += same
      if (same === bytes.length) this.#hold(number, row)
    }
    return work
  }

  #hold(number: number, row: number): void {
    const rows = (this.#found[number] ??= new Bitset(this.#rowCount))
    rows.set(row)
    this.#lastRows[number] = row
    this.#held[this.#heldCount++] = number
  }

  /** The row has the value of the row before. */
  #repeat(row: number): void {
    for (let index = 0; index < this.#heldCount; index++) this.#found[this.#held[index]]?.set(row)
  }

  /** Of each needle, the neighbouring runs that stand most rarely in these values. */
  #choose(column: Column): void {
    this.#searchesLeft = SEARCHES_A_CHOICE
    this.#heads.fill(0)
    const counts = runCounts(column)
    let entry = 0
    for (const [number, { bytes }] of this.#needles.entries()) {
      const runs = runsOf(bytes)
      const from = rarest(runs, counts, this.#step)
      for (let offset = from; offset < from + this.#step; offset++) {
        const bucket = Math.imul(runs[offset], MULTIPLIER) >>> this.#shift
        entry++
        this.#runs[entry] = runs[offset]
        this.#runNeedles[entry] = number
        this.#runOffsets[entry] = offset
        this.#nexts[entry] = this.#heads[bucket]
        this.#heads[bucket] = entry
      }
    }
  }
}

/** How many bytes of the needle stand at `position`, up to the first that does not. */
function sameBytes(data: Uint8Array, position: number, bytes: Uint8Array, fold: Uint8Array): number {
  let at = 0
  while (at < bytes.length && fold[data[position + at]] === bytes[at]) at++
  return at
}

function runAt(bytes: Uint8Array, at: number): number {
  return bytes[at] | (bytes[at + 1] << 8) | (bytes[at + 2] << 16) | ANY_CASE
}

function runsOf(bytes: Uint8Array): Int32Array {
  const runs = new Int32Array(bytes.length - RUN_BYTES + 1)
  for (let at = 0; at < runs.length; at++) runs[at] = runAt(bytes, at)
  return runs
}

/** How often runs stand in the first values, by the upper half of their hash. */
function runCounts({ data, starts, lengths }: Column): Uint32Array {
  const counts = new Uint32Array(65_536)
  let bytesLeft = SAMPLE_BYTES
  for (let row = 0; row < starts.length && bytesLeft > 0; row++) {
    const length = Math.min(lengths[row], bytesLeft)
    bytesLeft -= length
    for (let at = starts[row]; at <= starts[row] + length - RUN_BYTES; at++)
      counts[Math.imul(runAt(data, at), MULTIPLIER) >>> 16]++
  }
  return counts
}

/** The first of `step` neighbouring runs that are rarest together. */
function rarest(runs: Int32Array, counts: Uint32Array, step: number): number {
  let best = 0
  let least = Number.POSITIVE_INFINITY
  for (let from = 0; from + step <= runs.length; from++) {
    let count = 0
    for (let offset = from; offset < from + step; offset++)
      count += counts[Math.imul(runs[offset], MULTIPLIER) >>> 16]
    if (count >= least) continue
    least = count
    best = from
  }
  return best
}
