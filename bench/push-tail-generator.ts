/**
 * The load of push-tail.ts, a process of its own: real log lines at a rate, one in ten as NDJSON with fields over HTTP,
 * the others as `LOG` lines over four connections of the log port. Each carries the millisecond of its sending. Prints
 * one line of JSON: how many were acknowledged, in how many seconds.
 *
 *   node bench/push-tail-generator.ts <log port> <http port> <seconds> <records/s> <mean line bytes> <file.jsonl>
 */
import { readFileSync } from 'node:fs'
import { Agent, request } from 'node:http'
import { connect, type Socket } from 'node:net'
import { json } from 'node:stream/consumers'

const words = process.argv.slice(2)
const [logPort, httpPort, seconds, rate, lineBytes] = words.map(Number)
const path = words[5]
const CONNECTIONS = 4
const HTTP_SHARE = 0.1
const LINES_PER_WRITE = 256
const LINES_PER_BODY = 500
/** Lines that may wait for their reply: of a connection, and of HTTP. */
const WINDOW = 64 * LINES_PER_WRITE
const BODIES_MAX = 8
const PACE_MS = 4
const LINE_FEED = 10
const TIME_ZEROS = '0000000000.000'
const PADDING = ' tenant=blue shard=seven region=middle cluster=main zone=first release=stable owner=platform'

interface Sample {
  readonly level: string
  readonly service: string
  readonly host: string
  readonly _msg: string
}

const samples = readFileSync(path, 'utf8')
  .split('\n')
  .filter(Boolean)
  .map((line) => JSON.parse(line) as Sample)
const meanBytes = samples.reduce((sum, { _msg }) => sum + Buffer.byteLength(_msg), 0) / samples.length
const padding = PADDING.repeat(2).slice(0, Math.max(0, Math.round(lineBytes - meanBytes)))

/** Bytes of some lines, and where the time of sending stands in each. */
interface Piece {
  readonly bytes: Buffer
  readonly timeOffsets: Int32Array
}

function pieceOf(lines: readonly string[]): Piece {
  const bytes = Buffer.from(lines.join(''))
  const timeOffsets = new Int32Array(lines.length)
  for (let index = 0, at = 0; index < lines.length; index++) {
    timeOffsets[index] = bytes.indexOf(TIME_ZEROS, at)
    at = timeOffsets[index] + 1
  }
  return { bytes, timeOffsets }
}

function piecesOf(perPiece: number, printed: (sample: Sample) => string): Piece[] {
  const pieces: Piece[] = []
  for (let from = 0; from + perPiece <= samples.length; from += perPiece)
    pieces.push(pieceOf(samples.slice(from, from + perPiece).map(printed)))
  return pieces
}

const logLine = ({ level, _msg }: Sample): string =>
  `LOG|${level.toUpperCase()}|${TIME_ZEROS}|${_msg}${padding}\n`
const jsonLine = ({ level, service, host, _msg }: Sample): string =>
  `${JSON.stringify({ _time: TIME_ZEROS, level, service, host, _msg: _msg + padding })}\n`

function setTime({ bytes, timeOffsets }: Piece): Buffer {
  const digits = Buffer.from((Date.now() / 1000).toFixed(3))
  for (let index = 0; index < timeOffsets.length; index++) digits.copy(bytes, timeOffsets[index])
  return bytes
}

let startMs = 0
let acknowledged = 0
const elapsed = (): number => (performance.now() - startMs) / 1000
const isOver = (): boolean => elapsed() >= seconds

/** Sends at `share` of the rate until the time is over and all is acknowledged. */
function sendLog(share: number, from: number): Promise<void> {
  const pieces = logPieces
  return new Promise((resolve, reject) => {
    const socket: Socket = connect({ port: logPort, host: '127.0.0.1' })
    let [sent, answered, next] = [0, 0, from]
    const pump = (): void => {
      while (!isOver() && sent - answered < WINDOW && sent < elapsed() * rate * share) {
        sent += LINES_PER_WRITE
        // The bytes are changed again after all pieces were sent: by then they have left.
        socket.write(setTime(pieces[next++ % pieces.length]))
      }
      if (!isOver() || answered < sent) return
      clearInterval(pacer)
      socket.end()
      resolve()
    }
    const pacer = setInterval(pump, PACE_MS)
    socket.on('error', reject)
    socket.on('data', (chunk) => {
      if (chunk.includes('ERROR')) reject(new Error(chunk.toString().slice(0, 200)))
      for (let at = chunk.indexOf(LINE_FEED); at >= 0; at = chunk.indexOf(LINE_FEED, at + 1)) answered++
    })
    socket.on('close', () => {
      acknowledged += answered
    })
  })
}

async function sendHttp(share: number): Promise<void> {
  const agent = new Agent({ keepAlive: true, maxSockets: BODIES_MAX })
  const coming = new Set<Promise<void>>()
  for (let sent = 0; !isOver(); ) {
    if (sent >= elapsed() * rate * share || coming.size >= BODIES_MAX) {
      await new Promise((resolve) => setTimeout(resolve, PACE_MS))
      continue
    }
    const body = setTime(jsonPieces[(sent / LINES_PER_BODY) % jsonPieces.length])
    const posted = post(agent, body).finally(() => coming.delete(posted))
    coming.add(posted)
    sent += LINES_PER_BODY
  }
  await Promise.all(coming)
  agent.destroy()
}

async function post(agent: Agent, body: Buffer): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  const outgoing = request({
    agent,
    host: '127.0.0.1',
    port: httpPort,
    method: 'POST',
    path: '/insert/jsonline?_stream_fields=service,host',
    headers: { 'content-type': 'application/x-ndjson', 'content-length': body.length },
  })
  outgoing.once('error', reject)
  outgoing.once('response', async (incoming) => {
    const answer = (await json(incoming)) as { readonly accepted?: number }
    acknowledged += answer.accepted ?? 0
    if (incoming.statusCode === 200) resolve()
    else reject(new Error(JSON.stringify(answer)))
  })
  outgoing.end(body)
  return promise
}

const logPieces = piecesOf(LINES_PER_WRITE, logLine)
const jsonPieces = piecesOf(LINES_PER_BODY, jsonLine)
startMs = performance.now()
const logShare = (1 - HTTP_SHARE) / CONNECTIONS
const logs = Array.from({ length: CONNECTIONS }, (_, at) =>
  sendLog(logShare, Math.floor((at * logPieces.length) / CONNECTIONS)),
)
await Promise.all([...logs, sendHttp(HTTP_SHARE)])
const took = elapsed()
await new Promise((resolve) => setTimeout(resolve, 200))
console.log(JSON.stringify({ records: acknowledged, seconds: took }))
