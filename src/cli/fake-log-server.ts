/** For tests: a server that takes `POST /api/v1/logs`, keeps each key once, and fails when it is told to. */
import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import type { AddressInfo } from 'node:net'

export interface FakeRequest {
  readonly path: string
  readonly key: string
  readonly contentType: string
  readonly authorization: string | undefined
  readonly body: string
}

/** Instead of an answer: a reset before or after the body was stored, or another status. */
export type FakeFailure =
  | 'reset'
  | 'resetAfterStoring'
  | { readonly status: number; readonly body?: string; readonly headers?: Readonly<Record<string, string>> }

export class FakeLogServer implements AsyncDisposable {
  /** Every request that came, also those that failed. */
  readonly requests: FakeRequest[] = []
  /** Bodies by key, in the order of their coming. */
  readonly stored = new Map<string, string>()
  /** Asked for each request before it is stored; null lets it succeed. */
  failure: (request: FakeRequest) => FakeFailure | null = () => null
  /** A line that is to be refused. */
  isRefused: (line: string) => boolean = () => false
  /** Answers wait for this. */
  gate: Promise<void> = Promise.resolve()
  inFlight = 0
  inFlightMax = 0
  readonly #server: Server
  readonly #watchers = new Set<() => void>()

  /** With a certificate it speaks TLS. */
  static async open(certificate?: { readonly cert: string; readonly key: string }): Promise<FakeLogServer> {
    const fake = new FakeLogServer(certificate)
    fake.#server.listen(0, '127.0.0.1')
    await once(fake.#server, 'listening')
    return fake
  }

  private constructor(certificate?: { readonly cert: string; readonly key: string }) {
    const answer = (request: IncomingMessage, response: ServerResponse): void => {
      void this.#answer(request, response)
    }
    this.#server = certificate === undefined ? createServer(answer) : createTlsServer(certificate, answer)
  }

  get port(): string {
    return String((this.#server.address() as AddressInfo).port)
  }

  get url(): URL {
    return new URL(`http://127.0.0.1:${this.port}/api/v1/logs`)
  }

  /** Everything that is stored, in the order of its coming. */
  get text(): string {
    return [...this.stored.values()].join('')
  }

  /** Resolves once this many requests have come. */
  received(count: number): Promise<void> {
    return this.#until(() => this.requests.length >= count)
  }

  /** Resolves once the stored text contains `part`. */
  stores(part: string): Promise<void> {
    return this.#until(() => this.text.includes(part))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections()
    this.#server.close()
    await once(this.#server, 'close')
  }

  async #until(isSo: () => boolean): Promise<void> {
    while (!isSo()) await new Promise<void>((resolve) => this.#watchers.add(resolve))
  }

  #wake(): void {
    const watchers = [...this.#watchers]
    this.#watchers.clear()
    for (const watcher of watchers) watcher()
  }

  async #answer(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = []
    for await (const chunk of incoming) chunks.push(chunk)
    const request = describe(incoming, Buffer.concat(chunks).toString('latin1'))
    this.requests.push(request)
    this.#wake()
    this.inFlightMax = Math.max(this.inFlightMax, ++this.inFlight)
    await this.gate
    this.inFlight--
    const failure = this.failure(request)
    if (failure === 'reset') response.destroy()
    else if (failure === 'resetAfterStoring') {
      this.#store(request)
      response.destroy()
    } else if (failure !== null) response.writeHead(failure.status, failure.headers).end(failure.body)
    else response.end(JSON.stringify(this.#store(request)))
  }

  #store({ key, body }: FakeRequest): object {
    const lines = body.split('\n')
    const refusals = lines.flatMap((text, at) =>
      this.isRefused(text) ? [{ line: at + 1, code: 'RECORD_INVALID', reason: 'the line is not JSON' }] : [],
    )
    const accepted = lines.filter((text) => text.trim() !== '' && !this.isRefused(text)).length
    const isRepeated = this.stored.has(key)
    if (!isRepeated) this.stored.set(key, body)
    this.#wake()
    const ids = { firstId: 1, lastId: accepted }
    return { accepted, refused: refusals.length, ...ids, ...(isRepeated ? { repeated: true } : {}), refusals }
  }
}

function describe({ url = '', headers }: IncomingMessage, body: string): FakeRequest {
  return {
    path: url,
    key: String(headers['idempotency-key']),
    contentType: String(headers['content-type']),
    authorization: headers.authorization,
    body,
  }
}
