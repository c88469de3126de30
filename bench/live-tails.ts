/**
 * Claim: tails that find nothing cost what comes in next to nothing: with 200 distinct ones the log port acknowledges
 * records at least half as fast as with none.
 *
 *   npm run -s node -- bench/live-tails.ts [--records 500000] [--tails 1,50,200,500] [--kind word]
 *
 * Each row is a server of its own that takes the same load. Its tails are distinct and idle: `word` has words that stand in
 * no message, `part` words made of pieces that do, `field` values of a field that no record has, `level` a level that no
 * record has, and a word. Yardstick: no tail, in the same run. Tails that find something are in push-tail.ts.
 */
import { spawn } from 'node:child_process'
import { connect, type Socket } from 'node:net'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { printTable, whole } from './figures.ts'
import { describeMachine } from './machine.ts'
import { cpuOf, startServer, temporaryDirectory } from './server.ts'

const FILTERS: Readonly<Record<string, (tail: number) => string>> = {
  word: (tail) => `"never ${tail}"`,
  part: (tail) => `"tenant blue ${tail}"`,
  field: (tail) => `service:="service ${tail}"`,
  level: (tail) => `level:fatal "answered ${tail}"`,
}
const CONNECTIONS = 4
const LINE_BYTES = 200

const { values } = parseArgs({
  options: {
    records: { type: 'string', default: '500000' },
    tails: { type: 'string', default: '1,50,200,500' },
    kind: { type: 'string', default: Object.keys(FILTERS).join(',') },
  },
})

interface Measured {
  readonly recordsPerSecond: number
  readonly cpuMicroseconds: number
}

console.log(`# Ingest beside idle tails\n\n${describeMachine()}\n`)
const yardstick = await measure(0, () => '')
const rows = [rowOf('none', 0, yardstick)]
for (const kind of values.kind.split(',')) {
  const filter = FILTERS[kind]
  if (filter === undefined) throw new Error(`there is no kind \`${kind}\``)
  for (const tails of values.tails.split(',').map(Number))
    rows.push(rowOf(kind, tails, await measure(tails, filter)))
}
console.log(
  printTable(['tails', 'how many', 'records/s', 'of the yardstick', 'server CPU, µs a record'], rows),
)

function rowOf(kind: string, tails: number, { recordsPerSecond, cpuMicroseconds }: Measured): string[] {
  const share = (recordsPerSecond / yardstick.recordsPerSecond).toFixed(2)
  return [kind, String(tails), whole(recordsPerSecond), share, cpuMicroseconds.toFixed(2)]
}

async function measure(tails: number, filter: (tail: number) => string): Promise<Measured> {
  using directory = temporaryDirectory()
  await using server = await startServer(directory.path)
  const sockets: Socket[] = []
  for (let tail = 0; tail < tails; tail++) sockets.push(await openTail(server.queryPort, filter(tail)))
  const before = cpuOf(server.pid)
  const { records, seconds } = await sendRecords(server.logPort)
  const cpuSeconds = cpuOf(server.pid) - before
  for (const socket of sockets) socket.destroy()
  return { recordsPerSecond: records / seconds, cpuMicroseconds: (cpuSeconds / records) * 1e6 }
}

/** Resolves when the tail is subscribed. */
function openTail(port: number, filter: string): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect({ port, host: '127.0.0.1' }, () => socket.write(`QUERY|TAIL|${filter}\n`))
    socket.once('error', reject)
    socket.once('data', (chunk) => {
      if (chunk.toString().startsWith('RESULT|*')) resolve(socket)
      else reject(new Error(chunk.toString()))
    })
  })
}

async function sendRecords(port: number): Promise<{ records: number; seconds: number }> {
  const script = join(import.meta.dirname, 'log-generator.ts')
  const args = [script, port, values.records, CONNECTIONS, LINE_BYTES].map(String)
  const generator = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] })
  let output = ''
  generator.stdout.on('data', (chunk: Buffer) => {
    output += chunk
  })
  await new Promise((resolve) => generator.once('exit', resolve))
  return JSON.parse(output)
}
