/**
 * The load of crash rounds, in a process of its own: several clients that send unique messages as fast as they are
 * acknowledged, each in its own way, until their connection ends. Started with `fork`; tells its parent how far it is,
 * and at the end what was sent and which of it was acknowledged.
 */
import { connect, type Socket } from 'node:net'
import { makeMessage } from './crash-messages.ts'

/**
 * How a client sends: `main` and `short` are the LOG dialects, pipelined; `plain` are lines with a PING after some of
 * them, whose PONG acknowledges all before it.
 */
export type SendingWay = 'main' | 'short' | 'plain'
export const SENDING_WAYS: readonly SendingWay[] = ['main', 'short', 'plain']

export interface SenderTask {
  readonly port: number
  readonly round: number
  readonly clients: readonly { readonly client: number; readonly way: SendingWay }[]
}

/** What a client knows when its connection has ended. */
export interface ClientReport {
  readonly client: number
  readonly way: SendingWay
  /** Messages 0 to below this were given to the socket; of the last ones nobody knows what arrived. */
  readonly sent: number
  /** Messages 0 to below this were acknowledged. */
  readonly acknowledged: number
  /** `main`: the ids of the acknowledged ones, in order. */
  readonly ids: readonly number[]
  /** Why the server did not take more, in its words. */
  readonly refusals: readonly string[]
  /** Replies that should never come, or not after a refusal. */
  readonly problems: readonly string[]
}

export type SenderMessage =
  | { readonly kind: 'progress'; readonly acknowledged: number }
  | { readonly kind: 'reports'; readonly reports: readonly ClientReport[] }

/** Messages of one client that may wait for their acknowledgement. */
const UNANSWERED_MAX: Readonly<Record<SendingWay, number>> = { main: 500, short: 100, plain: 600 }
const BARRIER_MESSAGES = 150
const PROGRESS_STEP = 25
const REFUSAL = /^ERROR[|:](Server is shutting down|Log storage full)$/
const SHOWN_MAX = 3

class LoadClient {
  readonly #way: SendingWay
  readonly #client: number
  readonly #round: number
  readonly #socket: Socket
  readonly #onAcknowledged: (count: number) => void
  readonly #ids: number[] = []
  readonly #refusals: string[] = []
  readonly #problems: string[] = []
  #sent = 0
  #acknowledged = 0
  #reply = ''
  #isOpen = true

  constructor(task: SenderTask, index: number, onAcknowledged: (count: number) => void) {
    const { client, way } = task.clients[index]
    this.#client = client
    this.#way = way
    this.#round = task.round
    this.#onAcknowledged = onAcknowledged
    this.#socket = connect({ host: '127.0.0.1', port: task.port, noDelay: true })
    this.#socket.setEncoding('latin1')
  }

  /** Sends until the connection ends. */
  run(): Promise<ClientReport> {
    const socket = this.#socket
    return new Promise((resolve) => {
      socket.on('error', () => {})
      socket.on('connect', () => this.#fill())
      socket.on('drain', () => this.#fill())
      socket.on('data', (text) => this.#receive(String(text)))
      socket.on('end', () => {
        this.#isOpen = false
      })
      socket.on('close', () => resolve(this.#report()))
    })
  }

  #report(): ClientReport {
    return {
      client: this.#client,
      way: this.#way,
      sent: this.#sent,
      acknowledged: this.#acknowledged,
      ids: this.#ids,
      refusals: this.#refusals.slice(0, SHOWN_MAX),
      problems: this.#problems.slice(0, SHOWN_MAX),
    }
  }

  #fill(): void {
    while (this.#isOpen && this.#sent - this.#acknowledged < UNANSWERED_MAX[this.#way]) {
      const number = this.#sent++
      const message = makeMessage({ round: this.#round, client: this.#client, number })
      if (!this.#socket.write(this.#command(message, number))) return
    }
  }

  #command(message: Buffer, number: number): Buffer {
    if (this.#way === 'main') return Buffer.concat([Buffer.from('LOG|INFO||'), message, NEWLINE])
    if (this.#way === 'short') return Buffer.concat([Buffer.from('LOG::ERROR:'), message, NEWLINE])
    const isBarrier = (number + 1) % BARRIER_MESSAGES === 0
    return Buffer.concat([message, isBarrier ? NEWLINE_AND_PING : NEWLINE])
  }

  #receive(text: string): void {
    const lines = (this.#reply + text).split('\n')
    this.#reply = lines.pop() ?? ''
    const before = this.#acknowledged
    for (const line of lines) this.#take(line)
    this.#onAcknowledged(this.#acknowledged - before)
    this.#fill()
  }

  #take(reply: string): void {
    if (REFUSAL.test(reply)) this.#takeRefusal(reply)
    else if (this.#refusals.length > 0) this.#problems.push(`${reply.slice(0, 200)}, after a refusal`)
    else if (this.#way === 'main' && /^OK\|\d+$/.test(reply)) this.#takeId(Number(reply.slice(3)))
    else if (this.#way === 'short' && reply === 'ACK') this.#acknowledged++
    else if (this.#way === 'plain' && reply === 'PONG') this.#acknowledged += BARRIER_MESSAGES
    else this.#problems.push(reply.slice(0, 200))
  }

  /** Nothing more is sent, and nothing more may be acknowledged. */
  #takeRefusal(reply: string): void {
    this.#refusals.push(reply)
    this.#isOpen = false
  }

  #takeId(id: number): void {
    this.#ids.push(id)
    this.#acknowledged++
  }
}

const NEWLINE = Buffer.from('\n')
const NEWLINE_AND_PING = Buffer.from('\nPING\n')

function tell(message: SenderMessage): Promise<void> {
  return new Promise((resolve) => {
    // A parent that is gone needs no news.
    if (process.send === undefined || !process.connected) resolve()
    else process.send(message, () => resolve())
  })
}

async function runTask(task: SenderTask): Promise<void> {
  let acknowledged = 0
  let told = 0
  const count = (more: number): void => {
    acknowledged += more
    if (acknowledged - told < PROGRESS_STEP) return
    told = acknowledged
    void tell({ kind: 'progress', acknowledged })
  }
  const reports = await Promise.all(task.clients.map((_, index) => new LoadClient(task, index, count).run()))
  await tell({ kind: 'reports', reports })
  if (process.connected) process.disconnect()
}

// This file is also imported for its types and names.
if (process.send !== undefined && process.argv[1] === import.meta.filename) {
  process.once('message', (task) => void runTask(task as SenderTask))
  process.once('disconnect', () => process.exit())
}
