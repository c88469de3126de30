/**
 * Load for a program that is killed again and again: batches of an AmplifiedLog as requests with an idempotency key, on
 * several connections. What has no answer when the connection ends is sent again to the next process, under the same
 * key, until it has one; so in the end every line is to be there exactly once.
 */
import { Agent, request } from 'node:http'
import { type SeededRandom, systemErrorCode } from '../src/base/base.ts'
import { type AmplifiedLog, countLines } from './amplified-log.ts'
import { answerOf, type HttpAnswer } from './crash-batches.ts'
import { CrashFailure } from './kill-rounds.ts'

const BATCH_BYTES_MIN_SHARE = 1 / 32
const GONE = new Set(['ECONNRESET', 'ECONNREFUSED', 'EPIPE'])

export interface AcknowledgedBatch {
  readonly lines: number
  /** Ids that it was acknowledged with, both inclusive. */
  readonly firstId: number
  readonly lastId: number
}

interface Batch {
  readonly number: number
  readonly lines: number
  readonly bytes: Buffer
}

export interface AmplifiedLoadOptions {
  readonly log: AmplifiedLog
  readonly random: SeededRandom
  /** Nothing more is taken from the log when this was. */
  readonly bytes: number
  /** Of a batch: from a 32nd of it to a line more than it and that. */
  readonly requestBytesMax: number
  readonly connections: number
}

export class AmplifiedLoad {
  /** By number. */
  readonly acknowledged = new Map<number, AcknowledgedBatch>()
  acknowledgedLines = 0
  acknowledgedBytes = 0
  /** Batches that were answered as known: their first answer was lost. */
  repeated = 0
  readonly #options: AmplifiedLoadOptions
  #waiting: Batch[] = []
  #unanswered = new Map<number, Batch>()
  #batches = 0
  #takenBytes = 0
  /** The log is read by one at a time. */
  #turn: Promise<unknown> = Promise.resolve()
  /** The one that was acknowledged last. */
  #last: Batch | null = null
  #wanted: { readonly bytes: number; readonly resolve: () => void } | null = null

  constructor(options: AmplifiedLoadOptions) {
    this.#options = options
  }

  /** Lines that were sent and have no answer yet: of those nobody knows. */
  get unansweredLines(): number {
    return [...this.#waiting, ...this.#unanswered.values()].reduce((sum, { lines }) => sum + lines, 0)
  }

  get isDone(): boolean {
    return this.#takenBytes >= this.#options.bytes && this.#waiting.length + this.#unanswered.size === 0
  }

  /** Resolves when so many bytes more are acknowledged; one may wait. */
  acknowledgedMore(bytes: number): Promise<void> {
    return new Promise((resolve) => {
      this.#wanted = { bytes: this.acknowledgedBytes + bytes, resolve }
    })
  }

  /** Sends until all is acknowledged or the server is gone. Rejects with a CrashFailure when a batch is refused. */
  async run(port: number): Promise<void> {
    const agent = new Agent({ keepAlive: true })
    try {
      await Promise.all(
        Array.from({ length: this.#options.connections }, () => this.#connection(agent, port)),
      )
    } finally {
      agent.destroy()
      this.#waiting.push(...this.#unanswered.values())
      this.#unanswered.clear()
    }
  }

  async #connection(agent: Agent, port: number): Promise<void> {
    for (let batch = await this.#next(); batch !== null; batch = await this.#next()) {
      this.#unanswered.set(batch.number, batch)
      try {
        this.#take(batch, await post(agent, port, batch))
      } catch (error) {
        if (GONE.has(systemErrorCode(error) ?? '')) return
        throw error
      }
    }
  }

  async #next(): Promise<Batch | null> {
    const again = this.#waiting.shift()
    if (again !== undefined) return again
    const turn = this.#turn.then(() => this.#make())
    this.#turn = turn.catch(() => {})
    return await turn
  }

  async #make(): Promise<Batch | null> {
    const { log, random, bytes: bytesMax, requestBytesMax } = this.#options
    if (this.#takenBytes >= bytesMax) return null
    const bytes = await log.take(BATCH_BYTES_MIN_SHARE * requestBytesMax + random.below(requestBytesMax))
    this.#takenBytes += bytes.length
    return { number: this.#batches++, lines: countLines(bytes), bytes }
  }

  /** What was acknowledged last is sent once more, and must be known. Rejects with a CrashFailure when it is not. */
  async repeatLast(port: number): Promise<void> {
    if (this.#last === null) return
    const agent = new Agent()
    const { status, body } = await post(agent, port, this.#last).finally(() => agent.destroy())
    const { firstId, lastId } = status === 200 ? JSON.parse(body) : {}
    const known = this.acknowledged.get(this.#last.number)
    if (known === undefined || firstId !== known.firstId || lastId !== known.lastId)
      throw new CrashFailure(
        `batch ${this.#last.number} was acknowledged as ${known?.firstId} to ${known?.lastId}, and sent again ${status}: ${body}`,
      )
  }

  #take(batch: Batch, { status, body }: HttpAnswer): void {
    const { number, lines, bytes } = batch
    const { accepted, refused, firstId, lastId, repeated } = status === 200 ? JSON.parse(body) : {}
    if (accepted !== lines || refused !== 0)
      throw new CrashFailure(`batch ${number} of ${lines} lines was answered ${status}: ${body}`)
    this.#last = batch
    this.#unanswered.delete(number)
    this.acknowledged.set(number, { lines, firstId, lastId })
    this.acknowledgedLines += lines
    this.acknowledgedBytes += bytes.length
    if (repeated) this.repeated++
    if (this.acknowledgedBytes >= (this.#wanted?.bytes ?? Number.POSITIVE_INFINITY)) this.#wanted?.resolve()
  }
}

function post(agent: Agent, port: number, { number, bytes }: Batch): Promise<HttpAnswer> {
  const headers = { 'Content-Type': 'application/x-ndjson', 'Idempotency-Key': `batch-${number}` }
  const options = { agent, host: '127.0.0.1', port, path: '/api/v1/logs', method: 'POST', headers }
  return answerOf(request(options), (call) => call.end(bytes))
}
