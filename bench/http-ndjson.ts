/**
 * Claim: NDJSON over HTTP is decoded, logged and synced for at most 1.5 times the CPU that `zstd -1` needs for the same
 * bytes. The sender is a process of its own; its CPU is not counted.
 *
 *   npm run -s node -- bench/http-ndjson.ts [FILE.jsonl] [--rounds 5] [--connections 4] [--lines 1200000]
 *
 * Without a file, one of `--lines` lines (some 300 MB) is made of the real logs beside the repository. The server stays
 * the same for all rounds: the first one shows it cold.
 */
import { spawn, spawnSync } from 'node:child_process'
import { closeSync, existsSync, openSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { measureSync, measureZstd, printFigure, printMachine, quantile } from './machine.ts'
import { cpuOf, memoryOf, type RunningServer, startServer, temporaryDirectory } from './server.ts'

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    rounds: { type: 'string', default: '5' },
    connections: { type: 'string', default: '4' },
    lines: { type: 'string', default: '1200000' },
  },
})
const BODY_BYTES = 16 * 1024 * 1024
const SAMPLES = join(import.meta.dirname, '../../shared')
const ZSTD_ROUNDS = 3

interface Round {
  readonly accepted: number
  readonly refused: number
  readonly seconds: number
  readonly cpuSeconds: number
}

printMachine('NDJSON over HTTP to durable')
using directory = temporaryDirectory()
const path = positionals[0] ?? makeInput(join(directory.path, 'input.jsonl'))
const bytes = readFileSync(path)
const syncs = await measureSync(directory.path, 1024 * 1024, 50)
const zstd = zstdSeconds()
await using server = await startServer(join(directory.path, 'data'))
const rounds: Round[] = []
for (let round = 0; round < Number(values.rounds); round++) rounds.push(await runRound(server))
report()

function makeInput(target: string): string {
  const samples = join(SAMPLES, 'corpus')
  if (!existsSync(samples)) throw new Error('there are no logs to make an input of: name a file of NDJSON')
  const logs = readdirSync(samples).filter((name) => name.endsWith('.log'))
  const words = ['--format', 'jsonl', '--lines', values.lines, ...logs.map((name) => join(samples, name))]
  const output = openSync(target, 'w')
  const made = spawnSync(process.execPath, [join(SAMPLES, 'tools/amplify.mjs'), ...words], {
    stdio: ['ignore', output, 'inherit'],
  })
  closeSync(output)
  if (made.status !== 0) throw new Error('the input could not be made: name a file of NDJSON')
  return target
}

/** The least that it took: everything above it is the noise of the machine. */
function zstdSeconds(): number | null {
  const times = Array.from({ length: ZSTD_ROUNDS }, () => measureZstd(bytes)).filter((time) => time !== null)
  return times.length === 0 ? null : Math.min(...times)
}

async function runRound({ pid, httpPort }: RunningServer): Promise<Round> {
  const before = cpuOf(pid)
  const script = join(import.meta.dirname, 'http-generator.ts')
  const words = [String(httpPort), path, values.connections, String(BODY_BYTES)]
  const generator = spawn(process.execPath, [script, ...words], { stdio: ['ignore', 'pipe', 'inherit'] })
  let output = ''
  generator.stdout.on('data', (chunk: Buffer) => {
    output += chunk
  })
  await new Promise((resolve) => generator.once('close', resolve))
  const sent = JSON.parse(output) as Omit<Round, 'cpuSeconds'>
  return { ...sent, cpuSeconds: cpuOf(pid) - before }
}

function report(): void {
  const fastest = rounds.reduce((a, b) => (a.seconds < b.seconds ? a : b))
  const cheapest = rounds.reduce((a, b) => (a.cpuSeconds < b.cpuSeconds ? a : b))
  const megabytes = bytes.length / 1e6
  const { accepted, refused } = fastest
  printFigure('input', `${megabytes.toFixed(1)} MB, ${accepted} records stored, ${refused} refused`)
  printFigure(
    'MB/s, wall clock: rounds',
    rounds.map(({ seconds }) => (megabytes / seconds).toFixed(0)).join(' '),
  )
  printFigure('records/s, fastest round', Math.round(accepted / fastest.seconds).toLocaleString('en'))
  printFigure('CPU s of the server: rounds', rounds.map(({ cpuSeconds }) => cpuSeconds.toFixed(2)).join(' '))
  printFigure('MB/s per core, cheapest round', (megabytes / cheapest.cpuSeconds).toFixed(0))
  printFigure(
    'records/s per core, cheapest round',
    Math.round(accepted / cheapest.cpuSeconds).toLocaleString('en'),
  )
  printFigure(
    'RSS at the end / peak, MB',
    `${mb(memoryOf(server.pid, 'VmRSS'))} / ${mb(memoryOf(server.pid, 'VmHWM'))}`,
  )
  printFigure('yardstick: 1 MiB write + fdatasync, p50 ms', quantile(syncs, 0.5).toFixed(2))
  if (zstd === null) return
  const ratio = (cheapest.cpuSeconds / zstd).toFixed(2)
  printFigure('yardstick: zstd -1 on the same bytes, CPU s', zstd.toFixed(2))
  printFigure('server / zstd -1, cheapest round (goal 1.5)', ratio)
}

function mb(byteCount: number): string {
  return (byteCount / 1e6).toFixed(0)
}
