/** Clients of crash rounds that pipeline over a socket: how each speech writes messages, and reads its replies. */
import { connect } from 'node:net'
import { BATCH_MESSAGES, framedBatch, idsOfAck } from './crash-batches.ts'
import type { CrashLedger } from './crash-ledger.ts'
import type { SendingWay } from './crash-ways.ts'
import { BinaryAnswers, binaryLog, JsonAnswers } from './frames.ts'

interface Speech {
  /** Messages that are written at once. */
  readonly step: number
  /** Messages that may wait for their acknowledgement. */
  readonly unansweredMax: number
  /** The next `step` messages. */
  encode(ledger: CrashLedger): Buffer
  /** Replies, told to the ledger. */
  take(ledger: CrashLedger, chunk: Buffer): void
}

type SocketWay = Exclude<SendingWay, 'post' | 'stream'>

const SPEECHES: { readonly [way in SocketWay]: () => Speech } = {
  main: () => new CommandSpeech('LOG|INFO||', 500, /^OK\|(\d+)$/),
  short: () => new CommandSpeech('LOG::ERROR:', 100, /^ACK$/),
  plain: () => new PlainSpeech(),
  framed: () => new FramedSpeech(),
  binary: () => new BinarySpeech(),
}

/** Resolves when the connection has ended. */
export function sendOverSocket(ledger: CrashLedger, way: SocketWay): Promise<void> {
  const speech = SPEECHES[way]()
  const socket = connect({ host: '127.0.0.1', port: ledger.task.logPort, noDelay: true })
  let isOpen = true
  const fill = (): void => {
    while (isOpen && !ledger.isRefused && ledger.sent - ledger.acknowledged < speech.unansweredMax) {
      if (!socket.write(speech.encode(ledger))) return
    }
  }
  return new Promise((resolve) => {
    socket.on('error', () => {})
    socket.on('connect', fill)
    socket.on('drain', fill)
    socket.on('data', (chunk) => {
      speech.take(ledger, chunk)
      fill()
    })
    socket.on('end', () => {
      isOpen = false
    })
    socket.on('close', () => resolve())
  })
}

// ---- text -------------------------------------------------------------------------------------------------------

const NEWLINE = Buffer.from('\n')
const PING = Buffer.from('PING\n')
const REFUSAL = /^ERROR[|:](Server is shutting down|Log storage full)$/

class Lines {
  #rest = ''

  push(chunk: Buffer): string[] {
    const lines = (this.#rest + chunk.toString('latin1')).split('\n')
    this.#rest = lines.pop() ?? ''
    return lines
  }
}

/** The two LOG dialects. */
class CommandSpeech implements Speech {
  readonly step = 1
  readonly unansweredMax: number
  readonly #command: Buffer
  readonly #reply: RegExp
  readonly #lines = new Lines()

  constructor(command: string, unansweredMax: number, reply: RegExp) {
    this.#command = Buffer.from(command)
    this.unansweredMax = unansweredMax
    this.#reply = reply
  }

  encode(ledger: CrashLedger): Buffer {
    return Buffer.concat([this.#command, ...ledger.take(1), NEWLINE])
  }

  take(ledger: CrashLedger, chunk: Buffer): void {
    for (const line of this.#lines.push(chunk)) {
      const reply = this.#reply.exec(line)
      if (REFUSAL.test(line)) ledger.refuse(line)
      else if (reply === null) ledger.problem(line)
      else ledger.acknowledge(1, reply[1] === undefined ? [] : [Number(reply[1])])
    }
  }
}

/** A PONG acknowledges all lines before its PING. */
class PlainSpeech implements Speech {
  readonly step = 150
  readonly unansweredMax = 600
  readonly #lines = new Lines()

  encode(ledger: CrashLedger): Buffer {
    return Buffer.concat([...ledger.take(this.step).flatMap((message) => [message, NEWLINE]), PING])
  }

  take(ledger: CrashLedger, chunk: Buffer): void {
    for (const line of this.#lines.push(chunk)) {
      if (REFUSAL.test(line)) ledger.refuse(line)
      else if (line === 'PONG') ledger.acknowledge(this.step)
      else ledger.problem(line)
    }
  }
}

// ---- frames -----------------------------------------------------------------------------------------------------

const REFUSAL_CODES: ReadonlySet<unknown> = new Set(['STORE_CLOSED', 'STORE_FULL', 'STORE_READ_ONLY'])

class FramedSpeech implements Speech {
  readonly step = BATCH_MESSAGES
  readonly unansweredMax = 10 * BATCH_MESSAGES
  readonly #answers = new JsonAnswers()
  /** Ids of batches that were acknowledged before one that was sent before them. */
  readonly #early = new Map<number, number[]>()

  encode(ledger: CrashLedger): Buffer {
    const { way, client, task } = ledger
    const batch = ledger.sent / BATCH_MESSAGES
    ledger.take(BATCH_MESSAGES)
    return framedBatch({ way, client, round: task.round, batch })
  }

  take(ledger: CrashLedger, chunk: Buffer): void {
    for (const answer of this.#answers.push(chunk)) {
      const ids = idsOfAck(answer)
      if (ids !== null) this.#early.set(Number(answer.correlation_id), ids)
      else if (REFUSAL_CODES.has(answer.payload['code'])) ledger.refuse(JSON.stringify(answer))
      else ledger.problem(JSON.stringify(answer))
    }
    for (let ids = this.#next(ledger); ids !== undefined; ids = this.#next(ledger)) {
      ledger.acknowledge(BATCH_MESSAGES, ids)
    }
  }

  #next(ledger: CrashLedger): number[] | undefined {
    const batch = ledger.acknowledged / BATCH_MESSAGES
    const ids = this.#early.get(batch)
    this.#early.delete(batch)
    return ids
  }
}

const LOG_REPLY = 0x81
const STATUS_OK = 0
const STATUS_STORAGE_FULL = 20

class BinarySpeech implements Speech {
  readonly step = 1
  readonly unansweredMax = 300
  readonly #answers = new BinaryAnswers()

  encode(ledger: CrashLedger): Buffer {
    return binaryLog(ledger.sent, ledger.take(1)[0])
  }

  take(ledger: CrashLedger, chunk: Buffer): void {
    for (const { command, sequence, payload } of this.#answers.push(chunk)) {
      const isNext = command === LOG_REPLY && sequence === ledger.acknowledged
      if (isNext && payload[0] === STATUS_OK && payload.length === 9) {
        ledger.acknowledge(1, [Number(payload.readBigUInt64BE(1))])
      } else if (payload[0] === STATUS_STORAGE_FULL) ledger.refuse(payload.toString('latin1', 1))
      else ledger.problem(`${command} ${sequence} ${payload.toString('latin1')}`)
    }
  }
}
