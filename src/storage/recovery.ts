/**
 * What a start finds on disk, and what it does about it (rules R12-R14, R17). Two steps, so that a full disk can
 * still be read: `inspect` writes nothing, `settle` (settle.ts) writes and may be tried again.
 *
 *   torn tail            cut off: those bytes were never acknowledged
 *   hole in the middle   acknowledged records are missing: read-only, until `acceptLoss` says to go on without them
 *   missing, too short   the same
 *   unclean stop         the active segment's frames are rewritten to a new file: a page cache that survived a failed
 *                        sync shows bytes that the disk does not have, so reading proves nothing
 *   unknown files        put aside in quarantine/, never deleted
 */
import { CodedError, type Disk, type DiskFile, systemErrorCode } from '../base/base.ts'
import { RECORD_HEADER_BYTES } from '../record/record.ts'
import { deletesFileName, partFileName } from './file-names.ts'
import type { LostRange } from './lost-range.ts'
import { Manifest, type ManifestSegment } from './manifest.ts'
import { SegmentEntry } from './segment-entry.ts'
import { segmentName, type WalkResult, walkSegment } from './segment-file.ts'
import { STORE_DEFAULTS } from './store-options.ts'
import { findStrangers } from './strange-files.ts'
import type { Surroundings } from './surroundings.ts'

/** Ids that are left out after an unclean stop, so that an id that was ever given is not given again. */
const ID_GAP = 65_536

export interface Inspection {
  readonly manifest: Manifest
  readonly entries: SegmentEntry[]
  readonly nextId: number
  /** Acknowledged records that are missing now and that nobody accepted yet. */
  readonly lost: readonly LostRange[]
  /** Parts whose files are missing or have another length: the rest is served, and what they held is said to be missing. */
  readonly damagedParts: readonly DamagedPart[]
  /** Files that the manifest does not know. */
  readonly unknownFiles: readonly string[]
  /** Files that a crash left behind and that nothing needs. */
  readonly remnants: readonly string[]
  /** Names in quarantine/ of what was put aside since the start. */
  readonly quarantined: string[]
  /** The segment that was being written to, if it is there. */
  readonly last: LastSegment | null
  readonly wasClean: boolean
}

export interface DamagedPart {
  readonly number: number
  readonly isMissing: boolean
  readonly range: LostRange
}

export interface LastSegment {
  readonly entry: SegmentEntry
  readonly walk: WalkResult
  /** Not only torn at its end: the file is kept for whoever wants to look at it. */
  readonly isDamaged: boolean
}

/** Reads the manifest and the segment that was active, and writes nothing. MANIFEST_CORRUPT, FORMAT_VERSION. */
export async function inspect(around: Surroundings): Promise<Inspection> {
  const { disk, directory } = around
  const manifest = await Manifest.read(disk, directory)
  const { state } = manifest
  const lost: LostRange[] = []
  const entries: SegmentEntry[] = []
  let last: LastSegment | null = null
  for (const segment of state.segments) {
    if (segment.summary !== null) {
      entries.push(await inspectClosed(around, segment, lost))
      continue
    }
    last = await inspectActive(around, segment, state.nextId, state.stop?.bytes ?? null, lost)
    if (last !== null) entries.push(last.entry)
  }
  const strangers = await findStrangers(around, manifest)
  const unaccepted = lost.filter((range) => !isAccepted(state.lost, range))
  const wasClean =
    state.stop !== null && state.stop.bytes === (last?.walk.end ?? -1) && unaccepted.length === 0
  const isExact = wasClean || state.segments.length === 0
  const nextId = firstIdToGive(
    around,
    [state.nextId, ...entries.map(({ endId }) => endId)],
    isExact,
    unaccepted,
  )
  return {
    manifest,
    entries,
    nextId,
    lost: unaccepted,
    damagedParts: await inspectParts(around, manifest),
    unknownFiles: strangers.unknown,
    remnants: strangers.remnants,
    quarantined: [],
    last,
    wasClean,
  }
}

/** Above every id that was ever given. What a lost segment held is not known, so all that it could have held counts. */
function firstIdToGive(
  around: Surroundings,
  idsSeen: readonly number[],
  isExact: boolean,
  lost: readonly LostRange[],
): number {
  const seen = idsSeen.reduce((largest, id) => Math.max(largest, id), 0)
  if (isExact) return seen
  const segmentBytesMax = Math.max(around.options.segmentBytesMax, STORE_DEFAULTS.segmentBytesMax)
  const unseen = lost.length === 0 ? 1 : Math.ceil(segmentBytesMax / RECORD_HEADER_BYTES)
  const largest = lost.reduce((end, range) => Math.max(end, range.toId + 1), seen)
  return Math.ceil((largest + unseen) / ID_GAP) * ID_GAP
}

const isAccepted = (accepted: readonly LostRange[], range: LostRange): boolean =>
  accepted.some((one) => one.fromId <= range.fromId && one.toId >= range.toId)

async function inspectParts({ disk, directory }: Surroundings, { state }: Manifest): Promise<DamagedPart[]> {
  const damaged: DamagedPart[] = []
  for (const { number, summary, deletes } of state.parts) {
    const name = partFileName(number)
    const stat = await disk.stat(`${directory}/${name}`)
    const isShown =
      deletes === null || (await disk.stat(`${directory}/${deletesFileName(deletes.number)}`)) !== null
    let reason = isShown ? null : `${deletesFileName(deletes.number)} is missing`
    if (stat === null) reason = `${name} is missing`
    else if (stat.bytes !== summary.bytes) reason = `${name} has ${stat.bytes} of ${summary.bytes} bytes`
    if (reason === null) continue
    const range = { fromId: summary.firstId, toId: summary.endId - 1, reason }
    damaged.push({ number, isMissing: stat === null, range })
  }
  return damaged
}

async function inspectClosed(
  around: Surroundings,
  segment: ManifestSegment,
  lost: LostRange[],
): Promise<SegmentEntry> {
  const summary = segment.summary
  if (summary === null) throw new CodedError('MANIFEST_CORRUPT', `Segment ${segment.number} has no summary.`)
  const name = segmentName(segment.number)
  const stat = await around.disk.stat(`${around.directory}/${name}`)
  const entry = SegmentEntry.ofSummary(segment.number, segment.salt, summary)
  if (summary.records === 0) return entry
  if (stat === null) {
    lost.push({ fromId: summary.firstId, toId: summary.endId - 1, reason: `${name} is missing` })
  } else if (stat.bytes < summary.bytes) {
    const reason = `${name} has ${stat.bytes} of ${summary.bytes} bytes`
    lost.push({ fromId: await readEndId(around, entry), toId: summary.endId - 1, reason })
  }
  return entry
}

/** The id after the last one that a segment which is too short still holds. */
async function readEndId({ disk, directory }: Surroundings, entry: SegmentEntry): Promise<number> {
  const file = await disk.open(`${directory}/${segmentName(entry.number)}`, 'read')
  try {
    return (await walkSegment(file, entry, entry.bytes, () => {})).endId
  } finally {
    await file.close()
  }
}

async function inspectActive(
  around: Surroundings,
  segment: ManifestSegment,
  nextId: number,
  stopBytes: number | null,
  lost: LostRange[],
): Promise<LastSegment | null> {
  const name = segmentName(segment.number)
  const file = await openExisting(around.disk, `${around.directory}/${name}`)
  if (file === null) {
    // Its name was durable before the manifest named it, so it was there.
    lost.push({
      fromId: segment.firstId,
      toId: Math.max(segment.firstId, nextId - 1),
      reason: `${name} is missing`,
    })
    return null
  }
  try {
    const entry = new SegmentEntry(segment.number, segment.salt, segment.firstId)
    entry.spans = []
    const walk = await walkSegment(file, segment, Number.POSITIVE_INFINITY, (frame) => {
      entry.addFrame(frame.header, frame.offset)
    })
    for (const hole of walk.holes) {
      const toId = Math.max(hole.fromId, hole.endId - 1)
      lost.push({ fromId: hole.fromId, toId, reason: `${hole.bytes} bad bytes in ${name} at ${hole.offset}` })
      entry.damage.push({ fromId: hole.fromId, toId, what: 'bad bytes' })
    }
    if (stopBytes !== null && walk.end < stopBytes) {
      const toId = Math.max(walk.endId, nextId - 1)
      lost.push({ fromId: walk.endId, toId, reason: `${name} ends at ${walk.end} of ${stopBytes} bytes` })
    }
    if (walk.headerProblem !== null) {
      // It was durable before the manifest named the segment, so no crash did this.
      lost.push({ fromId: segment.firstId, toId: segment.firstId, reason: `${name}: ${walk.headerProblem}` })
    }
    const isDamaged = walk.holes.length > 0 || walk.headerProblem !== null || walk.end < (stopBytes ?? 0)
    return { entry, walk, isDamaged }
  } finally {
    await file.close()
  }
}

async function openExisting(disk: Disk, path: string): Promise<DiskFile | null> {
  try {
    return await disk.open(path, 'read')
  } catch (error) {
    if (systemErrorCode(error) === 'ENOENT') return null
    throw error
  }
}
