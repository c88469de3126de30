/**
 * The door of testing/ (`logcaster/testing`): what a program, or another implementation of an interface, needs to test
 * itself against ours: a disk that loses what was not synced, a clock that stands still, and the contract suites.
 */
export {
  type DiskFault,
  type DiskOperation,
  SeededRandom,
  SimulatedClock,
  SimulatedDisk,
  type SimulatedDiskOptions,
} from '../base/base.ts'
export { checkSurvivors, load, Oracle, openCrashStore, readAll } from './crash-run.ts'
export { diskContract } from './disk-contract.ts'
export { storeContract } from './store-contract.ts'
export type { OpenStoreUnderTest, StoreUnderTest } from './store-under-test.ts'
