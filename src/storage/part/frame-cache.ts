/**
 * Unpacked frames of all part files that share it, at most `bytesMax` of them; what was not asked for the longest time
 * goes first. Frames are immutable: whoever gets one keeps a view of it as long as he likes, cached or not.
 *
 * Two who ask for a frame at once cause one load. A load that failed is not remembered.
 */
export class FrameCache {
  readonly bytesMax: number
  /** Oldest first. */
  readonly #frames = new Map<string, Uint8Array>()
  readonly #loads = new Map<string, Promise<Uint8Array>>()
  #files = 0
  #bytes = 0
  #hits = 0
  #misses = 0

  constructor(bytesMax: number) {
    this.bytesMax = bytesMax
  }

  get stats(): { readonly bytes: number; readonly hits: number; readonly misses: number } {
    return { bytes: this.#bytes, hits: this.#hits, misses: this.#misses }
  }

  /** A number for a file, never given again. */
  addFile(): number {
    return ++this.#files
  }

  async frame(file: number, frame: number, load: () => Promise<Uint8Array>): Promise<Uint8Array> {
    const key = `${file}:${frame}`
    const cached = this.#frames.get(key)
    if (cached !== undefined) {
      this.#hits++
      this.#frames.delete(key)
      this.#frames.set(key, cached)
      return cached
    }
    const loading = this.#loads.get(key)
    if (loading !== undefined) {
      this.#hits++
      return loading
    }
    this.#misses++
    return await this.#load(key, load)
  }

  async #load(key: string, load: () => Promise<Uint8Array>): Promise<Uint8Array> {
    const loading = load()
    this.#loads.set(key, loading)
    try {
      const bytes = await loading
      // A file that was closed meanwhile took its loads with it.
      if (this.#loads.get(key) === loading) this.#keep(key, bytes)
      return bytes
    } finally {
      if (this.#loads.get(key) === loading) this.#loads.delete(key)
    }
  }

  #keep(key: string, bytes: Uint8Array): void {
    if (bytes.length > this.bytesMax) return
    this.#frames.set(key, bytes)
    this.#bytes += bytes.length
    for (const [oldest, { length }] of this.#frames) {
      if (this.#bytes <= this.bytesMax) break
      this.#frames.delete(oldest)
      this.#bytes -= length
    }
  }

  removeFile(file: number): void {
    const prefix = `${file}:`
    for (const key of this.#loads.keys()) if (key.startsWith(prefix)) this.#loads.delete(key)
    for (const [key, { length }] of this.#frames) {
      if (!key.startsWith(prefix)) continue
      this.#frames.delete(key)
      this.#bytes -= length
    }
  }
}
