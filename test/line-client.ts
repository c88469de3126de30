/**
 * A client of the text protocols for tests: bytes out, lines in. Lines are strings of one character a byte (latin1),
 * so that nothing is lost. It knows nothing of what the lines mean.
 */
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { within } from './deadline.ts'

const NEWLINE = 0x0a

export class LineClient implements Disposable {
  readonly socket: Socket
  /** Resolves when the peer has ended the connection, however it did. */
  readonly closed: Promise<void>
  #lines: string[] = []
  /** Lines that were handed out. */
  #head = 0
  #rest: Buffer = Buffer.alloc(0)
  #isOver = false
  #wake: () => void = () => {}

  /** Use `LineClient.connect`. */
  constructor(socket: Socket) {
    this.socket = socket
    socket.on('error', () => {})
    socket.on('data', (chunk) => this.#receive(chunk))
    socket.on('end', () => this.#finish())
    this.closed = new Promise((resolve) => socket.once('close', () => resolve()))
    this.closed.then(() => this.#finish())
  }

  static async connect(port: number): Promise<LineClient> {
    const socket = connect({ host: '127.0.0.1', port, noDelay: true, allowHalfOpen: true })
    await within(once(socket, 'connect'), `a connection to port ${port}`)
    return new LineClient(socket)
  }

  /** Resolves when the bytes are with the kernel. */
  async send(bytes: string | Uint8Array): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>()
    this.socket.write(toBytes(bytes), () => resolve())
    await within(Promise.race([promise, this.closed]), 'the peer to take bytes')
  }

  /** Sends one line and gives the next one that comes. */
  async ask(line: string): Promise<string> {
    await this.send(`${line}\n`)
    return await this.line()
  }

  /** The next line, without its end. Rejects when the peer ended before it. */
  async line(): Promise<string> {
    const line = await this.#next()
    if (line === null) throw new Error('the peer closed the connection instead of sending a line')
    return line
  }

  async lines(count: number): Promise<string[]> {
    const lines: string[] = []
    while (lines.length < count) lines.push(await this.line())
    return lines
  }

  /** All lines up to the end of the connection. */
  async rest(): Promise<string[]> {
    const lines: string[] = []
    for (let line = await this.#next(); line !== null; line = await this.#next()) lines.push(line)
    return lines
  }

  /** Nothing more will be sent; replies may still come. */
  end(bytes: string | Uint8Array = ''): void {
    this.socket.end(toBytes(bytes))
  }

  /** Breaks the connection off. */
  reset(): void {
    this.socket.resetAndDestroy()
  }

  [Symbol.dispose](): void {
    this.socket.destroy()
  }

  async #next(): Promise<string | null> {
    while (this.#head === this.#lines.length && !this.#isOver) {
      this.#lines = []
      this.#head = 0
      const woken = new Promise<void>((resolve) => {
        this.#wake = resolve
      })
      await within(woken, 'a line')
    }
    return this.#head < this.#lines.length ? this.#lines[this.#head++] : null
  }

  #receive(chunk: Buffer): void {
    const bytes = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk])
    let from = 0
    for (let to = bytes.indexOf(NEWLINE); to >= 0; to = bytes.indexOf(NEWLINE, from)) {
      this.#lines.push(bytes.toString('latin1', from, to))
      from = to + 1
    }
    this.#rest = bytes.subarray(from)
    this.#wake()
  }

  #finish(): void {
    this.#isOver = true
    this.#wake()
  }
}

const toBytes = (bytes: string | Uint8Array): Uint8Array =>
  typeof bytes === 'string' ? Buffer.from(bytes) : bytes
