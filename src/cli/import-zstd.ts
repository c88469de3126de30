/**
 * A zstd file as its content. Such files are often several frames one after another (`cat a.zst b.zst`, `pzstd`), and
 * Node's decompressor ends with the first one and drops the rest without a word: here each frame has its own.
 */
import { createZstdDecompress, type ZstdDecompress } from 'node:zlib'

/** Holds one piece of the input and one of the output. Rejects with zlib's error when the bytes are damaged. */
export async function* decompressZstd(input: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  let frame: Frame | null = null
  try {
    for await (const piece of input) {
      for (let rest = piece; rest.length > 0; ) {
        frame ??= new Frame()
        yield* frame.decode(rest)
        rest = rest.subarray(frame.takenBytes)
        if (rest.length > 0) {
          frame.destroy()
          frame = null
        }
      }
    }
    if (frame !== null) yield* frame.end()
  } finally {
    frame?.destroy()
  }
}

class Frame {
  readonly #stream: ZstdDecompress = createZstdDecompress()
  #before = 0
  #failure: Error | null = null
  #wake: () => void = () => {}

  constructor() {
    this.#stream.on('error', (error) => {
      this.#failure = error
      this.#wake()
    })
    this.#stream.on('readable', () => this.#wake())
    this.#stream.on('end', () => this.#wake())
  }

  /** Bytes of the last piece that belong to this frame; fewer than all when the frame ended within it. */
  get takenBytes(): number {
    return this.#stream.bytesWritten - this.#before
  }

  async *decode(piece: Uint8Array): AsyncGenerator<Uint8Array> {
    let isTaken = false
    this.#before = this.#stream.bytesWritten
    this.#stream.write(piece, () => {
      isTaken = true
      this.#wake()
    })
    yield* this.#outputUntil(() => isTaken)
  }

  /** The input is over: an error when the frame is not. */
  async *end(): AsyncGenerator<Uint8Array> {
    this.#stream.end()
    yield* this.#outputUntil(() => this.#stream.readableEnded)
  }

  destroy(): void {
    this.#stream.destroy()
  }

  async *#outputUntil(isDone: () => boolean): AsyncGenerator<Uint8Array> {
    for (;;) {
      for (let out = this.#stream.read(); out !== null; out = this.#stream.read()) yield out
      if (this.#failure !== null) throw this.#failure
      if (isDone()) return
      await new Promise<void>((resolve) => {
        this.#wake = resolve
      })
    }
  }
}
