/**
 * What a start finds on disk, and what it does about it (rules R12-R14, R17). Two steps, so that a full disk can
 * still be read: `inspect` writes nothing, `settle` writes and may be tried again.
 *
 *   torn tail            cut off: those bytes were never acknowledged
 *   hole in the middle   acknowledged records are missing: read-only, until `acceptLoss` says to go on without them
 *   missing, too short   the same
 *   unclean stop         the active segment's frames are rewritten to a new file: a page cache that survived a failed
 *                        sync shows bytes that the disk does not have, so reading proves nothing
 *   unknown files        put aside in quarantine/, never deleted
 */
import {
  type Clock,
  CodedError,
  type Disk,
  type DiskFile,
  type Random,
  readFull,
  systemErrorCode,
  writeAll,
} from '../base/base.ts'
import { RECORD_HEADER_BYTES } from '../record/record.ts'
import { deletesFileName, keysFileName, parseFileName, partFileName } from './file-names.ts'
import { decodeSegmentHeader, SEGMENT_HEADER_BYTES, sealFrame } from './frame.ts'
import type { LostRange } from './lost-range.ts'
import { isManifestName, Manifest, type ManifestEdit, type ManifestSegment } from './manifest.ts'
import { RESTORE_ADVICE } from './manifest-text.ts'
import { SegmentEntry } from './segment-entry.ts'
import {
  createSegment,
  type FoundFrame,
  segmentName,
  segmentNumber,
  type WalkResult,
  walkSegment,
} from './segment-file.ts'
import { STORE_DEFAULTS, type StoreOptions } from './store-options.ts'
import type { ActiveSegment } from './write-ahead-log.ts'

const QUARANTINE = 'quarantine'
/** Ids that are left out after an unclean stop, so that an id that was ever given is not given again. */
const ID_GAP = 65_536

export interface Surroundings {
  readonly disk: Disk
  readonly directory: string
  readonly clock: Clock
  readonly random: Random
  readonly options: StoreOptions
}

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

interface LastSegment {
  readonly entry: SegmentEntry
  readonly walk: WalkResult
  /** Not only torn at its end: the file is kept for whoever wants to look at it. */
  readonly isDamaged: boolean
}

/** Reads the manifest and the segment that was active. MANIFEST_CORRUPT, FORMAT_VERSION. Writes nothing but the directory. */
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
      entry.addFrame(frame.header, frame.offset, null, 0)
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

/**
 * Files that the manifest does not name. A segment that is newer than the manifest and holds frames means that the
 * manifest itself lost edits: refused, because putting it aside would hide acknowledged records.
 */
interface StrangeFiles {
  /** Not ours, or not understood: to be put aside. */
  readonly unknown: string[]
  /** What a crash left of work in the background: unfinished files, and files that others had replaced. */
  readonly remnants: string[]
}

/** Names of the files that the manifest lists, sorted; not that of the manifest itself. */
export async function listedFiles(disk: Disk, directory: string): Promise<string[]> {
  return namesOf(await Manifest.read(disk, directory)).sort()
}

function namesOf({ state }: Manifest): string[] {
  return [
    ...state.segments.map(({ number }) => segmentName(number)),
    ...state.parts.map(({ number }) => partFileName(number)),
    ...state.parts.flatMap(({ deletes }) => (deletes === null ? [] : [deletesFileName(deletes.number)])),
    ...state.keys.map(({ number }) => keysFileName(number)),
  ]
}

async function findStrangers(around: Surroundings, manifest: Manifest): Promise<StrangeFiles> {
  const { state } = manifest
  const known = new Set([...namesOf(manifest), QUARANTINE, 'lock'])
  const found: StrangeFiles = { unknown: [], remnants: [] }
  const names = await around.disk.list(around.directory)
  for (const name of names) {
    if (known.has(name) || isManifestName(name)) continue
    const file = parseFileName(name)
    if (file?.kind === 'part' || file?.kind === 'deletes' || file?.kind === 'keys') {
      if (state.highestSegment === 0) throw withoutManifest(around, names, name)
      found.remnants.push(name)
      continue
    }
    if (file?.kind === 'segment') {
      if (file.number > state.highestSegment) await refuseIfWritten(around, manifest, names, name)
      if (await isSegmentRemnant(around, manifest, name)) {
        found.remnants.push(name)
        continue
      }
    }
    found.unknown.push(name)
  }
  return found
}

/**
 * Whether nothing of a segment that the manifest does not list is missed: it has no frames, or it was sealed, or its
 * frames are those of a segment that is listed. One with damage is kept for whoever wants to look at it.
 */
async function isSegmentRemnant(
  { disk, directory }: Surroundings,
  { state }: Manifest,
  name: string,
): Promise<boolean> {
  const file = await disk.open(`${directory}/${name}`, 'read')
  try {
    if ((await file.size()) <= SEGMENT_HEADER_BYTES) return true
    const bytes = new Uint8Array(SEGMENT_HEADER_BYTES)
    const header = decodeSegmentHeader(bytes.subarray(0, await readFull(file, bytes, 0)))
    if (typeof header === 'string') return false
    const { firstId } = header
    if (firstId <= state.sealedThroughId) return true
    if (!state.segments.some((segment) => segment.firstId === firstId)) return false
    const walk = await walkSegment(file, header, Number.POSITIVE_INFINITY, () => {})
    return walk.holes.length === 0 && walk.headerProblem === null
  } finally {
    await file.close()
  }
}

/** Of the files `names`, `name` is one that only a store with a manifest has. */
function withoutManifest({ directory }: Surroundings, names: readonly string[], name: string): CodedError {
  const start = names.some(isManifestName)
    ? `No manifest in ${directory} can be read`
    : `There is no manifest in ${directory}`
  return new CodedError('MANIFEST_CORRUPT', `${start}, but there is ${name}. ${RESTORE_ADVICE}`, {
    details: { file: name },
  })
}

async function refuseIfWritten(
  around: Surroundings,
  { state }: Manifest,
  names: readonly string[],
  name: string,
): Promise<void> {
  const path = `${around.directory}/${name}`
  const stat = await around.disk.stat(path)
  if (stat === null || stat.bytes <= SEGMENT_HEADER_BYTES) return
  const copyOf = await readCopyOf(around.disk, path)
  // A start that was interrupted left a copy. What it is a copy of is still there, or the copy is all that is left.
  const isCopy = state.segments.some((segment) => segment.number === copyOf)
  if (isCopy && (await around.disk.stat(`${around.directory}/${segmentName(copyOf)}`)) !== null) return
  if (state.highestSegment === 0) throw withoutManifest(around, names, name)
  throw new CodedError(
    'MANIFEST_CORRUPT',
    `${path} holds records, but the manifest does not know it: the manifest is older than this segment. ${RESTORE_ADVICE}`,
    { details: { file: name } },
  )
}

async function readCopyOf(disk: Disk, path: string): Promise<number> {
  const file = await disk.open(path, 'read')
  try {
    const bytes = new Uint8Array(SEGMENT_HEADER_BYTES)
    const length = await readFull(file, bytes, 0)
    const header = decodeSegmentHeader(bytes.subarray(0, length))
    return typeof header === 'string' ? 0 : header.copyOf
  } finally {
    await file.close()
  }
}

// ---- writing -------------------------------------------------------------------------------------------------

/** Makes the directory good again and tells which segment to write to; null when a new one is needed. */
export async function settle(around: Surroundings, found: Inspection): Promise<ActiveSegment | null> {
  const { disk, directory } = around
  await quarantine(around, found, found.unknownFiles)
  const edits: ManifestEdit[] = found.lost.map((range) => ({ kind: 'lost', range }))
  edits.push({ kind: 'ids', nextId: found.nextId })
  if (found.last === null) {
    // An active segment that is gone, and accepted as lost, leaves the manifest too.
    for (const segment of found.manifest.state.segments) {
      if (segment.summary === null) edits.push({ kind: 'remove', number: segment.number })
    }
    await found.manifest.checkpoint(edits)
    await removeRemnants(around, found)
    return null
  }
  if (found.wasClean) {
    await found.manifest.checkpoint(edits)
    await removeRemnants(around, found)
    const file = await disk.open(`${directory}/${segmentName(found.last.entry.number)}`, 'write')
    return { entry: found.last.entry, file, lastCrc: found.last.walk.lastCrc }
  }
  return rehome(around, found, found.last, edits)
}

/**
 * Only after a checkpoint: the edit that made them remnants may be in the cache of the system, and not on the disk. What
 * cannot be removed is a remnant to the next start. Where records are gone, the manifest may be an older one that was put
 * back, and a part that it does not name may hold them: put aside.
 */
async function removeRemnants(around: Surroundings, found: Inspection): Promise<void> {
  const { disk, directory } = around
  const isGone = found.lost.length > 0 || found.damagedParts.some(({ isMissing }) => isMissing)
  const isKept = (name: string): boolean => isGone && parseFileName(name)?.kind === 'part'
  await quarantine(around, found, found.remnants.filter(isKept))
  for (const name of found.remnants)
    if (!isKept(name)) await disk.unlink(`${directory}/${name}`).catch(() => {})
}

async function quarantine(around: Surroundings, found: Inspection, names: readonly string[]): Promise<void> {
  if (names.length === 0) return
  const { disk, directory } = around
  await disk.makeDirectory(`${directory}/${QUARANTINE}`)
  await disk.syncDirectory(directory)
  for (const name of names) {
    const target = await unusedName(around, name)
    try {
      await disk.rename(`${directory}/${name}`, `${directory}/${QUARANTINE}/${target}`)
      found.quarantined.push(target)
    } catch (error) {
      if (systemErrorCode(error) !== 'ENOENT') throw error // An earlier try of `settle` moved it already.
    }
  }
  await disk.syncDirectory(`${directory}/${QUARANTINE}`)
  await disk.syncDirectory(directory)
}

/** With the time, so that what is put aside never replaces what was put aside before. */
async function unusedName({ disk, directory, clock }: Surroundings, name: string): Promise<string> {
  for (let ms = Math.max(0, Math.floor(clock.wallMs())); ; ms++) {
    if ((await disk.stat(`${directory}/${QUARANTINE}/${name}.${ms}`)) === null) return `${name}.${ms}`
  }
}

/** Rule R14: good frames go to a new file, the manifest switches, the old file goes (to quarantine, if it is damaged). */
async function rehome(
  around: Surroundings,
  found: Inspection,
  last: LastSegment,
  edits: ManifestEdit[],
): Promise<ActiveSegment> {
  const { disk, directory, clock, random } = around
  const oldName = segmentName(last.entry.number)
  const number = await unusedNumber(around, found.manifest)
  const createdMs = Math.max(0, Math.floor(clock.wallMs()))
  const { firstId, number: copyOf } = last.entry
  const created = await createSegment(disk, directory, { number, firstId, createdMs, copyOf, random })
  const entry = new SegmentEntry(number, created.salt, firstId)
  entry.spans = []
  let lastCrc = created.crc
  let old: DiskFile | null = null
  try {
    old = await disk.open(`${directory}/${oldName}`, 'read')
    const from = { number: last.entry.number, salt: last.entry.salt, firstId: last.entry.firstId }
    const copier = new FrameCopier(created.file, entry, created.crc)
    await walkSegment(old, from, last.walk.end, (frame) => copier.copy(frame))
    await copier.flush()
    lastCrc = copier.lastCrc
    await created.file.datasync()
    const add: ManifestEdit = { kind: 'add', number, salt: created.salt, firstId: entry.firstId }
    await found.manifest.checkpoint([...edits, add, { kind: 'remove', number: last.entry.number }])
  } catch (error) {
    await created.file.close().catch(() => {})
    // A manifest that may be on disk names it: then it stays, and a start that does not know it puts it aside.
    if (!found.manifest.isDoubtful) await disk.unlink(`${directory}/${segmentName(number)}`).catch(() => {})
    throw error
  } finally {
    await old?.close().catch(() => {})
  }
  adopt(last.entry, entry)
  await removeRemnants(around, found)
  await removeOld(around, found, oldName, last.isDamaged)
  return { entry: last.entry, file: created.file, lastCrc }
}

/** The manifest names the copy by now. An old file that stays is unknown to the next start, which puts it aside. */
async function removeOld(
  around: Surroundings,
  found: Inspection,
  name: string,
  isKept: boolean,
): Promise<void> {
  const { disk, directory } = around
  try {
    if (isKept) return await quarantine(around, found, [name])
    await disk.unlink(`${directory}/${name}`)
    await disk.syncDirectory(directory)
  } catch {
    // Nothing depends on it.
  }
}

async function unusedNumber(around: Surroundings, manifest: Manifest): Promise<number> {
  const names = await around.disk.list(around.directory)
  const used = names.map((name) => segmentNumber(name) ?? 0)
  return Math.max(manifest.state.highestSegment, ...used) + 1
}

const COPY_BYTES = 1024 * 1024

/** Rewrites frames under another salt and chain, with few large writes. */
class FrameCopier {
  lastCrc: number
  readonly #file: DiskFile
  readonly #entry: SegmentEntry
  #pieces: Uint8Array[] = []
  #bytes = 0

  constructor(file: DiskFile, entry: SegmentEntry, segmentCrc: number) {
    this.#file = file
    this.#entry = entry
    this.lastCrc = segmentCrc
  }

  async copy(frame: FoundFrame): Promise<void> {
    const bytes = frame.bytes.slice()
    this.lastCrc = sealFrame(bytes, { ...frame.header, salt: this.#entry.salt, previousCrc: this.lastCrc })
    this.#entry.addFrame(frame.header, this.#entry.bytes, null, 0)
    this.#pieces.push(bytes)
    this.#bytes += bytes.length
    if (this.#bytes >= COPY_BYTES) await this.flush()
  }

  async flush(): Promise<void> {
    if (this.#bytes === 0) return
    await writeAll(this.#file, Buffer.concat(this.#pieces), this.#entry.bytes - this.#bytes)
    this.#pieces = []
    this.#bytes = 0
  }
}

/** The entry that others already hold becomes the new segment. */
function adopt(held: SegmentEntry, rehomed: SegmentEntry): void {
  held.number = rehomed.number
  held.salt = rehomed.salt
  held.bytes = rehomed.bytes
  held.spans = rehomed.spans?.map((span) => ({ ...span, segment: held })) ?? null
  held.damage.length = 0
}
