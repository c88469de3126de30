/**
 * The inside of a worker: takes one order at a time from the pool and sends back reports and the result.
 *
 * Invariant: for every order to run there is exactly one answer with its id, unless the thread ends.
 */
import { type MessagePort, parentPort, workerData } from 'node:worker_threads'
import { assert } from './assert.ts'
import { type SentError, sendError } from './worker-pool-errors.ts'
import { asTransferring, callTask, type TaskContext, type Tasks } from './worker-pool-tasks.ts'

export type Order =
  | { readonly type: 'run'; readonly id: number; readonly task: string; readonly input: unknown }
  | { readonly type: 'cancel'; readonly id: number }

export type Answer =
  | { readonly type: 'ready' }
  | { readonly type: 'report'; readonly id: number; readonly message: unknown }
  | { readonly type: 'value'; readonly id: number; readonly value: unknown }
  | { readonly type: 'error'; readonly id: number; readonly error: SentError }

export interface WorkerPoolData {
  /** One Int32: the id of the order that was cancelled last. */
  readonly cancelledId: SharedArrayBuffer
}

/** Takes tasks from the pool that started this worker. Called once, at the top level of the worker's module. */
export function serveTasks(tasks: Tasks): void {
  assert(parentPort !== null, 'serveTasks is called in a worker')
  const service = new TaskService(tasks, parentPort, workerData)
  parentPort.on('message', (order: Order) => service.take(order))
  parentPort.postMessage({ type: 'ready' } satisfies Answer)
}

class TaskService {
  readonly #tasks: Tasks
  readonly #port: MessagePort
  readonly #cancelledId: Int32Array
  #current: { readonly id: number; readonly controller: AbortController } | null = null

  constructor(tasks: Tasks, port: MessagePort, data: WorkerPoolData) {
    this.#tasks = tasks
    this.#port = port
    this.#cancelledId = new Int32Array(data.cancelledId)
  }

  take(order: Order): void {
    if (order.type === 'run') void this.#run(order.id, order.task, order.input)
    else if (order.id === this.#current?.id) this.#current.controller.abort()
  }

  async #run(id: number, task: string, input: unknown): Promise<void> {
    const controller = new AbortController()
    this.#current = { id, controller }
    try {
      const { value, transfer } = await callTask(
        this.#tasks,
        task,
        input,
        this.#context(id, controller.signal),
      )
      this.#port.postMessage({ type: 'value', id, value } satisfies Answer, transfer)
    } catch (error) {
      this.#port.postMessage({ type: 'error', id, error: sendError(error) } satisfies Answer)
    }
  }

  #context(id: number, signal: AbortSignal): TaskContext {
    const cancelledId = this.#cancelledId
    return {
      signal,
      isCancelled: () => signal.aborted || Atomics.load(cancelledId, 0) === id,
      report: (report) => {
        const { value: message, transfer } = asTransferring(report)
        this.#port.postMessage({ type: 'report', id, message } satisfies Answer, transfer)
      },
    }
  }
}
