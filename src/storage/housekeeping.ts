/**
 * What a store does in the background, one job at a time: closed segments are sealed, oldest first, then parts are
 * merged. The work itself runs in worker threads (store-tasks.ts); here it is decided what comes next, and what came of
 * it is published: files first, then one edit of the manifest, then the lists that snapshots read, in one moment; what
 * was replaced is unlinked when no snapshot needs it.
 *
 * Nothing here ends the store: a job that fails is tried again later, and leaves everything as it was. A segment that
 * cannot be sealed because it is damaged stays a segment.
 */
import { type Clock, CodedError, type Disk, isCodedError, messageOf, type TaskRunner } from '../base/base.ts'
import { keysFileName, partFileName } from './file-names.ts'
import type { Graveyard } from './graveyard.ts'
import type { HousekeepingStats } from './housekeeping-stats.ts'
import type { LiveParts } from './live-parts.ts'
import type { Manifest, ManifestEdit, ManifestPart, PartSummary } from './manifest.ts'
import { PARTS_MAX, type SealedPart, type SealJob, type SealResult } from './seal.ts'
import type { SegmentEntry } from './segment-entry.ts'
import { segmentName } from './segment-file.ts'
import type { StoreOptions } from './store-options.ts'

const RETRY_MS_MIN = 1000
const RETRY_MS_MAX = 60_000

export interface HousekeepingParts {
  readonly disk: Disk
  readonly directory: string
  readonly clock: Clock
  readonly options: StoreOptions
  readonly manifest: Manifest
  readonly runner: TaskRunner
  readonly parts: LiveParts
  readonly graveyard: Graveyard
  /** All segments, oldest first, the one that is written to last. Sealed ones are taken out. */
  readonly entries: SegmentEntry[]
  /** Told when segments were sealed, or could not be. */
  readonly changed: () => void
}

export class Housekeeping {
  readonly #around: HousekeepingParts
  readonly #closing = new AbortController()
  /** Segments that are damaged: they stay what they are. */
  readonly #unsealable = new Set<SegmentEntry>()
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
    writtenBytes: 0,
    failures: 0,
    lastFailure: null as string | null,
  }

  constructor(around: HousekeepingParts) {
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
  async sealAll(): Promise<void> {
    while (this.#running !== null) await this.#running
    this.#running = this.#sealEach().finally(() => {
      this.#running = null
      if (this.#isWoken) this.#start()
    })
    await this.#running
  }

  async #sealEach(): Promise<void> {
    for (let entry = this.#sealable()[0]; entry !== undefined; entry = this.#sealable()[0])
      await this.#seal(entry)
    const [damaged] = this.#unsealable
    if (damaged !== undefined) throw unsealable(damaged)
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
      result = await this.#around.runner.run<SealResult>(
        'seal',
        this.#sealJob(entry, firstPart, keysNumber),
        {
          signal: this.#closing.signal,
        },
      )
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

function unsealable(entry: SegmentEntry): CodedError {
  return new CodedError(
    'PART_CORRUPT',
    `${segmentName(entry.number)} is damaged: its records stay there, and cannot be sealed.`,
    { details: { file: segmentName(entry.number) } },
  )
}
