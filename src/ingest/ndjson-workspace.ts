/**
 * What the NDJSON decoders of a server share: memory to encode into, the budget for half lines, and the names
 * and shapes that lines with the same options have had. Decoders use it one after the other, never across calls.
 */
import { type InstantiateKernel, instantiateKernel, type Random, systemRandom } from '../base/base.ts'
import { BatchEncoder } from '../record/record.ts'
import { ByteBudget } from './byte-budget.ts'
import { NdjsonKernel } from './ndjson-kernel.ts'
import { type NdjsonFieldOptions, NdjsonNames } from './ndjson-names.ts'
import { NdjsonShapes } from './ndjson-shapes.ts'

/** Sets of options whose names and shapes are remembered. */
const VOCABULARIES_MAX = 16
const SCRATCH_BYTES_INITIAL = 4096

/** What lines with the same options had in common so far. */
export interface NdjsonVocabulary {
  readonly names: NdjsonNames
  readonly shapes: NdjsonShapes
}

export class NdjsonWorkspace {
  readonly encoder = new BatchEncoder()
  /** For half lines of all sessions. */
  readonly halfLines: ByteBudget
  /** For one value while it is encoded, and a view of it. */
  scratch = new Uint8Array(SCRATCH_BYTES_INITIAL)
  scratchView = new DataView(this.scratch.buffer)
  /** For the values of one line that are unescaped while they are read. */
  unescaped = new Uint8Array(0)
  unescapedView = new DataView(this.unescaped.buffer)
  readonly #vocabularies = new Map<string, NdjsonVocabulary>()
  readonly #random: Random
  readonly #instantiate: InstantiateKernel
  /** Undefined until it is needed. */
  #kernel: NdjsonKernel | null | undefined

  /** `instantiate`: null of it, as where WebAssembly is refused, leaves all lines to TypeScript. */
  constructor(
    halfLineBytesMax: number,
    random: Random = systemRandom,
    instantiate: InstantiateKernel = instantiateKernel,
  ) {
    this.halfLines = new ByteBudget(halfLineBytesMax)
    this.#random = random
    this.#instantiate = instantiate
  }

  /** Null where WebAssembly is refused. */
  get kernel(): NdjsonKernel | null {
    if (this.#kernel === undefined) this.#kernel = NdjsonKernel.open(this.#instantiate)
    return this.#kernel
  }

  /** Makes `scratch` hold at least `byteCount` bytes. */
  growScratch(byteCount: number): void {
    if (byteCount <= this.scratch.length) return
    this.scratch = new Uint8Array(byteCount * 2)
    this.scratchView = new DataView(this.scratch.buffer)
  }

  /** Makes `unescaped` hold at least `byteCount` bytes. */
  growUnescaped(byteCount: number): void {
    if (byteCount <= this.unescaped.length) return
    this.unescaped = new Uint8Array(byteCount)
    this.unescapedView = new DataView(this.unescaped.buffer)
  }

  vocabularyFor(options: NdjsonFieldOptions): NdjsonVocabulary {
    const { timeField, msgField, streamFields, ignoreFields, extraFields } = options
    const key = JSON.stringify([timeField, msgField, streamFields, ignoreFields, extraFields])
    const known = this.#vocabularies.get(key)
    if (known !== undefined) return known
    if (this.#vocabularies.size === VOCABULARIES_MAX) this.#forgetOldest()
    const names = new NdjsonNames(options, this.#random.uint32())
    const vocabulary = { names, shapes: new NdjsonShapes(names, this.kernel?.claimArena()) }
    this.#vocabularies.set(key, vocabulary)
    return vocabulary
  }

  #forgetOldest(): void {
    const [oldest] = this.#vocabularies
    if (oldest === undefined) return
    const [key, { shapes }] = oldest
    shapes.arena?.release()
    this.#vocabularies.delete(key)
  }
}
