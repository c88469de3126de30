/**
 * The buffer: chunks of shared memory that hold the newest frames exactly as they stand in the segments, so that a
 * batch is copied once, written from where it lies, and read by queries (and by worker threads) without another copy.
 *
 * Chunks are used again when the budget is spent: garbage of shared memory is collected too late (measured: 900 MB
 * after 2.6 GB of input, with a budget of 32 MB). Hence two rules for readers. Who remembers a chunk remembers its
 * `epoch` too, and reads the disk when the chunk has another one by now. Who looks at a chunk's bytes across an
 * `await` pins it; a pinned chunk is never used again, it is left to the garbage collector. Who reads in another thread
 * copies what it wants, and looks at the epoch afterwards (resident-bytes.ts).
 */

const CHUNK_BYTES = 2 * 1024 * 1024

/** Whoever points to a chunk, and is told to let go. */
export interface ChunkUser {
  chunk: Chunk | null
}

export class Chunk {
  readonly memory: SharedArrayBuffer
  readonly bytes: Uint8Array
  readonly view: DataView
  readonly #buffer: Buffer
  /** Bytes that are taken. */
  used = 0
  /** One Int32, for readers in other threads: the epoch. */
  readonly sharedEpoch = new Int32Array(new SharedArrayBuffer(4))
  /** Readers that look at the bytes right now. */
  pins = 0
  /** Spans that point here, so that letting go finds them. */
  readonly spans: ChunkUser[] = []

  constructor(capacity: number) {
    this.memory = new SharedArrayBuffer(capacity)
    this.bytes = new Uint8Array(this.memory)
    this.view = new DataView(this.memory)
    this.#buffer = Buffer.from(this.memory)
  }

  /**
   * Copies bytes, at least one, to `at`. V8 copies to and from shared memory a byte at a time (4 GB/s), Node all at once
   * (14 GB/s and more; bench/shared-copy.ts).
   */
  put(bytes: Uint8Array, at: number): void {
    this.#buffer.fill(bytes, at, at + bytes.length)
  }

  /** Grows each time the memory is used again for something else, before it is. */
  get epoch(): number {
    return Atomics.load(this.sharedEpoch, 0)
  }

  useAgain(): void {
    Atomics.add(this.sharedEpoch, 0, 1)
    this.used = 0
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

  /** Two at least, so that one can be let go while the other is written to. */
  get #usualBytes(): number {
    return Math.min(CHUNK_BYTES, this.bytesMax >>> 1)
  }

  /** A chunk with at least `needed` free bytes: the newest one, or a new one. */
  chunkFor(needed: number): Chunk {
    const last = this.#chunks.at(-1)
    if (last !== undefined && last.free >= needed) return last
    const spare = needed <= this.#usualBytes ? this.#spare.pop() : undefined
    const chunk = spare ?? new Chunk(Math.max(needed, this.#usualBytes))
    this.#chunks.push(chunk)
    if (spare === undefined) this.#bytes += chunk.bytes.length
    return chunk
  }

  /**
   * Lets the oldest chunks go until the budget holds and has room for one more. Chunks that are not on disk yet stay:
   * `isBusy` knows them.
   */
  evict(isBusy: (chunk: Chunk) => boolean): void {
    while (this.#chunks.length > 1 && !this.#hasRoom && !isBusy(this.#chunks[0])) this.#letGo(this.#chunks[0])
    while (this.#bytes > this.bytesMax && this.#spare.length > 0)
      this.#bytes -= this.#spare.pop()!.bytes.length
  }

  get #hasRoom(): boolean {
    if (this.#bytes > this.bytesMax) return false
    return this.#spare.length > 0 || this.#bytes + this.#usualBytes <= this.bytesMax
  }

  #letGo(oldest: Chunk): void {
    this.#chunks.shift()
    for (const span of oldest.spans) span.chunk = null
    oldest.spans.length = 0
    oldest.useAgain()
    const isUsual = oldest.bytes.length === this.#usualBytes
    if (oldest.pins === 0 && isUsual && this.#bytes <= this.bytesMax) this.#spare.push(oldest)
    else this.#bytes -= oldest.bytes.length
  }
}
