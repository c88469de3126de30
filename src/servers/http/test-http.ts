/** A port that speaks HTTP on loopback, and its clients, for the tests of routes. */
import { Agent, type IncomingHttpHeaders, type IncomingMessage, request } from 'node:http'
import { SimulatedClock } from '../../base/base.ts'
import { batchKeyLength } from '../../record/record.ts'
import type { StoreStats } from '../../storage/storage.ts'
import type { Capability } from '../actions.ts'
import { FakeHub, FakeStore } from '../fake-hub.ts'
import { PortServer } from '../port-server.ts'
import { StoreGate } from '../store-gate.ts'
import { type PortChanges, portOptions, TestPeer, until } from '../test-peer.ts'
import type { HttpOptions } from './http-options.ts'
import { HttpProtocol } from './http-protocol.ts'
import type { ServerStats } from './server-stats.ts'

export const NOW_MS = 1_750_000_000_000
export const HEADERS_MS_MAX = 5000
export const IDLE_MS_MAX = 60_000

export interface HttpChanges {
  readonly options?: Partial<HttpOptions>
  readonly port?: PortChanges
  readonly grant?: readonly Capability[]
  readonly unstoredBytesMax?: number
}

export interface HttpAsk {
  readonly method?: string
  readonly headers?: Readonly<Record<string, string | string[]>>
  readonly body?: string | Uint8Array
}

export interface HttpAnswer {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly text: string
}

/** A store that knows the keys of its batches, as a real one does. */
class KeyedStore extends FakeStore {
  readonly #known = new Map<string, number>()
  #repeatedBatches = 0
  state: StoreStats['state'] = 'writable'

  override append(batch: Uint8Array): Promise<number> {
    const view = new DataView(batch.buffer, batch.byteOffset, batch.length)
    const keyLength = batchKeyLength(view, 0)
    if (keyLength === 0) return super.append(batch)
    const key = Buffer.from(batch.subarray(40, 40 + keyLength)).toString('latin1')
    const known = this.#known.get(key)
    if (known !== undefined) {
      this.#repeatedBatches++
      return Promise.resolve(known)
    }
    return super.append(batch).then((firstId) => {
      this.#known.set(key, firstId)
      return firstId
    })
  }

  get keys(): readonly string[] {
    return [...this.#known.keys()]
  }

  override stats(): StoreStats {
    return {
      state: this.state,
      reason: null,
      records: this.messages.length,
      bytes: 0,
      segments: 1,
      parts: 0,
      partBytes: 0,
      space: { level: 'roomy', freeBytes: null, totalBytes: null },
      scrub: { files: 0, bytes: 0, rounds: 0 },
      housekeeping: {
        sealedSegments: 0,
        sealedRecords: 0,
        merges: 0,
        mergedRecords: 0,
        droppedRecords: 0,
        writtenBytes: 0,
        failures: 0,
        lastFailure: null,
      },
      damaged: [],
      bufferBytes: 0,
      bufferBytesMax: 0,
      nextId: this.messages.length,
      fenceId: this.messages.length,
      timeMsMin: null,
      timeMsMax: null,
      appends: this.appends,
      syncs: this.appends,
      failedSyncs: 0,
      repeatedBatches: this.#repeatedBatches,
      lost: [],
      quarantinedFiles: [],
    }
  }
}

class HttpHub extends FakeHub {
  override readonly logs = new KeyedStore()

  override stats() {
    return { ...super.stats(), stores: { logs: this.logs.stats() } }
  }
}

export class HttpFront {
  readonly hub = new HttpHub()
  readonly clock = new SimulatedClock({ wallMs: NOW_MS })
  readonly problems: string[] = []
  readonly gate: StoreGate
  #protocol: HttpProtocol | null = null
  #port: PortServer | null = null
  readonly #peers: TestPeer[] = []
  readonly #agent = new Agent({ keepAlive: true })

  private constructor(unstoredBytesMax: number) {
    this.gate = new StoreGate(this.hub.logs, unstoredBytesMax)
  }

  static async open(changes: HttpChanges = {}): Promise<HttpFront> {
    const front = new HttpFront(changes.unstoredBytesMax ?? 64 << 20)
    front.#protocol = new HttpProtocol(front.hub, front.gate, front.clock, {
      version: '1.2.3',
      serverStats: () => front.stats(),
      problem: (message, error) => front.problems.push(`${message}: ${error}`),
      recordBytesMax: 256 * 1024,
      batchBytesMax: 4 << 20,
      timeZone: null,
      unackedBytesMax: 4 << 20,
      queryMsMax: 30_000,
      idleMsMax: IDLE_MS_MAX,
      headersMsMax: HEADERS_MS_MAX,
      lingerMsMax: 1000,
      corsOrigins: [],
      hostNames: [],
      bodyExpandedBytesMax: 0,
      bodyExpansionMax: 200,
      requestsPerConnectionMax: 0,
      ...changes.options,
    })
    const access = changes.port?.access ?? { grant: changes.grant ?? ['write', 'read'] }
    front.#port = new PortServer(front.clock, portOptions({ ...changes.port, access }), {
      own: front.protocol,
      others: null,
    })
    await front.port.open()
    return front
  }

  get protocol(): HttpProtocol {
    if (this.#protocol === null) throw new Error('not open')
    return this.#protocol
  }

  get port(): PortServer {
    if (this.#port === null) throw new Error('not open')
    return this.#port
  }

  get store(): KeyedStore {
    return this.hub.logs
  }

  stats(): ServerStats {
    const { hub, port, protocol } = this
    return { hub: hub.stats(), ports: { http: port.stats() }, protocols: { http: protocol.stats() } }
  }

  /** Begins a request; the caller writes its body. */
  begin(path: string, ask: HttpAsk = {}): ReturnType<typeof request> {
    const [{ host, port }] = this.port.addresses
    const { method = 'GET', headers = {} } = ask
    return request({ host, port, path, method, headers, agent: this.#agent })
  }

  ask(path: string, ask: HttpAsk = {}): Promise<HttpAnswer> {
    const sent = this.begin(path, ask)
    const answer = answerOf(sent)
    sent.end(ask.body)
    return answer
  }

  post(path: string, body: string | Uint8Array, headers: HttpAsk['headers'] = {}): Promise<HttpAnswer> {
    return this.ask(path, { method: 'POST', headers, body })
  }

  /** A connection on which the test says every byte. */
  async peer(): Promise<TestPeer> {
    const peer = await TestPeer.open(this.port.addresses[0])
    this.#peers.push(peer)
    return peer
  }

  async close(): Promise<void> {
    this.#agent.destroy()
    for (const peer of this.#peers) peer.destroy()
    const drained = this.port.drain(10)
    await until(() => {
      this.clock.advance(10)
      return this.port.stats().connections === 0
    }, 'the end of all sessions')
    await drained
  }
}

/** The whole answer; rejects when the connection breaks off. */
export function answerOf(sent: ReturnType<typeof request>): Promise<HttpAnswer> {
  return new Promise((resolve, reject) => {
    sent.on('error', reject)
    sent.on('response', (response: IncomingMessage) => {
      const chunks: Buffer[] = []
      response.on('data', (chunk: Buffer) => chunks.push(chunk))
      response.on('error', reject)
      response.on('end', () => {
        const { statusCode = 0, headers } = response
        resolve({ status: statusCode, headers, text: Buffer.concat(chunks).toString() })
      })
    })
  })
}

/** The body of an answer as JSON. */
export function jsonOf({ text }: HttpAnswer): Record<string, unknown> {
  return JSON.parse(text)
}
