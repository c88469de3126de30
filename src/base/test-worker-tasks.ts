/** Tasks for tests of runners: one for each way to behave. */
import { setImmediate } from 'node:timers/promises'
import { threadId } from 'node:worker_threads'
import { CodedError, systemError } from './errors.ts'
import { type TaskContext, transferring } from './worker-pool-tasks.ts'

export const testTasks = {
  echo: (input: unknown) => input,
  echoLater: async (input: unknown) => {
    await setImmediate()
    return input
  },
  thread: () => threadId,
  /** Fills the bytes it was given and moves them back. */
  fill: (bytes: Uint8Array<ArrayBuffer>) => transferring(bytes.fill(7), [bytes.buffer]),
  /** Adds 1 to what two threads see. */
  addShared: (shared: Int32Array) => Atomics.add(shared, 0, 1),
  /** Waits until the first Int32 is not 0, without the event loop. Reports when it has begun. */
  hold: (gate: Int32Array, context: TaskContext) => {
    context.report('begun')
    while (Atomics.load(gate, 0) === 0) Atomics.wait(gate, 0, 0)
    return 'let go'
  },
  /** Waits until it is told through the event loop. Reports when it has begun. */
  waitForSignal: async (_input: null, context: TaskContext) => {
    const { promise, resolve } = Promise.withResolvers<void>()
    context.signal.addEventListener('abort', () => resolve(), { once: true })
    context.report('begun')
    await promise
    throw new Error('stopped by the signal')
  },
  /** Waits until it is told, and reports what the flag says before and after. */
  watchFlag: async (_input: null, context: TaskContext) => {
    context.report(context.isCancelled())
    while (!context.isCancelled()) await setImmediate()
    return 'looked'
  },
  /** Never lets the event loop run, but looks at the flag. Counts in shared memory when it has stopped. */
  spinUntilCancelled: (stopped: Int32Array, context: TaskContext) => {
    context.report('begun')
    while (!context.isCancelled());
    Atomics.add(stopped, 0, 1)
    return 'stopped'
  },
  /** Never lets the event loop run and never looks. */
  spin: (_input: null, context: TaskContext) => {
    context.report('begun')
    for (;;);
  },
  /** Never ends, and lets the event loop run. */
  hang: async (_input: null, context: TaskContext) => {
    context.report('begun')
    await new Promise(() => {})
  },
  throwCoded: (details: Readonly<Record<string, unknown>>) => {
    const cause = systemError('EIO', 'read')
    throw new CodedError('PART_CORRUPT', 'The part is damaged.', { cause, details })
  },
  throwUncloneableDetails: () => {
    throw new CodedError('PART_CORRUPT', 'The part is damaged.', { details: { why: () => 1 } })
  },
  throwSystem: () => {
    throw systemError('ENOSPC', 'no room')
  },
  throwText: () => {
    throw 'only text'
  },
  giveFunction: () => () => 1,
  exit: (exitCode: number) => process.exit(exitCode),
  /** The first `deaths` runs end their worker; then it answers how many there were. */
  exitAtFirst: ({ runs, deaths }: { readonly runs: Int32Array; readonly deaths: number }) => {
    const run = Atomics.add(runs, 0, 1)
    return run < deaths ? process.exit(5) : run
  },
  allocateAtFirst: (runs: Int32Array) => {
    if (Atomics.exchange(runs, 0, 1) === 0) treeOf(ENDLESS)
    return 'enough'
  },
  throwLater: async () => {
    queueMicrotask(() => {
      throw new Error('nobody catches this')
    })
    await new Promise(() => {})
  },
  allocate: () => {
    treeOf(ENDLESS)
  },
  report: (count: number, context: TaskContext) => {
    for (let index = 0; index < count; index++) context.report(index)
    return 'done'
  },
  reportBytes: (size: number, context: TaskContext) => {
    const bytes = new Uint8Array(size).fill(9)
    context.report(transferring(bytes, [bytes.buffer]))
    return bytes.byteLength
  },
}

/** Takes more memory than there is. */
const ENDLESS = 40

/**
 * Of 2 ** depth leaves. By recursion, because a loop may hang: TurboFan's code of a loop that calls nothing but built-in
 * functions does not look whether the thread is to end, and a heap that is full is extended for ever.
 */
function treeOf(depth: number): unknown[] {
  return depth === 0 ? new Array(1000).fill(depth) : [treeOf(depth - 1), treeOf(depth - 1)]
}
