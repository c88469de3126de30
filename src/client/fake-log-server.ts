/**
 * A small server of the framed JSON protocol for the tests of clients: it really stores by batch id, and misbehaves
 * when told to. Its sessions run on any stream: `connect` makes pairs in memory, `FakeNetworkServer` has real sockets.
 */
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net'
import { type Duplex, duplexPair } from 'node:stream'
import { encodeJsonFrame, JsonFrameDecoder, type JsonMessage } from '../wire/wire.ts'
import type { Connect } from './network.ts'

export interface FakeRecord {
  readonly message: string
  readonly [name: string]: unknown
}

export interface FakeStored {
  readonly id: number
  readonly record: FakeRecord
}

/** What is on its disk: it outlives the server. */
class FakeStore {
  readonly records: FakeStored[] = []
  readonly #answers = new Map<string, object>()
  /** The code of a record's refusal, or null for one that is taken. */
  refuse: (record: FakeRecord) => string | null = () => null

  /** Stores the batch once, and gives the same answer for it ever after. */
  append(batchId: string, records: readonly FakeRecord[]): object {
    const known = this.#answers.get(batchId)
    if (known !== undefined) return known
    const codes = records.map((record) => this.refuse(record))
    const ids = records.map((record, index) => (codes[index] === null ? this.#add(record) : null))
    const refused = codes
      .map((code, index) => ({ index, code, reason: `refused with ${code}` }))
      .filter(({ code }) => code !== null)
    const answer = refused.length === 0 ? { ids } : { ids, refused }
    this.#answers.set(batchId, answer)
    return answer
  }

  get messages(): string[] {
    return this.records.map(({ record }) => record.message)
  }

  get batchIds(): string[] {
    return [...this.#answers.keys()]
  }

  #add(record: FakeRecord): number {
    const id = this.records.length + 1
    this.records.push({ id, record })
    return id
  }
}

export class FakeLogServer {
  readonly store: FakeStore
  readonly sessions = new Set<FakeSession>()
  /** Every request, in order of arrival. */
  readonly requests: JsonMessage[] = []
  /** Connections that were tried. */
  tries = 0
  /** Set to refuse connections. */
  connectError: Error | null = null
  /** Answers nothing at all. */
  isSilent = false
  /** The code with which all batches are refused, if any. */
  refusal: string | null = null
  /** Larger batches are refused. */
  batchRecordsMax = Number.POSITIVE_INFINITY
  /** Acknowledgements wait until `release`. */
  isHolding = false
  token: string | null = null
  /** Sees a request first; true when nothing else is to be done with it. */
  onRequest: (message: JsonMessage, session: FakeSession) => boolean = () => false
  readonly #held: (() => void)[] = []

  constructor(store = new FakeStore()) {
    this.store = store
  }

  readonly connect: Connect = async () => {
    this.tries++
    if (this.connectError !== null) throw this.connectError
    const [ours, theirs] = duplexPair()
    this.accept(ours)
    return theirs
  }

  accept(stream: Duplex): void {
    const session = new FakeSession(stream, this)
    this.sessions.add(session)
    stream.once('close', () => this.sessions.delete(session))
  }

  /** Breaks all connections. */
  reset(): void {
    for (const { stream } of this.sessions) stream.destroy()
  }

  hold(answer: () => void): void {
    if (this.isHolding) this.#held.push(answer)
    else answer()
  }

  release(count = Number.POSITIVE_INFINITY): void {
    for (const answer of this.#held.splice(0, count)) answer()
  }

  requestsOf(type: string): JsonMessage[] {
    return this.requests.filter((message) => message.type === type)
  }
}

export class FakeSession {
  readonly stream: Duplex
  readonly #server: FakeLogServer
  readonly #decoder = new JsonFrameDecoder()

  constructor(stream: Duplex, server: FakeLogServer) {
    this.stream = stream
    this.#server = server
    // In a turn of its own, as on a network: a pair in memory would hand bytes over within the write.
    stream.on('data', (chunk: Uint8Array) => setImmediate(() => this.#read(chunk)))
    stream.on('end', () => stream.destroy())
    stream.on('error', () => {})
  }

  /** One frame to the client. */
  answer(request: Pick<JsonMessage, 'correlationId'>, type: string, payload: unknown): void {
    if (this.stream.destroyed || this.#server.isSilent) return
    const { correlationId } = request
    this.stream.write(encodeJsonFrame({ type, payload, timestamp: 0, senderId: 'fake', correlationId }))
  }

  #read(chunk: Uint8Array): void {
    if (this.stream.destroyed) return
    this.#decoder.push(chunk)
    for (let frame = this.#decoder.next(); frame !== null; frame = this.#decoder.next()) {
      if (frame.kind === 'bad') throw new Error(`the client sent a bad frame: ${frame.reason}`)
      this.#take(frame.message)
      if (this.stream.destroyed) return
    }
  }

  #take(message: JsonMessage): void {
    const server = this.#server
    if (server.isSilent) return
    server.requests.push(message)
    if (server.onRequest(message, this)) return
    const payload = message.payload as { token?: string; batch_id: string; records: FakeRecord[] }
    if (message.type === 'ping') this.answer(message, 'pong', { timestamp: 0 })
    else if (message.type === 'auth') this.#login(message, payload.token)
    else if (message.type === 'stats') this.answer(message, 'stats', { records: server.store.records.length })
    else if (message.type === 'log_batch') this.#store(message, payload.batch_id, payload.records)
    else this.answer(message, 'error', { error: `Unknown message type: ${message.type}` })
  }

  #login(message: JsonMessage, token: string | undefined): void {
    if (token === this.#server.token) this.answer(message, 'auth_ok', { grant: ['write'] })
    else this.answer(message, 'error', { error: 'Unknown token', code: 'TOKEN_UNKNOWN' })
  }

  #store(message: JsonMessage, batchId: string, records: readonly FakeRecord[]): void {
    const { refusal, batchRecordsMax, store } = this.#server
    const code = records.length > batchRecordsMax ? 'BATCH_TOO_LARGE' : refusal
    if (code !== null) {
      this.#server.hold(() => this.answer(message, 'error', { error: `refused with ${code}`, code }))
      return
    }
    const payload = store.append(batchId, records)
    this.#server.hold(() => this.answer(message, 'ack', payload))
  }
}

/** The same on real sockets of this machine; it can be killed and started again on the same port and the same store. */
export class FakeNetworkServer implements AsyncDisposable {
  readonly fake: FakeLogServer
  #server: Server | null = null
  readonly #sockets = new Set<Socket>()
  #port = 0
  #isFrozen = false

  constructor(fake = new FakeLogServer()) {
    this.fake = fake
  }

  get address(): { readonly host: string; readonly port: number } {
    return { host: '127.0.0.1', port: this.#port }
  }

  async start(): Promise<void> {
    const server = createServer((socket) => {
      this.#sockets.add(socket)
      socket.once('close', () => this.#sockets.delete(socket))
      this.fake.accept(socket)
      if (this.#isFrozen) socket.pause()
    })
    this.#server = server
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject)
      server.listen(this.#port, '127.0.0.1', resolve)
    })
    this.#port = (server.address() as AddressInfo).port
  }

  /** As a process that is stopped: what comes meanwhile lies in the socket, and is taken when it goes on. */
  freeze(): void {
    this.#isFrozen = true
    for (const socket of this.#sockets) socket.pause()
  }

  thaw(): void {
    this.#isFrozen = false
    for (const socket of this.#sockets) socket.resume()
  }

  /** As a process that dies: every connection is reset. */
  async kill(): Promise<void> {
    const server = this.#server
    this.#server = null
    if (server === null) return
    const closed = new Promise((resolve) => server.close(resolve))
    for (const socket of this.#sockets) socket.resetAndDestroy()
    await closed
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.kill()
  }
}
