/**
 * Claim: turning NDJSON into canonical batches costs at most 1.1 times the CPU of `zstd -1` on the same bytes, so that
 * decoding and logging together stay below 1.5 times.
 *
 *   npm run -s node -- bench/ndjson-decode.ts <file.jsonl> [--rounds 5] [--chunk 65536]
 *
 * The file is best made with `amplify.mjs --lines 500000 --format jsonl` of some real logs.
 */
import { readFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { NdjsonDecoder, NdjsonWorkspace } from '../src/ingest/ingest.ts'
import { measureZstd, printFigure, printMachine } from './machine.ts'

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { rounds: { type: 'string', default: '5' }, chunk: { type: 'string', default: '65536' } },
})
const [path] = positionals
if (path === undefined) throw new Error('usage: node bench/ndjson-decode.ts <file.jsonl> [--rounds 5]')
const chunkBytes = Number(values.chunk)
const bytes = readFileSync(path)
const workspace = new NdjsonWorkspace(1 << 24)

interface Round {
  readonly cpuSeconds: number
  readonly records: number
  readonly refused: number
  readonly encodedBytes: number
}

function decodeAll(): Round {
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

printMachine('NDJSON to canonical batches, CPU time of one process')
const rounds = Array.from({ length: Number(values.rounds) + 1 }, decodeAll).slice(1)
const best = rounds.reduce((a, b) => (a.cpuSeconds < b.cpuSeconds ? a : b))
const sorted = rounds.map(({ cpuSeconds }) => cpuSeconds).sort((a, b) => a - b)
const median = sorted[sorted.length >> 1]
const zstd = measureZstd(bytes)
printFigure(
  'input',
  `${(bytes.length / 1e6).toFixed(1)} MB, ${best.records} records, ${best.refused} refused`,
)
printFigure('encoded', `${(best.encodedBytes / 1e6).toFixed(1)} MB`)
printFigure('MB/s, best / median round', `${mbPerSecond(best.cpuSeconds)} / ${mbPerSecond(median)}`)
printFigure('records/s, median round', Math.round(best.records / median).toLocaleString('en'))
printFigure('ns per record, median round', ((median * 1e9) / best.records).toFixed(0))
if (zstd !== null) {
  printFigure(
    'CPU s: decode / zstd -1',
    `${median.toFixed(3)} / ${zstd.toFixed(3)} = ${(median / zstd).toFixed(2)}  (goal: at most 1.1)`,
  )
}

function mbPerSecond(seconds: number): string {
  return (bytes.length / 1e6 / seconds).toFixed(0)
}
