/**
 * Reads a stream in few large chunks: what comes within one turn of the event loop is one. The parser of HTTP hands over
 * 64 KiB at most at a time; a batch of its own for each of them, on its own way to the log, costs more than its bytes.
 *
 * Invariants: the stream rests while nobody asks, but for what its own buffer holds; memory to gather in is lent by a pool
 * of bounded size, and where that has none, chunks are handed over as they come; the stream is never destroyed.
 */
import { finished, type Readable } from 'node:stream'

/** What is copied, decoded and copied again should stay within the processor's own memory. */
const GATHERED_BYTES_MAX = 256 * 1024
/** A stream whose buffer has no room for so much more is not read on. */
const PIECE_BYTES = 64 * 1024

/** Buffers to gather in, of all streams. They are kept: new ones would be garbage of 256 KiB each. */
export class GatherPool {
  readonly #countMax: number
  readonly #free: Buffer[] = []
  #count = 0

  constructor(countMax: number) {
    this.#countMax = countMax
  }

  /** Null when all are in use. */
  take(): Buffer | null {
    const free = this.#free.pop()
    if (free !== undefined) return free
    if (this.#count >= this.#countMax) return null
    this.#count++
    return Buffer.allocUnsafeSlow(GATHERED_BYTES_MAX)
  }

  give(buffer: Buffer): void {
    this.#free.push(buffer)
  }

  get used(): number {
    return this.#count - this.#free.length
  }
}

interface Asker {
  resolve(chunk: Buffer | null): void
  reject(error: unknown): void
}

export class ChunkGatherer {
  readonly #stream: Readable
  readonly #pool: GatherPool
  readonly #ownsChunks: boolean
  /** What is gathered, and how much of it is filled. */
  #lent: Buffer | null = null
  #length = 0
  /** What was handed over. */
  #given: Buffer | null = null
  /** Chunks that are in it, and nobody else's. */
  readonly #copied: Buffer[] = []
  /** What found no room, in order, behind what is gathered. */
  readonly #rest: Buffer[] = []
  #isEnded = false
  #failure: Error | null = null
  #asker: Asker | null = null
  #isDue = false
  readonly #take = (chunk: Buffer): void => this.#gather(chunk)

  /** `ownsChunks`: whoever made the chunks has forgotten them, so that their memory is given back once they are copied. */
  constructor(stream: Readable, pool: GatherPool, ownsChunks = false) {
    this.#stream = stream
    this.#ownsChunks = ownsChunks
    this.#pool = pool
    // What it listens to stays: an error that comes later is not one that nobody handles.
    finished(stream, { writable: false }, (error) => this.#end(error ?? null))
    stream.on('data', this.#take)
    stream.pause()
  }

  /**
   * The next chunk, valid until the next call, or null behind the last one. Rejects with what the stream failed with. One
   * call at a time.
   */
  next(): Promise<Buffer | null> {
    this.#giveBack()
    return new Promise((resolve, reject) => {
      this.#asker = { resolve, reject }
      if (this.#hasChunk || this.#isEnded) this.#answer()
      else this.#stream.resume()
    })
  }

  /** Nothing more is wanted; the stream rests. */
  stop(): void {
    this.#stream.off('data', this.#take)
    if (!this.#isEnded) this.#stream.pause()
    this.#giveBack()
    this.#given = this.#lent
    this.#giveBack()
  }

  get #hasChunk(): boolean {
    return this.#lent !== null || this.#rest.length > 0
  }

  #lend(): void {
    this.#lent = this.#pool.take()
    this.#length = 0
  }

  #giveBack(): void {
    if (this.#given !== null) this.#pool.give(this.#given)
    this.#given = null
  }

  #gather(chunk: Buffer): void {
    if (!this.#hasChunk && chunk.length <= GATHERED_BYTES_MAX) this.#lend()
    const room = this.#lent === null ? 0 : this.#lent.length - this.#length
    if (this.#lent !== null && this.#rest.length === 0 && chunk.length <= room) {
      this.#lent.set(chunk, this.#length)
      this.#length += chunk.length
      if (this.#ownsChunks) this.#copied.push(chunk)
    } else this.#rest.push(chunk)
    if (room - chunk.length < PIECE_BYTES) this.#stream.pause()
    if (this.#isDue) return
    this.#isDue = true
    setImmediate(() => {
      this.#isDue = false
      this.#answer()
    })
  }

  #end(error: Error | null): void {
    this.#isEnded = true
    this.#failure = error
    if (!this.#isDue) this.#answer()
  }

  /** Chunks that came before a failure are handed over before it is told. */
  #answer(): void {
    const asker = this.#asker
    if (asker === null || (!this.#hasChunk && !this.#isEnded)) return
    this.#asker = null
    this.#stream.pause()
    for (const { buffer, length } of this.#copied.splice(0)) free(buffer, length)
    const chunk = this.#nextChunk()
    if (chunk !== null || this.#failure === null) asker.resolve(chunk)
    else asker.reject(this.#failure)
  }

  #nextChunk(): Buffer | null {
    this.#given = this.#lent
    this.#lent = null
    return this.#given?.subarray(0, this.#length) ?? this.#rest.shift() ?? null
  }
}

/**
 * Garbage outside of the heap brings V8 to look through all of the heap, again and again, where little else is made: most
 * of the CPU of a server that takes large bodies. Memory that a chunk shares with others stays.
 */
function free(buffer: ArrayBufferLike, length: number): void {
  if (buffer instanceof ArrayBuffer && buffer.byteLength === length) buffer.transfer(0)
}
