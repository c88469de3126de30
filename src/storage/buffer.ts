/**
 * The buffer: chunks of shared memory that hold the newest frames exactly as they stand in the segments, so that a
 * batch is copied once, written from where it lies, and read by queries (and by worker threads) without another copy.
 *
 * Chunks are append-only: bytes below a published frame's end never change. The budget counts chunks that the buffer
 * holds; a chunk that was let go lives on while a reader still looks at it, and everything in it is on disk.
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
    const chunk = new Chunk(Math.max(needed, Math.min(CHUNK_BYTES, this.bytesMax)))
    this.#chunks.push(chunk)
    this.#bytes += chunk.bytes.length
    return chunk
  }

  /** Lets the oldest chunks go until the budget holds. Chunks that are not on disk yet stay: `isBusy` knows them. */
  evict(isBusy: (chunk: Chunk) => boolean): void {
    while (this.#bytes > this.bytesMax && this.#chunks.length > 1) {
      const oldest = this.#chunks[0]
      if (isBusy(oldest)) return
      this.#chunks.shift()
      this.#bytes -= oldest.bytes.length
      for (const span of oldest.spans) span.chunk = null
      oldest.spans.length = 0
    }
  }
}
