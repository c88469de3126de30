/**
 * A store: the write-ahead log with its buffer on the way in, parts for what was sealed, and snapshots over both
 * (store.ts says what each promises).
 *
 *   append -> write-ahead-log.ts -> segment, buffer -> housekeeping.ts -> parts
 *                                        \                              /
 *                                         snapshot: scan.ts, part-scan.ts
 */
import {
  CodedError,
  type Disk,
  isCodedError,
  messageOf,
  systemErrorCode,
  type TaskRunner,
} from '../base/base.ts'
import { type Block, batchFirstId, batchKeyLength, batchLength, batchReceivedMs } from '../record/record.ts'
import type { Chunk } from './buffer.ts'
import { keysFileName, partFileName } from './file-names.ts'
import { FRAME_HEADER_BYTES, frameSalt } from './frame.ts'
import { Graveyard } from './graveyard.ts'
import type { Group } from './group.ts'
import type { HeldPart } from './held-part.ts'
import { Housekeeping } from './housekeeping.ts'
import { batchKeyText, KeyWindow } from './idempotency.ts'
import { readKeysFile } from './keys-file.ts'
import { LiveParts } from './live-parts.ts'
import { PartCache } from './part-cache.ts'
import type { ExportOptions, ExportReport } from './part-export.ts'
import { PartSource } from './part-source.ts'
import { type Inspection, inspect, type Surroundings, settle } from './recovery.ts'
import { buildBlock, type HeldSegment, scanSegments } from './scan.ts'
import type { SegmentEntry } from './segment-entry.ts'
import { segmentName, walkSegment } from './segment-file.ts'
import { scanBoth } from './snapshot-scan.ts'
import type { SpaceLevel } from './space-level.ts'
import type {
  AppendOptions,
  LostRange,
  ScannedBlock,
  ScanRequest,
  Snapshot,
  Store,
  StoreMaintenance,
  StoreStats,
  TailOptions,
} from './store.ts'
import { StoreKeeper } from './store-keeper.ts'
import { STORE_DEFAULTS, type StoreOptions } from './store-options.ts'
import { openStoreRunner } from './store-runner.ts'
import { StoreUpkeep } from './store-upkeep.ts'
import { type LogState, WriteAheadLog } from './write-ahead-log.ts'

/** Groups that may wait for a tail before it falls back to scanning. */
const TAIL_QUEUE_BYTES_MAX = 8 * 1024 * 1024
const NOTED_DAMAGE_MAX = 1000
/** Parts that this thread keeps open. */
const FILES_OPEN_MAX = 64
const TICK_MS = 60_000
/** Why records may not be sealed although the parts can be read. */
const UNSEALABLE = ['PART_CORRUPT', 'STORE_FULL', 'STORE_READ_ONLY'] as const

export interface OpenStoreOptions extends Omit<Surroundings, 'options'> {
  readonly options?: Partial<StoreOptions>
  /** Told when the store stops or starts to take records. */
  readonly stateChanged?: (state: LogState, reason: string | null) => void
  /** Told when the room on the disk reaches another level. */
  readonly spaceChanged?: (level: SpaceLevel, freeBytes: number) => void
  /** Told when the start or the check in the background finds a damaged file. */
  readonly damageFound?: (file: string, reason: string) => void
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
  const store = new SegmentStore(
    around,
    found,
    keys,
    open.runner === undefined
      ? { runner: openStoreRunner(around), isOwn: true }
      : { runner: open.runner, isOwn: false },
    open.stateChanged ?? (() => {}),
    open.spaceChanged ?? (() => {}),
    open.damageFound ?? (() => {}),
  )
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

class SegmentStore implements Store {
  readonly #around: Surroundings
  readonly #log: WriteAheadLog
  readonly #entries: SegmentEntry[]
  readonly #found: Inspection
  readonly #unreadableKeys: readonly UnreadableKeys[]
  readonly #damaged: LostRange[] = []
  readonly #tails = new Set<TailQueue>()
  readonly #closing = new AbortController()
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
    stateChanged: (state: LogState, reason: string | null) => void,
    spaceChanged: (level: SpaceLevel, freeBytes: number) => void,
    damageFound: (file: string, reason: string) => void,
  ) {
    this.#around = around
    this.#found = found
    this.#unreadableKeys = unreadable
    this.#damageFound = damageFound
    this.#ownRunner = isOwn ? runner : null
    this.#entries = [...found.entries]
    for (const entry of this.#entries) entry.openedMs = around.clock.monotonicMs()
    this.#parts = new LiveParts(around.directory, found.manifest.state.parts)
    this.#cache = new PartCache(around.disk, {
      bytesMax: around.options.cacheBytesMax,
      filesMax: FILES_OPEN_MAX,
    })
    this.#graveyard = new Graveyard(around.disk, (path) => this.#cache.forget(path))
    this.#housekeeping = new Housekeeping({
      ...around,
      manifest: found.manifest,
      runner,
      parts: this.#parts,
      graveyard: this.#graveyard,
      entries: this.#entries,
      changed: () => this.#log.wakeWriters(),
      hasRoom: (bytes) => this.#keeper.hasRoom(bytes),
      noteDamage: (range) => this.#noteDamage(range),
    })
    const newestReceivedMs = newestReceived(found)
    this.#keeper = new StoreKeeper({
      ...around,
      newestReceivedMs,
      parts: this.#parts,
      graveyard: this.#graveyard,
      storeBytes: () => this.#storeBytes,
      dropParts: (numbers) => this.#housekeeping.dropParts(numbers),
      pauseMerges: (isPaused) => this.#housekeeping.pauseMerges(isPaused),
      spaceChanged,
    })
    this.#upkeep = new StoreUpkeep({
      ...around,
      manifest: found.manifest,
      runner,
      parts: this.#parts,
      graveyard: this.#graveyard,
      entries: this.#entries,
      fenceId: () => this.#log.fenceId,
      into: this,
      noteDamage: (range) => this.#noteDamage(range),
      setAside: (part) => this.#housekeeping.setAside(part),
      putTask: (task) => this.#housekeeping.putTask(task),
      damageFound,
    })
    this.#log = new WriteAheadLog({
      ...around,
      manifest: found.manifest,
      receivedMsMax: found.manifest.state.parts.reduce(
        (largest, { summary }) => Math.max(largest, summary.receivedMsMax),
        Number.NEGATIVE_INFINITY,
      ),
      segmentClosed: () => this.#housekeeping.wake(),
      isBehind: () => this.#isBehind(),
      freeBytes: () => this.#keeper.freeBytes(),
      takesRoom: (byteCount) => this.#keeper.takes(byteCount),
      entries: this.#entries,
      nextId: found.nextId,
      keys,
      settle: () => settle(around, found),
      published: (group) => this.#published(group),
      stateChanged,
    })
  }

  async open(): Promise<void> {
    const { lost, damagedParts } = this.#found
    for (const { number, range } of damagedParts) {
      this.#housekeeping.setAside(number)
      this.#noteDamage(range)
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
      segments: this.#hold(),
      fenceId: this.#log.fenceId,
      graveyard: this.#graveyard,
      noteDamage: (range) => this.#noteDamage(range),
    })
  }

  tail(options: TailOptions = {}): AsyncIterable<Block> {
    const nextId = options.afterId === undefined ? this.#log.fenceId : options.afterId + 1
    return this.#tail(nextId, options)
  }

  async *#tail(firstId: number, options: TailOptions): AsyncGenerator<Block, void> {
    let nextId = firstId
    const queue = new TailQueue()
    const stop = AbortSignal.any([
      this.#closing.signal,
      ...(options.signal === undefined ? [] : [options.signal]),
    ])
    const wake = (): void => queue.wake()
    stop.addEventListener('abort', wake)
    this.#tails.add(queue)
    try {
      while (!stop.aborted) {
        if (nextId < queue.startId(this.#log.fenceId)) {
          // Behind what the queue holds: read up to the fence of this moment; newer groups gather in the queue meanwhile.
          using snapshot = this.snapshot()
          queue.clear()
          for await (const { block } of snapshot.scan({ idMin: nextId, signal: stop })) yield block
          nextId = Math.max(nextId, snapshot.fenceId)
          // It may be behind again: what waited in the queue was more than that may hold.
          continue
        }
        // Who reads may have aborted meanwhile, and would not be woken for that again.
        const group = stop.aborted ? null : await queue.next()
        if (group === null) continue
        if (!group.isResident) {
          queue.clear() // Its memory holds something newer by now; the scan reads it from disk.
          continue
        }
        const block = blockOfGroup(group, nextId)
        if (block !== null) yield* pinned(group.chunk, block)
        nextId = Math.max(nextId, group.endId)
      }
    } catch (error) {
      if (!stop.aborted) throw error
    } finally {
      stop.removeEventListener('abort', wake)
      this.#tails.delete(queue)
    }
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

  #published(group: Group): void {
    for (const queue of this.#tails) queue.push(group)
  }

  #hold(): HeldSegment[] {
    return this.#entries.filter((entry) => entry.records > 0).map(holdSegment)
  }

  #noteDamage(range: LostRange): void {
    addDamage(this.#damaged, range)
  }
}

/** The largest receivedTime in the store; -Infinity where it is empty. */
function newestReceived({ entries, manifest }: Inspection): number {
  const ofParts = manifest.state.parts.map(({ summary }) => summary.receivedMsMax)
  const ofEntries = entries.filter(({ records }) => records > 0).map((entry) => entry.receivedMsMax)
  return [...ofParts, ...ofEntries].reduce((newest, ms) => Math.max(newest, ms), Number.NEGATIVE_INFINITY)
}

/** Why nothing may be stored before an operator accepts what is gone; null where nothing is. */
function lossOf(lost: readonly LostRange[], unreadableKeys: readonly UnreadableKeys[]): string | null {
  const ranges = lost.map((range) => `${range.fromId}-${range.toId} (${range.reason})`).join(', ')
  const reasons = lost.length === 0 ? [] : [`Acknowledged records are missing: ids ${ranges}.`]
  for (const { reason } of unreadableKeys)
    reasons.push(`Idempotency keys are missing, so batches that come again would be stored twice: ${reason}`)
  return reasons.length === 0 ? null : reasons.join(' ')
}

function addDamage(noted: LostRange[], range: LostRange): void {
  const isKnown = noted.some((known) => known.fromId === range.fromId && known.toId === range.toId)
  if (!isKnown && noted.length < NOTED_DAMAGE_MAX) noted.push(range)
}

/** Spans of the active segment still grow at their end, so the last one is copied as it is now. */
function holdSegment(entry: SegmentEntry): HeldSegment {
  const { firstId, endId, timeMsMin, timeMsMax } = entry
  const spans = entry.spans
  if (spans === null) return { entry, spans, firstId, endId, timeMsMin, timeMsMax }
  const held = spans.slice()
  const last = held.pop()
  if (last !== undefined) held.push({ ...last })
  return { entry, spans: held, firstId, endId, timeMsMin, timeMsMax }
}

interface SnapshotParts {
  readonly around: Surroundings
  readonly parts: readonly HeldPart[]
  readonly cache: PartCache
  readonly segments: readonly HeldSegment[]
  readonly fenceId: number
  readonly graveyard: Graveyard
  readonly noteDamage: (range: LostRange) => void
}

class StoreSnapshot implements Snapshot {
  readonly fenceId: number
  readonly records: number
  readonly damage: LostRange[] = []
  readonly parts: readonly HeldPart[]
  readonly #made: SnapshotParts
  readonly #hold: number
  #isReleased = false

  constructor(made: SnapshotParts) {
    const { parts, segments } = made
    this.#made = made
    this.parts = parts
    this.fenceId = made.fenceId
    this.records =
      segments.reduce((sum, segment) => sum + segment.entry.records, 0) +
      parts.reduce((sum, part) => sum + part.records - part.deletedRecords, 0)
    this.#hold = made.graveyard.hold()
  }

  get unsealed(): Snapshot['unsealed'] {
    return { scan: (request = {}) => this.#scanSegments(request), damage: this.damage }
  }

  scan(request: ScanRequest = {}): AsyncIterable<ScannedBlock> {
    this.#checkHeld()
    const { parts, segments, cache } = this.#made
    if (parts.length === 0) return this.#scanSegments(request)
    const source = new PartSource(parts, cache, (range) => this.noteDamage(range))
    return scanBoth({
      request,
      parts,
      segments,
      scanParts: (asked) => source.scan(asked),
      scanSegments: (asked, some) => this.#scanSegments(asked, some),
    })
  }

  #scanSegments(request: ScanRequest, segments = this.#made.segments): AsyncIterable<ScannedBlock> {
    this.#checkHeld()
    const { disk, directory } = this.#made.around
    return scanSegments({ disk, directory, segments, noteDamage: (range) => this.noteDamage(range) }, request)
  }

  noteDamage(range: LostRange): void {
    addDamage(this.damage, range)
    this.#made.noteDamage(range)
  }

  #checkHeld(): void {
    if (this.#isReleased) throw new CodedError('STORE_CLOSED', 'The snapshot was released.')
  }

  release(): void {
    if (this.#isReleased) return
    this.#isReleased = true
    this.#made.graveyard.release(this.#hold)
  }

  [Symbol.dispose](): void {
    this.release()
  }
}

/** Groups that were published and that a tail has not seen; beyond its limit it forgets them, and the tail scans. */
class TailQueue {
  #groups: Group[] = []
  #bytes = 0
  #wake: (() => void) | null = null

  push(group: Group): void {
    this.#groups.push(group)
    this.#bytes += group.bytes
    if (this.#bytes > TAIL_QUEUE_BYTES_MAX) this.clear()
    this.wake()
  }

  /** The first id that the queue can deliver without a gap: everything before it must be scanned. */
  startId(fenceId: number): number {
    return this.#groups[0]?.firstId ?? fenceId
  }

  clear(): void {
    this.#groups = []
    this.#bytes = 0
  }

  /** The oldest group, or null when there was nothing and something woke the tail. */
  async next(): Promise<Group | null> {
    const group = this.#groups.shift()
    if (group !== undefined) {
      this.#bytes -= group.bytes
      return group
    }
    await new Promise<void>((resolve) => {
      this.#wake = resolve
    })
    this.#wake = null
    return null
  }

  wake(): void {
    this.#wake?.()
  }
}

/** Hands out one value while the chunk that it looks at is pinned. */
function* pinned<T>(chunk: Chunk, value: T): Generator<T, void> {
  chunk.pins++
  try {
    yield value
  } finally {
    chunk.pins--
  }
}

/** The rows of a published group from `idMin` on. */
function blockOfGroup(group: Group, idMin: number): Block | null {
  if (group.endId <= idMin) return null
  const frame = group.frame()
  const extent = { firstId: group.firstId, endId: group.endId, segment: { salt: frameSalt(frame) } }
  return buildBlock(frame, extent, { idMin }, false, () => {})
}

/** A file of keys that is missing or damaged: batches that come again would be stored twice. */
interface UnreadableKeys {
  readonly number: number
  readonly reason: string
}

interface FoundKeys {
  readonly keys: KeyWindow
  readonly unreadable: readonly UnreadableKeys[]
}

/** Idempotency keys of the segments that lie within the window, oldest first. */
async function readKeys(around: Surroundings, found: Inspection): Promise<FoundKeys> {
  const { keyWindowMs, keysMax } = around.options
  const keys = new KeyWindow({ windowMs: keyWindowMs, keysMax })
  const since = around.clock.wallMs() - keyWindowMs
  const unreadable = await readSealedKeys(around, found, keys)
  for (const entry of found.entries) {
    if (entry.keys === 0 || entry.receivedMsMax < since) continue
    await readKeysOf(around, entry, keys)
  }
  return { keys, unreadable }
}

/** Keys whose records lie in parts. Answers what cannot be read. */
async function readSealedKeys(
  around: Surroundings,
  found: Inspection,
  keys: KeyWindow,
): Promise<UnreadableKeys[]> {
  const unreadable: UnreadableKeys[] = []
  const since = around.clock.wallMs() - around.options.keyWindowMs
  for (const { number, receivedMsMax } of found.manifest.state.keys) {
    if (receivedMsMax < since) continue
    const path = `${around.directory}/${keysFileName(number)}`
    try {
      for (const { key, firstId, receivedMs } of await readKeysFile(around.disk, path))
        keys.add(key, firstId, receivedMs)
    } catch (error) {
      const isGone = systemErrorCode(error) === 'ENOENT'
      if (!isGone && !isCodedError(error, 'KEYS_CORRUPT')) throw error
      unreadable.push({ number, reason: messageOf(error) })
    }
  }
  return unreadable
}

async function readKeysOf(around: Surroundings, entry: SegmentEntry, keys: KeyWindow): Promise<void> {
  const path = `${around.directory}/${segmentName(entry.number)}`
  const stat = await around.disk.stat(path)
  if (stat === null) return // Reported as lost by `inspect`.
  const file = await around.disk.open(path, 'read')
  try {
    await walkSegment(file, entry, entry.bytes, ({ header, bytes }) => {
      if (header.keys > 0) addKeys(bytes, keys)
    })
  } finally {
    await file.close()
  }
}

function addKeys(frame: Uint8Array, keys: KeyWindow): void {
  const view = new DataView(frame.buffer, frame.byteOffset, frame.byteLength)
  for (let at = FRAME_HEADER_BYTES; at < frame.length; at += batchLength(view, at)) {
    const key = batchKeyText(frame, at, batchKeyLength(view, at))
    if (key !== null) keys.add(key, batchFirstId(view, at), batchReceivedMs(view, at))
  }
}
