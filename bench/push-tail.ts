/**
 * Claim: while 100,000 records of 200 bytes a second come in, a hundred subscribers with different filters are told at
 * once: the ninety that read get every row that matches, the ten that rest get gaps, and rows and gaps add up exactly.
 *
 *   npm run -s node -- bench/push-tail.ts [--seconds 30] [--rate 100000] [--tails 0,100] [--each]
 *
 * Each row is a server of its own that takes the same load (real log lines; one in ten has fields of its own). Afterwards
 * it is asked how many records match each filter, and each subscriber's rows, and what its gaps tell, are held against
 * that; a row that comes twice or out of order is a fault. CPU is that of the server's process with all its threads, and of
 * these the main one; `lag` is from the sending of a record to the reading of its row, and knows only rows that came while
 * records were sent. `--each` prints every filter. Yardstick: no tail, in the same run.
 *
 * Measured (AMD EPYC, 2 processors, Node 24.21): nothing is missing and all slow ones add up exactly, in every run. With
 * little beside it (load average 2, `--seconds 20`) 99,854 records/s were acknowledged, for 12.6 µs of CPU a record (8.7 of
 * the main thread; without tails 5.7 and 2.4), where below 8 is the aim; lag was 1.4 s in the first third and 0.06 s in the
 * last. Beside other work (load average 3 to 4) 71,011 to 82,723 were, for 11.8 to 14.2 µs (6.4 to 7.4; 5.2 and 2.0), and
 * lag grew to 5 s: a feed that is behind reads from the store, which takes longer. With `--seconds 8 --rate 50000` (load
 * average 4 to 11) 18.0 to 18.8 µs, 10.5 to 11.6 of the main thread: the slow ones take as many rows a second at any rate.
 * The collector's threads take 3.3 to 5.1 µs of these, without tails 0.7.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { parseArgs } from 'node:util'
import { printTable, whole } from './figures.ts'
import { describeMachine, quantile } from './machine.ts'
import { TAILS, type TailOf } from './push-tail-filters.ts'
import type { Heard } from './push-tail-reader.ts'
import { QueryClient } from './query-client.ts'
import { cpuOf, type RunningServer, startServer, temporaryDirectory } from './server.ts'
import { dataA } from './storage-data.ts'

const LINE_BYTES = 200
const SAMPLE_LINES = 100_000

const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '30' },
    rate: { type: 'string', default: '100000' },
    tails: { type: 'string', default: '0,100' },
    each: { type: 'boolean', default: false },
  },
})

interface Load {
  readonly records: number
  readonly seconds: number
  readonly cpuSeconds: number
  readonly mainCpuSeconds: number
}

interface Checked {
  readonly tail: TailOf
  readonly heard: Heard
  readonly count: number
}

console.log(`# Push tail\n\n${describeMachine()}\n`)
const path = dataA(SAMPLE_LINES)
const head = [
  'tails',
  'records/s',
  'server CPU, µs a record',
  'of its main thread',
  'rows/s',
  'fast: missing',
  'slow: rows and gaps',
]
const rows: string[][] = []
for (const tails of values.tails.split(',').map(Number)) rows.push(await measure(tails))
console.log(
  printTable(
    [...head, 'faults', 'lag of the fastest, median ms', 'of the slowest', 'first third / last third'],
    rows,
  ),
)

async function measure(tails: number): Promise<string[]> {
  using directory = temporaryDirectory()
  await using server = await startServer(directory.path)
  // The slow ones are the last.
  const wanted = tails === 0 ? [] : [...TAILS.slice(0, tails - 10), ...TAILS.slice(-10)]
  const reader = await startReader(server, wanted)
  try {
    const load = await sendLoad(server)
    const counts = await countAll(server, wanted)
    reader.child.stdin?.write(`${JSON.stringify(counts)}\n`)
    const heard = JSON.parse(await reader.line()) as Heard[]
    const checked = wanted.map((tail, at) => ({ tail, heard: heard[at], count: counts[at] }))
    if (values.each) printEach(checked)
    return rowOf(load, checked)
  } finally {
    reader.child.kill()
  }
}

async function startReader({ queryPort, httpPort }: RunningServer, tails: readonly TailOf[]) {
  const child: ChildProcess = spawn(process.execPath, [join(import.meta.dirname, 'push-tail-reader.ts')], {
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  const lines = createInterface({ input: child.stdout! })[Symbol.asyncIterator]()
  const line = async (): Promise<string> => {
    const { value, done } = await lines.next()
    if (done === true) throw new Error('the reader ended')
    return value
  }
  child.stdin?.write(`${JSON.stringify({ queryPort, httpPort, tails })}\n`)
  await line()
  return { child, line }
}

async function sendLoad({ pid, logPort, httpPort }: RunningServer): Promise<Load> {
  const before = cpuOf(pid)
  const mainBefore = mainCpuOf(pid)
  const script = join(import.meta.dirname, 'push-tail-generator.ts')
  const words = [logPort, httpPort, values.seconds, values.rate, LINE_BYTES, path].map(String)
  const generator = spawn(process.execPath, [script, ...words], { stdio: ['ignore', 'pipe', 'inherit'] })
  let output = ''
  generator.stdout.on('data', (chunk: Buffer) => {
    output += chunk
  })
  await new Promise((resolve) => generator.once('close', resolve))
  return {
    ...JSON.parse(output),
    cpuSeconds: cpuOf(pid) - before,
    mainCpuSeconds: mainCpuOf(pid) - mainBefore,
  }
}

/** Seconds of CPU of the thread that a process began with. */
function mainCpuOf(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/task/${pid}/stat`, 'utf8').split(') ')[1].split(' ')
  return (Number(fields[11]) + Number(fields[12])) / 100
}

async function countAll({ queryPort }: RunningServer, tails: readonly TailOf[]): Promise<number[]> {
  using client = await QueryClient.open(queryPort)
  const counts: number[] = []
  for (const { filter } of tails) counts.push(Number((await client.ask(`QUERY|COUNT|${filter}`)).rows[0]))
  return counts
}

function rowOf(
  { records, seconds, cpuSeconds, mainCpuSeconds }: Load,
  checked: readonly Checked[],
): string[] {
  const fast = checked.filter(({ tail }) => !tail.isSlow)
  const slow = checked.filter(({ tail }) => tail.isSlow)
  const sum = (all: readonly Checked[], of: (one: Checked) => number): number =>
    all.reduce((total, one) => total + of(one), 0)
  const medians = fast
    .map(({ heard }) => heard.lagMs.flat())
    .filter((lags) => lags.length > 0)
    .map(median)
    .sort((a, b) => a - b)
  const wrong = slow.filter(({ heard, count }) => heard.rows + heard.missed !== count).length
  const inGaps = sum(slow, ({ heard }) => heard.missed)
  const gaps = sum(slow, ({ heard }) => heard.gaps)
  return [
    String(checked.length),
    whole(records / seconds),
    ((cpuSeconds / records) * 1e6).toFixed(2),
    ((mainCpuSeconds / records) * 1e6).toFixed(2),
    whole(sum(checked, ({ heard }) => heard.rows) / seconds),
    `${sum(fast, ({ heard, count }) => Math.abs(count - heard.rows) + heard.gaps)} of ${whole(sum(fast, ({ count }) => count))}`,
    `${slow.length - wrong} of ${slow.length} exact; ${whole(inGaps)} rows in ${whole(gaps)} gaps`,
    String(sum(checked, ({ heard }) => heard.faults)),
    shown(medians[0]),
    shown(medians.at(-1)),
    growth(fast),
  ]
}

/** Of all fast ones, in the first and in the last third of the time. */
function growth(fast: readonly Checked[]): string {
  const third = Math.floor(Number(values.seconds) / 3)
  const lagOf = (from: number, to: number): number | undefined => {
    const lags = fast.flatMap(({ heard }) => heard.lagMs.slice(from, to).flat()).filter(Number.isFinite)
    return lags.length === 0 ? undefined : median(lags)
  }
  return `${shown(lagOf(0, third))} / ${shown(lagOf(2 * third, 3 * third))}`
}

function median(lags: readonly number[]): number {
  return quantile(Float64Array.from(lags.filter((lag) => lag !== null)).sort(), 0.5)
}

function shown(ms: number | undefined): string {
  return ms === undefined ? '-' : ms.toFixed(0)
}

function printEach(checked: readonly Checked[]): void {
  const each = checked.map(({ tail, heard, count }) => [
    tail.filter,
    tail.port,
    whole(count),
    whole(heard.rows),
    whole(heard.missed),
    heard.lagMs.flat().length === 0 ? '-' : shown(median(heard.lagMs.flat())),
  ])
  console.log(printTable(['filter', 'port', 'matches', 'rows', 'in gaps', 'lag, median ms'], each))
}
