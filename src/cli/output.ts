/**
 * The way to stdout and stderr: waits when the reader is slow, and turns a reader that went away (`| head`) into one
 * quiet end. `closed` aborts at that moment, so that a command that waits for something else ends as well.
 */
import { once } from 'node:events'
import { systemErrorCode } from '../base/base.ts'
import type { CliStream } from './cli-io.ts'

/** Nobody reads the output any more. runCli ends with code 0 and says nothing. */
export class OutputClosed extends Error {
  override readonly name = 'OutputClosed'
}

const READER_GONE = new Set(['EPIPE', 'ECONNRESET', 'ERR_STREAM_DESTROYED', 'ERR_STREAM_WRITE_AFTER_END'])

export class Output {
  readonly isTerminal: boolean
  readonly columns: number
  #stream: CliStream
  #closed = new AbortController()
  #failure: unknown = null
  #onError = (error: unknown): void => this.#fail(error)
  #onClose = (): void => this.#fail(new OutputClosed('the output was closed'))

  constructor(stream: CliStream) {
    this.#stream = stream
    this.isTerminal = stream.isTTY === true
    this.columns = stream.columns ?? 80
    stream.on('error', this.#onError)
    stream.on('close', this.#onClose)
    if (stream.destroyed) this.#onClose()
  }

  /** Aborts when nobody reads any more, or when writing failed. */
  get closed(): AbortSignal {
    return this.#closed.signal
  }

  /** Resolves when the stream takes more. Rejects with OutputClosed, or with the system's error. */
  async write(data: string | Uint8Array): Promise<void> {
    this.#check()
    if (data.length === 0 || this.#stream.write(data)) return
    try {
      await once(this.#stream, 'drain', { signal: this.#closed.signal })
    } catch (error) {
      this.#check()
      throw error
    }
  }

  /** Resolves when everything was handed to the system. */
  async flush(): Promise<void> {
    this.#check()
    await new Promise<void>((resolve) => {
      this.#closed.signal.addEventListener('abort', () => resolve(), { once: true })
      this.#stream.write('', () => resolve())
    })
    this.#check()
  }

  /** Lets go of the stream, which stays open. An error that comes later is ignored, not thrown into the process. */
  release(): void {
    this.#stream.off('close', this.#onClose)
  }

  #check(): void {
    if (this.#failure !== null) throw this.#failure
  }

  #fail(error: unknown): void {
    if (this.#failure !== null) return
    const code = systemErrorCode(error)
    const gone = code !== undefined && READER_GONE.has(code)
    this.#failure = gone ? new OutputClosed('the output was closed') : error
    this.#closed.abort(this.#failure)
  }
}
