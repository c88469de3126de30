/**
 * Claim: a core makes 200,000 small datagrams a second into records, if the kernel delivers them; every datagram that
 * was sent is stored or counted under a name. About two thirds of the time is what Node.js needs to read a datagram.
 *
 *   npm run -s node -- bench/udp-log.ts [--seconds 5] [--bytes 100] [--rates 50000,100000,0]
 *
 * A rate of 0 sends as fast as one process can. The generator, the server and its disk share the machine: with two
 * processors the kernel drops what the server has no time to read.
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { connect } from 'node:net'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import type { UdpServerStats } from '../src/servers/servers.ts'
import { measureSync, printFigure, printMachine, quantile } from './machine.ts'
import { cpuOf, memoryOf, type RunningServer, startServer, temporaryDirectory } from './server.ts'

const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '5' },
    bytes: { type: 'string', default: '100' },
    rates: { type: 'string', default: '50000,100000,0' },
  },
})

printMachine(`Datagrams of ${values.bytes} bytes on the log port`)
using directory = temporaryDirectory()
const syncs = await measureSync(directory.path, 1024 * 1024, 50)
await using server = await startServer(directory.path)
const [socket] = (await statsOf(server)).sockets
printFigure('receive buffer as the system shows it, KiB', String(socket.receiveBufferBytes / 1024))
for (const rate of values.rates.split(',').map(Number)) await measure(server, rate)
printFigure('peak RSS, MB', (memoryOf(server.pid, 'VmHWM') / 1e6).toFixed(0))
printFigure('yardstick: 1 MiB write + fdatasync, p50 ms', quantile(syncs, 0.5).toFixed(2))

async function measure(server: RunningServer, rate: number): Promise<void> {
  const before = await statsOf(server)
  const cpuBefore = cpuOf(server.pid)
  const { sent, seconds } = await generate(server.logPort, rate)
  const after = await settled(server)
  const cpuSeconds = cpuOf(server.pid) - cpuBefore
  const stored = after.lines.stored - before.lines.stored
  const received = after.datagrams - before.datagrams
  const kernelDrops = (after.kernelDrops ?? 0) - (before.kernelDrops ?? 0)
  console.log(rate === 0 ? '  as fast as the generator can' : `  at ${count(rate)} datagrams/s`)
  printFigure('  sent, datagrams/s', `${count(sent)}, ${count(sent / seconds)}`)
  printFigure('  received / stored', `${count(received)} / ${count(stored)}`)
  printFigure('  dropped by the kernel / by us', `${count(kernelDrops)} / ${count(received - stored)}`)
  printFigure('  not accounted for (goal 0)', count(sent - received - kernelDrops))
  printFigure('  CPU of the server, µs a record', ((cpuSeconds / stored) * 1e6).toFixed(2))
  printFigure('  records/s a core (goal 200,000)', count(stored / cpuSeconds))
}

async function generate(port: number, rate: number): Promise<{ sent: number; seconds: number }> {
  const program = join(import.meta.dirname, 'udp-generator.ts')
  const args = [program, String(port), values.seconds, String(rate), values.bytes]
  const generator = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] })
  let output = ''
  generator.stdout.on('data', (chunk: Buffer) => {
    output += chunk
  })
  await once(generator, 'close')
  return JSON.parse(output) as { sent: number; seconds: number }
}

/** The counters when nothing is on its way any more. */
async function settled(server: RunningServer): Promise<UdpServerStats> {
  for (let last = -1; ; ) {
    const stats = await statsOf(server)
    if (stats.lines.heldBytes === 0 && stats.datagrams === last) return stats
    last = stats.datagrams
    await pause(50)
  }
}

async function statsOf({ queryPort }: RunningServer): Promise<UdpServerStats> {
  const socket = connect(queryPort, '127.0.0.1')
  socket.end('QUERY|STATS|\n')
  let answer = ''
  for await (const chunk of socket) answer += chunk
  const { udp } = JSON.parse(answer.split('\n')[1]) as { udp: UdpServerStats }
  return udp
}

function count(number: number): string {
  return Math.round(number).toLocaleString('en')
}
