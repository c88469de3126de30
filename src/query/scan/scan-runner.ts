/** Makes what searches parts: worker threads, or this thread where there cannot be any. */
import {
  type Clock,
  type Disk,
  InlineRunner,
  mayStartThreads,
  RealDisk,
  type TaskRunner,
  type ThreadHeap,
  WorkerPool,
} from '../../base/base.ts'
import { scanTasks } from './scan-tasks.ts'

/** How long a thread stays that has nothing to do: its memory goes with it, and what it decoded for the next search. */
const IDLE_MS = 60_000
/** Objects of a worker; columns and frames lie outside of it. */
const HEAP_MEBIBYTES_MAX = 256

export interface ScanRunnerOptions {
  readonly disk: Disk
  /** At most so many threads; 0 for none. */
  readonly threads: number
  readonly clock: Clock
  /** Of each thread. */
  readonly heap?: ThreadHeap
}

/** Threads start with the first search that needs them. Must be closed. */
export function openScanRunner({ disk, threads, clock, heap }: ScanRunnerOptions): TaskRunner {
  // Memory that stands for a disk is of this thread.
  if (!(disk instanceof RealDisk) || threads === 0 || !mayStartThreads())
    return new InlineRunner(scanTasks(disk), { name: 'search', threads: Math.max(1, threads), clock })
  const url = new URL('./scan-worker.ts', import.meta.url)
  return new WorkerPool({
    url,
    name: 'search',
    threads,
    idleMs: IDLE_MS,
    resourceLimits: { maxOldGenerationSizeMb: HEAP_MEBIBYTES_MAX },
    heap,
    isRepeated: true,
  })
}
