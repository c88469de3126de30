/** What binary-log.ts and framed-json-log.ts share: the real program, a load generator beside it, and the figures. */
import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { measureSync, printFigure, printMachine, quantile } from './machine.ts'
import { cpuOf, memoryOf, startServer, temporaryDirectory } from './server.ts'

const RECORD_BYTES = 200

export interface FrameLoad {
  readonly title: string
  readonly protocol: 'binary' | 'framedJson'
  /** Records acknowledged per second, as the claim has it. */
  readonly goal: number
}

/** Options: `--records`, `--connections`. */
export async function measureFrameLoad({ title, protocol, goal }: FrameLoad): Promise<void> {
  const { values } = parseArgs({
    options: {
      records: { type: 'string', default: '2000000' },
      connections: { type: 'string', default: '4' },
    },
  })
  printMachine(title)
  using directory = temporaryDirectory()
  const syncs = await measureSync(directory.path, 1024 * 1024, 50)
  await using server = await startServer(directory.path)
  const before = cpuOf(server.pid)
  const generated = generate([
    protocol,
    String(server.logPort),
    values.records,
    values.connections,
    String(RECORD_BYTES),
  ])
  const { records, seconds } = await generated
  const cpuSeconds = cpuOf(server.pid) - before
  printFigure('records acknowledged', records.toLocaleString('en'))
  printFigure(
    `records/s (goal ${goal.toLocaleString('en')})`,
    Math.round(records / seconds).toLocaleString('en'),
  )
  printFigure('MB/s', ((records * RECORD_BYTES) / 1e6 / seconds).toFixed(0))
  printFigure('CPU of the server, µs a record', ((cpuSeconds / records) * 1e6).toFixed(2))
  printFigure(
    'RSS at the end / peak, MB',
    `${mb(memoryOf(server.pid, 'VmRSS'))} / ${mb(memoryOf(server.pid, 'VmHWM'))}`,
  )
  printFigure('yardstick: 1 MiB write + fdatasync, p50 ms', quantile(syncs, 0.5).toFixed(2))
}

async function generate(
  figures: readonly string[],
): Promise<{ readonly records: number; readonly seconds: number }> {
  const script = join(import.meta.dirname, 'frame-generator.ts')
  const generator = spawn(process.execPath, [script, ...figures], { stdio: ['ignore', 'pipe', 'inherit'] })
  let output = ''
  generator.stdout.on('data', (chunk: Buffer) => {
    output += chunk
  })
  await new Promise((resolve) => generator.once('close', resolve))
  return JSON.parse(output) as { readonly records: number; readonly seconds: number }
}

function mb(bytes: number): string {
  return (bytes / 1e6).toFixed(0)
}
