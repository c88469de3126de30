/**
 * A store: the write-ahead log with its buffer on the way in, parts for what was sealed, and snapshots over both
 * (store.ts says what each promises). Here they are made and tied together; each does its work in a file of its own.
 *
 *   append -> write-ahead-log.ts -> segments, buffer -> housekeeping.ts -> parts
 *                     |                     \                            /
 *                     v                      store-snapshot.ts: segment-scan.ts, part-scan.ts
 *               store-tails.ts
 */
import {
  CodedError,
  type Disk,
  isCodedError,
  messageOf,
  systemErrorCode,
  type TaskRunner,
} from '../base/base.ts'
import type { Block } from '../record/record.ts'
import { keysFileName, partFileName } from './file-names.ts'
import { type FoundKeys, readKeys, type UnreadableKeys } from './found-keys.ts'
import { Graveyard } from './graveyard.ts'
import { Housekeeping } from './housekeeping.ts'
import { LiveParts } from './live-parts.ts'
import { type LostRange, noteRange } from './lost-range.ts'
import { PartCache } from './part-cache.ts'
import type { ExportOptions, ExportReport } from './part-export.ts'
import { type Inspection, inspect } from './recovery.ts'
import type { SegmentEntry } from './segment-entry.ts'
import { settle } from './settle.ts'
import type { SpaceLevel } from './space-level.ts'
import type { AppendOptions, Snapshot, Store, StoreMaintenance, StoreStats, TailOptions } from './store.ts'
import { StoreKeeper } from './store-keeper.ts'
import { STORE_DEFAULTS, type StoreOptions } from './store-options.ts'
import { openStoreRunner } from './store-runner.ts'
import { heldSegments, StoreSnapshot } from './store-snapshot.ts'
import { StoreTails } from './store-tails.ts'
import { StoreUpkeep } from './store-upkeep.ts'
import type { Surroundings } from './surroundings.ts'
import { type LogState, WriteAheadLog } from './write-ahead-log.ts'

/** Parts that this thread keeps open. */
const FILES_OPEN_MAX = 64
const TICK_MS = 60_000
/** Why records may not be sealed although the parts can be read. */
const UNSEALABLE = ['PART_CORRUPT', 'STORE_FULL', 'STORE_READ_ONLY'] as const

/** Who is told of what happens to the store. */
interface StoreListeners {
  /** It stops or starts to take records. */
  readonly stateChanged: (state: LogState, reason: string | null) => void
  /** The room on the disk reaches another level. */
  readonly spaceChanged: (level: SpaceLevel, freeBytes: number) => void
  /** The start or the check in the background finds a damaged file. */
  readonly damageFound: (file: string, reason: string) => void
}

export interface OpenStoreOptions extends Omit<Surroundings, 'options'>, Partial<StoreListeners> {
  readonly options?: Partial<StoreOptions>
  /** Runs sealing and merging; several stores may share it. Default: one of its own, which is closed with the store. */
  readonly runner?: TaskRunner
}

/**
 * Opens the store in a directory, which is made if it is missing; the caller holds the lock on it. Acknowledged
 * records that are missing make it read-only. DIRECTORY_UNUSABLE, MANIFEST_CORRUPT, FORMAT_VERSION.
 */
export async function openStore(open: OpenStoreOptions): Promise<Store> {
  const around: Surroundings = { ...open, options: { ...STORE_DEFAULTS, ...open.options } }
  await makeDirectories(around.disk, around.directory)
  const found = await inspect(around)
  const keys = await readKeys(around, found)
  const nobody = (): void => {}
  const listeners: StoreListeners = {
    stateChanged: open.stateChanged ?? nobody,
    spaceChanged: open.spaceChanged ?? nobody,
    damageFound: open.damageFound ?? nobody,
  }
  const isOwn = open.runner === undefined
  const runner = open.runner ?? openStoreRunner(around)
  const store = new OpenStore(around, found, keys, { runner, isOwn }, listeners)
  await store.open()
  return store
}

/**
 * Makes the directory, and its name durable. The names above it are synced at every start: a start before this one
 * may have made them and ended before it could.
 */
async function makeDirectories(disk: Disk, directory: string): Promise<void> {
  try {
    await disk.makeDirectory(directory)
    for (let path = directory; parentOf(path) !== path; ) {
      path = parentOf(path)
      await syncIfAllowed(disk, path)
    }
  } catch (error) {
    if (systemErrorCode(error) === 'ENOSPC') throw error
    throw new CodedError('DIRECTORY_UNUSABLE', `${directory} cannot be used: ${messageOf(error)}`, {
      cause: error,
    })
  }
}

/** A parent that this user may not open was not made by this user either. */
async function syncIfAllowed(disk: Disk, path: string): Promise<void> {
  try {
    await disk.syncDirectory(path)
  } catch (error) {
    if (!['EACCES', 'EPERM', 'EROFS', 'EINVAL'].includes(systemErrorCode(error) ?? '')) throw error
  }
}

function parentOf(path: string): string {
  const cut = path.lastIndexOf('/')
  if (cut > 0) return path.slice(0, cut)
  return cut === 0 ? '/' : path === '/' ? '/' : '.'
}

class OpenStore implements Store {
  readonly #around: Surroundings
  readonly #log: WriteAheadLog
  readonly #entries: SegmentEntry[]
  readonly #found: Inspection
  readonly #unreadableKeys: readonly UnreadableKeys[]
  readonly #damaged: LostRange[] = []
  readonly #closing = new AbortController()
  readonly #tails: StoreTails
  readonly #ownRunner: TaskRunner | null
  readonly #parts: LiveParts
  readonly #cache: PartCache
  readonly #graveyard: Graveyard
  readonly #housekeeping: Housekeeping
  readonly #keeper: StoreKeeper
  readonly #upkeep: StoreUpkeep
  readonly #damageFound: (file: string, reason: string) => void
  #cancelTick: () => void = () => {}

  constructor(
    around: Surroundings,
    found: Inspection,
    { keys, unreadable }: FoundKeys,
    { runner, isOwn }: { readonly runner: TaskRunner; readonly isOwn: boolean },
    listeners: StoreListeners,
  ) {
    const { damageFound, spaceChanged, stateChanged } = listeners
    const { manifest } = found
    this.#around = around
    this.#found = found
    this.#unreadableKeys = unreadable
    this.#damageFound = damageFound
    this.#ownRunner = isOwn ? runner : null
    this.#entries = [...found.entries]
    for (const entry of this.#entries) entry.openedMs = around.clock.monotonicMs()
    this.#tails = new StoreTails(
      { fenceId: () => this.#log.fenceId, snapshot: () => this.snapshot() },
      this.#closing.signal,
    )
    this.#parts = new LiveParts(around.directory, manifest.state.parts)
    this.#cache = new PartCache(around.disk, {
      bytesMax: around.options.cacheBytesMax,
      filesMax: FILES_OPEN_MAX,
    })
    this.#graveyard = new Graveyard(around.disk, (path) => this.#cache.forget(path))
    const files = { manifest, parts: this.#parts, graveyard: this.#graveyard, entries: this.#entries }
    const noteDamage = (range: LostRange): void => noteRange(this.#damaged, range)
    this.#housekeeping = new Housekeeping({
      ...around,
      ...files,
      runner,
      changed: () => this.#log.wakeWriters(),
      hasRoom: (bytes) => this.#keeper.hasRoom(bytes),
      noteDamage,
    })
    this.#keeper = new StoreKeeper({
      ...around,
      ...files,
      newestReceivedMs: newestReceived(found),
      storeBytes: () => this.#storeBytes,
      dropParts: (numbers) => this.#housekeeping.dropParts(numbers),
      pauseMerges: (isPaused) => this.#housekeeping.pauseMerges(isPaused),
      spaceChanged,
    })
    this.#upkeep = new StoreUpkeep({
      ...around,
      ...files,
      runner,
      fenceId: () => this.#log.fenceId,
      into: this,
      noteDamage,
      setAside: (part) => this.#housekeeping.setAside(part),
      putTask: (task) => this.#housekeeping.putTask(task),
      damageFound,
    })
    this.#log = new WriteAheadLog({
      ...around,
      ...files,
      receivedMsMax: newestInParts(found),
      segmentClosed: () => this.#housekeeping.wake(),
      isBehind: () => this.#isBehind(),
      freeBytes: () => this.#keeper.freeBytes(),
      takesRoom: (byteCount) => this.#keeper.takes(byteCount),
      nextId: found.nextId,
      keys,
      settle: () => settle(around, found),
      published: (group) => this.#tails.published(group),
      stateChanged,
    })
  }

  async open(): Promise<void> {
    const { lost, damagedParts } = this.#found
    for (const { number, range } of damagedParts) {
      this.#housekeeping.setAside(number)
      noteRange(this.#damaged, range)
      this.#damageFound(partFileName(number), range.reason)
    }
    const refusal = this.#around.options.acceptLoss ? null : lossOf(lost, this.#unreadableKeys)
    if (refusal !== null) return this.#log.openReadOnly(refusal)
    try {
      await this.#log.open()
      await this.#forgetKeys()
      this.#housekeeping.wake()
      void this.#keeper.retain()
      this.#scheduleTick()
    } catch (error) {
      if (error instanceof CodedError) throw error
      const { directory } = this.#around
      throw new CodedError('DIRECTORY_UNUSABLE', `${directory} cannot be written: ${messageOf(error)}`, {
        cause: error,
      })
    }
  }

  /** An operator said to go on without them. */
  async #forgetKeys(): Promise<void> {
    const numbers = this.#unreadableKeys.map(({ number }) => number)
    if (numbers.length === 0) return
    await this.#found.manifest.append(numbers.map((number) => ({ kind: 'removeKeys', number }) as const))
    this.#graveyard.bury(numbers.map((number) => `${this.#around.directory}/${keysFileName(number)}`))
  }

  get #storeBytes(): number {
    return this.#entries.reduce((sum, entry) => sum + entry.bytes, 0) + this.#parts.bytes
  }

  #isBehind(): boolean {
    const { sealing, unsealedSegmentsMax } = this.#around.options
    // Segments that cannot be sealed stay, and nobody waits for them.
    return (
      sealing &&
      this.#entries.length > unsealedSegmentsMax &&
      this.#housekeeping.waitingSegments > unsealedSegmentsMax
    )
  }

  /** Now and then: what is to be done because time has passed. */
  #scheduleTick(): void {
    this.#cancelTick = this.#around.clock.after(TICK_MS, () => {
      this.#tick().then(() => {
        if (!this.#closing.signal.aborted) this.#scheduleTick()
      })
    })
  }

  async #tick(): Promise<void> {
    const { clock, options } = this.#around
    const active = this.#entries.at(-1)
    const isOld =
      active !== undefined &&
      active.records > 0 &&
      active.openedMs + options.sealAfterMs <= clock.monotonicMs()
    // A segment that cannot be closed now is closed when it is full, or at the next tick.
    if (options.sealing && isOld) await this.#log.closeSegment().catch(() => {})
    this.#housekeeping.wake()
    await this.#keeper.retain()
    void this.#upkeep.scrub()
  }

  hurry(): void {
    this.#log.hurry()
  }

  append(batch: Uint8Array, options?: AppendOptions): Promise<number> {
    return this.#log.append(batch, options)
  }

  get maintenance(): StoreMaintenance {
    const housekeeping = this.#housekeeping
    return {
      merge: () => this.#merge(),
      deleteRows: (rows) => housekeeping.deleteRows(rows),
      dropParts: (numbers) => housekeeping.dropParts(numbers),
      parts: () => this.#parts.parts,
      verify: (options) => this.#upkeep.verify(options),
      storage: (options) => this.#upkeep.storage(options),
      backup: (directory, options) => this.#upkeep.backup(directory, options),
      exportParts: (directory, options) => this.#exportParts(directory, options),
      importParts: (path, options) => this.#upkeep.importParts(path, options),
      retentionNowMs: () => this.#keeper.nowMs(),
      tasks: () => this.#found.manifest.state.tasks,
      putTask: (task) => housekeeping.putTask(task),
      removeTask: (number) => housekeeping.removeTask(number),
    }
  }

  async #merge(): Promise<void> {
    await this.#log.closeSegment()
    await this.#housekeeping.mergeAll()
  }

  /** What cannot be sealed is not in the export, and that is told. */
  async #exportParts(directory: string, options?: ExportOptions): Promise<ExportReport> {
    let reason: string | null = null
    try {
      await this.flush()
    } catch (error) {
      if (!UNSEALABLE.some((code) => isCodedError(error, code))) throw error
      reason = messageOf(error)
    }
    const records = reason === null ? 0 : this.#entries.reduce((sum, entry) => sum + entry.records, 0)
    return this.#upkeep.exportParts(directory, { records, reason }, options)
  }

  async flush(): Promise<void> {
    await this.#log.closeSegment()
    await this.#housekeeping.sealAll()
  }

  writable(): Promise<void> {
    return this.#log.writable()
  }

  snapshot(): Snapshot {
    if (this.#log.state === 'closed') throw new CodedError('STORE_CLOSED', 'The store was closed.')
    return new StoreSnapshot({
      around: this.#around,
      parts: this.#parts.held,
      cache: this.#cache,
      segments: heldSegments(this.#entries),
      fenceId: this.#log.fenceId,
      graveyard: this.#graveyard,
      noteDamage: (range) => noteRange(this.#damaged, range),
    })
  }

  tail(options: TailOptions = {}): AsyncIterable<Block> {
    return this.#tails.tail(options)
  }

  stats(): StoreStats {
    const log = this.#log
    const filled = [...this.#entries.filter((entry) => entry.records > 0), ...this.#parts.held]
    return {
      state: log.state,
      reason: log.reason,
      records: this.#entries.reduce((sum, entry) => sum + entry.records, 0) + this.#parts.records,
      bytes: this.#storeBytes,
      segments: this.#entries.length,
      parts: this.#parts.held.length,
      partBytes: this.#parts.bytes,
      housekeeping: this.#housekeeping.stats,
      space: this.#keeper.space,
      scrub: this.#upkeep.scrubStats,
      damaged: [...this.#damaged],
      bufferBytes: log.memory.bytes,
      bufferBytesMax: log.memory.bytesMax,
      nextId: log.nextId,
      fenceId: log.fenceId,
      timeMsMin: filled.length === 0 ? null : Math.min(...filled.map((entry) => entry.timeMsMin)),
      timeMsMax: filled.length === 0 ? null : Math.max(...filled.map((entry) => entry.timeMsMax)),
      appends: log.appends,
      syncs: log.syncs,
      failedSyncs: log.failedSyncs,
      repeatedBatches: log.repeatedBatches,
      lost: [...this.#found.manifest.state.lost],
      quarantinedFiles: [...this.#found.quarantined],
    }
  }

  async close(): Promise<void> {
    this.#closing.abort()
    this.#cancelTick()
    await this.#upkeep.close()
    await this.#housekeeping.close()
    await this.#log.close()
    await this.#ownRunner?.close()
    this.#cache.close()
  }
}

/** The largest receivedTime in the store; -Infinity where it is empty. */
function newestReceived(found: Inspection): number {
  const filled = found.entries.filter(({ records }) => records > 0)
  return filled.reduce((newest, entry) => Math.max(newest, entry.receivedMsMax), newestInParts(found))
}

/** The same of its parts. */
function newestInParts({ manifest }: Inspection): number {
  return manifest.state.parts.reduce(
    (newest, { summary }) => Math.max(newest, summary.receivedMsMax),
    Number.NEGATIVE_INFINITY,
  )
}

/** Why nothing may be stored before an operator accepts what is gone; null where nothing is. */
function lossOf(lost: readonly LostRange[], unreadableKeys: readonly UnreadableKeys[]): string | null {
  const ranges = lost.map((range) => `${range.fromId}-${range.toId} (${range.reason})`).join(', ')
  const reasons = lost.length === 0 ? [] : [`Acknowledged records are missing: ids ${ranges}.`]
  for (const { reason } of unreadableKeys)
    reasons.push(`Idempotency keys are missing, so batches that come again would be stored twice: ${reason}`)
  return reasons.length === 0 ? null : reasons.join(' ')
}
