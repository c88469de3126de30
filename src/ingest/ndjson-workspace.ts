/**
 * What the NDJSON decoders of a server share: memory to encode into, the budget for half lines, and the names that
 * lines with the same options have had. Decoders use it one after the other, never across calls.
 */
import { type Random, systemRandom } from '../base/base.ts'
import { BatchEncoder } from '../record/record.ts'
import { ByteBudget } from './byte-budget.ts'
import { type NdjsonFieldOptions, NdjsonNames } from './ndjson-names.ts'

/** Sets of options whose names are remembered. */
const NAMES_MAX = 16
const SCRATCH_BYTES_INITIAL = 4096

export class NdjsonWorkspace {
  readonly encoder = new BatchEncoder()
  /** For half lines of all sessions. */
  readonly halfLines: ByteBudget
  /** For one value while it is encoded. */
  #scratch = new Uint8Array(SCRATCH_BYTES_INITIAL)
  readonly #names = new Map<string, NdjsonNames>()
  readonly #random: Random

  constructor(halfLineBytesMax: number, random: Random = systemRandom) {
    this.halfLines = new ByteBudget(halfLineBytesMax)
    this.#random = random
  }

  /** At least `byteCount` bytes, until the next call. */
  scratch(byteCount: number): Uint8Array {
    if (byteCount > this.#scratch.length) this.#scratch = new Uint8Array(byteCount * 2)
    return this.#scratch
  }

  namesFor(options: NdjsonFieldOptions): NdjsonNames {
    const { timeField, msgField, streamFields, ignoreFields, extraFields } = options
    const key = JSON.stringify([timeField, msgField, streamFields, ignoreFields, extraFields])
    const known = this.#names.get(key)
    if (known !== undefined) return known
    const names = new NdjsonNames(options, this.#random.uint32())
    const [oldest] = this.#names.keys()
    if (this.#names.size === NAMES_MAX && oldest !== undefined) this.#names.delete(oldest)
    this.#names.set(key, names)
    return names
  }
}
