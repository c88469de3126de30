/**
 * A cheap test that most templates fail which cannot hold a needle: bytes of the needle that no slot can hold must
 * stand in the static text, and where they are neighbours in the needle they are neighbours in the text, since only
 * empty values can lie between. So the longest run of them is searched in it.
 */
import { CLASS_BITS } from '../columns/byte-classes.ts'

/** Longer runs are cut: the search costs at most this much for each byte of text. */
const RUN_BYTES_MAX = 32
const RUNS_KEPT_MAX = 1024

/** `shifts`, by byte: how far the run may move on where its last byte stands at this byte (Horspool's search). */
interface Run {
  readonly bytes: Uint8Array
  readonly shifts: Uint8Array
}

export class StaticRunFilter {
  readonly #needle: Uint8Array
  /** By the classes that slots can hold. */
  readonly #runs = new Map<number, Run>()
  #lastClasses = -1
  #lastRun: Run | null = null

  constructor(needle: Uint8Array) {
    this.#needle = needle
  }

  /** False: a template with this text, whose slots hold nothing but these classes of bytes, has no row with the needle. */
  mayHold(text: Uint8Array, slotClasses: number): boolean {
    const run = slotClasses === this.#lastClasses ? this.#lastRun! : this.#runOf(slotClasses)
    return isIn(text, run)
  }

  #runOf(slotClasses: number): Run {
    let run = this.#runs.get(slotClasses)
    if (run === undefined) {
      if (this.#runs.size === RUNS_KEPT_MAX) this.#runs.clear()
      run = longestRun(this.#needle, slotClasses)
      this.#runs.set(slotClasses, run)
    }
    this.#lastClasses = slotClasses
    this.#lastRun = run
    return run
  }
}

function longestRun(needle: Uint8Array, slotClasses: number): Run {
  let start = 0
  let length = 0
  let runStart = 0
  for (let at = 0; at < needle.length; at++) {
    if ((CLASS_BITS[needle[at]] & slotClasses) !== 0) runStart = at + 1
    else if (at + 1 - runStart > length) {
      start = runStart
      length = at + 1 - runStart
    }
  }
  const bytes = needle.slice(start, start + Math.min(length, RUN_BYTES_MAX))
  const shifts = new Uint8Array(256).fill(bytes.length)
  for (let at = 0; at < bytes.length - 1; at++) shifts[bytes[at]] = bytes.length - 1 - at
  return { bytes, shifts }
}

function isIn(text: Uint8Array, { bytes, shifts }: Run): boolean {
  const last = bytes.length - 1
  if (last < 0) return true
  const lastByte = bytes[last]
  const { length } = text
  for (let end = last; end < length; ) {
    const byte = text[end]
    if (byte === lastByte && isAt(text, end - last, bytes)) return true
    end += shifts[byte]
  }
  return false
}

function isAt(text: Uint8Array, start: number, bytes: Uint8Array): boolean {
  for (let at = 0; at < bytes.length; at++) if (text[start + at] !== bytes[at]) return false
  return true
}
