/**
 * What a store does in the background, one job at a time: closed segments are sealed, oldest first, then parts are
 * merged. The work itself runs in worker threads (store-tasks.ts); here it is decided what comes next, and what came of
 * it is published: files first, then one edit of the manifest, then the lists that snapshots read, in one moment; what
 * was replaced is unlinked when no snapshot needs it.
 *
 * Nothing here ends the store: a job that fails is tried again later, and leaves everything as it was. A segment that
 * cannot be sealed because it is damaged stays a segment.
 */
import {
  type Bitset,
  CodedError,
  isCodedError,
  messageOf,
  systemErrorCode,
  type TaskRunner,
} from '../base/base.ts'
import type { PartTotals } from './block/part-writer.ts'
import { readDeletesFile, writeDeletesFile } from './deletes-file.ts'
import { deletesFileName, keysFileName, partFileName } from './file-names.ts'
import type { Graveyard } from './graveyard.ts'
import type { HeldPart } from './held-part.ts'
import type { HousekeepingStats } from './housekeeping-stats.ts'
import type { LiveParts } from './live-parts.ts'
import type { Manifest, ManifestEdit, ManifestPart, ManifestTask, PartSummary } from './manifest.ts'
import type { MergeJob } from './merge.ts'
import {
  MERGE_PLAN_DEFAULTS,
  type MergePlan,
  type MergePlanOptions,
  planFinalMerges,
  planMerges,
} from './merge-plan.ts'
import { residentSpans } from './resident-bytes.ts'
import { PARTS_MAX, type SealedPart, type SealJob, type SealResult } from './seal.ts'
import type { SegmentEntry } from './segment-entry.ts'
import { segmentName } from './segment-file.ts'
import type { LostRange } from './store.ts'
import type { Surroundings } from './surroundings.ts'

const RETRY_MS_MIN = 1000
const RETRY_MS_MAX = 60_000
/** Tries of a merge whose parts cannot be read. */
const FAILED_MERGES_MAX = 5

export interface HousekeepingAround extends Omit<Surroundings, 'random'> {
  readonly manifest: Manifest
  readonly runner: TaskRunner
  readonly parts: LiveParts
  readonly graveyard: Graveyard
  /** All segments, oldest first, the one that is written to last. Sealed ones are taken out. */
  readonly entries: SegmentEntry[]
  /** Told of records that a merge could not read. */
  readonly noteDamage: (range: LostRange) => void
  /** Whether merging may write so many bytes. */
  readonly hasRoom: (bytes: number) => boolean
  /** Told when segments were sealed, or could not be. */
  readonly changed: () => void
}

export class Housekeeping {
  readonly #around: HousekeepingAround
  readonly #closing = new AbortController()
  /** Ends the merge that runs. */
  #mergeStop = new AbortController()
  #mergesPaused = false
  /** Segments that are damaged: they stay what they are. */
  readonly #unsealable = new Set<SegmentEntry>()
  /** Numbers of parts that are damaged: they are not merged. */
  readonly #aside = new Set<number>()
  #failedMerges = 0
  #running: Promise<void> | null = null
  #isWoken = false
  #retryMs = RETRY_MS_MIN
  #cancelRetry: () => void = () => {}
  #nextPart: number
  #nextFile: number
  #stats = {
    sealedSegments: 0,
    sealedRecords: 0,
    merges: 0,
    mergedRecords: 0,
    droppedRecords: 0,
    writtenBytes: 0,
    failures: 0,
    lastFailure: null as string | null,
  }

  constructor(around: HousekeepingAround) {
    this.#around = around
    const { highestPart, highestFile } = around.manifest.state
    this.#nextPart = highestPart + 1
    this.#nextFile = highestFile + 1
  }

  get stats(): HousekeepingStats {
    return this.#stats
  }

  /** Closed segments that are not parts yet. */
  get waitingSegments(): number {
    return this.#sealable().length
  }

  /** Something changed: looks for work, unless that is to be done only when asked for. */
  wake(): void {
    if (this.#around.options.sealing) this.#start()
  }

  /** Seals all segments that are closed now. Rejects with what prevents it. */
  sealAll(): Promise<void> {
    return this.#inTurn(() => this.#sealEach())
  }

  async #sealEach(): Promise<void> {
    for (let entry = this.#sealable()[0]; entry !== undefined; entry = this.#sealable()[0])
      await this.#seal(entry)
    const [damaged] = this.#unsealable
    if (damaged !== undefined) throw unsealable(damaged)
  }

  /** Seals all, then merges until every day has as few parts as may be. Rejects with what prevents it. */
  mergeAll(): Promise<void> {
    return this.#inTurn(async () => {
      const unsealed = await this.#sealEach().then(
        () => null,
        (error: unknown) => {
          if (isCodedError(error, 'PART_CORRUPT')) return error
          throw error
        },
      )
      for (;;) {
        const [plan] = planFinalMerges(
          this.#around.parts.parts,
          this.#around.clock.wallMs(),
          this.#planOptions,
        )
        if (plan === undefined) break
        if (!this.#mayMerge(plan)) throw noRoomToMerge()
        await this.#mergeOrSetAside(plan)
      }
      const damaged = this.#around.parts.held.find(({ number }) => this.#aside.has(number))
      if (damaged !== undefined) throw unmergeable(damaged.path)
      if (unsealed !== null) throw unsealed
    })
  }

  /** Ends the merge that runs, and starts no other, until it is called with false. */
  pauseMerges(isPaused: boolean): void {
    this.#mergesPaused = isPaused
    if (isPaused) this.#mergeStop.abort(noRoomToMerge())
    else this.#mergeStop = new AbortController()
    if (!isPaused) this.wake()
  }

  /** The part is damaged: it stays as it is, and is served as far as it can be read. */
  setAside(part: number): void {
    this.#aside.add(part)
  }

  #mayMerge({ parts }: MergePlan): boolean {
    return (
      !this.#mergesPaused && this.#around.hasRoom(parts.reduce((sum, { summary }) => sum + summary.bytes, 0))
    )
  }

  /** See StoreMaintenance. */
  async putTask(task: Omit<ManifestTask, 'number'> & { readonly number?: number }): Promise<number> {
    const { number = this.#nextFile++ } = task
    await this.#around.manifest.append([{ kind: 'task', task: { ...task, number } }])
    return number
  }

  /** See StoreMaintenance. */
  async removeTask(number: number): Promise<void> {
    const { manifest } = this.#around
    if (manifest.state.tasks.some((task) => task.number === number))
      await manifest.append([{ kind: 'removeTask', number }])
  }

  /** See StoreMaintenance. */
  async deleteRows(rows: ReadonlyMap<number, ReadonlyMap<number, Bitset>>): Promise<readonly number[]> {
    const gone: number[] = []
    await this.#inTurn(async () => {
      for (const [number, blocks] of rows) {
        const part = this.#around.parts.parts.find((live) => live.number === number)
        if (part === undefined) gone.push(number)
        else await this.#deleteOf(part, blocks)
      }
    })
    return gone
  }

  async #deleteOf(part: ManifestPart, blocks: ReadonlyMap<number, Bitset>): Promise<void> {
    const { disk, directory, manifest, parts, graveyard } = this.#around
    const deletedBefore =
      part.deletes === null ? null : `${directory}/${deletesFileName(part.deletes.number)}`
    const all = new Map(deletedBefore === null ? [] : readDeletesFile(disk, deletedBefore))
    for (const [block, deleted] of blocks) {
      const known = all.get(block)
      all.set(block, known === undefined ? deleted : known.copy().or(deleted))
    }
    const records = [...all.values()].reduce((sum, deleted) => sum + deleted.count(), 0)
    if (records === (part.deletes?.records ?? 0)) return
    const number = this.#nextFile++
    await writeDeletesFile(disk, `${directory}/${deletesFileName(number)}`, all)
    await disk.syncDirectory(directory)
    await manifest.append([{ kind: 'deletes', part: part.number, number, records }])
    parts.replace([part.number], [{ ...part, deletes: { number, records } }])
    if (deletedBefore !== null) graveyard.bury([deletedBefore])
    this.wake()
  }

  /** See StoreMaintenance. */
  async dropParts(numbers: readonly number[]): Promise<number> {
    let records = 0
    await this.#inTurn(async () => {
      const dropped = this.#around.parts.parts.filter(({ number }) => numbers.includes(number))
      if (dropped.length === 0) return
      records = dropped.reduce(
        (sum, { summary, deletes }) => sum + summary.records - (deletes?.records ?? 0),
        0,
      )
      await this.#around.manifest.append([
        ...dropped.map(({ number }) => ({ kind: 'removePart', number }) as const),
        { kind: 'dropped', records },
      ])
      this.#replaceParts(dropped, [])
      this.#stats.droppedRecords += records
    })
    return records
  }

  /** Runs when nothing else does. Rejects with what the work rejects with. */
  async #inTurn(work: () => Promise<void>): Promise<void> {
    while (this.#running !== null) await this.#running.catch(() => {})
    if (this.#closing.signal.aborted) throw new CodedError('STORE_CLOSED', 'The store was closed.')
    const running = work()
    this.#running = running
      .catch(() => {})
      .finally(() => {
        this.#running = null
        if (this.#isWoken) this.#start()
      })
    await running
  }

  /** Ends what runs, which leaves nothing behind. */
  async close(): Promise<void> {
    this.#closing.abort(new CodedError('STORE_CLOSED', 'The store was closed.'))
    this.#cancelRetry()
    await this.#running?.catch(() => {})
    await this.#around.graveyard.settled()
  }

  #start(): void {
    this.#isWoken = true
    if (this.#running !== null || this.#closing.signal.aborted) return
    this.#running = this.#run().finally(() => {
      this.#running = null
      if (this.#isWoken) this.#start()
    })
  }

  /** Never rejects: what goes wrong is noted, and tried again. */
  async #run(): Promise<void> {
    while (this.#isWoken && !this.#closing.signal.aborted) {
      this.#isWoken = false
      try {
        await this.#work()
        this.#retryMs = RETRY_MS_MIN
        this.#stats.lastFailure = null
      } catch (error) {
        this.#noteFailure(error)
      }
    }
  }

  async #work(): Promise<void> {
    for (let entry = this.#sealable()[0]; entry !== undefined; entry = this.#sealable()[0]) {
      if (this.#closing.signal.aborted) return
      await this.#seal(entry)
    }
    await this.#dropOldKeys()
    const { parts, clock } = this.#around
    const [plan] = planMerges(parts.parts, clock.wallMs(), this.#planOptions)
    if (plan === undefined || this.#closing.signal.aborted || !this.#mayMerge(plan)) return
    try {
      await this.#mergeOrSetAside(plan)
    } catch (error) {
      // What was paused is planned again when there is room.
      if (!this.#mergesPaused) throw error
      return
    }
    // What was closed meanwhile comes first.
    this.#isWoken = true
  }

  /** Keys that nobody asks for any more. The clock alone does not say so: it may be wrong for a while. */
  async #dropOldKeys(): Promise<void> {
    const { manifest, clock, options, graveyard, directory } = this.#around
    const { keys } = manifest.state
    const newestMs = keys.reduce((newest, { receivedMsMax }) => Math.max(newest, receivedMsMax), 0)
    const sinceMs = Math.min(clock.wallMs(), newestMs) - options.keyWindowMs
    const old = keys.filter(({ receivedMsMax }) => receivedMsMax < sinceMs)
    if (old.length === 0) return
    await manifest.append(old.map(({ number }) => ({ kind: 'removeKeys', number }) as const))
    graveyard.bury(old.map(({ number }) => `${directory}/${keysFileName(number)}`))
  }

  get #planOptions(): MergePlanOptions {
    const { mergeFanIn, partBytesMax } = this.#around.options
    return { ...MERGE_PLAN_DEFAULTS, fanIn: mergeFanIn, partBytesMax, leaveAlone: this.#aside }
  }

  // ---- merging ------------------------------------------------------------------------------------------------

  /** A merge that meets a damaged part sets that one aside, and is planned again without it. */
  async #mergeOrSetAside(plan: MergePlan): Promise<void> {
    try {
      await this.#merge(plan)
      this.#failedMerges = 0
    } catch (error) {
      const damaged = this.#damagedInputs(plan, error)
      if (damaged.length === 0) throw error
      for (const held of damaged) {
        this.#aside.add(held.number)
        const { firstId, endId } = held
        this.#around.noteDamage({ fromId: firstId, toId: endId - 1, reason: messageOf(error) })
      }
      this.#stats.failures++
      this.#stats.lastFailure = messageOf(error)
    }
  }

  /** The parts that the error is about; all of them where the disk fails again and again, and does not say. */
  #damagedInputs({ parts }: MergePlan, error: unknown): readonly HeldPart[] {
    const held = this.#around.parts.held.filter(({ number }) => parts.some((part) => part.number === number))
    if (error instanceof CodedError) {
      const { file } = error.details
      return held.filter(
        ({ path, deletesPath }) => file !== undefined && (file === path || file === deletesPath),
      )
    }
    if (!['EIO', 'ENOENT', 'EACCES'].includes(systemErrorCode(error) ?? '')) return []
    return ++this.#failedMerges < FAILED_MERGES_MAX ? [] : held
  }

  async #merge(plan: MergePlan): Promise<void> {
    const { parts, disk, directory, manifest, options } = this.#around
    const number = this.#nextPart++
    const inputs = parts.held.filter((held) => plan.parts.some((part) => part.number === held.number))
    const job: MergeJob = {
      inputs,
      path: parts.pathOf(number),
      level: plan.compression,
      rowsMax: options.blockRowsMax,
      bytesMax: options.blockBytesMax,
    }
    const signal = AbortSignal.any([this.#closing.signal, this.#mergeStop.signal])
    const totals = await this.#runTwice<PartTotals | null>('merge', job, [job.path], signal)
    const added = totals === null ? [] : [mergedPart(totals, plan, number)]
    if (totals !== null) await disk.syncDirectory(directory)
    await manifest.append([
      ...added.map((part) => ({ kind: 'addPart', number, summary: part.summary }) as const),
      ...plan.parts.map((part) => ({ kind: 'removePart', number: part.number }) as const),
    ])
    this.#replaceParts(plan.parts, added)
    this.#stats.merges++
    this.#stats.mergedRecords += totals?.records ?? 0
    this.#stats.writtenBytes += totals?.bytes ?? 0
    this.#around.changed()
  }

  /** In the lists that snapshots read; the files of what is out are buried. */
  #replaceParts(removed: readonly ManifestPart[], added: readonly ManifestPart[]): void {
    const { parts, graveyard, directory } = this.#around
    const numbers = removed.map(({ number }) => number)
    const held = parts.parts.filter(({ number }) => numbers.includes(number))
    parts.replace(numbers, added)
    graveyard.bury(
      held.flatMap(({ number, deletes }) => [
        parts.pathOf(number),
        ...(deletes === null ? [] : [`${directory}/${deletesFileName(deletes.number)}`]),
      ]),
    )
  }

  /**
   * A job whose worker died is done once more: a new worker may live longer. What the dead one wrote is removed, because
   * nobody else can, and a job makes its files itself.
   */
  async #runTwice<T>(
    task: string,
    job: unknown,
    outputs: readonly string[],
    signal: AbortSignal,
  ): Promise<T> {
    const { runner, disk } = this.#around
    const removeOutputs = async (): Promise<void> => {
      for (const path of outputs) await disk.unlink(path).catch(() => {})
    }
    try {
      return await runner.run<T>(task, job, { signal })
    } catch (error) {
      if (!isCodedError(error, 'WORKER_DIED')) throw error
      this.#stats.failures++
      await removeOutputs()
    }
    try {
      return await runner.run<T>(task, job, { signal })
    } catch (error) {
      if (isCodedError(error, 'WORKER_DIED')) await removeOutputs()
      throw error
    }
  }

  #noteFailure(error: unknown): void {
    if (this.#closing.signal.aborted) return
    this.#stats.failures++
    this.#stats.lastFailure = messageOf(error)
    this.#cancelRetry()
    this.#cancelRetry = this.#around.clock.after(this.#retryMs, () => this.#start())
    this.#retryMs = Math.min(this.#retryMs * 2, RETRY_MS_MAX)
  }

  #sealable(): SegmentEntry[] {
    const { entries, manifest } = this.#around
    const closed = new Set(
      manifest.state.segments.flatMap(({ number, summary }) => (summary === null ? [] : [number])),
    )
    return entries.filter((entry) => closed.has(entry.number) && !this.#unsealable.has(entry))
  }

  // ---- sealing ------------------------------------------------------------------------------------------------

  async #seal(entry: SegmentEntry): Promise<void> {
    if (entry.records === 0) return this.#publishSealed(entry, [], [], null)
    const firstPart = this.#nextPart
    const keysNumber = this.#nextFile++
    this.#nextPart += PARTS_MAX
    let result: SealResult
    try {
      const job = this.#sealJob(entry, firstPart, keysNumber)
      const outputs = [...job.partPaths, job.keysPath]
      result = await this.#runTwice<SealResult>('seal', job, outputs, this.#closing.signal)
    } catch (error) {
      if (!isCodedError(error, 'PART_CORRUPT')) throw error
      this.#unsealable.add(entry)
      this.#stats.failures++
      this.#stats.lastFailure = messageOf(error)
      this.#around.changed()
      return
    }
    const added = result.parts.map((part) => sealedPart(part, firstPart, result.compression))
    const keys: ManifestEdit[] =
      result.keys === null ? [] : [{ kind: 'addKeys', number: keysNumber, ...result.keys }]
    await this.#publishSealed(entry, added, keys, result)
  }

  async #publishSealed(
    entry: SegmentEntry,
    added: readonly ManifestPart[],
    keys: readonly ManifestEdit[],
    result: SealResult | null,
  ): Promise<void> {
    const { disk, directory, manifest, parts, entries, graveyard } = this.#around
    if (result !== null) await disk.syncDirectory(directory)
    await manifest.append([
      ...added.map(({ number, summary }) => ({ kind: 'addPart', number, summary }) as const),
      ...keys,
      ...(entry.records === 0 ? [] : [{ kind: 'sealed', throughId: entry.endId - 1 } as const]),
      { kind: 'remove', number: entry.number },
    ])
    parts.replace([], added)
    entries.splice(entries.indexOf(entry), 1)
    graveyard.bury([`${directory}/${segmentName(entry.number)}`])
    this.#stats.sealedSegments++
    this.#stats.sealedRecords += entry.records
    this.#stats.writtenBytes += added.reduce((sum, { summary }) => sum + summary.bytes, 0)
    this.#around.changed()
  }

  #sealJob(entry: SegmentEntry, firstPart: number, keysNumber: number): SealJob {
    const { directory, options } = this.#around
    const { number, salt, firstId, endId, records, bytes } = entry
    return {
      path: `${directory}/${segmentName(number)}`,
      number,
      salt,
      firstId,
      endId,
      records,
      bytes,
      resident: residentSpans(entry.spans ?? []),
      partPaths: Array.from({ length: PARTS_MAX }, (_, n) => `${directory}/${partFileName(firstPart + n)}`),
      keysPath: `${directory}/${keysFileName(keysNumber)}`,
      blockRowsMax: options.blockRowsMax,
      blockBytesMax: options.blockBytesMax,
    }
  }
}

function sealedPart(
  { index, day, totals }: SealedPart,
  firstPart: number,
  compression: number,
): ManifestPart {
  const { blocks: _, ...known } = totals
  const summary: PartSummary = { ...known, day, level: 0, compression }
  return { number: firstPart + index, summary, deletes: null }
}

function mergedPart(
  totals: PartTotals,
  { day, compression, level }: MergePlan,
  number: number,
): ManifestPart {
  const { blocks: _, ...known } = totals
  return { number, summary: { ...known, day, level, compression }, deletes: null }
}

const noRoomToMerge = (): CodedError =>
  new CodedError('STORE_FULL', 'The disk has not enough room for what merging would write.')

function unmergeable(path: string): CodedError {
  return new CodedError(
    'PART_CORRUPT',
    `${path} is damaged: it is served as far as it can be read, and not merged.`,
    {
      details: { file: path },
    },
  )
}

function unsealable(entry: SegmentEntry): CodedError {
  return new CodedError(
    'PART_CORRUPT',
    `${segmentName(entry.number)} is damaged: its records stay there, and cannot be sealed.`,
    { details: { file: segmentName(entry.number) } },
  )
}
