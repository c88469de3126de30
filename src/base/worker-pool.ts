/**
 * A few worker threads for work that must not block the event loop. They start when the first tasks come, stay for the
 * next ones (compiled code stays warm), and do not keep the process alive while they have nothing to do.
 *
 * Invariants: never more threads than `threads`, counting those that end; a thread has at most one task; a thread that
 * dies costs only the task that it was at.
 *
 * Not for state: a worker may be replaced between two tasks, and its memory is gone.
 */
import type { ResourceLimits } from 'node:worker_threads'
import { type Clock, systemClock } from './clock.ts'
import { CodedError, messageOf } from './errors.ts'
import type { ThreadHeap } from './heap-flags.ts'
import { CLOSE_MS, GRACE_MS, type Job, JobQueue, type Outcome } from './worker-pool-jobs.ts'
import type { TaskRunner, TaskRunnerStats, TaskRunOptions } from './worker-pool-tasks.ts'
import { WorkerThread } from './worker-pool-thread.ts'

export interface WorkerPoolOptions {
  /** The module whose top level calls `serveTasks`: `new URL('./….ts', import.meta.url)`, which the build rewrites. */
  readonly url: URL
  /** Of the threads, for messages and profilers. */
  readonly name: string
  /** At most so many threads. */
  readonly threads: number
  /** At most so many tasks of one share run at once. Default: `threads`. */
  readonly shareThreads?: number
  /** A thread without tasks ends after this. Default: never. */
  readonly idleMs?: number
  /** How long a cancelled task may go on before its thread is ended. Default 40 ms. */
  readonly graceMs?: number
  /** How long `close` lets tasks finish. Default 1,000 ms. */
  readonly closeMs?: number
  /** Of the heap of each thread. Typed arrays lie outside of it. A thread that needs more dies. */
  readonly resourceLimits?: ResourceLimits
  /** What each thread begins with. Default: what the process was started with. */
  readonly heap?: ThreadHeap
  /**
   * A task whose worker died is given to another one, once: for tasks that may run twice. Its reports may come twice
   * then. Tasks that moved memory to the worker are not repeated. Default: false.
   */
  readonly isRepeated?: boolean
  readonly clock?: Clock
}

/** Node's permission model refuses threads unless it is told otherwise. */
export function mayStartThreads(): boolean {
  return process.permission?.has('worker') ?? true
}

/** How long an ended thread may take to be gone before its task is rejected: its code has stopped long before. */
const EXIT_MS = 4

export class WorkerPool implements TaskRunner {
  readonly #options: WorkerPoolOptions
  readonly #clock: Clock
  readonly #queue: JobQueue
  readonly #threads: WorkerThread[] = []
  readonly #idleTimers = new Map<WorkerThread, () => void>()
  readonly #repeated = new WeakSet<Job>()
  #replaced = 0
  #closing: Promise<void> | null = null

  constructor(options: WorkerPoolOptions) {
    const { name, threads, shareThreads = threads, closeMs = CLOSE_MS, clock = systemClock } = options
    this.#options = options
    this.#clock = clock
    this.#queue = new JobQueue(
      { name, shareThreads, closeMs, clock },
      {
        hasRoom: () => this.#threads.length < threads || this.#freeThread() !== undefined,
        start: (job) => this.#start(job),
        cancel: (job) => this.#cancel(job),
      },
    )
  }

  get stats(): TaskRunnerStats {
    const { running, waiting } = this.#queue
    return { threads: this.#threads.length, running, waiting, replaced: this.#replaced }
  }

  run<Out>(task: string, input: unknown, options?: TaskRunOptions): Promise<Out> {
    return this.#queue.run(task, input, options)
  }

  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  async #close(): Promise<void> {
    await this.#queue.drain()
    await Promise.all(this.#threads.map((thread) => thread.terminate()))
    this.#queue.abandon()
  }

  #freeThread(): WorkerThread | undefined {
    return this.#threads.findLast((thread) => thread.isFree)
  }

  #start(job: Job): void {
    try {
      const thread = this.#freeThread() ?? this.#newThread()
      this.#stopIdling(thread)
      thread.give(job)
    } catch (error) {
      this.#queue.end(job, { error: this.#died(job, messageOf(error), error) })
    }
  }

  #newThread(): WorkerThread {
    const thread = new WorkerThread(this.#options, {
      reported: (job, message) => this.#queue.report(job, message),
      done: (of, job, outcome) => this.#done(of, job, outcome),
      exited: (of, exitCode, failure) => this.#exited(of, exitCode, failure),
    })
    this.#threads.push(thread)
    return thread
  }

  #done(thread: WorkerThread, job: Job, outcome: Outcome): void {
    this.#queue.end(job, outcome)
    if (thread.isFree) this.#startIdling(thread)
  }

  #startIdling(thread: WorkerThread): void {
    const { idleMs } = this.#options
    if (idleMs === undefined) return
    this.#stopIdling(thread)
    this.#idleTimers.set(
      thread,
      this.#clock.after(idleMs, () => void thread.terminate()),
    )
  }

  #stopIdling(thread: WorkerThread): void {
    this.#idleTimers.get(thread)?.()
    this.#idleTimers.delete(thread)
  }

  #cancel(job: Job): void {
    const thread = this.#threads.find((each) => each.job === job)
    if (thread === undefined) return
    if (thread.isReady) this.#cancelSent(thread, job)
    else this.#cancelUnsent(thread, job)
  }

  #cancelUnsent(thread: WorkerThread, job: Job): void {
    thread.takeBack()
    this.#done(thread, job, { error: null })
  }

  #cancelSent(thread: WorkerThread, job: Job): void {
    thread.cancel()
    this.#clock.after(this.#options.graceMs ?? GRACE_MS, () => {
      if (thread.job !== job || thread.isEnding) return
      void thread.terminate()
      this.#clock.after(EXIT_MS, () => this.#queue.end(job, { error: null }))
    })
  }

  #exited(thread: WorkerThread, exitCode: number, failure: unknown): void {
    this.#threads.splice(this.#threads.indexOf(thread), 1)
    this.#stopIdling(thread)
    const { job } = thread
    if (this.#closing === null && (job !== null || !thread.isEnding)) this.#replaced++
    if (job !== null && this.#mayRepeat(thread, job)) this.#repeat(job)
    else if (job !== null) this.#queue.end(job, { error: this.#endOf(thread, job, exitCode, failure) })
    this.#queue.fill()
  }

  #mayRepeat({ isEnding }: WorkerThread, job: Job): boolean {
    const isWanted = job.signal?.aborted !== true && this.#closing === null
    const isWhole = job.transfer.length === 0 && !this.#repeated.has(job)
    return this.#options.isRepeated === true && !isEnding && isWanted && isWhole
  }

  /** There is room for its thread: one has just gone. */
  #repeat(job: Job): void {
    this.#repeated.add(job)
    this.#start(job)
  }

  #endOf(thread: WorkerThread, job: Job, exitCode: number, failure: unknown): CodedError {
    if (thread.isEnding) return this.#queue.closedError()
    const how = failure === undefined ? `it exited with code ${exitCode}` : messageOf(failure)
    return this.#died(job, how, failure)
  }

  #died(job: Job, how: string, cause: unknown): CodedError {
    const { name } = this.#options
    const message = `The worker "${name}" died at the task "${job.task}": ${how}`
    return new CodedError('WORKER_DIED', message, { cause, details: { worker: name, task: job.task } })
  }
}
