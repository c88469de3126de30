/** The door of storage/: durable stores of records. */
export type { HeldPart } from './held-part.ts'
export type { HousekeepingStats } from './housekeeping-stats.ts'
export { PART_CACHE_DEFAULTS, PartCache, type PartCacheOptions } from './part-cache.ts'
export { PartSource } from './part-source.ts'
export { type OpenStoreOptions, openStore } from './segment-store.ts'
export type {
  LostRange,
  ScannedBlock,
  ScanRequest,
  SkipTest,
  Snapshot,
  Store,
  StoreMaintenance,
  StoreStats,
  TailOptions,
} from './store.ts'
export { STORE_DEFAULTS, type StoreOptions } from './store-options.ts'
export type { LogState } from './write-ahead-log.ts'
