/**
 * A snapshot of a store: the parts and segments of one moment, and the fence in the buffer. Files that it may still read
 * are not unlinked before it is released (graveyard.ts).
 */
import { CodedError } from '../base/base.ts'
import type { Graveyard } from './graveyard.ts'
import type { HeldPart } from './held-part.ts'
import { type LostRange, noteRange } from './lost-range.ts'
import type { PartCache } from './part-cache.ts'
import { PartSource } from './part-source.ts'
import type { SegmentEntry } from './segment-entry.ts'
import { type HeldSegment, scanSegments } from './segment-scan.ts'
import { scanBoth } from './snapshot-scan.ts'
import type { ScannedBlock, ScanRequest, Snapshot } from './store.ts'
import type { Surroundings } from './surroundings.ts'

export interface SnapshotAround {
  readonly around: Pick<Surroundings, 'disk' | 'directory'>
  readonly parts: readonly HeldPart[]
  readonly cache: PartCache
  readonly segments: readonly HeldSegment[]
  readonly fenceId: number
  readonly graveyard: Graveyard
  readonly noteDamage: (range: LostRange) => void
}

export class StoreSnapshot implements Snapshot {
  readonly fenceId: number
  readonly records: number
  readonly damage: LostRange[] = []
  readonly parts: readonly HeldPart[]
  readonly #made: SnapshotAround
  readonly #hold: number
  #isReleased = false

  constructor(made: SnapshotAround) {
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
    noteRange(this.damage, range)
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

/** The segments that hold records, as they are now. */
export function heldSegments(entries: readonly SegmentEntry[]): HeldSegment[] {
  return entries.filter((entry) => entry.records > 0).map(holdSegment)
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
