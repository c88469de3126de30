/**
 * A cheap test that most templates fail which cannot hold a needle: bytes of the needle that no slot can hold must
 * stand in the static text, and where they are neighbours in the needle they are neighbours in the text, since only
 * empty values can lie between. So the longest run of them is searched in it.
 */
import { foldOf } from '../../base/base.ts'
import { classesOfNeedle } from '../columns/byte-classes.ts'

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
  /** By byte of the needle: the bits of its classes. */
  readonly #classes: Uint16Array
  readonly #fold: Uint8Array
  /** By the classes that slots can hold. */
  readonly #runs = new Map<number, Run>()
  #lastClasses = -1
  #lastRun: Run | null = null

  /** `anyCase`: ASCII letters of the needle, which are small, stand in either case. */
  constructor(needle: Uint8Array, anyCase: boolean) {
    this.#needle = needle
    this.#classes = classesOfNeedle(needle, anyCase)
    this.#fold = foldOf(anyCase)
  }

  /** False: a template with this text, whose slots hold nothing but these classes of bytes, has no row with the needle. */
  mayHold(text: Uint8Array, slotClasses: number): boolean {
    const run = slotClasses === this.#lastClasses ? this.#lastRun! : this.#runOf(slotClasses)
    return isIn(text, run, this.#fold)
  }

  #runOf(slotClasses: number): Run {
    let run = this.#runs.get(slotClasses)
    if (run === undefined) {
      if (this.#runs.size === RUNS_KEPT_MAX) this.#runs.clear()
      run = longestRun(this.#needle, this.#classes, slotClasses, this.#fold)
      this.#runs.set(slotClasses, run)
    }
    this.#lastClasses = slotClasses
    this.#lastRun = run
    return run
  }
}

function longestRun(needle: Uint8Array, classes: Uint16Array, slotClasses: number, fold: Uint8Array): Run {
  let start = 0
  let length = 0
  let runStart = 0
  for (let at = 0; at < needle.length; at++) {
    if ((classes[at] & slotClasses) !== 0) runStart = at + 1
    else if (at + 1 - runStart > length) {
      start = runStart
      length = at + 1 - runStart
    }
  }
  const bytes = needle.slice(start, start + Math.min(length, RUN_BYTES_MAX))
  const shifts = new Uint8Array(256).fill(bytes.length)
  for (let at = 0; at < bytes.length - 1; at++) shifts[bytes[at]] = bytes.length - 1 - at
  return { bytes, shifts: shifts.map((_, byte) => shifts[fold[byte]]) }
}

function isIn(text: Uint8Array, { bytes, shifts }: Run, fold: Uint8Array): boolean {
  const last = bytes.length - 1
  if (last < 0) return true
  const lastByte = bytes[last]
  const { length } = text
  for (let end = last; end < length; ) {
    const byte = text[end]
    if (fold[byte] === lastByte && isAt(text, end - last, bytes, fold)) return true
    end += shifts[byte]
  }
  return false
}

function isAt(text: Uint8Array, start: number, bytes: Uint8Array, fold: Uint8Array): boolean {
  for (let at = 0; at < bytes.length; at++) if (fold[text[start + at]] !== bytes[at]) return false
  return true
}
