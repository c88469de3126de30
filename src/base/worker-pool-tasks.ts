/**
 * What tasks are, and what runs them: the words that worker-pool.ts (threads), worker-pool-inline.ts (this thread) and
 * worker-pool-serve.ts (inside a worker) share.
 */
import type { Transferable } from 'node:worker_threads'
import { assert } from './assert.ts'

/** Named functions that run elsewhere: the same table is used in a worker thread and inline. */
export type Tasks = Readonly<
  Record<string, (input: never, context: TaskContext) => Promise<unknown> | unknown>
>

export interface TaskContext {
  /** Aborted on cancellation, once the task lets the event loop of its thread run. */
  readonly signal: AbortSignal
  /** A flag in shared memory, cheap to ask in a hot loop: true once cancelled. */
  readonly isCancelled: () => boolean
  /**
   * Sends something to whoever started the task: progress, partial results, also `transferring(…)`. Nothing holds a
   * task back that reports faster than its reports are read: it must bound them itself.
   */
  report(message: unknown): void
}

export interface TaskRunOptions {
  /** Cancels the task, whether it waits or runs. */
  readonly signal?: AbortSignal
  /** What is moved out of the input instead of copied. The caller has it no more from the call on. */
  readonly transfer?: readonly Transferable[]
  /** Gets what the task reports, in order, before the promise settles. */
  readonly onReport?: (message: unknown) => void
  /** Whose task this is. Shares take turns; tasks that name none are one share together. */
  readonly share?: string
}

export interface TaskRunnerStats {
  /** Threads that are up, starting or ending. */
  readonly threads: number
  readonly running: number
  readonly waiting: number
  /** Workers that died or were ended because they did not come back after a cancellation. */
  readonly replaced: number
}

/** Runs tasks. The contract that worker-pool.test.ts holds every implementation to. */
export interface TaskRunner {
  /**
   * The result of the task, a structured clone. Rejects with what the task threw (a CodedError stays one, others are
   * an Error with the message); QUERY_CANCELLED, or the reason of `signal` where that is a CodedError; WORKER_DIED;
   * STORE_CLOSED. Input that cannot be cloned is a DataCloneError.
   */
  run<Out>(task: string, input: unknown, options?: TaskRunOptions): Promise<Out>
  /** Rejects what waits, lets what runs finish for a while, then ends it. STORE_CLOSED for both. */
  close(): Promise<void>
  readonly stats: TaskRunnerStats
}

/** A value and what is moved with it instead of copied: the result of a task, or a report. */
export class Transferring {
  readonly value: unknown
  readonly transfer: readonly Transferable[]

  constructor(value: unknown, transfer: readonly Transferable[]) {
    this.value = value
    this.transfer = transfer
  }
}

/** For `return transferring(value, [value.buffer])` in a task, and `report(transferring(…))`. */
export function transferring(value: unknown, transfer: readonly Transferable[]): Transferring {
  return new Transferring(value, transfer)
}

/** Anything as a value with its transfer list. */
export function asTransferring(value: unknown): Transferring {
  return value instanceof Transferring ? value : new Transferring(value, [])
}

/** Calls a task of the table. */
export async function callTask(
  tasks: Tasks,
  name: string,
  input: unknown,
  context: TaskContext,
): Promise<Transferring> {
  assert(Object.hasOwn(tasks, name), `there is no task "${name}"`)
  const task = tasks[name] as (input: unknown, context: TaskContext) => unknown
  return asTransferring(await task(input, context))
}
