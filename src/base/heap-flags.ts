/**
 * How much room V8 gives young objects. Flags of V8 are read where a heap begins: those of threads hold for the threads
 * that start after them.
 */
import { setFlagsFromString } from 'node:v8'

/**
 * What a thread has for young objects: `small` for a server with little memory; `roomy` for tasks whose memory lies outside
 * of the heap, in typed arrays that V8 counts: a heap that is not collected while it is small takes a quarter off the CPU of
 * sealing (bench/storage.ts, a-cpu).
 */
export type ThreadHeap = 'small' | 'usual' | 'roomy'

/** Sizes are in MiB; 0 leaves it to V8. */
const FLAGS: Readonly<Record<ThreadHeap, readonly string[]>> = {
  small: ['--min-semi-space-size=1', '--max-semi-space-size=2', '--initial-heap-size=0'],
  usual: ['--min-semi-space-size=8', '--max-semi-space-size=0', '--initial-heap-size=0'],
  roomy: ['--min-semi-space-size=32', '--max-semi-space-size=0', '--initial-heap-size=96'],
}

/**
 * For a process that serves; before anything large is loaded.
 *
 * The young generation of the main thread stays small: chunks from sockets live for a moment, but their memory lies
 * outside of the heap, where V8 counts it as pressure. With its usual 16 MiB it collects the whole heap for every 20 MB
 * that come in; kept small, it frees them in passing, for half the CPU (bench/http-ndjson.ts with and without). Worker
 * threads take no chunks: theirs starts at 8 MiB, which takes a fifth off the CPU of searches (bench/storage.ts, queries).
 *
 * Memory of typed arrays counts within the limit of the whole heap, and not by a small limit of its own, by which V8 would
 * look through the heap again and again while much comes in; and the heap may grow by 30 % before it is looked through, for
 * else many answers that nobody takes hold 900 MiB (e2e/garbage.test.ts) and not 680. Together that takes a tenth off the
 * CPU of ingest (bench/storage.ts, a-cpu).
 */
export function setServerHeap(): void {
  setFlagsFromString('--semi-space-growth-factor=1')
  setFlagsFromString('--external-memory-accounted-in-global-limit')
  setFlagsFromString('--heap-growing-percent=30')
  // This thread has its heap already: the next ones take note.
  setThreadHeap('usual')
}

/** Threads begin with it, until the function is called that it answers. */
export function beginThreadsWith(heap: ThreadHeap): () => void {
  setThreadHeap(heap)
  return () => setThreadHeap('usual')
}

function setThreadHeap(heap: ThreadHeap): void {
  for (const flag of FLAGS[heap]) setFlagsFromString(flag)
}
