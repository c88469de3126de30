/**
 * Runs tasks in this thread, with the rules of the pool: turns, cancellation, clones. For simulated disks, for tests,
 * and where threads are refused.
 *
 * It cannot end a task that does not look: one that is cancelled and does not come back within `graceMs` is rejected
 * and goes on unheard; one that never lets the event loop run blocks everything.
 */
import { type Clock, systemClock } from './clock.ts'
import { CLOSE_MS, GRACE_MS, type Job, JobQueue } from './worker-pool-jobs.ts'
import {
  asTransferring,
  callTask,
  type TaskContext,
  type TaskRunner,
  type TaskRunnerStats,
  type TaskRunOptions,
  type Tasks,
} from './worker-pool-tasks.ts'

export interface InlineRunnerOptions {
  /** For messages. Default "inline". */
  readonly name?: string
  /** At most so many tasks run at once, by turns where they wait. Default 1. */
  readonly threads?: number
  /** As in WorkerPoolOptions. */
  readonly shareThreads?: number
  readonly graceMs?: number
  readonly closeMs?: number
  readonly clock?: Clock
  /**
   * Awaited before each task. Default: nothing that takes time, so that a simulation stays the same from run to run.
   * In place of threads, `setImmediate` of node:timers/promises lets the event loop run between tasks.
   */
  readonly pause?: () => Promise<unknown>
}

export class InlineRunner implements TaskRunner {
  readonly #tasks: Tasks
  readonly #clock: Clock
  readonly #graceMs: number
  readonly #pause: () => Promise<unknown>
  readonly #queue: JobQueue
  readonly #controllers = new Map<Job, AbortController>()
  #closing: Promise<void> | null = null

  constructor(tasks: Tasks, options: InlineRunnerOptions = {}) {
    const { name = 'inline', threads = 1, shareThreads = threads, closeMs = CLOSE_MS } = options
    this.#tasks = tasks
    this.#clock = options.clock ?? systemClock
    this.#graceMs = options.graceMs ?? GRACE_MS
    this.#pause = options.pause ?? (() => Promise.resolve())
    this.#queue = new JobQueue(
      { name, shareThreads, closeMs, clock: this.#clock },
      {
        hasRoom: () => this.#queue.running < threads,
        start: (job) => void this.#start(job),
        cancel: (job) => this.#cancel(job),
      },
    )
  }

  /** `threads` is 0: this one is the caller's. */
  get stats(): TaskRunnerStats {
    const { running, waiting } = this.#queue
    return { threads: 0, running, waiting, replaced: 0 }
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
    for (const controller of this.#controllers.values()) controller.abort()
    this.#queue.abandon()
  }

  async #start(job: Job): Promise<void> {
    const controller = new AbortController()
    this.#controllers.set(job, controller)
    try {
      const value = await this.#perform(job, controller.signal)
      this.#queue.end(job, { value })
    } catch (error) {
      this.#queue.end(job, { error })
    } finally {
      this.#controllers.delete(job)
    }
  }

  async #perform(job: Job, signal: AbortSignal): Promise<unknown> {
    const input = clone(job.input, job.transfer)
    await this.#pause()
    if (signal.aborted) return undefined
    const result = await callTask(this.#tasks, job.task, input, this.#context(job, signal))
    return clone(result.value, result.transfer)
  }

  #context(job: Job, signal: AbortSignal): TaskContext {
    return {
      signal,
      isCancelled: () => signal.aborted,
      report: (report) => {
        const { value, transfer } = asTransferring(report)
        const message = clone(value, transfer)
        queueMicrotask(() => this.#queue.report(job, message))
      },
    }
  }

  #cancel(job: Job): void {
    this.#controllers.get(job)?.abort()
    this.#clock.after(this.#graceMs, () => this.#queue.end(job, { error: null }))
  }
}

function clone(value: unknown, transfer: TaskRunOptions['transfer'] = []): unknown {
  return structuredClone(value, { transfer: [...transfer] })
}
