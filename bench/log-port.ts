/**
 * Claim: the log port acknowledges 500,000 pipelined 200-byte records a second on two cores that it shares with the
 * load generator, every one synced before its reply, with flat memory.
 *
 *   npm run -s node -- bench/log-port.ts [--records 5000000] [--connections 4]
 */
import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { measureSync, measureZstd, printFigure, printMachine, quantile } from './machine.ts'
import { cpuOf, memoryOf, startServer, temporaryDirectory } from './server.ts'

const { values } = parseArgs({
  options: { records: { type: 'string', default: '5000000' }, connections: { type: 'string', default: '4' } },
})
const LINE_BYTES = 200

printMachine('Acknowledged records on the log port')
using directory = temporaryDirectory()
const syncs = await measureSync(directory.path, 1024 * 1024, 50)
await using server = await startServer(directory.path)
const before = cpuOf(server.pid)
const samples: number[] = []
const sampler = setInterval(() => samples.push(memoryOf(server.pid, 'VmRSS')), 250)
const generator = spawn(
  process.execPath,
  [
    join(import.meta.dirname, 'log-generator.ts'),
    String(server.logPort),
    values.records,
    values.connections,
    String(LINE_BYTES),
  ],
  { stdio: ['ignore', 'pipe', 'inherit'] },
)
let output = ''
generator.stdout.on('data', (chunk: Buffer) => {
  output += chunk
})
await new Promise((resolve) => generator.once('exit', resolve))
clearInterval(sampler)
const { records, seconds } = JSON.parse(output) as { records: number; seconds: number }
const cpuSeconds = cpuOf(server.pid) - before
const megabytes = (records * LINE_BYTES) / 1e6
const sample = Buffer.alloc(
  64e6,
  'GET /api/v1/orders/4711 answered 200 in 12 ms for tenant blue on shard 7; \n',
)
const zstd = measureZstd(sample)
const half = samples.slice(Math.floor(samples.length / 2))
printFigure('records acknowledged', records.toLocaleString('en'))
printFigure('records/s (goal 500,000)', Math.round(records / seconds).toLocaleString('en'))
printFigure('MB/s of lines', (megabytes / seconds).toFixed(0))
printFigure('CPU of the server, µs a record', ((cpuSeconds / records) * 1e6).toFixed(2))
printFigure(
  'RSS halfway / at the end / peak, MB',
  `${mb(half[0])} / ${mb(samples.at(-1))} / ${mb(memoryOf(server.pid, 'VmHWM'))}`,
)
printFigure('yardstick: 1 MiB write + fdatasync, p50 ms', quantile(syncs, 0.5).toFixed(2))
if (zstd !== null) printFigure('yardstick: zstd -1 on 64 MB of such lines, CPU s', zstd.toFixed(2))

function mb(bytes: number | undefined): string {
  return bytes === undefined ? '-' : (bytes / 1e6).toFixed(0)
}
