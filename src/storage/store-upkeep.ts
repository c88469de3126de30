/**
 * What an operator asks of a store, and what it asks of itself now and then: checking all files, telling what they
 * hold, copying them. The work runs in the store's worker thread, in pieces, so that sealing gets its turns.
 *
 * Invariants: one of these at a time; what is read is kept from being unlinked while it is read; nothing here changes
 * the store, but that a part which is damaged is not merged any more.
 *
 * The check in the background (`scrub`) reads every part once in `scrubDays` days of running: with each turn it may
 * read as many bytes more as belong to the time that has passed.
 */
import { type Clock, CodedError, type Disk, type TaskRunner } from '../base/base.ts'
import { type BackupReport, backUp, type CopyJob } from './backup.ts'
import { keysFileName } from './file-names.ts'
import type { Graveyard } from './graveyard.ts'
import type { HeldPart } from './held-part.ts'
import type { LiveParts } from './live-parts.ts'
import type { LostRange } from './lost-range.ts'
import type { Manifest } from './manifest.ts'
import { copyState } from './manifest-edits.ts'
import type { PartSizesJob } from './part-sizes.ts'
import type { SegmentEntry } from './segment-entry.ts'
import { segmentName } from './segment-file.ts'
import { reportStorage, type StorageReport } from './storage-report.ts'
import type { StoreOptions } from './store-options.ts'
import {
  type FilesToVerify,
  type VerifyAround,
  type VerifyOptions,
  type VerifyReport,
  verifyFiles,
  verifyManifest,
  verifyPart,
} from './verify.ts'
import type { FoundDamage, VerifyJob } from './verify-file.ts'

export interface UpkeepAround {
  readonly disk: Disk
  readonly directory: string
  readonly clock: Clock
  readonly options: StoreOptions
  readonly manifest: Manifest
  readonly runner: TaskRunner
  readonly parts: LiveParts
  readonly graveyard: Graveyard
  /** All segments, oldest first. */
  readonly entries: readonly SegmentEntry[]
  readonly fenceId: () => number
  readonly noteDamage: (range: LostRange) => void
  /** A part is damaged: it is not to be merged. */
  readonly setAside: (part: number) => void
}

/** The tasks of upkeep take turns with those of housekeeping. */
const SHARE = 'upkeep'
const DAY_MS = 86_400_000

export class StoreUpkeep {
  readonly #around: UpkeepAround
  readonly #closing = new AbortController()
  /** What runs, and its name. */
  #running: { readonly what: string; readonly done: Promise<unknown> } | null = null
  /** Parts that were checked since the last round began. */
  readonly #checked = new Set<number>()
  #scrubbedMs: number
  /** Bytes that scrubbing may read. */
  #allowance = 0

  constructor(around: UpkeepAround) {
    this.#around = around
    this.#scrubbedMs = around.clock.monotonicMs()
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

  /** Called now and then. Checks parts whose turn has come. Never rejects. */
  async scrub(): Promise<void> {
    const { clock, options, parts } = this.#around
    const nowMs = clock.monotonicMs()
    const passedMs = nowMs - this.#scrubbedMs
    this.#scrubbedMs = nowMs
    if (options.scrubDays <= 0 || this.#running !== null || this.#closing.signal.aborted) return
    this.#allowance += (parts.bytes * passedMs) / (options.scrubDays * DAY_MS)
    const part = this.#nextToScrub()
    if (part === null || this.#allowance < part.bytes) return
    this.#allowance = Math.min(this.#allowance - part.bytes, parts.bytes)
    this.#checked.add(part.number)
    await this.#alone('a check', () => this.#scrubPart(part)).catch(() => {})
  }

  #nextToScrub(): HeldPart | null {
    const { held } = this.#around.parts
    const live = new Set(held.map(({ number }) => number))
    for (const number of this.#checked) if (!live.has(number)) this.#checked.delete(number)
    if (held.length === this.#checked.size) this.#checked.clear()
    return held.find(({ number }) => !this.#checked.has(number)) ?? null
  }

  async #scrubPart(held: HeldPart): Promise<void> {
    const sha256 = this.#hashes().get(held.number)
    if (sha256 === undefined) return
    const { damage } = await verifyPart(held, sha256, this.#verifying({}))
    this.#note(
      held,
      damage.filter(({ path }) => path === held.path),
    )
  }

  async close(): Promise<void> {
    this.#closing.abort(new CodedError('STORE_CLOSED', 'The store was closed.'))
    await this.#running?.done.catch(() => {})
  }

  // ---- one at a time ------------------------------------------------------------------------------------------

  /** SERVER_BUSY while another runs. */
  async #alone<T>(what: string, work: () => Promise<T>): Promise<T> {
    this.#closing.signal.throwIfAborted()
    if (this.#running !== null) {
      throw new CodedError(
        'SERVER_BUSY',
        `The store is busy with ${this.#running.what}: ask again when that is done.`,
      )
    }
    const { graveyard } = this.#around
    const hold = graveyard.hold()
    const done = work().finally(() => {
      this.#running = null
      graveyard.release(hold)
    })
    this.#running = { what, done }
    return await done
  }

  #run<T>(task: string, job: unknown, signal: AbortSignal | undefined): Promise<T> {
    const signals = [this.#closing.signal, ...(signal === undefined ? [] : [signal])]
    return this.#around.runner.run<T>(task, job, { signal: AbortSignal.any(signals), share: SHARE })
  }

  // ---- checking -----------------------------------------------------------------------------------------------

  #verifying(options: VerifyOptions): VerifyAround {
    const { clock } = this.#around
    return { ...options, clock, run: (job: VerifyJob) => this.#run('verify', job, options.signal) }
  }

  /** All files but the manifest, as they are at this moment. */
  #files(): FilesToVerify {
    const { directory, manifest, parts, entries } = this.#around
    const hashes = this.#hashes()
    return {
      directory,
      parts: parts.held.map((held) => ({ held, sha256: hashes.get(held.number) ?? '' })),
      segments: entries.map(({ number, salt, firstId, endId, records, bytes }) => ({
        path: `${directory}/${segmentName(number)}`,
        ...{ number, salt, firstId, endId, records, bytes },
      })),
      keys: manifest.state.keys.map(({ number, keys }) => ({
        path: `${directory}/${keysFileName(number)}`,
        keys,
      })),
    }
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
