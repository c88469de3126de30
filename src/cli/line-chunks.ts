/**
 * Cuts a stream of lines into chunks of about a MiB that can be sent as one request. Where a chunk ends depends only
 * on where it starts and on the bytes, never on how they arrived: a restart at the end of one cuts the same again.
 *
 *   |line|line|line|line|…      a chunk ends after the last line end within CHUNK_BYTES; a longer line is a chunk of
 *   '----- chunk ----'-- chunk  its own, up to LINE_BYTES_MAX; what is longer still cannot be sent at all
 *
 * The end of the stream ends its last line.
 */

export const CHUNK_BYTES = 1024 * 1024
/** A request with a key holds at most 4 MiB. */
export const LINE_BYTES_MAX = 3 * 1024 * 1024

export interface LineChunk {
  /** First byte in the stream, and the byte after the last. */
  readonly offset: number
  readonly end: number
  /** Number of the first line; the stream's first is 1. */
  readonly line: number
  /** Lines of this chunk, empty ones included. */
  readonly lines: number
  /** Empty when it is one line that is too long. */
  readonly bytes: Uint8Array
  readonly isTooLong: boolean
}

/** A place between two chunks. */
export interface ChunkPlace {
  readonly offset: number
  /** Lines before it. */
  readonly lines: number
}

export const START: ChunkPlace = { offset: 0, lines: 0 }

/** The first line is longer than LINE_BYTES_MAX. */
export const TOO_LONG = -1
const LINE_FEED = 10

/** Length of the chunk at the start of `bytes`, 0 when its end has not come yet, or TOO_LONG. */
export function chunkLength(bytes: Buffer, isEnd: boolean): number {
  if (isEnd && bytes.length <= CHUNK_BYTES) return bytes.length
  const within = bytes.lastIndexOf(LINE_FEED, CHUNK_BYTES - 1)
  if (within !== -1) return within + 1
  const next = bytes.indexOf(LINE_FEED, CHUNK_BYTES)
  const length = next !== -1 ? next + 1 : bytes.length
  if (length > LINE_BYTES_MAX) return TOO_LONG
  return next !== -1 || isEnd ? length : 0
}

/** Line ends in the bytes, and one more for a last line without one. */
function countLines(bytes: Uint8Array): number {
  let lines = 0
  for (let at = bytes.indexOf(LINE_FEED); at !== -1; at = bytes.indexOf(LINE_FEED, at + 1)) lines++
  return bytes.length > 0 && bytes[bytes.length - 1] !== LINE_FEED ? lines + 1 : lines
}

/**
 * The chunks of a stream that begins at `from`. Holds no more than LINE_BYTES_MAX and one piece of the input. Where
 * reading fails, the whole lines that came before are still given, then the error.
 */
export async function* cutChunks(
  input: AsyncIterable<Uint8Array>,
  from: ChunkPlace = START,
): AsyncGenerator<LineChunk> {
  const cutter = new Cutter(from)
  try {
    for await (const piece of input) {
      cutter.push(piece)
      yield* cutter.chunks()
    }
  } catch (error) {
    cutter.flush()
    yield* cutter.chunks()
    throw error
  }
  cutter.end()
  yield* cutter.chunks()
}

class Cutter {
  #offset: number
  #line: number
  #pieces: Uint8Array[] = []
  #heldBytes = 0
  /** Nothing is cut before so much is held. */
  #neededBytes = CHUNK_BYTES
  /** Bytes of a line that is too long and has not ended yet. */
  #droppedBytes = 0
  #isFlushing = false
  #isEnd = false

  constructor({ offset, lines }: ChunkPlace) {
    this.#offset = offset
    this.#line = lines + 1
  }

  push(piece: Uint8Array): void {
    this.#pieces.push(piece)
    this.#heldBytes += piece.length
  }

  /** No more comes, and the last line may not be whole: it stays behind. */
  flush(): void {
    this.#isFlushing = true
  }

  /** The stream is over, and its last line too. */
  end(): void {
    this.#isFlushing = true
    this.#isEnd = true
  }

  /** What can be cut now. */
  *chunks(): Generator<LineChunk> {
    for (let chunk = this.#next(); chunk !== null; chunk = this.#next()) yield chunk
  }

  #next(): LineChunk | null {
    if (this.#droppedBytes > 0) return this.#dropLine()
    if (this.#heldBytes === 0 || (this.#heldBytes < this.#neededBytes && !this.#isFlushing)) return null
    const bytes = this.#gather()
    const length = chunkLength(bytes, this.#isEnd)
    if (length === TOO_LONG) return this.#dropLine()
    if (length === 0) {
      this.#neededBytes = bytes.length + CHUNK_BYTES
      return null
    }
    this.#keep(bytes.subarray(length))
    return this.#chunk(length, bytes.subarray(0, length), false)
  }

  /** Passes over a line that is too long, without holding it. */
  #dropLine(): LineChunk | null {
    const bytes = this.#gather()
    const lineEnd = bytes.indexOf(LINE_FEED)
    if (lineEnd === -1) {
      this.#droppedBytes += bytes.length
      this.#keep(bytes.subarray(bytes.length))
      if (!this.#isEnd) return null
    }
    const length = this.#droppedBytes + lineEnd + 1
    this.#keep(bytes.subarray(lineEnd === -1 ? bytes.length : lineEnd + 1))
    this.#droppedBytes = 0
    return this.#chunk(length, bytes.subarray(0, 0), true)
  }

  #chunk(length: number, bytes: Uint8Array, isTooLong: boolean): LineChunk {
    const offset = this.#offset
    const line = this.#line
    const lines = isTooLong ? 1 : countLines(bytes)
    this.#offset += length
    this.#line += lines
    this.#neededBytes = CHUNK_BYTES
    return { offset, end: this.#offset, line, lines, bytes, isTooLong }
  }

  #gather(): Buffer {
    const bytes = Buffer.concat(this.#pieces)
    this.#keep(bytes)
    return bytes
  }

  #keep(bytes: Uint8Array): void {
    this.#pieces = bytes.length === 0 ? [] : [bytes]
    this.#heldBytes = bytes.length
  }
}
