/** Makes what searches parts: worker threads, or this thread where there cannot be any. */
import { type Clock, type Disk, InlineRunner, RealDisk, type TaskRunner, WorkerPool } from '../base/base.ts'
import { scanTasks } from './scan-tasks.ts'

const IDLE_MS = 60_000

export interface ScanRunnerOptions {
  readonly disk: Disk
  /** At most so many threads; 0 for none. */
  readonly threads: number
  readonly clock: Clock
}

/** Threads start with the first search that needs them. Must be closed. */
export function openScanRunner({ disk, threads, clock }: ScanRunnerOptions): TaskRunner {
  // Memory that stands for a disk is of this thread.
  if (!(disk instanceof RealDisk) || threads === 0 || !mayStartThreads())
    return new InlineRunner(scanTasks(disk), { name: 'search', threads: Math.max(1, threads), clock })
  const url = new URL('./scan-worker.ts', import.meta.url)
  return new WorkerPool({ url, name: 'search', threads, idleMs: IDLE_MS })
}

/** Node's permission model refuses threads unless it is told otherwise. */
function mayStartThreads(): boolean {
  return process.permission?.has('worker') ?? true
}
