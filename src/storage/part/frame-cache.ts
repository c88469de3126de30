/**
 * Unpacked frames of all part files that share it, decoded directories of their blocks, and strings out of frames
 * (string-cache.ts), at most `bytesMax` in all; what was not asked for the longest time goes first. Frames are
 * immutable: whoever gets one keeps a view of it as long as he likes, cached or not.
 *
 * A load that failed is not remembered. Everything is synchronous: nobody can ask for a frame while it is loaded.
 */
import { StringCache } from './string-cache.ts'

const STRINGS_SHARE = 0.25

export class FrameCache {
  readonly bytesMax: number
  readonly strings: StringCache
  /** Oldest first. */
  readonly #frames = new Map<string, Uint8Array>()
  #files = 0
  #bytes = 0
  #hits = 0
  #misses = 0

  constructor(bytesMax: number) {
    this.bytesMax = bytesMax
    this.strings = new StringCache(Math.floor(bytesMax * STRINGS_SHARE))
  }

  get stats(): { readonly bytes: number; readonly hits: number; readonly misses: number } {
    return { bytes: this.#bytes, hits: this.#hits, misses: this.#misses }
  }

  /** A number for a file, never given again. */
  addFile(): number {
    return ++this.#files
  }

  /** The frame, from the cache or else from `load`, which must give bytes of their own: what they view is kept. */
  frame(file: number, frame: number, load: () => Uint8Array): Uint8Array {
    const key = keyOf(file, frame)
    const cached = this.#touch(key)
    if (cached !== null) {
      this.#hits++
      return cached
    }
    this.#misses++
    const bytes = load()
    this.#keep(key, bytes)
    return bytes
  }

  /** The frame if it is there; then it is the last to go. Neither a hit nor a miss. */
  peek(file: number, frame: number): Uint8Array | null {
    return this.#touch(keyOf(file, frame))
  }

  /** What was made of the directory of a block, from the cache or else from `make`. Neither a hit nor a miss. */
  decoded(file: number, block: number, make: () => Uint8Array): Uint8Array {
    const key = keyOf(file, `d${block}`)
    const cached = this.#touch(key)
    if (cached !== null) return cached
    const bytes = make()
    this.#keep(key, bytes)
    return bytes
  }

  removeFile(file: number): void {
    this.strings.removeFile(file)
    const prefix = keyOf(file, '')
    for (const [key, { length }] of this.#frames) {
      if (!key.startsWith(prefix)) continue
      this.#frames.delete(key)
      this.#bytes -= length
    }
  }

  #touch(key: string): Uint8Array | null {
    const cached = this.#frames.get(key)
    if (cached === undefined) return null
    this.#frames.delete(key)
    this.#frames.set(key, cached)
    return cached
  }

  #keep(key: string, bytes: Uint8Array): void {
    if (bytes.length > this.bytesMax) return
    this.#frames.set(key, bytes)
    this.#bytes += bytes.length
    for (const [oldest, { length }] of this.#frames) {
      if (this.#bytes + this.strings.bytes <= this.bytesMax) break
      this.#frames.delete(oldest)
      this.#bytes -= length
    }
  }
}

const keyOf = (file: number, frame: number | string): string => `${file}:${frame}`
