/**
 * A client that sends what it likes, and keeps the beginning of what it is answered. It never fails: whatever the server
 * does with it, `run` tells how it ended.
 */
import { connect, type Socket } from 'node:net'
import { connect as connectTls, TLSSocket } from 'node:tls'
import { within } from './deadline.ts'

const ANSWER_BYTES_MAX = 64 * 1024

export class RudeClient {
  readonly socket: Socket
  /** Resolves when the server has ended its side, or broke off. */
  readonly ended: Promise<void>
  #answer: Buffer[] = []
  #answerBytes = 0

  constructor(port: number, isTls = false) {
    const target = { host: '127.0.0.1', port, allowHalfOpen: true }
    const socket = isTls ? connectTls({ ...target, rejectUnauthorized: false }) : connect(target)
    this.socket = socket
    socket.on('error', () => {})
    socket.on('data', (chunk) => this.#hear(chunk))
    this.ended = new Promise((resolve) => {
      socket.once('end', () => resolve())
      socket.once('close', () => resolve())
    })
  }

  /** The beginning of the answer, one character a byte. */
  get answer(): string {
    return Buffer.concat(this.#answer).toString('latin1')
  }

  /** Resolves when the kernel has the bytes, or nobody wants them any more. */
  async send(bytes: Uint8Array): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>()
    this.socket.write(bytes, () => resolve())
    await within(Promise.race([promise, this.ended]), 'the server to take bytes or to end')
  }

  /** Breaks the connection off. */
  reset(): void {
    if (this.socket instanceof TLSSocket) this.socket.destroy()
    else this.socket.resetAndDestroy()
  }

  /** Sends all of it, ends its side, waits for the other side's end, and tells what was answered. */
  async run(chunks: Iterable<Uint8Array>): Promise<string> {
    for (const chunk of chunks) await this.send(chunk)
    this.socket.end()
    return await this.listen()
  }

  /** Sends all of it, and waits for the server to end the connection. */
  async listen(chunks: Iterable<Uint8Array> = []): Promise<string> {
    for (const chunk of chunks) await this.send(chunk)
    await within(this.ended, 'the server to end the connection', undefined, () => `: ${this.answer}`)
    this.socket.destroy()
    return this.answer
  }

  #hear(chunk: Buffer): void {
    if (this.#answerBytes < ANSWER_BYTES_MAX) this.#answer.push(chunk)
    this.#answerBytes += chunk.length
  }
}

/** Runs tasks, so many at a time. */
export async function inParallel<T>(width: number, tasks: readonly (() => Promise<T>)[]): Promise<T[]> {
  const results: T[] = []
  let next = 0
  const worker = async (): Promise<void> => {
    while (next < tasks.length) {
      const index = next++
      results[index] = await tasks[index]()
    }
  }
  await Promise.all(Array.from({ length: width }, worker))
  return results
}
