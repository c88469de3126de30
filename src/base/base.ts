/** The door of base/: what every layer may use. It knows nothing of logs. */
export { type Clock, systemClock } from './clock.ts'
export {
  type Disk,
  type DiskFile,
  type DiskLock,
  type DiskStat,
  type ReadableFile,
  readFull,
  readFullSync,
  writeAll,
} from './disk.ts'
export { setServerHeap, type ThreadHeap } from './heap-flags.ts'
export {
  type InstantiateKernel,
  instantiateKernel,
  type KernelFunctions,
  type KernelInstance,
  refuseKernel,
} from './kernel.ts'
export { machineMemory } from './machine-memory.ts'
export { checkNodeVersion } from './node-version.ts'
export { packageVersion } from './package-version.ts'
export * from './portable.ts'
export { RealDisk, realDisk } from './real-disk.ts'
export type { DiskFault, DiskHook, DiskOperation } from './simulated-calls.ts'
export { SimulatedClock, type SimulatedClockOptions } from './simulated-clock.ts'
export { SimulatedDisk, type SimulatedDiskOptions } from './simulated-disk.ts'
export { mayStartThreads, WorkerPool, type WorkerPoolOptions } from './worker-pool.ts'
export { InlineRunner, type InlineRunnerOptions } from './worker-pool-inline.ts'
export { serveTasks } from './worker-pool-serve.ts'
export {
  type TaskContext,
  type TaskRunner,
  type TaskRunnerStats,
  type TaskRunOptions,
  type Tasks,
  type Transferring,
  transferring,
} from './worker-pool-tasks.ts'
