/**
 * The subscribers of push-tail.ts, a process of their own. A line of JSON comes in, `{queryPort, httpPort, tails}`; `ready`
 * goes out when all are subscribed. Then a line with the number of rows that each must have got or missed comes in, and
 * when they have, or after a while, a line with what each heard goes out.
 */
import { request } from 'node:http'
import { connect } from 'node:net'
import { createInterface } from 'node:readline'
import type { TailOf } from './push-tail-filters.ts'

/** Slow ones take what is there, a chunk, and rest for so long. */
const RESTS_MS = 150
const WAIT_MS = 60_000
/** Rows that come after all were there would be too many. */
const SETTLE_MS = 500
const LINE_FEED = 10
const DIGIT_ZERO = 48
const CAPITAL_A = 65
/** One row in so many tells how late it is. */
const LAG_EVERY = 8

/** What a subscriber of push-tail.ts heard. */
export interface Heard {
  readonly filter: string
  readonly rows: number
  /** Rows that gaps tell of. */
  readonly missed: number
  readonly gaps: number
  /** Rows that came twice or out of order, gaps that overlap, and lines that nobody understands. */
  readonly faults: number
  /** Milliseconds from sending to reading, by second since the start. */
  readonly lagMs: readonly (readonly number[])[]
}

interface Stream {
  pause(): unknown
  resume(): unknown
  on(event: 'data', listener: (chunk: Buffer) => void): unknown
}

class Subscriber {
  readonly tail: TailOf
  rows = 0
  missed = 0
  #gaps = 0
  #faults = 0
  #lastId = -1
  #unread: Buffer | null = null
  readonly #lags: number[][] = []
  readonly #startedMs = Date.now()

  constructor(tail: TailOf) {
    this.tail = tail
  }

  listen(stream: Stream): void {
    stream.on('data', (chunk) => this.#take(chunk))
    if (this.tail.isSlow) stream.on('data', () => this.#rest(stream))
  }

  get heard(): Heard {
    return {
      filter: this.tail.filter,
      rows: this.rows,
      missed: this.missed,
      gaps: this.#gaps,
      faults: this.#faults,
      lagMs: this.#lags,
    }
  }

  #rest(stream: Stream): void {
    if (isAfterwards) return
    stream.pause()
    setTimeout(() => stream.resume(), RESTS_MS)
  }

  #take(chunk: Buffer): void {
    const bytes = this.#unread === null ? chunk : Buffer.concat([this.#unread, chunk])
    let from = 0
    for (let to = bytes.indexOf(LINE_FEED); to >= 0; to = bytes.indexOf(LINE_FEED, from)) {
      if (to > from) this.#line(bytes, from, to)
      from = to + 1
    }
    this.#unread = from < bytes.length ? bytes.subarray(from) : null
  }

  #line(bytes: Buffer, from: number, to: number): void {
    if (this.tail.port === 'http') this.#json(JSON.parse(bytes.toString('utf8', from, to)))
    else if (bytes[from] >= CAPITAL_A) this.#word(bytes.toString('latin1', from, to))
    else this.#record(bytes, from)
  }

  #record(bytes: Buffer, from: number): void {
    let id = 0
    let at = from
    for (let digit = bytes[at] - DIGIT_ZERO; digit >= 0 && digit <= 9; digit = bytes[++at] - DIGIT_ZERO)
      id = id * 10 + digit
    const timeMs = (): number => Number(bytes.toString('latin1', at, at + 40).split('|')[2]) * 1000
    this.#row(id, timeMs)
  }

  #row(id: number, timeMs: () => number): void {
    if (id <= this.#lastId) this.#faults++
    this.#lastId = id
    if (this.rows++ % LAG_EVERY > 0 || isAfterwards) return
    const nowMs = Date.now()
    const lags = (this.#lags[Math.floor((nowMs - this.#startedMs) / 1000)] ??= [])
    lags.push(nowMs - timeMs())
  }

  #word(line: string): void {
    if (line === 'RESULT|*') return
    const [word, ...numbers] = line.split('|')
    if (word === 'GAP') this.#gap(Number(numbers[0]), Number(numbers[1]), Number(numbers[2]))
    else this.#faults++
  }

  #gap(fromId: number, toId: number, count: number): void {
    if (fromId <= this.#lastId || toId - fromId + 1 < count || count < 1) this.#faults++
    this.#lastId = toId
    this.missed += count
    this.#gaps++
  }

  #json(row: Readonly<Record<string, string>>): void {
    if (row['_gap'] !== undefined)
      this.#gap(Number(row['_from_id']), Number(row['_to_id']), Number(row['_gap']))
    else this.#row(Number(row['_id']), () => Date.parse(row['_time']))
  }
}

let isAfterwards = false

function subscribe(ports: { queryPort: number; httpPort: number }, subscriber: Subscriber): Promise<void> {
  const { filter, port } = subscriber.tail
  return new Promise((resolve, reject) => {
    if (port === 'query') {
      const socket = connect({ port: ports.queryPort, host: '127.0.0.1' }, () =>
        socket.write(`QUERY|TAIL|${filter}\n`),
      )
      socket.once('error', reject)
      socket.once('data', (chunk) => {
        if (chunk.toString().startsWith('RESULT')) resolve()
        else reject(new Error(`${filter}: ${chunk}`))
      })
      subscriber.listen(socket)
      return
    }
    const path = `/select/logsql/tail?${new URLSearchParams({ query: filter })}`
    const asked = request({ host: '127.0.0.1', port: ports.httpPort, path, agent: false }, (answer) => {
      if (answer.statusCode !== 200) reject(new Error(`${filter}: ${answer.statusCode}`))
      subscriber.listen(answer)
      resolve()
    })
    asked.once('error', reject)
    asked.end()
  })
}

const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]()
const { tails, ...ports } = JSON.parse((await lines.next()).value as string)
const subscribers = (tails as TailOf[]).map((tail) => new Subscriber(tail))
await Promise.all(subscribers.map((subscriber) => subscribe(ports, subscriber)))
console.log('ready')
const counts = JSON.parse((await lines.next()).value as string) as number[]
isAfterwards = true
const isComplete = (): boolean => subscribers.every(({ rows, missed }, at) => rows + missed >= counts[at])
for (const endMs = Date.now() + WAIT_MS; !isComplete() && Date.now() < endMs; )
  await new Promise((resolve) => setTimeout(resolve, 50))
await new Promise((resolve) => setTimeout(resolve, SETTLE_MS))
process.stdout.write(`${JSON.stringify(subscribers.map(({ heard }) => heard))}\n`, () => process.exit())
