/** The door of storage/. */
export type { LostRange, ScannedBlock, ScanRequest, Snapshot, Store, StoreStats, TailOptions } from './store.ts'
