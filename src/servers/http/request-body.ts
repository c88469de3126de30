/**
 * The body of a request: read a chunk at a time, expanded, within its limits, no faster than the peer's address may.
 *
 * Invariants:
 *  - nothing is read ahead but what the streams' own buffers hold, so whoever takes no chunk pushes back on the peer
 *    (chunk-gatherer.ts).
 *  - what a body expands to is bounded while it expands, and so is the memory that all expanding bodies take, and all
 *    bodies that are held whole.
 *  - reading never destroys the connection: an answer can still be sent.
 *
 * Not here: what the bytes mean, and what becomes of a rest that nobody reads (http-session.ts ends the connection).
 */
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Readable } from 'node:stream'
import { messageOf } from '../../base/base.ts'
import type { ByteBudget } from '../../ingest/ingest.ts'
import { type BodyEncoding, bodyEncodingOf, type Expander } from './body-encodings.ts'
import { ChunkGatherer } from './chunk-gatherer.ts'
import type { HttpSurroundings } from './http-options.ts'
import type { HttpSession } from './http-session.ts'
import { HttpProblem } from './problem-document.ts'

/** The ratio counts from here on: a short body may well be one word many times. */
const EXPANSION_FREE_BYTES = 1024 * 1024
/** How long a body may take that is held whole. */
const WHOLE_MS_MAX = 60_000

export class RequestBody {
  /** The connection broke off before the end. Known when there are no more chunks. */
  isBroken = false
  readonly #request: IncomingMessage
  readonly #response: ServerResponse
  readonly #session: HttpSession
  readonly #around: HttpSurroundings
  /** As they came. */
  #compressedBytes = 0
  /** Expanded. */
  #bytes = 0

  constructor(
    request: IncomingMessage,
    response: ServerResponse,
    session: HttpSession,
    around: HttpSurroundings,
  ) {
    this.#request = request
    this.#response = response
    this.#session = session
    this.#around = around
  }

  /** Behind the chunk that was taken last. */
  get mayHaveMore(): boolean {
    return !this.#request.complete || this.#request.readableLength > 0
  }

  /**
   * Expanded chunks, once, each valid until the next is asked for. MEDIA_UNSUPPORTED, SERVER_BUSY, BODY_TOO_LARGE,
   * REQUEST_INVALID (not what it says).
   */
  async *chunks(): AsyncGenerator<Buffer, void> {
    const encoding = bodyEncodingOf(this.#request.headers['content-encoding'])
    if (this.#request.headers.expect !== undefined) this.#response.writeContinue()
    if (encoding === null) yield* this.#read(this.#request)
    else yield* this.#expanded(encoding)
  }

  /**
   * Gives the whole expanded body to `use`; its memory is charged to the budget until that is done. One that does not
   * come within a minute ends the connection. Besides: BODY_TOO_LARGE. A body that broke off is not used.
   */
  async whole<T>(
    bytesMax: number,
    use: (body: Buffer) => T | Promise<T>,
    budget: ByteBudget = this.#around.gathered,
  ): Promise<T> {
    const chunks: Buffer[] = []
    let byteCount = 0
    const declared = Number(this.#request.headers['content-length'] ?? 0)
    if (declared > bytesMax) throw tooLarge(bytesMax)
    const stopTimer = this.#around.clock.after(WHOLE_MS_MAX, () => {
      if (!this.#request.complete) this.#session.refuse(tooSlow())
    })
    try {
      for await (const chunk of this.chunks()) {
        if (byteCount + chunk.length > bytesMax) throw tooLarge(bytesMax)
        if (!budget.take(chunk.length)) throw busy()
        byteCount += chunk.length
        chunks.push(Buffer.from(chunk))
      }
      stopTimer()
      if (this.isBroken) throw new HttpProblem('REQUEST_INVALID', 'The body broke off before its end.')
      return await use(Buffer.concat(chunks, byteCount))
    } finally {
      stopTimer()
      budget.give(byteCount)
    }
  }

  // ---- expanding ----------------------------------------------------------------------------------------------

  async *#expanded(encoding: BodyEncoding): AsyncGenerator<Buffer, void> {
    const { expanding } = this.#around
    if (!expanding.take(encoding.memoryBytes)) throw busy()
    const request = this.#request
    const expander = encoding.open()
    const cutter = encoding.cutter?.()
    const first = cutter ?? expander
    cutter?.pipe(expander)
    const count = (chunk: Buffer): void => {
      this.#compressedBytes += chunk.length
    }
    const broke = (): void => {
      if (!request.complete) expander.destroy(new Error('the connection broke off'))
    }
    request.once('close', broke)
    request.on('data', count)
    try {
      request.pipe(first)
      for await (const chunk of this.#read(expander, encoding.name)) {
        this.#checkExpansion(chunk.length)
        yield chunk
      }
      if (!this.isBroken) this.#checkRest(expander, encoding.name)
    } finally {
      request.off('close', broke)
      request.off('data', count)
      request.unpipe(first)
      cutter?.destroy()
      expander.destroy()
      expanding.give(encoding.memoryBytes)
    }
  }

  /** Bytes that nobody expanded must not look as if they were taken. */
  #checkRest({ bytesWritten }: Expander, encodingName: string): void {
    if (bytesWritten >= this.#compressedBytes) return
    throw new HttpProblem(
      'REQUEST_INVALID',
      `The body is no valid ${encodingName}: something follows the compressed data, at byte ${bytesWritten + 1}.`,
    )
  }

  #checkExpansion(byteCount: number): void {
    const { bodyExpandedBytesMax, bodyExpansionMax } = this.#around.options
    this.#bytes += byteCount
    if (bodyExpandedBytesMax > 0 && this.#bytes > bodyExpandedBytesMax) {
      throw new HttpProblem(
        'BODY_TOO_LARGE',
        `The body expands to more than ${bodyExpandedBytesMax} bytes (\`http.bodyExpandedBytesMax\`).`,
      )
    }
    if (this.#bytes <= EXPANSION_FREE_BYTES) return
    if (this.#bytes > this.#compressedBytes * bodyExpansionMax) {
      throw new HttpProblem(
        'BODY_TOO_LARGE',
        `The body expands to more than ${bodyExpansionMax} times its size (\`http.bodyExpansionMax\`).`,
      )
    }
  }

  // ---- reading ------------------------------------------------------------------------------------------------

  async *#read(stream: Readable, encodingName = ''): AsyncGenerator<Buffer, void> {
    const chunks = new ChunkGatherer(stream, this.#around.reading, stream === this.#request)
    try {
      for (;;) {
        const chunk = await this.#next(chunks, encodingName)
        await this.#keepPace()
        if (chunk === null) return
        yield chunk
      }
    } finally {
      chunks.stop()
    }
  }

  /** The next chunk; null at the end, or where the connection broke off. */
  async #next(chunks: ChunkGatherer, encodingName: string): Promise<Buffer | null> {
    try {
      return await this.#session.listen(() => chunks.next())
    } catch (error) {
      this.isBroken = this.#request.destroyed && !this.#request.complete
      if (this.isBroken) return null
      throw new HttpProblem('REQUEST_INVALID', `The body is no valid ${encodingName}: ${messageOf(error)}.`)
    }
  }

  async #keepPace(): Promise<void> {
    const { byteCount, waitMs } = this.#session.meter()
    this.#around.counters.bytesIn += byteCount
    if (waitMs > 0) await this.#session.pause(waitMs)
  }
}

function tooLarge(bytesMax: number): HttpProblem {
  return new HttpProblem('BODY_TOO_LARGE', `The body of this request may have at most ${bytesMax} bytes.`)
}

function tooSlow(): HttpProblem {
  return new HttpProblem('TIMED_OUT', `The body of this request may take ${WHOLE_MS_MAX / 1000} s.`)
}

function busy(): HttpProblem {
  return new HttpProblem('SERVER_BUSY', 'There is no memory left for this body: send it again soon.')
}
