/** Asks the query port over one connection, one request after the other, without the cost of starting a command. */
import { connect, type Socket } from 'node:net'
import { TextAnswerReader } from '../src/cli/text-query-client.ts'

export interface Answer {
  readonly rows: readonly string[]
  readonly wallMs: number
}

export class QueryClient implements Disposable {
  readonly #socket: Socket

  private constructor(socket: Socket) {
    this.#socket = socket
  }

  static open(port: number): Promise<QueryClient> {
    return new Promise((resolve, reject) => {
      const socket = connect({ port, host: '127.0.0.1', noDelay: true })
      socket.once('error', reject)
      socket.once('connect', () => {
        socket.off('error', reject)
        resolve(new QueryClient(socket))
      })
    })
  }

  /** Sends `request` (`QUERY|COUNT|error`), resolves with its answer, rejects with what the server refuses. */
  ask(request: string): Promise<Answer> {
    const socket = this.#socket
    return new Promise((resolve, reject) => {
      const reader = new TextAnswerReader()
      const rows: string[] = []
      const end = (result: () => void): void => {
        socket.off('data', read)
        socket.off('close', close)
        socket.off('error', close)
        result()
      }
      const close = (): void => end(() => reject(new Error('the server closed the query connection')))
      const read = (chunk: Buffer): void => {
        for (const event of reader.push(chunk)) {
          if (event.kind === 'row') rows.push(Buffer.from(event.bytes).toString())
          else if (event.kind === 'end') end(() => resolve({ rows, wallMs: performance.now() - startedMs }))
          else if (event.kind === 'error') end(() => reject(new Error(event.reason)))
          else if (event.kind === 'foreign') end(() => reject(new Error(`not understood: ${event.line}`)))
        }
      }
      socket.on('data', read)
      socket.once('close', close)
      socket.once('error', close)
      const startedMs = performance.now()
      socket.write(`${request}\n`)
    })
  }

  [Symbol.dispose](): void {
    this.#socket.destroy()
  }
}
