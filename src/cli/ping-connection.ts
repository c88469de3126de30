/**
 * A connection that is asked again and again whether somebody is there: PING, then PONG, as both text protocols have
 * it (PROTOCOLS §2, §3). Nothing is sent before the answer to what was sent last.
 */
import type { Duplex } from 'node:stream'
import type { CliIo } from './cli-io.ts'
import { foreignAnswer, openConnection, refusal, type ServerAddress, wentAway } from './connection.ts'
import { EXIT_UNREACHABLE } from './exit-codes.ts'
import { chunksOf } from './text-query.ts'

const LINE_BYTES_MAX = 4096

export class PingConnection implements Disposable {
  readonly #io: CliIo
  readonly #address: ServerAddress
  readonly #socket: Duplex
  readonly #chunks: AsyncIterator<Uint8Array>
  #received = ''

  private constructor(io: CliIo, address: ServerAddress, socket: Duplex) {
    this.#io = io
    this.#address = address
    this.#socket = socket
    this.#chunks = chunksOf(socket)[Symbol.asyncIterator]()
  }

  /** SERVER_UNREACHABLE. `signal` ends the connection. */
  static async open(io: CliIo, address: ServerAddress, signal: AbortSignal): Promise<PingConnection> {
    return new PingConnection(io, address, await openConnection(io, address, signal))
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
    if (line === 'PONG') return tookMs
    if (line !== null) throw notPong(this.#address, line)
    throw wentAway(this.#address, isLate ? `no answer within ${timeoutMs} ms.` : 'there was no answer.')
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

function notPong(address: ServerAddress, line: string): Error {
  if (/^ERROR[|:]/.test(line)) return refusal(line.slice(6), EXIT_UNREACHABLE)
  return foreignAnswer(address, line)
}
