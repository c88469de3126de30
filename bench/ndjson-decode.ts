/**
 * Claim: turning NDJSON into canonical batches costs at most 0.4 times the CPU of `zstd -1` on the same bytes, and the
 * WebAssembly kernel at most two thirds of its twin in TypeScript, or it would have to go (docs/adr/0006-kernels.md).
 *
 *   npm run -s node -- bench/ndjson-decode.ts <file.jsonl> [--rounds 5] [--chunk 65536]
 *
 * Each way runs in a process of its own (`--way`), as it would in a server: what one compiles is slower for the other.
 * The file is best made with `amplify.mjs --lines 500000 --format jsonl` of some real logs.
 */
import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { instantiateKernel, refuseKernel, systemRandom } from '../src/base/base.ts'
import { NdjsonDecoder, NdjsonWorkspace } from '../src/ingest/ingest.ts'
import { measureZstd, printFigure, printMachine } from './machine.ts'

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    rounds: { type: 'string', default: '5' },
    chunk: { type: 'string', default: '65536' },
    way: { type: 'string' },
  },
})
const [path] = positionals
if (path === undefined) throw new Error('usage: node bench/ndjson-decode.ts <file.jsonl> [--rounds 5]')
const chunkBytes = Number(values.chunk)
const bytes = readFileSync(path)
interface Round {
  readonly cpuSeconds: number
  readonly records: number
  readonly refused: number
  readonly encodedBytes: number
}

function decodeAll(workspace: NdjsonWorkspace): Round {
  const decoder = new NdjsonDecoder(workspace, {
    recordBytesMax: 1 << 18,
    batchBytesMax: 1 << 22,
    streamFields: ['service', 'host'],
  })
  let encodedBytes = 0
  const drain = (): void => {
    for (let batch = decoder.next(); batch !== null; batch = decoder.next())
      encodedBytes += batch.bytes.length
  }
  const before = process.cpuUsage()
  for (let at = 0; at < bytes.length; at += chunkBytes) {
    decoder.push(bytes.subarray(at, at + chunkBytes), 1_750_000_000_000, 0)
    drain()
  }
  decoder.end(true, 1_750_000_000_000, 0)
  drain()
  const { user, system } = process.cpuUsage(before)
  const { records, refusedLines } = decoder.counters
  return { cpuSeconds: (user + system) / 1e6, records, refused: refusedLines, encodedBytes }
}

if (values.way !== undefined) {
  const instantiate = values.way === 'kernel' ? instantiateKernel : refuseKernel
  const workspace = new NdjsonWorkspace(1 << 24, systemRandom, instantiate)
  const rounds = Array.from({ length: Number(values.rounds) + 1 }, () => decodeAll(workspace))
  console.log(JSON.stringify(rounds))
} else report()

function report(): void {
  printMachine('NDJSON to canonical batches, CPU time of one process')
  const kernelRounds = roundsOf('kernel')
  const [best] = kernelRounds
  const kernel = medianOf(kernelRounds)
  const twin = medianOf(roundsOf('twin'))
  const zstd = measureZstd(bytes)
  printFigure(
    'input',
    `${(bytes.length / 1e6).toFixed(1)} MB, ${best.records} records, ${best.refused} refused`,
  )
  printFigure('encoded', `${(best.encodedBytes / 1e6).toFixed(1)} MB`)
  printFigure('MB/s, median round: kernel / twin', `${mbPerSecond(kernel)} / ${mbPerSecond(twin)}`)
  printFigure('records/s, median round, kernel', Math.round(best.records / kernel).toLocaleString('en'))
  printFigure('ns per record, median round, kernel', ((kernel * 1e9) / best.records).toFixed(0))
  printFigure('CPU s: twin / kernel', `${ratioOf(twin, kernel)}  (goal: at least 1.5)`)
  if (zstd !== null) {
    printFigure('CPU s: kernel / zstd -1', `${ratioOf(kernel, zstd)}  (goal: at most 0.4)`)
    printFigure('CPU s: twin / zstd -1', ratioOf(twin, zstd))
  }
}

function roundsOf(way: string): Round[] {
  const { rounds, chunk } = values
  const words = [import.meta.filename, path, '--way', way, '--rounds', rounds, '--chunk', chunk]
  return JSON.parse(
    spawnSync(process.execPath, words, { stdio: ['ignore', 'pipe', 'inherit'] }).stdout.toString(),
  )
}

/** Without the first round, which is cold. */
function medianOf(rounds: readonly Round[]): number {
  const sorted = rounds
    .slice(1)
    .map(({ cpuSeconds }) => cpuSeconds)
    .sort((a, b) => a - b)
  return sorted[sorted.length >> 1]
}

function ratioOf(seconds: number, other: number): string {
  return `${seconds.toFixed(3)} / ${other.toFixed(3)} = ${(seconds / other).toFixed(2)}`
}

function mbPerSecond(seconds: number): string {
  return (bytes.length / 1e6 / seconds).toFixed(0)
}
