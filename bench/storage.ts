/**
 * The figures of the storage engine, all of them, as a table in Markdown: size on disk, CPU of ingest, speed and memory
 * under load, queries, and what growth costs. Each stands beside its goal and what it must reach.
 *
 *   npm run -s node -- bench/storage.ts [--only a-size,a-cpu,queries,b-size,log-port,rss,growth] [--lines 5000000]
 *     [--minutes 10] [--growth-lines 50000000] [--write --date 2026-01-31]
 *
 * `--write` keeps the result as docs/benchmarks.md. `growth` takes long, so it is measured only where it is named.
 * Ends with 1 when an answer was wrong or a figure missed what it must reach.
 */
import { statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { type Figure, megabytes, printFigures, verdictOf, whole } from './figures.ts'
import { describeMachine, measureSync, quantile } from './machine.ts'
import { type RunningServer, temporaryDirectory } from './server.ts'
import { amplify, DATA_A_LINES, dataA, dataB, hasSamples, rawMessages, tenLogs } from './storage-data.ts'
import { measureGrowth, measureLogPort, measureRss } from './storage-load-rows.ts'
import { measureQueries } from './storage-query-rows.ts'
import { printReport, type Report } from './storage-report.ts'
import { abandon } from './storage-server.ts'
import { measureA, measureB } from './storage-store-rows.ts'
import { grepCount, zstdBytes, zstdSeconds } from './yardsticks.ts'

const USUAL_ROWS = ['a-size', 'a-cpu', 'queries', 'b-size', 'log-port', 'rss']
const ALL_ROWS = [...USUAL_ROWS, 'growth']
const OF_A = ['a-size', 'a-cpu', 'queries']
const RAW_LINES = 200_000
const GROWTH_SEND_LINES = 1_000_000
const GROWTH_START_MS = Date.parse('2026-01-01T00:00:00Z')
/** Records of log time a second that amplify.mjs makes. */
const AMPLIFIED_RATE = 1000

const { values } = parseArgs({
  options: {
    only: { type: 'string', default: USUAL_ROWS.join() },
    lines: { type: 'string', default: String(DATA_A_LINES) },
    minutes: { type: 'string', default: '10' },
    'growth-lines': { type: 'string', default: '50000000' },
    write: { type: 'boolean', default: false },
    date: { type: 'string' },
  },
})
const wanted = new Set(values.only.split(','))
const minutes = Number(values.minutes)
const lines = Number(values.lines)
const usesA = OF_A.some((row) => wanted.has(row))
checkOptions()
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => {
    abandon()
    process.exit(1)
  })
}

const report = await measureAll()
const text = printReport(report)
console.log(text)
if (values.write) writeFileSync(join(import.meta.dirname, '../docs/benchmarks.md'), text)
process.exitCode = report.figures.some((figure) => ['WRONG', 'MISSED'].includes(verdictOf(figure))) ? 1 : 0

function checkOptions(): void {
  for (const row of wanted) {
    if (!ALL_ROWS.includes(row)) throw new Error(`no row is called ${row}: write ${ALL_ROWS.join(', ')}`)
  }
  if (values.write && values.date === undefined) throw new Error('--write needs the date: --date 2026-01-31')
}

async function measureAll(): Promise<Report> {
  const ofA = await measureOfA()
  const figures = [...show(ofA.figures)]
  const add = async (name: string, measure: () => Promise<readonly Figure[]>): Promise<void> => {
    if (wanted.has(name)) figures.push(...show(await measured(name, measure)))
  }
  await add('b-size', () => measureB(dataB()))
  await add('log-port', () => measureLogPort({ minutes, path: rawMessages(RAW_LINES) }))
  await add('rss', () => measureRss({ minutes, path: rawMessages(RAW_LINES) }))
  await add('growth', growth)
  return {
    ...{ date: values.date ?? null, command: command(), machine: describeMachine() },
    ...{ yardsticks: await measureYardsticks(), figures, queries: ofA.queries },
  }
}

async function measureOfA(): Promise<Pick<Report, 'figures' | 'queries'>> {
  let queries = ''
  const ofQueries: Figure[] = []
  const measureHere = async (server: RunningServer): Promise<readonly Figure[]> => {
    const found = await measureQueries(server, dataA(lines))
    queries = found.table
    return found.figures
  }
  if (!usesA) return { figures: [], queries }
  const ofStore = await measured('data A', () =>
    measureA(dataA(lines), wanted, async (server) => {
      ofQueries.push(...(await measured('queries', () => measureHere(server))))
    }),
  )
  return { figures: [...ofStore, ...ofQueries], queries }
}

/** Figures so far, on stderr: a whole run takes half an hour. */
function show(figures: readonly Figure[]): readonly Figure[] {
  if (figures.length > 0) process.stderr.write(`${printFigures(figures)}\n`)
  return figures
}

/** A row that breaks off must not take the others with it. */
async function measured(name: string, measure: () => Promise<readonly Figure[]>): Promise<readonly Figure[]> {
  try {
    return await measure()
  } catch (error) {
    const note = error instanceof Error ? error.message : String(error)
    const aim = { name, goal: null, must: null, better: 'less', print: String } as const
    return [{ aim, value: null, note }]
  }
}

async function growth(): Promise<Figure[]> {
  using directory = temporaryDirectory()
  const path = join(directory.path, 'lines.jsonl')
  return await measureGrowth({
    lines: Number(values['growth-lines']),
    linesPerSend: GROWTH_SEND_LINES,
    makeLines: (send) => {
      const start = new Date(
        GROWTH_START_MS + (send * GROWTH_SEND_LINES * 1000) / AMPLIFIED_RATE,
      ).toISOString()
      amplify(path, { lines: GROWTH_SEND_LINES, files: tenLogs(), format: 'jsonl', seed: send + 1, start })
      return path
    },
  })
}

function command(): string {
  const words = process.argv.slice(2).filter((word, index, all) => {
    return word !== '--write' && word !== '--date' && all[index - 1] !== '--date'
  })
  return ['npm run -s node -- bench/storage.ts', ...words].join(' ')
}

async function measureYardsticks(): Promise<Report['yardsticks']> {
  using directory = temporaryDirectory()
  const syncs = await measureSync(directory.path, 1 << 20, 50)
  const ofDisk = ['1 MiB write + fdatasync, median', `${quantile(syncs, 0.5).toFixed(2)} ms`] as const
  if (!usesA || !hasSamples()) return [ofDisk]
  const path = dataA(lines)
  const grep = grepCount('Failed password', path)
  return [
    ofDisk,
    ['data A', `${whole(lines)} lines, ${megabytes(statSync(path).size)}`],
    ['`zstd -1` of data A, CPU', `${zstdSeconds(path).toFixed(2)} s`],
    ['`zstd -3` of data A', megabytes(zstdBytes(path))],
    ['`LC_ALL=C grep -c "Failed password"` of data A, CPU', `${grep.cpuSeconds.toFixed(2)} s`],
  ]
}
