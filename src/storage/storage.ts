/** The door of storage/: durable stores of records. */
export { type BackupReport, refuseOccupied } from './backup.ts'
export type { HeldPart } from './held-part.ts'
export type { HousekeepingStats } from './housekeeping-stats.ts'
export type { ManifestPart, ManifestTask } from './manifest.ts'
export { type OpenStoreOptions, openStore } from './open-store.ts'
export { PART_CACHE_DEFAULTS, PartCache, type PartCacheOptions } from './part-cache.ts'
export type { ExportedPart, ExportOptions, ExportReport } from './part-export.ts'
export type { ImportOptions, ImportReport } from './part-import.ts'
export type { ColumnKind, ColumnSize, EncodingSize } from './part-sizes.ts'
export { PartSource } from './part-source.ts'
export { type RestoreOptions, type RestoreReport, restoreBackup } from './restore.ts'
export { newestMs } from './retention.ts'
export { ScanProgress } from './scan-progress.ts'
export type { SpaceLevel, SpaceStats } from './space-level.ts'
export { type ListedPart, listParts, type PartReport, type StorageReport } from './storage-report.ts'
export type {
  AppendOptions,
  BlockOrigin,
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
export type { StoreOptions } from './store-options.ts'
export { openStoreRunner, type StoreRunnerOptions } from './store-runner.ts'
export { storeTasks } from './store-tasks.ts'
export { listedFiles } from './strange-files.ts'
export {
  type DamagedFile,
  type VerifyOptions,
  type VerifyProgress,
  type VerifyReport,
  verifyDirectory,
} from './verify.ts'
export type { LogState } from './write-ahead-log.ts'
