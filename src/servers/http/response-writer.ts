/**
 * An answer that is written as it is made, no faster than the peer takes it. Its headers go with the first piece, so
 * until then another answer can be given instead.
 */
import type { FastifyReply } from 'fastify'
import { CodedError } from '../../base/base.ts'

export class ResponseWriter {
  readonly #reply: FastifyReply
  readonly #mediaType: string
  readonly #signal: AbortSignal
  readonly #lateHeaders: () => Readonly<Record<string, string>>
  #hasBegun = false
  #trailer: string | null = null

  /** Writing ends with QUERY_CANCELLED when the signal aborts. `lateHeaders` are asked for with the first piece. */
  constructor(
    reply: FastifyReply,
    mediaType: string,
    signal: AbortSignal,
    lateHeaders: () => Readonly<Record<string, string>> = () => ({}),
  ) {
    this.#reply = reply
    this.#mediaType = mediaType
    this.#signal = signal
    this.#lateHeaders = lateHeaders
  }

  get hasBegun(): boolean {
    return this.#hasBegun
  }

  /** The name of a trailer that may come; before the first piece. */
  announce(trailer: string): void {
    this.#trailer = trailer
  }

  /** Bytes must stay what they are until they are sent. */
  async write(piece: string | Uint8Array): Promise<void> {
    this.#begin()
    if (!this.#reply.raw.write(piece)) await this.#drained()
    if (this.#signal.aborted) throw new CodedError('QUERY_CANCELLED', 'Nobody waits for the answer any more.')
  }

  /** The last piece, and what is known only now. */
  end(piece: string, trailers: Readonly<Record<string, string>> = {}): void {
    this.#begin()
    this.#reply.raw.addTrailers(trailers)
    this.#reply.raw.end(piece)
  }

  /** The peer must not take what it got for the whole. */
  breakOff(): void {
    this.#reply.raw.destroy()
  }

  #begin(): void {
    if (this.#hasBegun) return
    this.#hasBegun = true
    this.#reply.hijack()
    const { raw } = this.#reply
    for (const [name, value] of Object.entries({ ...this.#reply.getHeaders(), ...this.#lateHeaders() })) {
      if (value !== undefined) raw.setHeader(name, value)
    }
    if (this.#trailer !== null) raw.setHeader('Trailer', this.#trailer)
    raw.writeHead(200, { 'Content-Type': this.#mediaType })
  }

  /** Resolves when the peer has taken what was written, or nobody waits for it any more. */
  #drained(): Promise<void> {
    const { raw } = this.#reply
    return new Promise((resolve) => {
      const done = (): void => {
        raw.off('drain', done)
        raw.off('close', done)
        this.#signal.removeEventListener('abort', done)
        resolve()
      }
      raw.on('drain', done)
      raw.on('close', done)
      this.#signal.addEventListener('abort', done)
      if (this.#signal.aborted || raw.destroyed) done()
    })
  }
}
