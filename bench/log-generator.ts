/**
 * The load of log-port.ts, a process of its own: pipelined `LOG` lines over some connections, every reply counted.
 *
 *   npm run -s node -- bench/log-generator.ts <port> <records> <connections> <line bytes>
 */
import { connect } from 'node:net'

const [port, records, connections, lineBytes] = process.argv.slice(2).map(Number)
const LINES_PER_WRITE = 256
/** Lines of a connection that may wait for their reply. */
const WINDOW = 32 * LINES_PER_WRITE

const filler = 'GET /api/v1/orders/4711 answered 200 in 12 ms for tenant blue on shard 7; '.repeat(20)

function makeLines(seed: number): Buffer {
  let text = ''
  for (let index = 0; index < LINES_PER_WRITE; index++) {
    const head = `LOG|INFO|17180${String(seed * 1000 + index).padStart(5, '0')}|`
    text += `${(head + filler).slice(0, lineBytes - 1)}\n`
  }
  return Buffer.from(text)
}

function run(seed: number, count: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1')
    const lines = makeLines(seed)
    let sent = 0
    let answered = 0
    const pump = (): void => {
      while (sent < count && sent - answered < WINDOW) {
        sent += LINES_PER_WRITE
        if (!socket.write(lines)) break
      }
    }
    socket.on('connect', pump)
    socket.on('drain', pump)
    socket.on('error', reject)
    socket.on('data', (chunk) => {
      let at = -1
      while ((at = chunk.indexOf(10, at + 1)) >= 0) answered++
      if (chunk.includes('ERROR')) reject(new Error(chunk.toString().slice(0, 200)))
      if (answered >= count) {
        socket.end()
        resolve()
      } else pump()
    })
  })
}

const perConnection = Math.ceil(records / connections / LINES_PER_WRITE) * LINES_PER_WRITE
const start = performance.now()
await Promise.all(Array.from({ length: connections }, (_, seed) => run(seed, perConnection)))
const seconds = (performance.now() - start) / 1000
console.log(JSON.stringify({ records: perConnection * connections, seconds }))
