/**
 * The load of connections.ts, a process of its own. `new` opens connections and closes each after one answer; `idle`
 * keeps them open, after one answer, until stdin ends. Says how long it took once all of them were answered.
 *
 *   npm run -s node -- bench/connection-generator.ts <new|idle> <text|http|tls> <port> <connections>
 */
import { connect } from 'node:net'
import type { Duplex } from 'node:stream'
import { connect as connectTls } from 'node:tls'

const [mode, kind, port, connections] = process.argv.slice(2)
const AT_ONCE = 64

interface Kind {
  open(connected: () => void): Duplex
  readonly question: string
  /** How an answer ends. */
  readonly answerEnd: string
}

const address = { host: '127.0.0.1', port: Number(port) }
const PING = { question: 'PING\n', answerEnd: 'PONG\n' }
const KINDS: Readonly<Record<string, Kind>> = {
  text: { open: (connected) => connect(address, connected), ...PING },
  // The server is this machine's own, made a moment ago.
  tls: { open: (connected) => connectTls({ ...address, rejectUnauthorized: false }, connected), ...PING },
  http: {
    open: (connected) => connect(address, connected),
    question: 'GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n',
    answerEnd: '}',
  },
}

/** Resolves with a connection that was answered. */
function answered({ open, question, answerEnd }: Kind): Promise<Duplex> {
  return new Promise((resolve, reject) => {
    const socket = open(() => socket.write(question))
    let text = ''
    const read = (chunk: Buffer): void => {
      text += chunk.toString('latin1')
      if (!text.trimEnd().endsWith(answerEnd.trimEnd())) return
      socket.off('data', read)
      resolve(socket)
    }
    socket.on('data', read)
    socket.once('error', reject)
    socket.once('close', () => reject(new Error(`closed without an answer: ${text}`)))
  })
}

async function close(socket: Duplex): Promise<void> {
  const closed = new Promise((resolve) => socket.once('close', resolve))
  socket.resume()
  socket.end()
  await closed
}

const kept: Duplex[] = []
let left = Number(connections)

async function work(): Promise<void> {
  while (left > 0) {
    left--
    const socket = await answered(KINDS[kind])
    if (mode === 'idle') kept.push(socket)
    else await close(socket)
  }
}

const start = performance.now()
await Promise.all(Array.from({ length: AT_ONCE }, work))
const seconds = (performance.now() - start) / 1000
console.log(JSON.stringify({ seconds }))
if (mode === 'idle') {
  for await (const _ of process.stdin);
  for (const socket of kept) socket.destroy()
}
