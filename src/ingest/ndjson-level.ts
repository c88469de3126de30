/**
 * The levels of NDJSON lines: what a member `level` says, and how its word is kept. A stream has a handful of words,
 * so those of four to eight bytes are remembered, and compared four bytes at a time.
 */
import { LEVEL_WORD_BYTES_MAX, levelSeverityOfBytes, levelWordFlags } from '../record/record.ts'

const ZERO = 0x30
/** Severities of `"level":10` to `"level":60`, as pino and bunyan write them. */
const NUMBERED_SEVERITIES = [1, 5, 9, 13, 17, 21]
/** A power of two; a word has one place. */
const PLACES = 64
/** Bytes of words that are remembered. */
const WORD_BYTES_MIN = 4
const WORD_BYTES_MAX = 8

export class NdjsonLevel {
  severity = 0
  /** RECORD_FLAG_* that the word needs, or -1 when the record must keep the word itself. */
  flags = 0
  /** By place: the first and the last four bytes of a word, which may overlap. */
  readonly #low = new Int32Array(PLACES)
  readonly #high = new Int32Array(PLACES)
  /** Of the word; 0: nothing is remembered. */
  readonly #length = new Uint8Array(PLACES)
  readonly #severities = new Uint8Array(PLACES)
  readonly #flagsOf = new Int8Array(PLACES)

  /** Reads a word of at least one byte; false when it is too long to be kept. `view` is of `bytes`. */
  read(bytes: Uint8Array, view: DataView, start: number, end: number, isNumber: boolean): boolean {
    const length = end - start
    if (length > LEVEL_WORD_BYTES_MAX) return false
    if (isNumber || length < WORD_BYTES_MIN || length > WORD_BYTES_MAX) {
      this.#readAny(bytes, start, end, isNumber)
      return true
    }
    const low = view.getInt32(start, true)
    const high = view.getInt32(end - 4, true)
    const place = (low ^ (low >>> 15) ^ (high >>> 7) ^ length) & (PLACES - 1)
    if (this.#low[place] === low && this.#high[place] === high && this.#length[place] === length) {
      this.severity = this.#severities[place]
      this.flags = this.#flagsOf[place]
      return true
    }
    this.#readAny(bytes, start, end, false)
    this.#low[place] = low
    this.#high[place] = high
    this.#length[place] = length
    this.#severities[place] = this.severity
    this.#flagsOf[place] = this.flags
    return true
  }

  #readAny(bytes: Uint8Array, start: number, end: number, isNumber: boolean): void {
    const severity = Math.max(0, levelSeverityOfBytes(bytes, start, end))
    this.flags = severity === 0 ? -1 : levelWordFlags(bytes, start, end)
    this.severity = isNumber ? numberedSeverity(bytes, start, end) : severity
  }
}

/** The severity of `10` to `60`, 0 for other numbers. */
function numberedSeverity(bytes: Uint8Array, start: number, end: number): number {
  if (end - start !== 2 || bytes[start + 1] !== ZERO) return 0
  return NUMBERED_SEVERITIES[bytes[start] - ZERO - 1] ?? 0
}
