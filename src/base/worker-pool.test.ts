import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { describe, it } from 'node:test'
import { until, within } from '../../test/deadline.ts'
import { AssertionError } from './assert.ts'
import { CodedError, isCodedError } from './errors.ts'
import { SimulatedClock } from './simulated-clock.ts'
import { testTasks } from './test-worker-tasks.ts'
import { WorkerPool, type WorkerPoolOptions } from './worker-pool.ts'
import { InlineRunner } from './worker-pool-inline.ts'
import { serveTasks } from './worker-pool-serve.ts'
import type { TaskRunner, TaskRunOptions } from './worker-pool-tasks.ts'

type Options = Partial<Omit<WorkerPoolOptions, 'name'>>
const NAME = 'test'
const url = new URL('./test-worker.ts', import.meta.url)

const newPool = (options: Options = {}) => new WorkerPool({ url, name: NAME, threads: 1, ...options })
const newInline = (options: Options = {}) => new InlineRunner(testTasks, { name: NAME, ...options })

interface Begun<Out> {
  readonly result: Promise<Out>
  readonly cancel: (reason?: unknown) => void
}

/** Runs a task that reports when it has begun, and waits for that. */
async function begin<Out>(
  runner: TaskRunner,
  task: string,
  input: unknown = null,
  options: TaskRunOptions = {},
): Promise<Begun<Out>> {
  const controller = new AbortController()
  const { promise: begun, resolve: onReport } = Promise.withResolvers<unknown>()
  const result = runner.run<Out>(task, input, { ...options, signal: controller.signal, onReport })
  // The test awaits `result` itself; until then a rejection is not unhandled.
  result.catch(() => {})
  await within(Promise.race([begun, result]), `the task ${task} to begin`)
  return { result, cancel: (reason) => controller.abort(reason) }
}

const withSignal = (controller: AbortController): TaskRunOptions => ({ signal: controller.signal })
const rejects = (promise: Promise<unknown>, expected: object) =>
  within(assert.rejects(promise, expected), 'the task to be rejected')

describeContract('WorkerPool', newPool)
describeContract('InlineRunner', newInline)

function describeContract(name: string, open: (options?: Options) => TaskRunner): void {
  describe(`${name}, as every task runner,`, () => {
    it('gives back what a task returns or resolves with', async () => {
      const runner = open()
      const value = { text: 'a', list: [1, null], bytes: new Uint8Array([1, 2]), big: 5n }
      assert.deepEqual(await runner.run('echo', value), value)
      assert.deepEqual(await runner.run('echoLater', value), value)
      await runner.close()
    })

    it('clones what it is given and what it gives', async () => {
      const runner = open()
      const value = { list: [1] }
      assert.notEqual(await runner.run('echo', value), value)
      await runner.close()
    })

    it('moves what the transfer list names, in both directions', async () => {
      const runner = open()
      const bytes = new Uint8Array(3)
      const filled = await runner.run<Uint8Array>('fill', bytes, { transfer: [bytes.buffer] })
      assert.equal(bytes.byteLength, 0)
      assert.deepEqual(filled, new Uint8Array([7, 7, 7]))
      await runner.close()
    })

    it('shares shared memory', async () => {
      const runner = open()
      const shared = new Int32Array(new SharedArrayBuffer(4))
      await runner.run('addShared', shared)
      await runner.run('addShared', shared)
      assert.equal(shared[0], 2)
      await runner.close()
    })

    it('hands on reports in order, before the result', async () => {
      const runner = open()
      const reports: unknown[] = []
      const result = await runner.run('report', 5, { onReport: (message) => reports.push(message) })
      assert.deepEqual([result, reports], ['done', [0, 1, 2, 3, 4]])
      assert.equal(await runner.run('report', 5), 'done')
      await runner.close()
    })

    it('moves what a report names', async () => {
      const runner = open()
      const reports: unknown[] = []
      const left = await runner.run('reportBytes', 2, { onReport: (message) => reports.push(message) })
      assert.deepEqual([left, reports], [0, [new Uint8Array([9, 9])]])
      await runner.close()
    })

    it('rejects with the coded error of the task', async () => {
      const runner = open()
      const error = await runner.run('throwCoded', { offset: 5 }).catch((thrown) => thrown)
      assert.ok(isCodedError(error, 'PART_CORRUPT'))
      assert.deepEqual([error.message, error.details], ['The part is damaged.', { offset: 5 }])
      await runner.close()
    })

    it('rejects with the message of other errors', async () => {
      const runner = open()
      await rejects(runner.run('throwSystem', null), { message: 'ENOSPC: no room', code: 'ENOSPC' })
      await runner.close()
    })

    it('calls a task that is not there a bug', async () => {
      const runner = open()
      await rejects(runner.run('toString', null), AssertionError)
      await runner.close()
    })

    it('rejects input and results that cannot be cloned, and goes on', async () => {
      const runner = open()
      await rejects(
        runner.run('echo', () => 1),
        { message: /could not be cloned/ },
      )
      await rejects(runner.run('giveFunction', null), { message: /could not be cloned/ })
      assert.equal(await runner.run('echo', 1), 1)
      await runner.close()
    })

    it('runs no more at once than it has threads', async () => {
      const runner = open({ threads: 2 })
      const first = await begin(runner, 'waitForSignal')
      const second = await begin(runner, 'waitForSignal')
      const third = runner.run('echo', 3)
      assert.deepEqual([runner.stats.running, runner.stats.waiting], [2, 1])
      first.cancel()
      assert.equal(await third, 3)
      second.cancel()
      await Promise.allSettled([first.result, second.result])
      assert.deepEqual([runner.stats.running, runner.stats.waiting], [0, 0])
      await runner.close()
    })

    it('takes what waits from each share in turn', async () => {
      const runner = open()
      const holder = await begin(runner, 'waitForSignal')
      const done: string[] = []
      const tasks = ['a1', 'a2', 'a3', 'b1', 'c1', 'b2'].map((task) =>
        runner.run('echo', task, { share: task[0] }).then(() => done.push(task)),
      )
      holder.cancel()
      await Promise.all(tasks)
      assert.deepEqual(done, ['a1', 'b1', 'c1', 'a2', 'b2', 'a3'])
      await runner.close()
    })

    it('runs no more tasks of one share at once than it may', async () => {
      const runner = open({ threads: 2, shareThreads: 1 })
      const holder = await begin(runner, 'waitForSignal', null, { share: 'a' })
      const held = runner.run('echo', 'a2', { share: 'a' })
      assert.equal(await runner.run('echo', 'b1', { share: 'b' }), 'b1')
      assert.deepEqual([runner.stats.running, runner.stats.waiting], [1, 1])
      holder.cancel()
      assert.equal(await held, 'a2')
      await runner.close()
    })

    it('does not start a task whose signal was aborted before', async () => {
      const runner = open()
      const shared = new Int32Array(new SharedArrayBuffer(4))
      const aborted = { signal: AbortSignal.abort() }
      await rejects(runner.run('addShared', shared, aborted), { code: 'QUERY_CANCELLED' })
      await runner.run('echo', 1)
      assert.equal(shared[0], 0)
      await runner.close()
    })

    it('does not start a task that is cancelled while it waits', async () => {
      const runner = open()
      const holder = await begin(runner, 'waitForSignal')
      const shared = new Int32Array(new SharedArrayBuffer(4))
      const controller = new AbortController()
      const tasks = [1, 2, 3].map(() => runner.run('addShared', shared, withSignal(controller)))
      assert.equal(runner.stats.waiting, 3)
      controller.abort()
      for (const task of tasks) await rejects(task, { code: 'QUERY_CANCELLED' })
      assert.deepEqual([runner.stats.running, runner.stats.waiting, shared[0]], [1, 0, 0])
      holder.cancel()
      await runner.run('echo', 1)
      assert.equal(shared[0], 0)
      await runner.close()
    })

    it('tells a running task through its signal', async () => {
      const runner = open({ clock: new SimulatedClock() })
      const task = await begin(runner, 'waitForSignal')
      task.cancel()
      await rejects(task.result, {
        code: 'QUERY_CANCELLED',
        message: 'The query was cancelled.',
        details: { task: 'waitForSignal' },
      })
      assert.equal(runner.stats.replaced, 0)
      await runner.close()
    })

    it('tells a running task through its flag', async () => {
      const runner = open({ clock: new SimulatedClock() })
      const task = await begin(runner, 'watchFlag')
      task.cancel()
      await rejects(task.result, { code: 'QUERY_CANCELLED' })
      assert.equal(runner.stats.replaced, 0)
      await runner.close()
    })

    it('lets no cancellation reach the next task', async () => {
      const runner = open()
      const first = await begin(runner, 'watchFlag')
      first.cancel()
      await rejects(first.result, { code: 'QUERY_CANCELLED' })
      const controller = new AbortController()
      const { promise: flag, resolve: onReport } = Promise.withResolvers<unknown>()
      const second = runner.run('watchFlag', null, { ...withSignal(controller), onReport })
      assert.equal(await flag, false)
      controller.abort()
      await rejects(second, { code: 'QUERY_CANCELLED' })
      await runner.close()
    })

    it('gives up a task that does not come back after it was cancelled', async () => {
      const runner = open({ graceMs: 1 })
      const task = await begin(runner, 'hang')
      task.cancel()
      await rejects(task.result, { code: 'QUERY_CANCELLED' })
      assert.equal(await runner.run('echo', 1), 1)
      await runner.close()
    })

    it('rejects with the reason of the signal where that is a coded error', async () => {
      const runner = open()
      const reason = new CodedError('QUERY_TOO_LARGE', 'The budget is spent.')
      const task = await begin(runner, 'waitForSignal')
      task.cancel(reason)
      assert.equal(await task.result.catch((error) => error), reason)
      await runner.close()
    })

    it('keeps any other reason as the cause', async () => {
      const runner = open()
      const task = await begin(runner, 'waitForSignal')
      task.cancel('enough')
      await rejects(task.result, { code: 'QUERY_CANCELLED', cause: 'enough' })
      await runner.close()
    })

    it('listens to a signal no longer than to its tasks', async () => {
      const runner = open()
      const controller = new AbortController()
      const { signal } = controller
      let listeners = 0
      const { addEventListener, removeEventListener } = signal
      signal.addEventListener = (...each: Parameters<typeof addEventListener>) => {
        listeners++
        addEventListener.apply(signal, each)
      }
      signal.removeEventListener = (...each: Parameters<typeof removeEventListener>) => {
        listeners--
        removeEventListener.apply(signal, each)
      }
      const tasks = [1, 2, 3].map((value) => runner.run('echo', value, { signal }))
      assert.equal(listeners, 1)
      await Promise.all(tasks)
      assert.equal(listeners, 0)
      controller.abort()
      assert.equal(await runner.run('echo', 1), 1)
      await runner.close()
    })

    it('rejects what waits when it is closed, and lets what runs finish', async () => {
      const runner = open({ clock: new SimulatedClock() })
      const running = runner.run('echoLater', 1)
      const waiting = runner.run('echo', 2)
      const closed = runner.close()
      await rejects(waiting, { code: 'STORE_CLOSED', message: 'The workers "test" were closed.' })
      assert.equal(await running, 1)
      await within(closed, 'the runner to close')
    })

    it('ends what does not finish when it is closed', async () => {
      const runner = open({ closeMs: 1 })
      const task = await begin(runner, 'hang')
      await within(runner.close(), 'the runner to close')
      await rejects(task.result, { code: 'STORE_CLOSED' })
      assert.deepEqual([runner.stats.running, runner.stats.threads], [0, 0])
    })

    it('takes nothing when it was closed, and may be closed again', async () => {
      const runner = open()
      await runner.close()
      await runner.close()
      await rejects(runner.run('echo', 1), { code: 'STORE_CLOSED' })
    })
  })
}

describe('WorkerPool', () => {
  it('starts threads when tasks come, and no more than it needs', async () => {
    const pool = newPool({ threads: 2 })
    assert.equal(pool.stats.threads, 0)
    await pool.run('echo', 1)
    await pool.run('echo', 2)
    assert.equal(pool.stats.threads, 1)
    await Promise.all([1, 2, 3].map((value) => pool.run('echoLater', value)))
    assert.equal(pool.stats.threads, 2)
    await pool.close()
    assert.equal(pool.stats.threads, 0)
  })

  it('keeps its threads, which are not this one', async () => {
    const pool = newPool()
    const first = await pool.run<number>('thread', null)
    assert.equal(await pool.run('thread', null), first)
    assert.notEqual(first, 0)
    await pool.close()
  })

  it('runs tasks at the same time', async () => {
    const pool = newPool({ threads: 2 })
    const gate = new Int32Array(new SharedArrayBuffer(4))
    const both = [await begin(pool, 'hold', gate), await begin(pool, 'hold', gate)]
    Atomics.store(gate, 0, 1)
    Atomics.notify(gate, 0)
    assert.deepEqual(await Promise.all(both.map(({ result }) => result)), ['let go', 'let go'])
    await pool.close()
  })

  it('cancels a task that looks at the flag and nothing else, and keeps its thread', async () => {
    const pool = newPool({ clock: new SimulatedClock() })
    const stopped = new Int32Array(new SharedArrayBuffer(4))
    const thread = await pool.run('thread', null)
    const task = await begin(pool, 'spinUntilCancelled', stopped)
    task.cancel()
    await rejects(task.result, { code: 'QUERY_CANCELLED' })
    assert.equal(stopped[0], 1)
    assert.equal(await pool.run('thread', null), thread)
    assert.equal(pool.stats.replaced, 0)
    await pool.close()
  })

  it('replaces a thread that does not look, when the grace time is over', async () => {
    const clock = new SimulatedClock()
    const pool = newPool({ clock, graceMs: 40 })
    const thread = await pool.run('thread', null)
    const task = await begin(pool, 'spin')
    const next = pool.run<number>('thread', null)
    task.cancel()
    clock.advance(39)
    assert.deepEqual([pool.stats.running, pool.stats.replaced], [1, 0])
    clock.advance(1)
    await rejects(task.result, { code: 'QUERY_CANCELLED' })
    assert.notEqual(await within(next, 'the next task'), thread)
    assert.deepEqual([pool.stats.threads, pool.stats.replaced], [1, 1])
    await pool.close()
  })

  it('rejects a task whose thread is slow to end', async () => {
    const clock = new SimulatedClock()
    const pool = newPool({ clock })
    const task = await begin(pool, 'spin')
    task.cancel()
    clock.advance(44)
    assert.equal(pool.stats.running, 0)
    assert.equal(pool.stats.threads, 1)
    await rejects(task.result, { code: 'QUERY_CANCELLED' })
    await pool.close()
  })

  it('does not end a thread because a task is cancelled while the thread starts', async () => {
    const clock = new SimulatedClock()
    const pool = newPool({ clock })
    const controller = new AbortController()
    const task = pool.run('spin', null, withSignal(controller))
    controller.abort()
    await rejects(task, { code: 'QUERY_CANCELLED' })
    assert.deepEqual([pool.stats.threads, pool.stats.running], [1, 0])
    assert.equal(await pool.run('echo', 1), 1)
    clock.advance(1000)
    assert.equal(await pool.run('echo', 2), 2)
    assert.deepEqual([pool.stats.threads, pool.stats.replaced], [1, 0])
    await pool.close()
  })

  it('replaces a worker that exits, which costs the task that it was at', async () => {
    const pool = newPool({ threads: 2 })
    const gate = new Int32Array(new SharedArrayBuffer(4))
    const other = await begin(pool, 'hold', gate)
    const exits = pool.run('exit', 3)
    const next = pool.run('echo', 1)
    await rejects(exits, {
      code: 'WORKER_DIED',
      message: 'The worker "test" died at the task "exit": it exited with code 3',
      details: { worker: 'test', task: 'exit' },
    })
    assert.equal(await next, 1)
    assert.equal(pool.stats.replaced, 1)
    Atomics.store(gate, 0, 1)
    Atomics.notify(gate, 0)
    assert.equal(await other.result, 'let go')
    await pool.close()
  })

  it('replaces a worker that fails outside of its task', async () => {
    const pool = newPool()
    await rejects(pool.run('throwLater', null), { code: 'WORKER_DIED', message: /nobody catches this/ })
    assert.equal(await pool.run('echo', 1), 1)
    await pool.close()
  })

  it('replaces a worker that needs more memory than it may have', async () => {
    const pool = newPool({ resourceLimits: { maxOldGenerationSizeMb: 16, maxYoungGenerationSizeMb: 4 } })
    await rejects(pool.run('allocate', null), { code: 'WORKER_DIED', message: /memory limit/ })
    assert.equal(await pool.run('echo', 1), 1)
    await pool.close()
  })

  it('repeats a task whose worker died, once, where it may', async () => {
    const pool = newPool({ isRepeated: true })
    const runs = new Int32Array(new SharedArrayBuffer(4))
    assert.equal(await pool.run('exitAtFirst', { runs, deaths: 1 }), 1)
    assert.equal(pool.stats.replaced, 1)
    await rejects(pool.run('exitAtFirst', { runs, deaths: 9 }), { code: 'WORKER_DIED' })
    assert.deepEqual([runs[0], pool.stats.replaced], [4, 3])
    assert.equal(await pool.run('echo', 1), 1)
    await pool.close()
  })

  it('repeats a task whose worker needed too much memory', async () => {
    const resourceLimits = { maxOldGenerationSizeMb: 16, maxYoungGenerationSizeMb: 4 }
    const pool = newPool({ isRepeated: true, resourceLimits })
    const runs = new Int32Array(new SharedArrayBuffer(4))
    assert.equal(await pool.run('allocateAtFirst', runs), 'enough')
    assert.equal(pool.stats.replaced, 1)
    await pool.close()
  })

  it('does not repeat a task that moved memory to its worker, or that nobody wants any more', async () => {
    const pool = newPool({ isRepeated: true })
    const runs = new Int32Array(new SharedArrayBuffer(4))
    const moved = new Uint8Array(3)
    const input = { runs, deaths: 1, moved }
    await rejects(pool.run('exitAtFirst', input, { transfer: [moved.buffer] }), { code: 'WORKER_DIED' })
    assert.equal(runs[0], 1)
    const spinning = await begin(pool, 'spin')
    spinning.cancel()
    await rejects(spinning.result, { code: 'QUERY_CANCELLED' })
    await pool.close()
  })

  it('rejects tasks whose worker cannot start, one for each attempt', async () => {
    const pool = newPool({ url: new URL('./not-there.js', import.meta.url) })
    const tasks = [pool.run('echo', 1), pool.run('echo', 2)]
    for (const task of tasks) await rejects(task, { code: 'WORKER_DIED', message: /not-there/ })
    assert.equal(pool.stats.replaced, 2)
    await pool.close()
  })

  it('rejects a task where threads are refused', async () => {
    const pool = newPool({ url: new URL('http://127.0.0.1/worker.js') })
    await rejects(pool.run('echo', 1), { code: 'WORKER_DIED' })
    assert.equal(pool.stats.threads, 0)
    await pool.close()
  })

  it('sends the message of a thing that was thrown and is no error', async () => {
    const pool = newPool()
    await rejects(pool.run('throwText', null), { name: 'Error', message: 'only text' })
    await rejects(pool.run('throwUncloneableDetails', null), { code: 'PART_CORRUPT', details: {} })
    await pool.close()
  })

  it('ends a thread that had nothing to do for long enough, and starts one again', async () => {
    const clock = new SimulatedClock()
    const pool = newPool({ clock, idleMs: 100 })
    const first = await pool.run('thread', null)
    clock.advance(99)
    assert.equal(await pool.run('thread', null), first)
    clock.advance(99)
    assert.equal(await pool.run('thread', null), first)
    clock.advance(100)
    await until(() => (pool.stats.threads === 0 ? true : null), 'the idle thread to end')
    assert.notEqual(await pool.run('thread', null), first)
    assert.equal(pool.stats.replaced, 0)
    await pool.close()
  })

  it('ends a spinning worker when it is closed', async () => {
    const pool = newPool({ closeMs: 1 })
    const task = await begin(pool, 'spin')
    await within(pool.close(), 'the pool to close')
    await rejects(task.result, { code: 'STORE_CLOSED' })
    assert.equal(pool.stats.threads, 0)
  })

  it('does not keep the process alive when it has nothing to do, and does while it has', async () => {
    const script = `
      import { WorkerPool } from '${new URL('./worker-pool.ts', import.meta.url)}'
      const pool = new WorkerPool({ url: new URL('${url}'), name: 'test', threads: 2 })
      await pool.run('echo', 1)
      void pool.run('echoLater', 'done').then((value) => console.log(value))`
    const child = spawn(process.execPath, ['--input-type=module', '--eval', script], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    const [output, [exitCode]] = await within(
      Promise.all([child.stdout.toArray(), once(child, 'exit')]),
      'the process to end',
    )
    assert.deepEqual([output.join(''), exitCode], ['done\n', 0])
  })
})

describe('InlineRunner', () => {
  it('waits before each task as it is told', async () => {
    let pauses = 0
    const pause = async () => {
      pauses++
    }
    const runner = new InlineRunner(testTasks, { pause })
    await runner.run('echo', 1)
    await runner.run('echo', 2)
    assert.equal(pauses, 2)
    await runner.close()
  })

  it('does not start a task that is cancelled during its pause', async () => {
    const { promise, resolve } = Promise.withResolvers<void>()
    const runner = new InlineRunner(testTasks, { pause: () => promise })
    const shared = new Int32Array(new SharedArrayBuffer(4))
    const controller = new AbortController()
    const task = runner.run('addShared', shared, withSignal(controller))
    controller.abort()
    resolve()
    await rejects(task, { code: 'QUERY_CANCELLED' })
    assert.equal(shared[0], 0)
    await runner.close()
  })
})

describe('serveTasks', () => {
  it('is a bug outside of a worker', () => {
    assert.throws(() => serveTasks(testTasks), AssertionError)
  })
})
