/**
 * What an operator asks of a store, and what it asks of itself now and then: checking all files, telling what they
 * hold, copying them, bringing in parts of other stores. The work runs in the store's worker thread, in pieces, so that
 * sealing gets its turns.
 *
 * Invariants: one of these at a time; files of the store that are read are kept from being unlinked meanwhile; nothing
 * here changes the store, but that a part which is damaged is not merged any more, and that an import appends.
 */
import { CodedError, type TaskRunner } from '../base/base.ts'
import { type BackupReport, backUp, type CopyJob } from './backup.ts'
import { keysFileName } from './file-names.ts'
import type { Graveyard } from './graveyard.ts'
import type { HeldPart } from './held-part.ts'
import type { LiveParts } from './live-parts.ts'
import type { LostRange } from './lost-range.ts'
import type { Manifest } from './manifest.ts'
import { copyState } from './manifest-edits.ts'
import type { MergeJob } from './merge.ts'
import { type ExportOptions, type ExportReport, exportParts } from './part-export.ts'
import { type ImportOptions, type ImportReport, type ImportTarget, importParts } from './part-import.ts'
import type { RecordsJob } from './part-records.ts'
import type { PartSizesJob } from './part-sizes.ts'
import { type PartToScrub, Scrub, type ScrubAround, type ScrubStats } from './scrub.ts'
import type { SegmentEntry } from './segment-entry.ts'
import { segmentName } from './segment-file.ts'
import { reportStorage, type StorageReport } from './storage-report.ts'
import type { Surroundings } from './surroundings.ts'
import {
  type FilesToVerify,
  type VerifyAround,
  type VerifyOptions,
  type VerifyReport,
  verifyFiles,
  verifyManifest,
  verifyPart,
} from './verify.ts'
import type { FoundDamage, SegmentToVerify, VerifyJob } from './verify-file.ts'

export interface UpkeepAround extends Omit<Surroundings, 'random'> {
  readonly manifest: Manifest
  readonly runner: TaskRunner
  readonly parts: LiveParts
  readonly graveyard: Graveyard
  /** All segments, oldest first. */
  readonly entries: readonly SegmentEntry[]
  readonly fenceId: () => number
  /** Takes what is imported. */
  readonly into: ImportTarget
  readonly noteDamage: (range: LostRange) => void
  /** A part is damaged: it is not to be merged. */
  readonly setAside: (part: number) => void
  /** Makes durable how far the check in the background is. See StoreMaintenance. */
  readonly putTask: ScrubAround['putTask']
  /** The check in the background found a damaged file. */
  readonly damageFound: (file: string, reason: string) => void
}

/** The tasks of upkeep take turns with those of housekeeping. */
const SHARE = 'upkeep'
const SCRUB_PAUSE_SHARE = 4
const SCRUB_PAUSE_MS_MAX = 5000

export class StoreUpkeep {
  readonly #around: UpkeepAround
  readonly #closing = new AbortController()
  /** What runs, and its name. */
  #running: { readonly what: string; readonly done: Promise<unknown> } | null = null
  readonly #scrub: Scrub

  constructor(around: UpkeepAround) {
    this.#around = around
    this.#scrub = new Scrub({
      clock: around.clock,
      scrubDays: around.options.scrubDays,
      files: () => this.#closedFiles(),
      tasks: () => around.manifest.state.tasks,
      putTask: around.putTask,
      checkPart: (part) => this.#alone('a check', () => this.#scrubPart(part)),
      checkRest: (files) => this.#alone('a check', () => this.#scrubRest(files)),
    })
  }

  /** See StoreMaintenance. */
  verify(options: VerifyOptions = {}): Promise<VerifyReport> {
    return this.#alone('a check', async () => {
      const { disk, directory, manifest } = this.#around
      const ofManifest = await verifyManifest(disk, directory, () => manifest.state)
      const report = await verifyFiles(this.#files(), this.#verifying(options))
      const damaged = [...(ofManifest === null ? [] : [ofManifest]), ...report.damaged]
      for (const part of this.#around.parts.held)
        this.#note(
          part,
          damaged.filter(({ file }) => `${directory}/${file}` === part.path),
        )
      return { ...report, files: report.files + 1, damaged }
    })
  }

  /** See StoreMaintenance. */
  storage(options: { readonly signal?: AbortSignal } = {}): Promise<StorageReport> {
    const { parts, entries } = this.#around
    return this.#alone('a report', () =>
      reportStorage({
        parts: parts.parts,
        held: parts.held,
        unsealed: {
          records: entries.reduce((sum, entry) => sum + entry.records, 0),
          bytes: entries.reduce((sum, entry) => sum + entry.bytes, 0),
        },
        run: (job: PartSizesJob) => this.#run('partSizes', job, options.signal),
      }),
    )
  }

  /** See StoreMaintenance. */
  backup(to: string, options: { readonly signal?: AbortSignal } = {}): Promise<BackupReport> {
    const { disk, directory, manifest, parts, entries, fenceId } = this.#around
    return this.#alone('a backup', () =>
      backUp({
        disk,
        from: directory,
        to,
        state: copyState(manifest.state),
        segments: manifest.state.segments.flatMap(({ number, summary }) => {
          const bytes = summary?.bytes ?? entries.find((entry) => entry.number === number)?.bytes
          return bytes === undefined ? [] : [{ number, bytes }]
        }),
        fenceId: fenceId(),
        records: entries.reduce((sum, entry) => sum + entry.records, 0) + parts.records,
        copy: (job: CopyJob) => this.#run('copy', job, options.signal),
      }),
    )
  }

  /** See StoreMaintenance. `unsealed`: what could not be sealed before. */
  exportParts(
    to: string,
    unsealed: ExportReport['unsealed'],
    options: ExportOptions = {},
  ): Promise<ExportReport> {
    const { disk, directory, parts, options: store } = this.#around
    return this.#alone('an export', () =>
      exportParts(
        {
          ...{ disk, from: directory, to, unsealed },
          ...{ parts: parts.parts, held: parts.held },
          ...{ blockRowsMax: store.blockRowsMax, blockBytesMax: store.blockBytesMax },
          copy: (job: CopyJob) => this.#run('copy', job, options.signal),
          merge: (job: MergeJob) => this.#run('merge', job, options.signal),
        },
        options,
      ),
    )
  }

  /** See StoreMaintenance. */
  importParts(path: string, options: ImportOptions = {}): Promise<ImportReport> {
    const { disk, clock, parts, fenceId, into, options: store } = this.#around
    const { signal } = options
    const work = (): Promise<ImportReport> =>
      importParts(
        path,
        {
          ...{ disk, clock, batchBytesMax: store.batchBytesMax },
          signal: this.#stopping(signal),
          into: options.into ?? into,
          fenceId: fenceId(),
          known: new Set(parts.parts.map(({ summary }) => summary.sha256)),
          inspect: (job: { readonly path: string }) => this.#run('inspectPart', job, signal),
          verify: (job: VerifyJob) => this.#run('verify', job, signal),
          read: (job: RecordsJob) => this.#run('readRecords', job, signal),
        },
        options,
      )
    return this.#alone('an import', work, { readsFiles: false })
  }

  /** Called now and then: the check in the background does what its turn is. Never rejects. */
  async scrub(): Promise<void> {
    if (this.#closing.signal.aborted) return
    await this.#scrub.turn(this.#running !== null).catch(() => {})
  }

  get scrubStats(): ScrubStats {
    return this.#scrub.stats
  }

  async #scrubPart({ held, sha256 }: PartToScrub): Promise<void> {
    const { damage } = await verifyPart(held, sha256, this.#scrubbing())
    this.#note(
      held,
      damage.filter(({ path }) => path === held.path),
    )
    this.#tell(damage)
  }

  async #scrubRest(files: FilesToVerify): Promise<void> {
    const { damaged } = await verifyFiles({ ...files, parts: [] }, this.#scrubbing())
    for (const { fromId, toId, reason } of damaged)
      if (fromId !== null && toId !== null) this.#around.noteDamage({ fromId, toId, reason })
    this.#tell(damaged.map(({ file, ...rest }) => ({ ...rest, path: file })))
  }

  #tell(damage: readonly FoundDamage[]): void {
    for (const { path, reason } of damage) {
      const file = path.slice(path.lastIndexOf('/') + 1)
      this.#around.damageFound(file, reason)
    }
  }

  /** Slowly: four fifths of the time nothing is read. */
  #scrubbing(): VerifyAround {
    return { ...this.#verifying({}), pauseShare: SCRUB_PAUSE_SHARE, pauseMsMax: SCRUB_PAUSE_MS_MAX }
  }

  async close(): Promise<void> {
    this.#closing.abort(new CodedError('STORE_CLOSED', 'The store was closed.'))
    await this.#running?.done.catch(() => {})
  }

  // ---- one at a time ------------------------------------------------------------------------------------------

  /** SERVER_BUSY while another runs. Work that reads files of the store keeps them from being unlinked. */
  async #alone<T>(what: string, work: () => Promise<T>, { readsFiles } = { readsFiles: true }): Promise<T> {
    this.#closing.signal.throwIfAborted()
    if (this.#running !== null) {
      throw new CodedError(
        'SERVER_BUSY',
        `The store is busy with ${this.#running.what}: ask again when that is done.`,
      )
    }
    const { graveyard } = this.#around
    const hold = readsFiles ? graveyard.hold() : null
    const done = work().finally(() => {
      this.#running = null
      if (hold !== null) graveyard.release(hold)
    })
    this.#running = { what, done }
    return await done
  }

  #run<T>(task: string, job: unknown, signal: AbortSignal | undefined): Promise<T> {
    return this.#around.runner.run<T>(task, job, { signal: this.#stopping(signal), share: SHARE })
  }

  #stopping(signal: AbortSignal | undefined): AbortSignal {
    return AbortSignal.any([this.#closing.signal, ...(signal === undefined ? [] : [signal])])
  }

  // ---- checking -----------------------------------------------------------------------------------------------

  #verifying(options: VerifyOptions): VerifyAround {
    const { clock } = this.#around
    const signal = this.#stopping(options.signal)
    return { ...options, signal, clock, run: (job: VerifyJob) => this.#run('verify', job, options.signal) }
  }

  /** All files but the manifest, as they are at this moment. */
  #files(): FilesToVerify {
    const { directory, manifest, parts } = this.#around
    const hashes = this.#hashes()
    return {
      directory,
      parts: parts.held.map((held) => ({ held, sha256: hashes.get(held.number) ?? '' })),
      segments: this.#segments(),
      keys: manifest.state.keys.map(({ number, keys }) => ({
        path: `${directory}/${keysFileName(number)}`,
        keys,
      })),
    }
  }

  /**
   * Those that are served, and those that the manifest alone knows: they were not there when the store was opened. A
   * clean stop says how long the last one was.
   */
  #segments(): SegmentToVerify[] {
    const { directory, manifest, entries } = this.#around
    const { segments, stop } = manifest.state
    const pathOf = (number: number): string => `${directory}/${segmentName(number)}`
    const isServed = new Set(entries.map(({ number }) => number))
    return [
      ...segments
        .filter(({ number }) => !isServed.has(number))
        .map(({ number, salt, firstId }) => ({
          path: pathOf(number),
          ...{ number, salt, firstId, endId: null, records: null, bytes: null },
        })),
      ...entries.map(({ number, salt, firstId, endId, records, bytes }) => ({
        path: pathOf(number),
        ...{ number, salt, firstId, endId, records },
        bytes: stop?.segment === number ? Math.max(bytes, stop.bytes) : bytes,
      })),
    ]
  }

  /** The same without what is written to. */
  #closedFiles(): FilesToVerify {
    const files = this.#files()
    const active = this.#around.entries.at(-1)?.number
    return { ...files, segments: files.segments.filter(({ number }) => number !== active) }
  }

  #hashes(): ReadonlyMap<number, string> {
    return new Map(this.#around.parts.parts.map(({ number, summary }) => [number, summary.sha256]))
  }

  #note(part: HeldPart, damage: readonly Pick<FoundDamage, 'reason' | 'fromId' | 'toId'>[]): void {
    if (damage.length === 0) return
    this.#around.setAside(part.number)
    for (const { reason, fromId, toId } of damage)
      if (fromId !== null && toId !== null) this.#around.noteDamage({ fromId, toId, reason })
  }
}
