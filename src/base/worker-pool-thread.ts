/**
 * One worker thread of a pool, and the job that it is at. A job that it is given while it starts is sent when it is
 * ready. It keeps the process alive only while it has a job, or ends.
 */
import { type ResourceLimits, Worker } from 'node:worker_threads'
import { beginThreadsWith, type ThreadHeap } from './heap-flags.ts'
import { restoreError } from './worker-pool-errors.ts'
import type { Job, Outcome } from './worker-pool-jobs.ts'
import type { Answer, Order, WorkerPoolData } from './worker-pool-serve.ts'

export interface WorkerThreadOptions {
  readonly url: URL
  readonly name: string
  readonly resourceLimits?: ResourceLimits
  readonly heap?: ThreadHeap
}

/** What a thread tells its pool. */
export interface ThreadListener {
  reported(job: Job, message: unknown): void
  /** The job is done, and the thread is free. */
  done(thread: WorkerThread, job: Job, outcome: Outcome): void
  /** The thread is no more. `failure` is what it died of, as far as that is known. */
  exited(thread: WorkerThread, exitCode: number, failure: unknown): void
}

export class WorkerThread {
  readonly #worker: Worker
  readonly #listener: ThreadListener
  readonly #cancelledId = new Int32Array(new SharedArrayBuffer(4))
  #job: Job | null = null
  #isReady = false
  #isEnding = false
  #failure: unknown

  /** Throws where threads are refused. */
  constructor(options: WorkerThreadOptions, listener: ThreadListener) {
    const { url, name, resourceLimits } = options
    const workerData: WorkerPoolData = { cancelledId: this.#cancelledId.buffer as SharedArrayBuffer }
    this.#listener = listener
    const undo = options.heap === undefined ? () => {} : beginThreadsWith(options.heap)
    this.#worker = new Worker(url, { name, resourceLimits, workerData, execArgv: flagsOfWorkers() })
    this.#worker.once('online', undo)
    this.#worker.once('exit', undo)
    this.#worker.on('message', (answer: Answer) => this.#take(answer))
    this.#worker.on('messageerror', (error) => this.#fail(error))
    this.#worker.on('error', (error) => this.#fail(error))
    this.#worker.on('exit', (exitCode) => listener.exited(this, exitCode, this.#failure))
  }

  get job(): Job | null {
    return this.#job
  }

  get isFree(): boolean {
    return this.#job === null && !this.#isEnding
  }

  /** False until the module of the worker has been loaded. */
  get isReady(): boolean {
    return this.#isReady
  }

  get isEnding(): boolean {
    return this.#isEnding
  }

  /** To a free thread. */
  give(job: Job): void {
    this.#job = job
    this.#worker.ref()
    if (this.#isReady) this.#send(job)
  }

  /** Of a thread that is not ready: the job was not sent. */
  takeBack(): void {
    this.#job = null
    this.#worker.unref()
  }

  /** Tells the task, in both ways, that nobody wants it any more. */
  cancel(): void {
    const id = this.#job?.id
    if (id === undefined) return
    Atomics.store(this.#cancelledId, 0, id)
    this.#worker.postMessage({ type: 'cancel', id } satisfies Order)
  }

  /** Resolves when the thread is no more. */
  async terminate(): Promise<void> {
    this.#isEnding = true
    await this.#worker.terminate()
  }

  #send(job: Job): void {
    const order: Order = { type: 'run', id: job.id, task: job.task, input: job.input }
    try {
      this.#worker.postMessage(order, job.transfer)
    } catch (error) {
      this.#finish(job, { error })
    }
  }

  #take(answer: Answer): void {
    const job = this.#job
    if (answer.type === 'ready') {
      this.#isReady = true
      if (job !== null) this.#send(job)
      return
    }
    if (job === null || job.id !== answer.id) return
    if (answer.type === 'report') this.#listener.reported(job, answer.message)
    else if (answer.type === 'value') this.#finish(job, { value: answer.value })
    else this.#finish(job, { error: restoreError(answer.error) })
  }

  #finish(job: Job, outcome: Outcome): void {
    this.takeBack()
    this.#listener.done(this, job, outcome)
  }

  #fail(failure: unknown): void {
    this.#failure ??= failure
    void this.#worker.terminate()
  }
}

/**
 * The flags of this process (undefined), so that workers load modules as it does; none where its program came as text
 * on the command line, because `--input-type` is refused for a file.
 */
function flagsOfWorkers(): string[] | undefined {
  return process.execArgv.some((flag) => flag.startsWith('--input-type')) ? [] : undefined
}
