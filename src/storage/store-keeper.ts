/**
 * Keeps a store within its age, its size and its disk: drops what retention says, watches the room that is left, and
 * makes room by dropping the oldest parts where it is told to (`dropOldest`).
 *
 * Invariants: only whole parts go, through the manifest (housekeeping.ts); nothing here rejects but `freeBytes`, and
 * what could not be dropped is tried again at the next turn.
 */
import { messageOf } from '../base/base.ts'
import type { Graveyard } from './graveyard.ts'
import type { LiveParts } from './live-parts.ts'
import { planExpired, planOldest } from './retention.ts'
import { RetentionClock } from './retention-clock.ts'
import {
  borderOf,
  bytesToNextLevel,
  isAtLeast,
  type SpaceLevel,
  type SpaceStats,
  spaceLevel,
} from './space-level.ts'
import type { Surroundings } from './surroundings.ts'

export interface KeeperAround extends Omit<Surroundings, 'random'> {
  readonly parts: LiveParts
  readonly graveyard: Graveyard
  /** The largest receivedTime in the store; -Infinity where it is empty. */
  readonly newestReceivedMs: number
  /** Bytes of all segments and parts. */
  readonly storeBytes: () => number
  readonly dropParts: (numbers: readonly number[]) => Promise<number>
  /** Told whether merging must wait. */
  readonly pauseMerges: (isPaused: boolean) => void
  readonly spaceChanged: (level: SpaceLevel, freeBytes: number) => void
}

/** What merging leaves free beside its output. */
const MERGE_ROOM_BYTES = 16 * 1024 * 1024
/** Of the room to the next level: what others write meanwhile, such as sealing, takes some of it too. */
const UNMEASURED_SHARE = 0.5
/** So much is written without measuring, however near a level is. */
const UNMEASURED_BYTES_MIN = 64 * 1024

export class StoreKeeper {
  readonly #around: KeeperAround
  readonly #clock: RetentionClock
  #space: SpaceStats = { level: 'roomy', freeBytes: null, totalBytes: null }
  /** Bytes of records that were written since the room was measured: they count as taken. */
  #unmeasuredBytes = 0
  #lastFailure: string | null = null
  /** Bytes of parts that were dropped for room, and that snapshots still hold. */
  #comingBytes = 0
  #retaining: Promise<void> | null = null

  constructor(around: KeeperAround) {
    this.#around = around
    this.#clock = new RetentionClock(around.clock, around.newestReceivedMs)
  }

  get space(): SpaceStats {
    return this.#space
  }

  /** Why dropping failed the last time; null when it did not. */
  get lastFailure(): string | null {
    return this.#lastFailure
  }

  /** What time it is for retention, ms. */
  nowMs(): number {
    return this.#clock.nowMs()
  }

  /** Whether so many bytes may be written by what can wait. */
  hasRoom(bytes: number): boolean {
    const { freeBytes } = this.#space
    const border = borderOf('shed', this.#around.options)
    return (
      freeBytes === null ||
      border === 0 ||
      freeBytes - this.#unmeasuredBytes - bytes - MERGE_ROOM_BYTES >= border
    )
  }

  /** Counts bytes that are about to be written. Whether to measure first: with them another level may be reached. */
  takes(byteCount: number): boolean {
    const { freeBytes } = this.#space
    this.#unmeasuredBytes += byteCount
    if (freeBytes === null || this.#unmeasuredBytes <= UNMEASURED_BYTES_MIN) return false
    return this.#unmeasuredBytes > bytesToNextLevel(freeBytes, this.#around.options) * UNMEASURED_SHARE
  }

  /** Drops what is too old or too much. */
  retain(): Promise<void> {
    this.#retaining ??= this.#retain().finally(() => {
      this.#retaining = null
    })
    return this.#retaining
  }

  async #retain(): Promise<void> {
    const { options, parts, storeBytes } = this.#around
    const nowMs = this.#clock.nowMs()
    await this.#drop(planExpired(parts.parts, nowMs, options.retentionMs))
    if (options.retentionBytes === 0) return
    await this.#drop(planOldest(parts.parts, storeBytes() - options.retentionBytes))
  }

  /** Measures, and makes room where that is wanted; the bytes that are free then. Rejects with errors of the disk. */
  async freeBytes(): Promise<number> {
    const freeBytes = await this.#measure()
    const { options, graveyard } = this.#around
    if (!options.dropOldest || !isAtLeast(this.#space.level, 'refuse')) return freeBytes
    if (graveyard.waiting === 0) this.#comingBytes = 0
    const wanted = borderOf('shed', options) - freeBytes - this.#comingBytes
    const numbers = planOldest(this.#around.parts.parts, wanted)
    const bytes = this.#bytesOf(numbers)
    if (!(await this.#drop(numbers))) return freeBytes
    await graveyard.settled()
    if (graveyard.waiting > 0) this.#comingBytes += bytes
    return this.#measure()
  }

  async #measure(): Promise<number> {
    const { disk, directory, options } = this.#around
    this.#unmeasuredBytes = 0
    const { freeBytes, totalBytes } = await disk.space(directory)
    const before = this.#space.level
    const level = spaceLevel(freeBytes, before, options)
    this.#space = { level, freeBytes, totalBytes }
    if (level === before) return freeBytes
    this.#around.pauseMerges(isAtLeast(level, 'shed'))
    this.#around.spaceChanged(level, freeBytes)
    return freeBytes
  }

  #bytesOf(numbers: readonly number[]): number {
    const wanted = new Set(numbers)
    return this.#around.parts.parts.reduce(
      (sum, { number, summary }) => sum + (wanted.has(number) ? summary.bytes : 0),
      0,
    )
  }

  /** Whether something was dropped. */
  async #drop(numbers: readonly number[]): Promise<boolean> {
    if (numbers.length === 0) return false
    try {
      await this.#around.dropParts(numbers)
      this.#lastFailure = null
      return true
    } catch (error) {
      this.#lastFailure = messageOf(error)
      return false
    }
  }
}
