/**
 * The load of http-ndjson.ts, a process of its own: a file of NDJSON in bodies of whole lines, streamed over some
 * connections that are kept, every answer read.
 *
 *   npm run -s node -- bench/http-generator.ts <port> <file.jsonl> <connections> <body bytes>
 */
import { closeSync, openSync, readSync } from 'node:fs'
import { Agent, type IncomingMessage, request } from 'node:http'
import { Readable } from 'node:stream'
import { json } from 'node:stream/consumers'

const [port, path, connections, bodyBytes] = process.argv.slice(2)
const CHUNK_BYTES = 256 * 1024
const READ_BYTES = 8 * 1024 * 1024
const LINE_FEED = 10

interface Answer {
  readonly accepted: number
  readonly refused: number
}

/** The file in whole lines: each body is the least that has so many bytes. It may be larger than memory. */
function* bodiesOf(file: number): Generator<Buffer> {
  const bodyMin = Number(bodyBytes)
  let held: Buffer = Buffer.alloc(0)
  for (;;) {
    const end = held.indexOf(LINE_FEED, bodyMin)
    if (end !== -1) {
      yield held.subarray(0, end + 1)
      held = held.subarray(end + 1)
      continue
    }
    const read = Buffer.allocUnsafe(READ_BYTES)
    const count = readSync(file, read)
    if (count === 0) break
    held = Buffer.concat([held, read.subarray(0, count)])
  }
  if (held.length > 0) yield held
}

function* chunksOf(body: Buffer): Generator<Buffer> {
  for (let at = 0; at < body.length; at += CHUNK_BYTES) yield body.subarray(at, at + CHUNK_BYTES)
}

function send(agent: Agent, body: Buffer): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const outgoing = request({
      agent,
      host: '127.0.0.1',
      port: Number(port),
      method: 'POST',
      path: '/insert/jsonline?_stream_fields=service,host',
      headers: { 'content-type': 'application/x-ndjson' },
    })
    outgoing.once('response', (incoming) => void readAnswer(incoming).then(resolve, reject))
    outgoing.once('error', reject)
    Readable.from(chunksOf(body), { objectMode: false, highWaterMark: CHUNK_BYTES }).pipe(outgoing)
  })
}

async function readAnswer(incoming: IncomingMessage): Promise<Answer> {
  const answer = await json(incoming)
  if (incoming.statusCode !== 200) throw new Error(`refused: ${JSON.stringify(answer).slice(0, 500)}`)
  return answer as Answer
}

/** One body after the other over one connection, as long as there are any. */
async function sendAll(agent: Agent, bodies: Generator<Buffer>): Promise<Answer[]> {
  const answers: Answer[] = []
  for (const body of bodies) answers.push(await send(agent, body))
  return answers
}

const file = openSync(path, 'r')
const bodies = bodiesOf(file)
const count = Number(connections)
const agent = new Agent({ keepAlive: true, maxSockets: count })
const start = performance.now()
const sent = await Promise.all(Array.from({ length: count }, () => sendAll(agent, bodies)))
const answers = sent.flat()
const seconds = (performance.now() - start) / 1000
agent.destroy()
closeSync(file)
const total = (name: keyof Answer): number => answers.reduce((sum, answer) => sum + answer[name], 0)
console.log(JSON.stringify({ accepted: total('accepted'), refused: total('refused'), seconds }))
