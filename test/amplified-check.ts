/**
 * Holds what a server has stored against an AmplifiedLog that was sent to it: every line once, with the fields it was
 * sent with, under an id that its batch was acknowledged with. Reads a stretch of the log's time after another, by
 * queries, and makes the log again beside it: what is kept is one stretch.
 *
 * Rejects with a CrashFailure that names the first difference.
 */
import { Agent, request } from 'node:http'
import { Bitset } from '../src/base/base.ts'
import type { AcknowledgedBatch } from './amplified-load.ts'
import { AmplifiedLog } from './amplified-log.ts'
import { answerOf } from './crash-batches.ts'
import { CrashFailure } from './kill-rounds.ts'

const STRETCH_MS = 250_000
const QUERIES_AT_ONCE = 3
const TAKE_BYTES = 4 * 1024 * 1024
/** What was sent, and what the server adds. */
const ROW_FIELDS = new Set(['_time', '_msg', 'level', 'service', 'host', '_id', '_stream', '_stream_id'])

export interface AmplifiedCheck {
  readonly port: number
  readonly shared: string
  readonly seed: number
  /** Lines that were acknowledged, all of the log's first ones. */
  readonly lines: number
  readonly batches: Iterable<AcknowledgedBatch>
}

export interface Line {
  readonly timeMs: number
  /** All of it, in one way of writing. */
  readonly text: string
}

export interface Row extends Line {
  readonly id: number
}

export async function checkAmplified(check: AmplifiedCheck): Promise<void> {
  using expected = new ExpectedLines(check)
  const ids = new IdBook(check.batches)
  const agent = new Agent({ keepAlive: true })
  try {
    const ahead: Promise<void>[] = []
    for (let startMs = await expected.startMs(); startMs !== null; startMs = await expected.startMs()) {
      const lines = await expected.takeBefore(startMs + STRETCH_MS)
      const rows = readRows(agent, check.port, startMs, startMs + STRETCH_MS)
      const comparing = rows.then((found) => compareRows(lines, found, ids))
      // Whoever awaits it hears of it.
      comparing.catch(() => {})
      ahead.push(comparing)
      if (ahead.length === QUERIES_AT_ONCE) await ahead.shift()
    }
    await Promise.all(ahead)
    ids.finish()
  } finally {
    agent.destroy()
  }
}

class ExpectedLines implements Disposable {
  readonly #log: AmplifiedLog
  #left: number
  #lines: Line[] = []

  constructor({ shared, seed, lines }: AmplifiedCheck) {
    this.#log = new AmplifiedLog(shared, seed)
    this.#left = lines
  }

  /** When the next line happened; null behind the last one. */
  async startMs(): Promise<number | null> {
    if (this.#lines.length === 0) await this.#read()
    return this.#lines.at(0)?.timeMs ?? null
  }

  async takeBefore(endMs: number): Promise<Line[]> {
    while (this.#left > 0 && (this.#lines.at(-1)?.timeMs ?? 0) < endMs) await this.#read()
    const end = this.#lines.findIndex(({ timeMs }) => timeMs >= endMs)
    return this.#lines.splice(0, end < 0 ? this.#lines.length : end)
  }

  async #read(): Promise<void> {
    if (this.#left === 0) return
    const texts = (await this.#log.take(TAKE_BYTES)).toString().split('\n')
    texts.pop()
    for (const text of texts.slice(0, this.#left)) this.#lines.push(lineOf(JSON.parse(text)))
    this.#left -= Math.min(this.#left, texts.length)
  }

  [Symbol.dispose](): void {
    this.#log[Symbol.dispose]()
  }
}

type Fields = Readonly<Record<string, unknown>>

function lineOf({ _time, level, service, host, _msg }: Fields): Line {
  const timeMs = Date.parse(String(_time))
  return { timeMs, text: JSON.stringify([timeMs, level, service, host, _msg]) }
}

function rowOf(fields: Fields): Row {
  const id = Number(fields['_id'])
  if (!Number.isSafeInteger(id) || Object.keys(fields).some((name) => !ROW_FIELDS.has(name)))
    throw new CrashFailure(`a row that was not sent so: ${JSON.stringify(fields)}`)
  return { ...lineOf(fields), id }
}

/** Milliseconds; the end is not in it. */
async function readRows(agent: Agent, port: number, start: number, end: number): Promise<Row[]> {
  const path = `/select/logsql/query?query=*&start=${start}&end=${end}`
  const call = request({ agent, host: '127.0.0.1', port, path })
  const { status, body } = await answerOf(call, () => call.end())
  if (status !== 200) throw new CrashFailure(`${path} was answered ${status}: ${body}`)
  const texts = body.split('\n')
  texts.pop()
  return texts.map((text) => rowOf(JSON.parse(text)))
}

/** Rows come by time; which of those of one millisecond is first depends on who was answered first. */
export function compareRows(lines: readonly Line[], rows: readonly Row[], ids: IdBook): void {
  for (const { id } of rows) ids.take(id)
  if (lines.length === rows.length && lines.every(({ text }, at) => text === rows[at].text)) return
  const expected = lines.map(({ text }) => text).sort()
  const found = rows.map(({ text }) => text).sort()
  for (let at = 0; at < Math.max(expected.length, found.length); at++) {
    if (expected[at] === found[at]) continue
    const isLost = found[at] === undefined || expected[at] < found[at]
    const text = isLost ? expected[at] : found[at]
    throw new CrashFailure(
      `${isLost ? 'lost' : 'there without being sent, or once too often'}: ${text}` +
        ` (${lines.length} lines, ${rows.length} rows from ${lines[0]?.timeMs} on)`,
    )
  }
}

/** Every id once, every batch whole. */
export class IdBook {
  readonly #batches: readonly AcknowledgedBatch[]
  readonly #counts: Uint32Array
  readonly #seen: Bitset

  constructor(batches: Iterable<AcknowledgedBatch>) {
    this.#batches = [...batches].sort((a, b) => a.firstId - b.firstId)
    this.#counts = new Uint32Array(this.#batches.length)
    this.#seen = new Bitset((this.#batches.at(-1)?.lastId ?? 0) + 1)
  }

  take(id: number): void {
    const at = this.#batchOf(id)
    const batch = this.#batches.at(at)
    if (at < 0 || batch === undefined || id > batch.lastId)
      throw new CrashFailure(`id ${id} belongs to no batch that was acknowledged`)
    if (this.#seen.has(id)) throw new CrashFailure(`id ${id} is there twice`)
    this.#seen.set(id)
    this.#counts[at]++
  }

  finish(): void {
    for (const [at, { lines, firstId, lastId }] of this.#batches.entries()) {
      if (this.#counts[at] === lines) continue
      throw new CrashFailure(`${this.#counts[at]} of ${lines} lines have ids from ${firstId} to ${lastId}`)
    }
  }

  /** The last batch that begins at the id or before. */
  #batchOf(id: number): number {
    let low = 0
    for (let high = this.#batches.length; low < high; ) {
      const middle = (low + high) >>> 1
      if (this.#batches[middle].firstId <= id) low = middle + 1
      else high = middle
    }
    return low - 1
  }
}
