/**
 * Sums on a worker thread, as the example of work that must not block the event loop. The worker is started with the
 * first sum and does one at a time; one that dies or takes too long is replaced, and costs only the sum it was at.
 */
import { Worker } from 'node:worker_threads'
import { type Clock, CodedError } from '../../base/base.ts'

/** What is used of a worker thread. */
export interface ComputeWorker {
  on(event: 'message', listener: (sum: number) => void): unknown
  on(event: 'error', listener: (error: unknown) => void): unknown
  on(event: 'exit', listener: (exitCode: number) => void): unknown
  postMessage(numbers: Float64Array, transfer: readonly ArrayBuffer[]): void
  unref(): void
  terminate(): unknown
}

export interface ComputeOptions {
  /** How long one sum may take. Default 1,000 ms. */
  readonly computeMsMax?: number
  /** Sums that may wait for the worker. Default 100. */
  readonly waitingMax?: number
  /** Starts a worker. Default: a thread of compute-worker.ts. */
  readonly start?: () => ComputeWorker
}

export interface ComputeStats {
  readonly sums: number
  readonly workersStarted: number
  /** Workers that died or were ended because they took too long. */
  readonly workersLost: number
}

interface Job {
  readonly numbers: Float64Array<ArrayBuffer>
  readonly resolve: (sum: number) => void
  readonly reject: (error: CodedError) => void
}

const COMPUTE_MS_MAX = 1000
const WAITING_MAX = 100
const WORKER_MEGABYTES_MAX = 64

export class ComputePool {
  readonly #clock: Clock
  readonly #computeMsMax: number
  readonly #waitingMax: number
  readonly #start: () => ComputeWorker
  #worker: ComputeWorker | null = null
  #job: Job | null = null
  #waiting: Job[] = []
  #stopTimer: () => void = () => {}
  #sums = 0
  #workersStarted = 0
  #workersLost = 0

  constructor(clock: Clock, options: ComputeOptions = {}) {
    this.#clock = clock
    this.#computeMsMax = options.computeMsMax ?? COMPUTE_MS_MAX
    this.#waitingMax = options.waitingMax ?? WAITING_MAX
    this.#start = options.start ?? startWorker
  }

  /** SERVER_BUSY, TIMED_OUT, INTERNAL_ERROR. The numbers are handed over: the caller has them no more. */
  sum(numbers: Float64Array<ArrayBuffer>): Promise<number> {
    if (this.#waiting.length >= this.#waitingMax) {
      const message = `Too many sums wait already: at most ${this.#waitingMax}`
      return Promise.reject(new CodedError('SERVER_BUSY', message))
    }
    return new Promise((resolve, reject) => {
      this.#waiting.push({ numbers, resolve, reject })
      this.#next()
    })
  }

  stats(): ComputeStats {
    return { sums: this.#sums, workersStarted: this.#workersStarted, workersLost: this.#workersLost }
  }

  /** Ends the worker, and what waits for it. */
  async close(): Promise<void> {
    const worker = this.#worker
    this.#worker = null
    for (const job of this.#waiting.splice(0)) job.reject(shuttingDown())
    this.#endJob()?.reject(shuttingDown())
    await worker?.terminate()
  }

  #next(): void {
    if (this.#job !== null) return
    const job = this.#waiting.shift()
    if (job === undefined) return
    this.#job = job
    this.#worker ??= this.#newWorker()
    this.#stopTimer = this.#clock.after(this.#computeMsMax, () => this.#tookTooLong())
    this.#worker.postMessage(job.numbers, [job.numbers.buffer])
  }

  #newWorker(): ComputeWorker {
    const worker = this.#start()
    this.#workersStarted++
    worker.unref()
    worker.on('message', (sum: number) => this.#done(worker, sum))
    worker.on('error', () => this.#lost(worker))
    worker.on('exit', () => this.#lost(worker))
    return worker
  }

  #done(worker: ComputeWorker, sum: number): void {
    if (worker !== this.#worker) return
    this.#sums++
    this.#endJob()?.resolve(sum)
    this.#next()
  }

  #tookTooLong(): void {
    const worker = this.#worker
    this.#worker = null
    this.#workersLost++
    worker?.terminate()
    const message = `The sum took too long: at most ${this.#computeMsMax} ms`
    this.#endJob()?.reject(new CodedError('TIMED_OUT', message))
    this.#next()
  }

  #lost(worker: ComputeWorker): void {
    if (worker !== this.#worker) return
    this.#worker = null
    this.#workersLost++
    this.#endJob()?.reject(new CodedError('INTERNAL_ERROR', 'The worker died while it was computing this'))
    this.#next()
  }

  #endJob(): Job | null {
    const job = this.#job
    this.#job = null
    this.#stopTimer()
    return job
  }
}

function startWorker(): ComputeWorker {
  return new Worker(new URL('./compute-worker.ts', import.meta.url), {
    resourceLimits: { maxOldGenerationSizeMb: WORKER_MEGABYTES_MAX },
  })
}

function shuttingDown(): CodedError {
  return new CodedError('STORE_CLOSED', 'Server is shutting down')
}
