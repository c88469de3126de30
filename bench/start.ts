/**
 * Claims: ready within 0.4 s on an empty data directory and within 5 s on 1 GB of it, cleanly stopped or killed;
 * 90 MB of memory when idle.
 *
 *   npm run -s node -- bench/start.ts [--bytes 1000000000] [--runs 5]
 */
import { spawn, spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { printFigure, printMachine, quantile } from './machine.ts'
import { memoryOf, startServer, temporaryDirectory } from './server.ts'

const { values } = parseArgs({
  options: { bytes: { type: 'string', default: '1000000000' }, runs: { type: 'string', default: '5' } },
})
const runs = Number(values.runs)
const LINE_BYTES = 200

printMachine('Start to ready, and memory when idle')
const bare = Array.from({ length: runs }, () => {
  const start = performance.now()
  spawnSync(process.execPath, ['-e', '0'])
  return performance.now() - start
}).sort((a, b) => a - b)
printFigure('yardstick: node -e 0, median ms', quantile(bare, 0.5).toFixed(0))

using empty = temporaryDirectory()
printFigure('empty directory, median ms (goal 400)', median(await startTimes(empty.path)))
{
  await using server = await startServer(empty.path)
  await new Promise((resolve) => setTimeout(resolve, 3000))
  printFigure('idle RSS after 3 s, MB (goal 90)', (memoryOf(server.pid, 'VmRSS') / 1e6).toFixed(0))
}
using full = temporaryDirectory()
await fill(full.path, Number(values.bytes))
printFigure(
  `${values.bytes} bytes, stopped cleanly, median ms (goal 5000)`,
  median(await startTimes(full.path)),
)
const killed = await startServer(full.path)
await send(killed.logPort, 250_000)
process.kill(killed.pid, 'SIGKILL')
await new Promise((resolve) => setTimeout(resolve, 500))
{
  await using server = await startServer(full.path)
  printFigure('the same after kill -9 with 50 MB unclosed, ms', server.readyMs.toFixed(0))
  printFigure('RSS just after that start, MB', (memoryOf(server.pid, 'VmRSS') / 1e6).toFixed(0))
}

async function startTimes(directory: string): Promise<number[]> {
  const times: number[] = []
  for (let run = 0; run < runs; run++) {
    await using server = await startServer(directory)
    times.push(server.readyMs)
  }
  return times.sort((a, b) => a - b)
}

function median(times: readonly number[]): string {
  return quantile(times, 0.5).toFixed(0)
}

async function fill(directory: string, bytes: number): Promise<void> {
  await using server = await startServer(directory)
  await send(server.logPort, Math.ceil(bytes / LINE_BYTES))
}

function send(port: number, records: number): Promise<unknown> {
  const script = join(import.meta.dirname, 'log-generator.ts')
  const generator = spawn(process.execPath, [script, String(port), String(records), '4', String(LINE_BYTES)])
  return new Promise((resolve) => generator.once('exit', resolve))
}
