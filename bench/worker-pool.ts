/**
 * What a worker costs: its start, its memory, the round trip of an empty task, and how long a cancellation takes of a
 * task that looks at its flag and of one that does not (claim: 50 ms).
 *
 *   npm run -s node -- bench/worker-pool.ts [--rounds 10000] [--cancels 40]
 */
import { parseArgs } from 'node:util'
import { MessageChannel, Worker } from 'node:worker_threads'
import { InlineRunner, type TaskRunner, WorkerPool } from '../src/base/base.ts'
import { testTasks } from '../src/base/test-worker-tasks.ts'
import { printFigure, printMachine, quantile } from './machine.ts'
import { memoryOf } from './server.ts'

const { values } = parseArgs({
  options: { rounds: { type: 'string', default: '10000' }, cancels: { type: 'string', default: '40' } },
})
const rounds = Number(values.rounds)
const cancels = Number(values.cancels)
const url = new URL('../src/base/test-worker.ts', import.meta.url)
const THREADS = 4

printMachine('Worker pool')
printTimes('yardstick: message port in this thread, µs', 1000, await measurePort())
printTimes('yardstick: an empty worker, start to end, ms', 1, await measureEmptyWorkers())
await measureStarts()
const pool = newPool(1)
printTimes('empty task, one after another, µs', 1000, await measureTasks(pool))
printFigure('empty tasks, 100 waiting, per second', await measureThroughput(pool))
const inline = new InlineRunner(testTasks)
printTimes('the same inline, µs', 1000, await measureTasks(inline))
printTimes('1 MiB there and back, moved, µs', 1000, await measureMoves(pool))
printTimes('cancellation of one that waits, ms', 1, await measureWaitingCancels(pool))
printTimes('cancellation of one that looks, ms', 1, await measureCancels(pool, 'spinUntilCancelled'))
printTimes('cancellation of one that does not look, ms', 1, await measureCancels(pool, 'spin'))
printFigure('workers replaced', String(pool.stats.replaced))
await pool.close()

function newPool(threads: number): WorkerPool {
  return new WorkerPool({ url, name: 'bench', threads })
}

function printTimes(name: string, factor: number, times: Float64Array): void {
  const sorted = times.sort()
  const at = (share: number) => (quantile(sorted, share) * factor).toFixed(1)
  printFigure(name, `median ${at(0.5)}, 99 % ${at(0.99)}, worst ${at(1)}`)
}

/** Milliseconds of each round, in order. */
async function measure(count: number, round: () => Promise<number>): Promise<Float64Array> {
  const times = new Float64Array(count)
  for (let index = 0; index < count; index++) times[index] = await round()
  return times
}

async function timeOf(work: () => Promise<unknown>): Promise<number> {
  const start = performance.now()
  await work()
  return performance.now() - start
}

async function measurePort(): Promise<Float64Array> {
  const { port1, port2 } = new MessageChannel()
  port2.on('message', (value) => port2.postMessage(value))
  const echo = () =>
    new Promise((resolve) => {
      port1.once('message', resolve)
      port1.postMessage(null)
    })
  const times = await measure(rounds, () => timeOf(echo))
  port1.close()
  return times
}

async function measureEmptyWorkers(): Promise<Float64Array> {
  return await measure(THREADS, () =>
    timeOf(() => new Promise((resolve) => new Worker('', { eval: true }).once('exit', resolve))),
  )
}

/** All stay up until the end: memory that one gave back would hide the next one's. */
async function measureStarts(): Promise<void> {
  const pools: WorkerPool[] = []
  const before = memoryOf(process.pid, 'VmRSS')
  const times = await measure(THREADS, () => {
    const started = newPool(1)
    pools.push(started)
    return timeOf(() => started.run('echo', null))
  })
  const each = (memoryOf(process.pid, 'VmRSS') - before) / THREADS
  printTimes('start of a worker and its first task, ms', 1, times)
  printFigure('RSS of a worker, MB', (each / 1e6).toFixed(1))
  await Promise.all(pools.map((started) => started.close()))
}

async function measureTasks(runner: TaskRunner): Promise<Float64Array> {
  for (let round = 0; round < rounds / 10; round++) await runner.run('echo', null)
  return await measure(rounds, () => timeOf(() => runner.run('echo', null)))
}

async function measureThroughput(runner: TaskRunner): Promise<string> {
  const work = async () => {
    for (let round = 0; round < rounds; round++) await runner.run('echo', null)
  }
  const seconds = (await timeOf(() => Promise.all(Array.from({ length: 100 }, () => work())))) / 1000
  return ((rounds * 100) / seconds).toFixed(0)
}

async function measureMoves(runner: TaskRunner): Promise<Float64Array> {
  let bytes = new Uint8Array(2 ** 20)
  return await measure(rounds / 10, () =>
    timeOf(async () => {
      bytes = await runner.run('fill', bytes, { transfer: [bytes.buffer] })
    }),
  )
}

async function measureCancels(runner: TaskRunner, task: string): Promise<Float64Array> {
  const stopped = new Int32Array(new SharedArrayBuffer(4))
  return await measure(cancels, async () => {
    const controller = new AbortController()
    const { promise: begun, resolve: onReport } = Promise.withResolvers<unknown>()
    const result = runner.run(task, stopped, { signal: controller.signal, onReport }).catch(() => {})
    await begun
    return await timeOf(() => {
      controller.abort()
      return result
    })
  })
}

async function measureWaitingCancels(runner: TaskRunner): Promise<Float64Array> {
  const gate = new Int32Array(new SharedArrayBuffer(4))
  const { promise: begun, resolve: onReport } = Promise.withResolvers<unknown>()
  const held = runner.run('hold', gate, { onReport })
  await begun
  const times = await measure(cancels, () => {
    const controller = new AbortController()
    const result = runner.run('echo', null, { signal: controller.signal }).catch(() => {})
    return timeOf(() => {
      controller.abort()
      return result
    })
  })
  Atomics.store(gate, 0, 1)
  Atomics.notify(gate, 0)
  await held
  return times
}
