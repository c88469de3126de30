/**
 * The tasks that a runner was given: they wait for their turn, run, are cancelled and settle. What it means to run one
 * is the runner's business (`Hands`).
 *
 * Invariant: a job waits, then runs, then has settled, and settles exactly once; its share is released when it does.
 */
import type { Transferable } from 'node:worker_threads'
import type { Clock } from './clock.ts'
import { CodedError } from './errors.ts'
import type { TaskRunOptions } from './worker-pool-tasks.ts'
import { Turns } from './worker-pool-turns.ts'

export interface Job {
  /** 1 to 2^31 - 1. */
  readonly id: number
  readonly task: string
  readonly input: unknown
  readonly transfer: readonly Transferable[]
  readonly share: string
  readonly signal: AbortSignal | undefined
  readonly onReport: ((message: unknown) => void) | undefined
  readonly resolve: (value: unknown) => void
  readonly reject: (error: unknown) => void
}

export type Outcome = { readonly value: unknown } | { readonly error: unknown }

/** What runs jobs. Every job that is started leads to `JobQueue.end`, at latest some time after `cancel`. */
export interface Hands {
  hasRoom(): boolean
  start(job: Job): void
  /** The job runs, and its signal was aborted. */
  cancel(job: Job): void
}

export interface JobQueueOptions {
  /** For the messages of errors. */
  readonly name: string
  /** How many tasks of one share may run at once. */
  readonly shareThreads: number
  /** How long `drain` waits for what runs. */
  readonly closeMs: number
  readonly clock: Clock
}

/** How long a cancelled task may go on before it is given up. */
export const GRACE_MS = 40
/** How long a runner that is closed waits for what runs. */
export const CLOSE_MS = 1000
const ID_MAX = 2 ** 31 - 1

export class JobQueue {
  readonly #options: JobQueueOptions
  readonly #hands: Hands
  readonly #turns: Turns<Job>
  readonly #running = new Set<Job>()
  readonly #signals = new SignalWatch((job) => this.#cancel(job))
  #lastId = 0
  #isClosed = false
  #whenIdle: () => void = () => {}

  constructor(options: JobQueueOptions, hands: Hands) {
    this.#options = options
    this.#hands = hands
    this.#turns = new Turns(options.shareThreads)
  }

  get running(): number {
    return this.#running.size
  }

  get waiting(): number {
    return this.#turns.waiting
  }

  run<Out>(task: string, input: unknown, options: TaskRunOptions = {}): Promise<Out> {
    if (this.#isClosed) return Promise.reject(this.closedError())
    if (options.signal?.aborted) return Promise.reject(cancellation(task, options.signal))
    return new Promise<unknown>((resolve, reject) => {
      const { transfer = [], share = '', signal, onReport } = options
      this.#lastId = (this.#lastId % ID_MAX) + 1
      this.#add({ id: this.#lastId, task, input, transfer, share, signal, onReport, resolve, reject })
    }) as Promise<Out>
  }

  /** Starts what waits, as far as there is room. */
  fill(): void {
    while (this.#hands.hasRoom()) {
      const job = this.#turns.take()
      if (job === null) return
      this.#running.add(job)
      this.#hands.start(job)
    }
  }

  /** Hands a report on, unless the job has settled. */
  report(job: Job, message: unknown): void {
    if (this.#running.has(job)) job.onReport?.(message)
  }

  /** Settles a job that runs, and starts others; does nothing when it has settled. */
  end(job: Job, outcome: Outcome): void {
    if (!this.#running.delete(job)) return
    this.#turns.release(job.share)
    this.#settle(job, outcome)
    this.fill()
    if (this.#running.size === 0) this.#whenIdle()
  }

  /** Takes no more, rejects what waits, and resolves when nothing runs or `closeMs` have passed. */
  async drain(): Promise<void> {
    this.#isClosed = true
    for (const job of this.#turns.removeAll()) this.#settle(job, { error: this.closedError() })
    if (this.#running.size === 0) return
    const { promise, resolve } = Promise.withResolvers<void>()
    this.#whenIdle = resolve
    const stop = this.#options.clock.after(this.#options.closeMs, resolve)
    await promise
    stop()
  }

  /** Rejects what still runs. */
  abandon(): void {
    for (const job of [...this.#running]) this.end(job, { error: this.closedError() })
  }

  closedError(): CodedError {
    return new CodedError('STORE_CLOSED', `The workers "${this.#options.name}" were closed.`)
  }

  #add(job: Job): void {
    this.#turns.add(job)
    this.#signals.add(job)
    this.fill()
  }

  #cancel(job: Job): void {
    if (this.#turns.remove(job)) this.#settle(job, { error: null })
    else this.#hands.cancel(job)
  }

  #settle(job: Job, outcome: Outcome): void {
    this.#signals.remove(job)
    if (job.signal?.aborted) job.reject(cancellation(job.task, job.signal))
    else if ('error' in outcome) job.reject(outcome.error)
    else job.resolve(outcome.value)
  }
}

function cancellation(task: string, signal: AbortSignal): CodedError {
  if (signal.reason instanceof CodedError) return signal.reason
  return new CodedError('QUERY_CANCELLED', 'The query was cancelled.', {
    cause: signal.reason,
    details: { task },
  })
}

/** One listener for each signal, however many jobs share it: adding one more walks over those that are there. */
class SignalWatch {
  readonly #jobs = new Map<AbortSignal, Set<Job>>()
  readonly #cancel: (job: Job) => void

  constructor(cancel: (job: Job) => void) {
    this.#cancel = cancel
  }

  add(job: Job): void {
    if (job.signal === undefined) return
    const jobs = this.#jobs.get(job.signal) ?? new Set()
    if (jobs.size === 0) this.#watch(job.signal, jobs)
    jobs.add(job)
  }

  remove(job: Job): void {
    if (job.signal === undefined) return
    const jobs = this.#jobs.get(job.signal)
    jobs?.delete(job)
    if (jobs?.size === 0) this.#unwatch(job.signal)
  }

  #watch(signal: AbortSignal, jobs: Set<Job>): void {
    this.#jobs.set(signal, jobs)
    signal.addEventListener('abort', this.#aborted, { once: true })
  }

  #unwatch(signal: AbortSignal): void {
    this.#jobs.delete(signal)
    signal.removeEventListener('abort', this.#aborted)
  }

  readonly #aborted = (event: Event): void => {
    const signal = event.target as AbortSignal
    for (const job of [...(this.#jobs.get(signal) ?? [])]) this.#cancel(job)
  }
}
