/** The door of storage/: durable stores of records. */
export { type OpenStoreOptions, openStore } from './segment-store.ts'
export type {
  LostRange,
  ScannedBlock,
  ScanRequest,
  SkipTest,
  Snapshot,
  Store,
  StoreStats,
  TailOptions,
} from './store.ts'
export { STORE_DEFAULTS, type StoreOptions } from './store-options.ts'
export type { LogState } from './write-ahead-log.ts'
