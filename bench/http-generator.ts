/**
 * The load of http-ndjson.ts, a process of its own: a file of NDJSON in bodies of whole lines, streamed over some
 * connections that are kept, every answer read.
 *
 *   npm run -s node -- bench/http-generator.ts <port> <file.jsonl> <connections> <body bytes>
 */
import { readFileSync } from 'node:fs'
import { Agent, type IncomingMessage, request } from 'node:http'
import { Readable } from 'node:stream'
import { json } from 'node:stream/consumers'

const [port, path, connections, bodyBytes] = process.argv.slice(2)
const CHUNK_BYTES = 256 * 1024
const LINE_FEED = 10

interface Answer {
  readonly accepted: number
  readonly refused: number
}

function bodiesOf(bytes: Buffer): Buffer[] {
  const bodies: Buffer[] = []
  for (let from = 0; from < bytes.length; ) {
    const end = bytes.indexOf(LINE_FEED, from + Number(bodyBytes))
    const to = end === -1 ? bytes.length : end + 1
    bodies.push(bytes.subarray(from, to))
    from = to
  }
  return bodies
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

const bodies = bodiesOf(readFileSync(path))
const agent = new Agent({ keepAlive: true, maxSockets: Number(connections) })
const start = performance.now()
const answers = await Promise.all(bodies.map((body) => send(agent, body)))
const seconds = (performance.now() - start) / 1000
agent.destroy()
const total = (name: keyof Answer): number => answers.reduce((sum, answer) => sum + answer[name], 0)
console.log(JSON.stringify({ accepted: total('accepted'), refused: total('refused'), seconds }))
