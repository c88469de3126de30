/**
 * The buffer: chunks of shared memory that hold the newest frames exactly as they stand in the segments, so that a
 * batch is copied once, written from where it lies, and read by queries (and by worker threads) without another copy.
 *
 * Chunks are used again when the budget is spent: garbage of shared memory is collected too late (measured: 900 MB
 * after 2.6 GB of input, with a budget of 32 MB). Hence two rules for readers. Who remembers a chunk remembers its
 * `epoch` too, and reads the disk when the chunk has another one by now. Who looks at a chunk's bytes across an
 * `await` pins it; a pinned chunk is never used again, it is left to the garbage collector.
 */

export const CHUNK_BYTES = 2 * 1024 * 1024

/** Whoever points to a chunk, and is told to let go. */
export interface ChunkUser {
  chunk: Chunk | null
}

export class Chunk {
  readonly bytes: Uint8Array
  readonly view: DataView
  /** Bytes that are taken. */
  used = 0
  /** Grows each time the memory is used again for something else. */
  epoch = 0
  /** Readers that look at the bytes right now. */
  pins = 0
  /** Spans that point here, so that letting go finds them. */
  readonly spans: ChunkUser[] = []

  constructor(capacity: number) {
    const memory = new SharedArrayBuffer(capacity)
    this.bytes = new Uint8Array(memory)
    this.view = new DataView(memory)
  }

  get free(): number {
    return this.bytes.length - this.used
  }
}

export class BufferMemory {
  readonly bytesMax: number
  #chunks: Chunk[] = []
  /** Chunks of the usual size that nobody uses; they count. */
  #spare: Chunk[] = []
  #bytes = 0

  constructor(bytesMax: number) {
    this.bytesMax = bytesMax
  }

  get bytes(): number {
    return this.#bytes
  }

  /** A chunk with at least `needed` free bytes: the newest one, or a new one. */
  chunkFor(needed: number): Chunk {
    const last = this.#chunks.at(-1)
    if (last !== undefined && last.free >= needed) return last
    const usual = Math.min(CHUNK_BYTES, this.bytesMax)
    const spare = needed <= usual ? this.#spare.pop() : undefined
    const chunk = spare ?? new Chunk(Math.max(needed, usual))
    this.#chunks.push(chunk)
    if (spare === undefined) this.#bytes += chunk.bytes.length
    return chunk
  }

  /** Lets the oldest chunks go until the budget holds. Chunks that are not on disk yet stay: `isBusy` knows them. */
  evict(isBusy: (chunk: Chunk) => boolean): void {
    while (this.#bytes + CHUNK_BYTES > this.bytesMax && this.#chunks.length > 1 && this.#spare.length === 0) {
      const oldest = this.#chunks[0]
      if (isBusy(oldest)) return
      this.#chunks.shift()
      for (const span of oldest.spans) span.chunk = null
      oldest.spans.length = 0
      oldest.epoch++
      oldest.used = 0
      const isUsual = oldest.bytes.length === Math.min(CHUNK_BYTES, this.bytesMax)
      if (oldest.pins === 0 && isUsual && this.#bytes <= this.bytesMax) this.#spare.push(oldest)
      else this.#bytes -= oldest.bytes.length
    }
  }
}
