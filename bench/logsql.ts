/**
 * The queries by which log stores are compared, over data A that is sealed and merged: wall time in units of the CPU of
 * `grep -c "Failed password"` on the raw file of the same run, beside the published figures of VictoriaLogs 1.26 in the
 * same units (reference/victorialogs.md §1.9: grep needed 0.62 s there).
 *
 *   npm run -s node -- bench/logsql.ts [--lines 5000000] [--data-dir DIR] [--cold] [--write --date 2026-01-31]
 *
 * Every query is asked over one connection to the query port. "first": the first run of the process. "warm": the least of some
 * runs, as the server stands: what pipes made of sealed parts is kept (`query.aggregateBytesMax`). "nothing kept": the same
 * with that option at 1 byte, so that every run searches everything again.
 * `--data-dir` takes a store that is there (a copy of it is used); `--cold` drops the page cache of the machine before each
 * first run, where the machine allows it.
 */
import { cpSync, existsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { printTable, whole } from './figures.ts'
import { describeMachine } from './machine.ts'
import { QueryClient } from './query-client.ts'
import { cpuOf, type RunningServer, startServer, temporaryDirectory } from './server.ts'
import { DATA_A_LINES, dataA } from './storage-data.ts'
import { abandon, runCommand, sendNdjson, withServerIn } from './storage-server.ts'
import { grepCount } from './yardsticks.ts'

interface Row {
  readonly name: string
  readonly request: string
  /** Of VictoriaLogs, and whether it answers from an index in two or three milliseconds. */
  readonly theirMs: number
  readonly isIndexed?: true
}

const logsql = (query: string): string => `QUERY|LOGSQL|${query}`
const count = (filter: string): string => `QUERY|COUNT|${filter}`

const ROWS: readonly Row[] = [
  { name: 'rare token, count', request: count('"blk_-6818579135106404888"'), theirMs: 12.1 },
  { name: 'rare token, the row', request: logsql('"blk_-6818579135106404888" | limit 10'), theirMs: 9 },
  { name: 'phrase "Failed password", count', request: count('"Failed password"'), theirMs: 78.8 },
  { name: 'word `error`, count', request: count('error'), theirMs: 471 },
  { name: '`* | stats count()`', request: logsql('* | stats count()'), theirMs: 1.9, isIndexed: true },
  {
    name: '`stats by (service, level) count()`',
    request: logsql('* | stats by (service, level) count()'),
    theirMs: 147,
  },
  {
    name: '`level:error | sort by (_time) desc | limit 100`',
    ...{ request: logsql('level:error | sort by (_time) desc | limit 100'), theirMs: 234 },
  },
  {
    name: '`* | sort by (_time) desc | limit 100`',
    ...{ request: logsql('* | sort by (_time) desc | limit 100'), theirMs: 653 },
  },
  { name: 'substring `~"of size 6"`, count', request: count('~"of size 6"'), theirMs: 504 },
  {
    name: 'regexp `~"blk_-?\\d+ of size 6\\d+"`, count',
    request: count('~"blk_-?\\\\d+ of size 6\\\\d+"'),
    theirMs: 808,
  },
  { name: '`i(failed)`, count', request: count('i(failed)'), theirMs: 1580 },
  { name: '`top 10 by (host)`', request: logsql('* | top 10 by (host)'), theirMs: 3.3, isIndexed: true },
  {
    name: '`extract "rhost=<ip> " | top 10 by (ip)`',
    ...{ request: logsql('"authentication failure" | extract "rhost=<ip> " | top 10 by (ip)'), theirMs: 229 },
  },
  { name: '`facets`', request: logsql('* | facets'), theirMs: 74 },
  { name: '`stats count_uniq(_msg)`', request: logsql('* | stats count_uniq(_msg)'), theirMs: 8321 },
  {
    name: '`collapse_nums | top 10 by (_msg)`',
    request: logsql('* | collapse_nums | top 10 by (_msg)'),
    theirMs: 4000,
  },
  { name: '`hits`, step 1 m', request: logsql('* | stats by (_time:1m) count() as hits'), theirMs: 218 },
]

/** Seconds of CPU of the grep that the published figures stand beside. */
const THEIR_GREP_SECONDS = 0.62
const RUNS = 5
/** A query that is quicker is asked more often: its code is compiled within the first dozens of runs, in each thread. */
const QUICK_MS = 200
const QUICK_RUNS = 50
/** No state is as small. With 0 threads begin with the small heaps of a server that has little memory. */
const NOTHING_KEPT = '1'
/** A query that takes longer is asked twice only. */
const SLOW_MS = 4000

const { values } = parseArgs({
  options: {
    lines: { type: 'string', default: String(DATA_A_LINES) },
    'data-dir': { type: 'string' },
    cold: { type: 'boolean', default: false },
    write: { type: 'boolean', default: false },
    date: { type: 'string' },
  },
})
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => {
    abandon()
    process.exit(1)
  })
}

interface Measured {
  readonly firstMs: number
  readonly warmMs: number
  /** Of the whole server, a run. */
  readonly cpuMs: number
  readonly refused: string | null
}

const path = dataA(Number(values.lines))
const text = await measure()
console.log(text)
if (values.write) writeFileSync(join(import.meta.dirname, '../docs', pageName()), text)

function isUsual(): boolean {
  return Number(values.lines) === DATA_A_LINES
}

function pageName(): string {
  return isUsual() ? 'benchmarks-logsql.md' : `benchmarks-logsql-${values.lines}.md`
}

async function measure(): Promise<string> {
  using directory = temporaryDirectory()
  const dataDir = join(directory.path, 'data')
  await prepare(dataDir)
  const grepSeconds = grepCount('Failed password', path).cpuSeconds
  const plain = await askAll(dataDir, ['--query-aggregate-bytes-max', NOTHING_KEPT])
  const usual = await askAll(dataDir, [])
  return print(usual, plain, grepSeconds)
}

async function prepare(dataDir: string): Promise<void> {
  const given = values['data-dir']
  if (given !== undefined) {
    if (!existsSync(given)) throw new Error(`${given} is not there`)
    cpSync(given, dataDir, { recursive: true })
    return
  }
  await withServerIn(dataDir, async (server) => {
    await sendNdjson(server, path)
    runCommand(server, ['merge', '--wait'])
  })
}

async function askAll(dataDir: string, options: readonly string[]): Promise<Measured[]> {
  const measured: Measured[] = []
  await using server = await startServer(dataDir, options)
  using client = await QueryClient.open(server.queryPort)
  for (const row of ROWS) measured.push(await askOne(server, client, row))
  return measured
}

async function askOne(server: RunningServer, client: QueryClient, { request }: Row): Promise<Measured> {
  try {
    if (values.cold) dropPageCache()
    const first = await client.ask(request)
    const runs = first.wallMs > SLOW_MS ? 1 : first.wallMs < QUICK_MS ? QUICK_RUNS : RUNS
    let warmMs = Number.POSITIVE_INFINITY
    const before = cpuOf(server.pid)
    for (let run = 0; run < runs; run++) warmMs = Math.min(warmMs, (await client.ask(request)).wallMs)
    const cpuMs = ((cpuOf(server.pid) - before) / runs) * 1000
    return { firstMs: first.wallMs, warmMs, cpuMs, refused: null }
  } catch (error) {
    const refused = error instanceof Error ? error.message : String(error)
    return { firstMs: Number.NaN, warmMs: Number.NaN, cpuMs: Number.NaN, refused }
  }
}

function dropPageCache(): void {
  try {
    writeFileSync('/proc/sys/vm/drop_caches', '3')
  } catch {
    throw new Error('the page cache cannot be dropped here: leave out --cold')
  }
}

function print(usual: readonly Measured[], plain: readonly Measured[], grepSeconds: number): string {
  const ratioOf = (ms: number, { theirMs }: Row): number =>
    ms / 1000 / grepSeconds / (theirMs / 1000 / THEIR_GREP_SECONDS)
  const rows = usual.map(({ firstMs, warmMs, refused }, at) => {
    const row = ROWS[at]
    if (refused !== null) return [row.name, '-', '-', '-', refused, '-', '-', '-']
    const ratio = ratioOf(warmMs, row)
    const again = plain[at]
    return [
      ...[row.name, firstMs.toFixed(1), warmMs.toFixed(1), ratio.toFixed(3), verdictOf(ratio, row)],
      ...[again.warmMs.toFixed(1), again.cpuMs.toFixed(1), ratioOf(again.warmMs, row).toFixed(3)],
    ]
  })
  const mean = (measured: readonly Measured[]): string =>
    meanOf(
      measured.flatMap(({ warmMs }, at) => (Number.isNaN(warmMs) ? [] : [ratioOf(warmMs, ROWS[at])])),
    ).toFixed(3)
  const head = [
    'query',
    'first ms',
    'warm ms',
    'ours / theirs',
    'verdict',
    'nothing kept ms',
    'CPU ms',
    'ours / theirs',
  ]
  return `# Benchmarks of LogsQL

${describeMachine()}${values.date === undefined ? '' : `, ${values.date}`}. ${whole(Number(values.lines))} records, sealed and merged; grep: ${grepSeconds.toFixed(2)} s.

\`\`\`sh
npm run -s node -- bench/logsql.ts${isUsual() ? '' : ` --lines ${values.lines}`}${values.cold ? ' --cold' : ''}
\`\`\`

| geometric mean of wall time / grep, over that of VictoriaLogs | measured | goal | must |
|---|---|---|---|
| warm | ${mean(usual)} | 0.1 | 0.3 |
| warm, nothing kept of what pipes made | ${mean(plain)} | | |

${printTable(head, rows)}
"first" is the first run of the process${values.cold ? ', the page cache of the machine dropped before it' : ''}. "warm" is the least of ${RUNS} more (of ${QUICK_RUNS} where the first
took less than ${QUICK_MS} ms): by then sealed parts need not be searched again for the same question, because what pipes made of
them is kept (\`query.aggregateBytesMax\`). "nothing kept" is the same with that option at one byte, and CPU that of the
whole server, threads included. All else is as a server starts with nothing set. "ours / theirs" is wall time in units of
the CPU of grep in the same run, over that of VictoriaLogs 1.26 in its run. None may be above 1, and none should be above
0.5; for those that VictoriaLogs answers from an index in two or three milliseconds 3 and 1.
`
}

function meanOf(ratios: readonly number[]): number {
  return Math.exp(ratios.reduce((sum, ratio) => sum + Math.log(ratio), 0) / ratios.length)
}

function verdictOf(ratio: number, { isIndexed }: Row): string {
  const [goal, must] = isIndexed === true ? [1, 3] : [0.5, 1]
  return ratio <= goal ? 'goal' : ratio <= must ? 'must' : 'MISSED'
}
