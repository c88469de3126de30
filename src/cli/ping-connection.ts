/**
 * A connection that is asked again and again whether somebody is there: PING, then PONG, as both text protocols have
 * it (PROTOCOLS §2, §3). Nothing is sent before the answer to what was sent last.
 */
import type { Duplex } from 'node:stream'
import type { CliIo } from './cli-io.ts'
import { foreignAnswer, openConnection, refusal, type ServerTarget, wentAway } from './connection.ts'
import { EXIT_UNREACHABLE } from './exit-codes.ts'
import { chunksOf } from './text-query.ts'

const LINE_BYTES_MAX = 4096

export class PingConnection implements Disposable {
  readonly #io: CliIo
  readonly #target: ServerTarget
  readonly #socket: Duplex
  readonly #chunks: AsyncIterator<Uint8Array>
  #received = ''
  #hasAnswered = false

  private constructor(io: CliIo, target: ServerTarget, socket: Duplex) {
    this.#io = io
    this.#target = target
    this.#socket = socket
    this.#chunks = chunksOf(socket)[Symbol.asyncIterator]()
  }

  /** SERVER_UNREACHABLE. `signal` ends the connection. */
  static async open(io: CliIo, target: ServerTarget, signal: AbortSignal): Promise<PingConnection> {
    return new PingConnection(io, target, await openConnection(io, target, signal))
  }

  /** Milliseconds from question to answer. SERVER_UNREACHABLE, SERVER_REFUSED. */
  async ping(timeoutMs: number): Promise<number> {
    const { clock } = this.#io
    let isLate = false
    const cancel = clock.after(timeoutMs, () => {
      isLate = true
      this.#socket.destroy()
    })
    const startMs = clock.monotonicMs()
    this.#socket.write('PING\n')
    const line = await this.#line()
    const tookMs = clock.monotonicMs() - startMs
    cancel()
    this.#hasAnswered ||= line !== null
    if (line === 'PONG') return tookMs
    if (line !== null) throw notPong(this.#target, line)
    const what = isLate ? `no answer within ${timeoutMs} ms.` : 'there was no answer.'
    throw wentAway(this.#target, what, this.#hasAnswered)
  }

  [Symbol.dispose](): void {
    this.#socket.destroy()
  }

  /** The next line without its end, or null when the peer ends before. */
  async #line(): Promise<string | null> {
    while (!this.#received.includes('\n') && this.#received.length < LINE_BYTES_MAX) {
      const next = await this.#chunks.next()
      if (next.done === true) return null
      this.#received += Buffer.from(next.value).toString('latin1')
    }
    const [line] = this.#received.split('\n', 1)
    this.#received = this.#received.slice(line.length + 1)
    return line.replace(/\r$/, '')
  }
}

function notPong(target: ServerTarget, line: string): Error {
  if (/^ERROR[|:]/.test(line)) return refusal(target, line.slice(6), EXIT_UNREACHABLE)
  return foreignAnswer(target, line)
}
