/**
 * What a running server has stored, read from its query port. Written apart from the product's own client, so that the
 * two cannot agree on a mistake.
 */
import assert from 'node:assert/strict'
import { connect } from 'node:net'
import { within } from './deadline.ts'

export interface StoredRecord {
  readonly id: number
  readonly level: string
  /** Unix seconds with decimals, as printed. */
  readonly time: string
  /** The bytes of the message. */
  readonly message: Buffer
}

const NEWLINE = 0x0a
const BAR = 0x7c
const BACKSLASH = 0x5c
const LETTER_N = 0x6e
const LETTER_X = 0x78
const ROWS_MAX = 10_000_000
const ANSWER_MS_MAX = 180_000

/** Shows every record that matches to `visit`, oldest first; how many there were. */
export async function visitRecords(
  port: number,
  visit: (record: StoredRecord) => void,
  filter = '*',
): Promise<number> {
  let rows = 0
  const count = await askRows(port, `LOGSQL|${filter} | limit ${ROWS_MAX}`, (row) => {
    rows++
    visit(parseRow(row))
  })
  assert.equal(rows, count, 'as many rows came as RESULT said')
  return rows
}

/** Every record that matches, in the order of ids. */
export async function readRecords(port: number, filter = '*'): Promise<StoredRecord[]> {
  const records: StoredRecord[] = []
  await visitRecords(port, (record) => records.push(record), filter)
  return records.sort((one, other) => one.id - other.id)
}

export async function countRecords(port: number, filter = '*'): Promise<number> {
  const rows: string[] = []
  await askRows(port, `COUNT|${filter}`, (row) => rows.push(row.toString()))
  return Number(rows[0])
}

/** The counters of the server. */
export async function readStats(port: number): Promise<Record<string, unknown>> {
  const rows: string[] = []
  await askRows(port, 'STATS|', (row) => rows.push(row.toString()))
  return JSON.parse(rows.join(''))
}

/** Sends `QUERY|<request>` on a connection of its own, shows every row of the answer, and gives the count of RESULT. */
async function askRows(port: number, request: string, visit: (row: Buffer) => void): Promise<number> {
  const socket = connect({ host: '127.0.0.1', port })
  socket.write(`QUERY|${request}\n`)
  let count = -1
  let isEnded = false
  const take = (line: Buffer): void => {
    if (count < 0) count = readResult(line)
    else if (line.equals(END)) isEnded = true
    else if (line.toString('latin1', 0, 6) === 'ERROR|') throw new Error(`the query port says: ${line}`)
    else visit(line)
  }
  const read = async (): Promise<void> => {
    let rest: Buffer = Buffer.alloc(0)
    for await (const chunk of socket) {
      rest = takeLines(rest.length === 0 ? chunk : Buffer.concat([rest, chunk]), take)
      if (isEnded) return
    }
    throw new Error(`the query port closed the connection within its answer to ${request}`)
  }
  try {
    await within(read(), `the answer to ${request}`, ANSWER_MS_MAX)
  } finally {
    socket.destroy()
  }
  return count
}

const END = Buffer.from('END')

function takeLines(bytes: Buffer, take: (line: Buffer) => void): Buffer {
  let from = 0
  for (let to = bytes.indexOf(NEWLINE); to >= 0; to = bytes.indexOf(NEWLINE, from)) {
    take(bytes.subarray(from, to))
    from = to + 1
  }
  return bytes.subarray(from)
}

function readResult(line: Buffer): number {
  const count = /^RESULT\|(\d+)$/.exec(line.toString())?.[1]
  assert.ok(count !== undefined, `a query is answered with ${line}`)
  return Number(count)
}

/** `<id>|<LEVEL>|<time>|<message>` */
function parseRow(row: Buffer): StoredRecord {
  const first = row.indexOf(BAR)
  const second = row.indexOf(BAR, first + 1)
  const third = row.indexOf(BAR, second + 1)
  assert.ok(first > 0 && second > first && third > second, `no record: ${row}`)
  return {
    id: Number(row.toString('latin1', 0, first)),
    level: row.toString('latin1', first + 1, second),
    time: row.toString('latin1', second + 1, third),
    message: unescapeBytes(row.subarray(third + 1)),
  }
}

/** `\n`, `\\` and `\xNN` as the bytes that they stand for. Anything else after a backslash is a fault of the server. */
function unescapeBytes(text: Buffer): Buffer {
  const bytes = Buffer.from(text)
  let length = 0
  for (let at = 0; at < text.length; at++) {
    let byte = text[at]
    if (byte === BACKSLASH) {
      const letter = text[++at]
      byte = letter === LETTER_N ? NEWLINE : letter === LETTER_X ? readHex(text, at + 1) : letter
      assert.ok(letter === LETTER_N || letter === LETTER_X || letter === BACKSLASH, 'a known escape')
      if (letter === LETTER_X) at += 2
    }
    bytes[length++] = byte
  }
  return bytes.subarray(0, length)
}

function readHex(text: Buffer, at: number): number {
  const digits = text.toString('latin1', at, at + 2)
  assert.match(digits, /^[0-9a-f]{2}$/)
  return Number.parseInt(digits, 16)
}
