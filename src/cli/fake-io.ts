/** For tests: a command line without a process around it, and a server that says what the test wrote. */
import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net'
import { Readable, Writable } from 'node:stream'
import { createServer as createTlsServer, type TlsOptions } from 'node:tls'
import { type Clock, type Random, SeededRandom, systemClock } from '../base/base.ts'
import type { CliIo, CliSignal } from './cli-io.ts'
import { runCli } from './run.ts'

export interface FakeIoOptions {
  readonly stdin?: string | Readable
  readonly env?: Readonly<Record<string, string>>
  readonly files?: Readonly<Record<string, string | Uint8Array>>
  /** stdout and stderr are terminals. */
  readonly isTerminal?: boolean
  /** The reader of stdout goes away after this many writes. */
  readonly closesAfterWrites?: number
}

export class FakeIo implements CliIo {
  readonly stdin: Readable
  readonly stdout: CollectingStream
  readonly stderr: CollectingStream
  readonly env: Readonly<Record<string, string>>
  /** The monotonic side stands still until the test moves it. */
  nowMs = 0
  readonly clock: Clock = { ...systemClock, monotonicMs: () => this.nowMs }
  readonly random: Random = new SeededRandom(1)
  readonly machine = { memoryBytes: 16 * 1024 ** 3, processors: 2 }
  readonly cwd = '/nowhere'
  #files: Record<string, string | Uint8Array>
  #handlers = new Map<CliSignal, Set<() => void>>()

  constructor(options: FakeIoOptions = {}) {
    const { stdin = '', isTerminal = false } = options
    this.stdin = typeof stdin === 'string' ? Readable.from([Buffer.from(stdin, 'latin1')]) : stdin
    this.stdout = new CollectingStream(isTerminal, options.closesAfterWrites)
    this.stderr = new CollectingStream(isTerminal)
    this.env = options.env ?? {}
    this.#files = { ...options.files }
  }

  async readFile(path: string): Promise<Uint8Array> {
    return Buffer.from(this.#file(path))
  }

  readTextSync(path: string): string {
    return Buffer.from(this.#file(path)).toString()
  }

  async openFile(path: string): Promise<Readable> {
    return Readable.from([Buffer.from(this.#file(path))])
  }

  async writePrivateFile(path: string, text: string, how: 'replace' | 'append'): Promise<void> {
    const before = how === 'append' ? (this.#files[path] ?? '') : ''
    this.#files[path] = Buffer.from(before).toString() + text
  }

  async connect(host: string, port: number): Promise<Socket> {
    const socket = connect(port, host)
    await once(socket, 'connect')
    return socket
  }

  onSignal(signal: CliSignal, handler: () => void): () => void {
    const handlers = this.#handlers.get(signal) ?? new Set()
    this.#handlers.set(signal, handlers.add(handler))
    return () => handlers.delete(handler)
  }

  /** As if the signal came; false when nobody listens. */
  emitSignal(signal: CliSignal): boolean {
    const handlers = [...(this.#handlers.get(signal) ?? [])]
    for (const handler of handlers) handler()
    return handlers.length > 0
  }

  #file(path: string): string | Uint8Array {
    const content = this.#files[path]
    if (content === undefined) throw Object.assign(new Error('ENOENT: no such file'), { code: 'ENOENT' })
    return content
  }
}

/** Keeps what is written, as bytes. */
export class CollectingStream extends Writable {
  readonly isTTY: boolean
  readonly columns = 80
  readonly #chunks: Buffer[] = []
  readonly #writesMax: number
  #watchers = new Set<() => void>()

  constructor(isTTY: boolean, writesMax = Number.POSITIVE_INFINITY) {
    super()
    this.isTTY = isTTY
    this.#writesMax = writesMax
  }

  override _write(chunk: Buffer, _encoding: string, done: (error?: Error) => void): void {
    if (chunk.length > 0 && this.#chunks.length >= this.#writesMax) {
      done(Object.assign(new Error('EPIPE: broken pipe, write'), { code: 'EPIPE' }))
      return
    }
    this.#chunks.push(chunk)
    for (const watcher of this.#watchers) watcher()
    done()
  }

  get bytes(): Buffer {
    return Buffer.concat(this.#chunks)
  }

  get text(): string {
    return this.bytes.toString()
  }

  /** Resolves once the text written so far contains `part`. */
  async contains(part: string): Promise<void> {
    while (!this.text.includes(part)) {
      await new Promise<void>((resolve) => {
        const watcher = (): void => {
          this.#watchers.delete(watcher)
          resolve()
        }
        this.#watchers.add(watcher)
      })
    }
  }
}

export interface CliRun {
  readonly code: number
  readonly out: string
  readonly err: string
}

/** Runs a whole command line and gives back everything that it said. */
export async function run(words: readonly string[], options: FakeIoOptions = {}): Promise<CliRun> {
  const io = new FakeIo(options)
  const code = await runCli(words, io)
  return { code, out: io.stdout.text, err: io.stderr.text }
}

export class FakeServer implements AsyncDisposable {
  readonly #server: Server
  readonly #sockets = new Set<Socket>()
  /** Everything that all connections sent, as Latin-1. */
  received = ''

  private constructor(server: Server) {
    this.#server = server
  }

  /**
   * A server on a free port of this machine, which speaks TLS where that is given. `onText` gets all that one
   * connection has sent so far, each time more comes.
   */
  static async open(onText: (text: string, socket: Socket) => void, tls?: TlsOptions): Promise<FakeServer> {
    const fake = new FakeServer(tls === undefined ? createServer() : createTlsServer(tls))
    const event = tls === undefined ? 'connection' : 'secureConnection'
    fake.#server.on(event, (socket: Socket) => fake.#accept(socket, onText))
    fake.#server.listen(0, '127.0.0.1')
    await once(fake.#server, 'listening')
    return fake
  }

  /** Answers the first whole line of a connection. */
  static answering(answer: string | Uint8Array): Promise<FakeServer> {
    let isAnswered = false
    return FakeServer.open((text, socket) => {
      if (isAnswered || !text.includes('\n')) return
      isAnswered = true
      socket.write(answer)
    })
  }

  get port(): string {
    return String((this.#server.address() as AddressInfo).port)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#sockets) socket.destroy()
    this.#server.close()
    await once(this.#server, 'close')
  }

  #accept(socket: Socket, onText: (text: string, socket: Socket) => void): void {
    let text = ''
    this.#sockets.add(socket)
    socket.on('error', () => {})
    socket.on('close', () => this.#sockets.delete(socket))
    socket.on('data', (chunk) => {
      text += chunk.toString('latin1')
      this.received += chunk.toString('latin1')
      onText(text, socket)
    })
  }
}

/** A port of this machine on which nothing listens. */
export async function freePort(): Promise<string> {
  await using server = await FakeServer.answering('')
  return server.port
}
