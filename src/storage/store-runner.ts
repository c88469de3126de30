/**
 * What seals, merges and checks for stores: one worker thread for all stores that share it, or this thread where there
 * cannot be any. One thread, because what it needs (about nine times `blockBytesMax`) is the largest single piece of the
 * memory that a server takes.
 */
import {
  type Disk,
  InlineRunner,
  mayStartThreads,
  type Random,
  RealDisk,
  type TaskRunner,
  WorkerPool,
} from '../base/base.ts'
import { KERNEL_BLOCK_BYTES_MIN, storeTasks } from './store-tasks.ts'

/** How long the thread stays that has nothing to do: its memory goes with it. */
const IDLE_MS = 10_000
/** Objects of a worker; blocks and frames lie outside of it. Ten times what was measured for the largest segment. */
const HEAP_MEBIBYTES_MAX = 256

export interface StoreRunnerOptions {
  readonly disk: Disk
  readonly random: Random
  /** Of the stores: small blocks mean that there is little memory. */
  readonly store?: { readonly blockBytesMax?: number }
}

/** The thread starts with the first task. Must be closed. */
export function openStoreRunner({ disk, random, store }: StoreRunnerOptions): TaskRunner {
  // Memory that stands for a disk is of this thread.
  if (!(disk instanceof RealDisk) || !mayStartThreads()) return new InlineRunner(storeTasks(disk, random))
  return new WorkerPool({
    url: new URL('./store-worker.ts', import.meta.url),
    name: 'store',
    threads: 1,
    idleMs: IDLE_MS,
    resourceLimits: { maxOldGenerationSizeMb: HEAP_MEBIBYTES_MAX },
    heap: (store?.blockBytesMax ?? KERNEL_BLOCK_BYTES_MIN) < KERNEL_BLOCK_BYTES_MIN ? 'small' : 'roomy',
  })
}
