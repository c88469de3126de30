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
/** Objects of a worker, where what it keeps outside of the heap is not more than this. */
const HEAP_MEBIBYTES = 256
const KEPT_MEBIBYTES = 128
const MEBIBYTE = 1024 * 1024
/**
 * V8 lets a heap and what lies outside of it come to twice the limit of the heap. Above that it looks through all of the
 * heap again and again, and a search takes five times as long.
 */
const LIMITS_TOGETHER = 2

export interface ScanRunnerOptions {
  readonly disk: Disk
  /** At most so many threads; 0 for none. */
  readonly threads: number
  readonly clock: Clock
  /** Of each thread: caches, and what one task keeps; frames and columns come on top. */
  readonly keptBytesMax: number
  /** Of each thread. */
  readonly heap?: ThreadHeap
}

/** Threads start with the first search that needs them. Must be closed. */
export function openScanRunner(options: ScanRunnerOptions): TaskRunner {
  const { disk, threads, clock, keptBytesMax, heap } = options
  // Memory that stands for a disk is of this thread.
  if (!(disk instanceof RealDisk) || threads === 0 || !mayStartThreads())
    return new InlineRunner(scanTasks(disk), { name: 'search', threads: Math.max(1, threads), clock })
  const more = Math.max(0, Math.ceil(keptBytesMax / MEBIBYTE) - KEPT_MEBIBYTES)
  const url = new URL('./scan-worker.ts', import.meta.url)
  return new WorkerPool({
    url,
    name: 'search',
    threads,
    idleMs: IDLE_MS,
    resourceLimits: { maxOldGenerationSizeMb: HEAP_MEBIBYTES + more / LIMITS_TOGETHER },
    heap,
    isRepeated: true,
  })
}
