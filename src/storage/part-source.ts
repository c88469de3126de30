/** The parts of a snapshot as a source of blocks, in whatever thread they are scanned. */
import type { HeldPart } from './held-part.ts'
import type { PartCache } from './part-cache.ts'
import { scanParts } from './part-scan.ts'
import type { ScanProgress } from './scan-progress.ts'
import type { LostRange, ScannedBlock, ScanRequest } from './store.ts'

export class PartSource {
  /** What could not be read so far. */
  readonly damage: LostRange[] = []
  readonly #parts: readonly HeldPart[]
  readonly #cache: PartCache
  readonly #noteDamage: (range: LostRange) => void
  readonly #progress: ScanProgress | undefined

  /** `noteDamage` is told of what cannot be read, beside `damage`; `progress` of what is done. */
  constructor(
    parts: readonly HeldPart[],
    cache: PartCache,
    noteDamage: (range: LostRange) => void = () => {},
    progress?: ScanProgress,
  ) {
    this.#parts = parts
    this.#cache = cache
    this.#noteDamage = noteDamage
    this.#progress = progress
  }

  /** Synchronous between blocks. */
  async *scan(request: ScanRequest = {}): AsyncGenerator<ScannedBlock, void> {
    const source = {
      parts: this.#parts,
      cache: this.#cache,
      noteDamage: (range: LostRange) => this.#note(range),
      ...(this.#progress && { progress: this.#progress }),
    }
    yield* scanParts(source, request)
  }

  #note(range: LostRange): void {
    const isKnown = this.damage.some(({ fromId, toId }) => fromId === range.fromId && toId === range.toId)
    if (isKnown) return
    this.damage.push(range)
    this.#noteDamage(range)
  }
}
