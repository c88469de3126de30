/** Clients that do everything right, beside those that do not, and must be answered well all the time. */
import assert from 'node:assert/strict'
import { Agent, request } from 'node:http'
import { answerOf } from './crash-batches.ts'
import { LineClient } from './line-client.ts'
import type { RunningProgram } from './running-program.ts'
import { readRecords } from './stored-records.ts'

/** What their messages begin with, where it does not matter which of them it was. */
const WORD = 'witness'

/** Speaks the text protocol. */
export class TextWitness {
  readonly #client: LineClient
  readonly #word: string
  #sent = 0
  #lastId = -1

  private constructor(client: LineClient, word: string) {
    this.#client = client
    this.#word = word
  }

  static async connect(program: RunningProgram, word = WORD): Promise<TextWitness> {
    return new TextWitness(await LineClient.connect(program.logPort), word)
  }

  /** One record; its id is above all before. */
  async check(): Promise<void> {
    const reply = await this.#client.ask(`LOG|DEBUG||${this.#word} ${++this.#sent}`)
    const id = Number(/^OK\|(\d+)$/.exec(reply)?.[1])
    assert.ok(id > this.#lastId, `the witness is answered with ${reply}, after ${this.#lastId}`)
    this.#lastId = id
  }

  /** Every record of it is there, once and in order. */
  checkStored(program: RunningProgram): Promise<void> {
    return assertStored(program, 'DEBUG', this.#word, this.#sent)
  }

  close(): void {
    this.#client[Symbol.dispose]()
  }
}

/** Speaks HTTP, one request behind the other on one connection. */
export class HttpWitness {
  readonly #port: number
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 1 })
  readonly #word: string
  #sent = 0
  #lastId = -1

  constructor(program: RunningProgram, word = WORD) {
    this.#port = program.httpPort
    this.#word = word
  }

  /** One record; its id is above all before. */
  async check(): Promise<void> {
    const options = { agent: this.#agent, host: '127.0.0.1', port: this.#port }
    const record = { message: `${this.#word} ${++this.#sent}`, level: 'TRACE' }
    const { status, body } = await answerOf(
      request({ ...options, method: 'POST', path: '/api/v1/logs' }),
      (call) => call.end(JSON.stringify(record)),
    )
    assert.equal(status, 200, body)
    const { accepted, firstId } = JSON.parse(body)
    assert.equal(accepted, 1)
    assert.ok(firstId > this.#lastId, `the witness is answered with ${firstId}, after ${this.#lastId}`)
    this.#lastId = firstId
  }

  /** Every record of it is there, once and in order. */
  checkStored(program: RunningProgram): Promise<void> {
    return assertStored(program, 'TRACE', this.#word, this.#sent)
  }

  close(): void {
    this.#agent.destroy()
  }
}

async function assertStored(
  program: RunningProgram,
  level: string,
  word: string,
  count: number,
): Promise<void> {
  const stored = await readRecords(program.queryPort, `level:${level} ${word}`)
  assert.deepEqual(
    stored.map(({ message }) => message.toString()),
    Array.from({ length: count }, (_, index) => `${word} ${index + 1}`),
  )
}
