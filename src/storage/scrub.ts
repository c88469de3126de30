/**
 * The check in the background: every file of the store is read and compared with its checksums once in `scrubDays` days
 * of running. A round goes through the parts by number, and ends with the files of keys and the closed segments.
 *
 * With each turn it may read as many bytes more as belong to the time that has passed, so the pace is that of the whole
 * store divided by its days, in pieces of one file. How far the round is stands in the manifest, beside other
 * work that survives a restart: one that is started again goes on, and does not read everything at once.
 *
 * Not for the manifest itself, which is read whole at every start.
 */
import type { Clock } from '../base/base.ts'
import type { ManifestTask } from './manifest.ts'
import type { FilesToVerify } from './verify.ts'

export type PartToScrub = FilesToVerify['parts'][number]

export interface ScrubAround {
  readonly clock: Clock
  /** 0: never. */
  readonly scrubDays: number
  /** All files of the store as they are at this moment. */
  readonly files: () => FilesToVerify
  readonly tasks: () => readonly ManifestTask[]
  readonly putTask: (task: Omit<ManifestTask, 'number'> & { readonly number?: number }) => Promise<number>
  readonly checkPart: (part: PartToScrub) => Promise<void>
  readonly checkRest: (files: FilesToVerify) => Promise<void>
}

const DAY_MS = 86_400_000
const KIND = 'scrub'

export interface ScrubStats {
  /** Files that were checked since the start, the bytes of the parts among them, and whole rounds. */
  readonly files: number
  readonly bytes: number
  readonly rounds: number
}

export class Scrub {
  readonly #around: ScrubAround
  #turnMs: number
  /** Bytes that it may read. */
  #allowance = 0
  #stats = { files: 0, bytes: 0, rounds: 0 }

  constructor(around: ScrubAround) {
    this.#around = around
    this.#turnMs = around.clock.monotonicMs()
  }

  get stats(): ScrubStats {
    return this.#stats
  }

  /** Called now and then: reads what its turn is. Rejects with what a check rejects with: then it is tried again. */
  async turn(isBusy: boolean): Promise<void> {
    const { clock, scrubDays, files } = this.#around
    const nowMs = clock.monotonicMs()
    const passedMs = nowMs - this.#turnMs
    this.#turnMs = nowMs
    if (scrubDays <= 0) return
    const all = files()
    const totalBytes = all.parts.reduce((sum, { held }) => sum + held.bytes, 0) + bytesOfRest(all)
    this.#allowance += (totalBytes * passedMs) / (scrubDays * DAY_MS)
    if (isBusy || totalBytes === 0) return
    await this.#checkNext(all)
    // What it may read and did not, because something else ran, is not read all at once.
    this.#allowance = Math.min(this.#allowance, totalBytes)
  }

  async #checkNext(all: FilesToVerify): Promise<void> {
    const { checkPart, checkRest } = this.#around
    const place = this.#place
    const part = lowestAbove(all.parts, place)
    const bytes = part === null ? bytesOfRest(all) : part.held.bytes
    if (this.#allowance < bytes) return
    this.#allowance -= bytes
    if (part === null) await checkRest(all)
    else await checkPart(part)
    await this.#moveTo(part === null ? 0 : part.held.number)
    this.#stats.files += part === null ? all.keys.length + all.segments.length : 1
    this.#stats.bytes += part === null ? 0 : bytes
    if (part === null) this.#stats.rounds++
  }

  get #task(): ManifestTask | undefined {
    return this.#around.tasks().find(({ kind }) => kind === KIND)
  }

  /** The number of the part that was checked last; 0 before the first. */
  get #place(): number {
    const place = Number(this.#task?.progress)
    return Number.isSafeInteger(place) ? place : 0
  }

  async #moveTo(place: number): Promise<void> {
    const { number } = this.#task ?? {}
    const task = { kind: KIND, text: '', endId: 0, progress: String(place) }
    await this.#around.putTask(number === undefined ? task : { ...task, number })
  }
}

function lowestAbove(parts: readonly PartToScrub[], place: number): PartToScrub | null {
  let lowest: PartToScrub | null = null
  for (const part of parts) {
    const { number } = part.held
    if (number > place && (lowest === null || number < lowest.held.number)) lowest = part
  }
  return lowest
}

/** Files of keys are small, and counted as nothing. */
function bytesOfRest({ segments }: FilesToVerify): number {
  return segments.reduce((sum, { bytes }) => sum + (bytes ?? 0), 0)
}
