/**
 * Byte strings that were read out of large frames, as copies: a query that is asked again needs a few hundred bytes of
 * each block, and the frames around them may be more than memory is there for.
 *
 * Strings of a block stay and go together, those of the block that was not asked for the longest time first. Where all
 * is taken, most blocks get no room: else a scan of more than fits would throw out each block just before its turn.
 */

/** Of the blocks that come when all is taken, one in so many gets room. */
const ADMIT_ONE_IN = 8
/** What a string costs beside its bytes. */
const STRING_OVERHEAD = 200

/** The strings of one block, by slot. */
export interface KeptStrings {
  readonly bySlot: Map<number, Uint8Array>
  bytes: number
  /** They have not gone. */
  isKept: boolean
}

export class StringCache {
  readonly #bytesMax: number
  /** By file and block, oldest use first. */
  readonly #blocks = new Map<string, KeptStrings>()
  #bytes = 0
  #refused = 0

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax
  }

  get bytes(): number {
    return this.#bytes
  }

  /** What is kept of the block; null where it gets no room. */
  block(file: number, block: number): KeptStrings | null {
    const key = `${file}:${block}`
    const known = this.#blocks.get(key)
    if (known !== undefined) {
      this.#blocks.delete(key)
      this.#blocks.set(key, known)
      return known
    }
    if (this.#bytes >= this.#bytesMax && ++this.#refused % ADMIT_ONE_IN !== 0) return null
    const kept = { bySlot: new Map<number, Uint8Array>(), bytes: 0, isKept: true }
    this.#blocks.set(key, kept)
    return kept
  }

  /** Keeps a copy, if there is room when blocks before it have gone. */
  keep(kept: KeptStrings, slot: number, string: Uint8Array): void {
    const bytes = string.length + STRING_OVERHEAD
    if (!kept.isKept || bytes > this.#bytesMax - kept.bytes) return
    kept.bySlot.set(slot, string.slice())
    kept.bytes += bytes
    this.#bytes += bytes
    for (const [key, oldest] of this.#blocks) {
      if (this.#bytes <= this.#bytesMax) return
      if (oldest !== kept) this.#forget(key, oldest)
    }
  }

  removeFile(file: number): void {
    const prefix = `${file}:`
    for (const [key, kept] of this.#blocks) if (key.startsWith(prefix)) this.#forget(key, kept)
  }

  #forget(key: string, kept: KeptStrings): void {
    kept.isKept = false
    this.#blocks.delete(key)
    this.#bytes -= kept.bytes
  }
}
