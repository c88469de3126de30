/**
 * What a store is to everything above it. Today segments and the buffer stand behind it; the part engine will,
 * unchanged (testing/store-contract.ts runs on every implementation).
 */
import type { Bitset } from '../base/base.ts'
import type { Block } from '../record/record.ts'
import type { BackupReport } from './backup.ts'
import type { HeldPart } from './held-part.ts'
import type { HousekeepingStats } from './housekeeping-stats.ts'
import type { LostRange } from './lost-range.ts'
import type { ManifestPart, ManifestTask } from './manifest-edits.ts'
import type { ExportOptions, ExportReport } from './part-export.ts'
import type { ImportOptions, ImportReport } from './part-import.ts'
import type { ScrubStats } from './scrub.ts'
import type { SkipTest } from './skip-test.ts'
import type { SpaceStats } from './space-level.ts'
import type { StorageReport } from './storage-report.ts'
import type { VerifyOptions, VerifyReport } from './verify.ts'

export type { LostRange } from './lost-range.ts'
export type { SkipTest } from './skip-test.ts'

export interface AppendOptions {
  /** Whoever appends has more to come at once and tells nobody before that: both may be made durable together. */
  readonly isMoreComing?: boolean
}

export interface Store {
  /**
   * Stores one canonical batch (record/batch.ts). The bytes are copied before the call returns, so the caller may use
   * its encoder again at once. Resolves with the first id after the batch is durable and visible to queries; its
   * records have the ids that follow. Rejects with STORE_FULL, STORE_READ_ONLY, STORE_CLOSED, BATCH_TOO_LARGE: then
   * nothing of it is stored, ever. A batch with an idempotency key that is known resolves with its first ids again.
   */
  append(batch: Uint8Array, options?: AppendOptions): Promise<number>
  /** Nothing more comes behind what was appended with `isMoreComing`: it waits no longer. */
  hurry(): void
  /** Records filed by receivedTime since the start; absent where nobody looks at times on their way in. */
  readonly filedByReceived?: number
  /** Resolves when the store can take more: below its limit of gathered bytes and not full. Rejects when it never will. */
  writable(): Promise<void>
  /** A fixed view of everything that was visible at this moment. Must be released. */
  snapshot(): Snapshot
  /**
   * Blocks of everything after `afterId` (-1: from the beginning; undefined: from now), in id order, first what is
   * stored, then what arrives, without loss or doubling, until `signal` aborts or the store closes.
   */
  tail(options?: TailOptions): AsyncIterable<Block>
  stats(): StoreStats
  /**
   * Seals all that was appended before into parts. STORE_FULL, STORE_READ_ONLY, STORE_CLOSED; PART_CORRUPT where a
   * segment is damaged.
   */
  flush(): Promise<void>
  /** What an operator asks for. */
  readonly maintenance: StoreMaintenance
  /** Waits for what is in flight, syncs, and lets go of the directory. */
  close(): Promise<void>
}

export interface StoreMaintenance {
  /** Seals all, then merges to the end. The errors of `flush`. */
  merge(): Promise<void>
  /**
   * Writes bitmaps of deleted rows beside parts, durably: by number of the part, by block. What was deleted before stays
   * deleted. Parts that are gone meanwhile are answered: their rows lie in others now, and must be looked for again.
   */
  deleteRows(rows: ReadonlyMap<number, ReadonlyMap<number, Bitset>>): Promise<readonly number[]>
  /** Drops whole parts, durably; snapshots that hold them still read them. Answers how many records those had. */
  dropParts(numbers: readonly number[]): Promise<number>
  /** The parts as the manifest lists them. */
  parts(): readonly ManifestPart[]
  /**
   * Reads and checks every file of the store; damage is an answer. SERVER_BUSY while another check, report, backup,
   * export or import runs, QUERY_CANCELLED, STORE_CLOSED.
   */
  verify(options?: VerifyOptions): Promise<VerifyReport>
  /** What the parts take on disk, by part, column and encoding. The same errors; errors of the disk. */
  storage(options?: { readonly signal?: AbortSignal }): Promise<StorageReport>
  /**
   * Copies the store as it is at this moment into an empty directory, which can then be opened as a store.
   * BACKUP_REFUSED; the same errors.
   */
  backup(directory: string, options?: { readonly signal?: AbortSignal }): Promise<BackupReport>
  /**
   * Seals all, then writes the parts that have a record of some time into an empty directory, whole, without their
   * deleted rows. BACKUP_REFUSED; the errors of `verify`.
   */
  exportParts(directory: string, options?: ExportOptions): Promise<ExportReport>
  /**
   * Stores the records of an export, a directory or one file of it, under ids of this store. IMPORT_REFUSED before
   * anything is stored; the errors of `append`, after which the same import goes on where it ended; those of `verify`.
   */
  importParts(path: string, options?: ImportOptions): Promise<ImportReport>
  /** What time it is for retention, ms: a wall clock that jumped ahead is not believed at once. */
  retentionNowMs(): number
  /** Work in the background that whoever uses the store wants to find again after a restart, by number. */
  tasks(): readonly ManifestTask[]
  /** Makes a task durable, under a number of its own where it has none, else in place of the one with its number. */
  putTask(task: Omit<ManifestTask, 'number'> & { readonly number?: number }): Promise<number>
  /** Forgets the task, durably; one that is not there is forgotten already. */
  removeTask(number: number): Promise<void>
}

export interface TailOptions {
  readonly afterId?: number
  readonly signal?: AbortSignal
}

export interface Snapshot extends Disposable {
  /** Every record of the snapshot has an id below this. */
  readonly fenceId: number
  /** Records in the snapshot. */
  readonly records: number
  /** What scans of this snapshot could not read: the answer is partial where this is not empty. */
  readonly damage: readonly LostRange[]
  scan(request?: ScanRequest): AsyncIterable<ScannedBlock>
  /**
   * The parts of the snapshot, for whoever scans them in another thread (`PartSource`), and all that is not in parts.
   * Together they are the snapshot; no record is in both.
   */
  readonly parts: readonly HeldPart[]
  readonly unsealed: {
    scan(request?: ScanRequest): AsyncIterable<ScannedBlock>
    readonly damage: readonly LostRange[]
  }
  /** Takes note of what another thread could not read. */
  noteDamage(range: LostRange): void
  release(): void
}

/** What a scan may leave out. It may hand out more than was asked (whole blocks): the caller filters rows. */
export interface ScanRequest {
  /** Milliseconds, both inclusive: blocks that lie outside are not handed out. */
  readonly timeMsMin?: number
  readonly timeMsMax?: number
  /** Both inclusive. */
  readonly idMin?: number
  readonly idMax?: number
  /** Only blocks that may hold one of these ids, ascending. */
  readonly ids?: Float64Array
  /**
   * `id`: ascending ids (default). `newest`: blocks whose largest time is large come first, roughly; `restTimeMsMax`
   * is exact. `any`: as they are read best.
   */
  readonly order?: 'id' | 'newest' | 'any'
  /** Blocks in which no row can pass need not be handed out. */
  readonly skip?: SkipTest
  readonly signal?: AbortSignal
}

export interface ScannedBlock {
  readonly block: Block
  /** No record of any block that is still to come has a time above this; -Infinity when nothing is to come. */
  readonly restTimeMsMax: number
  /**
   * To be called with an error that the block threw while it was used: notes in the snapshot that its rows are missing,
   * or throws the error on where it is no damage. Absent: the block throws nothing.
   */
  readonly damaged?: (error: unknown) => void
  /** Of a whole block of a part in the orders `any` and `newest`: where its rows lie. */
  readonly origin?: BlockOrigin
}

export interface BlockOrigin {
  /** Numbers of the part, and of the block in it. */
  readonly part: number
  readonly block: number
  /** Rows of the block in the file, those that are deleted included. */
  readonly rowCount: number
  /** By row of the scanned block its row in the file; null where they are the same. */
  readonly rows: Uint32Array | null
}

export interface StoreStats {
  readonly state: 'writable' | 'full' | 'readOnly' | 'closed'
  /** Why it is not writable; null when it is. */
  readonly reason: string | null
  readonly records: number
  /** Bytes of all segments and parts on disk. */
  readonly bytes: number
  readonly segments: number
  readonly parts: number
  /** Bytes of all parts on disk. */
  readonly partBytes: number
  readonly housekeeping: HousekeepingStats
  /** What the check in the background did since the start. */
  readonly scrub: ScrubStats
  /** Of the disk that holds the store. */
  readonly space: SpaceStats
  /** Ids that could not be read since the start; the files are damaged. */
  readonly damaged: readonly LostRange[]
  /** Bytes of buffer memory held, and the most that may be held. */
  readonly bufferBytes: number
  readonly bufferBytesMax: number
  /** The next id that will be given. */
  readonly nextId: number
  /** Every record with an id below this is visible. */
  readonly fenceId: number
  /** Smallest and largest time, ms; null when empty. */
  readonly timeMsMin: number | null
  readonly timeMsMax: number | null
  readonly appends: number
  readonly syncs: number
  readonly failedSyncs: number
  /** Batches that came again with a known idempotency key. */
  readonly repeatedBatches: number
  /** A permanent alarm: acknowledged records that are lost, and that an operator accepted. */
  readonly lost: readonly LostRange[]
  readonly quarantinedFiles: readonly string[]
}
