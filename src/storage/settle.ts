/**
 * Makes the directory agree with what a start found in it (recovery.ts): what is missing is noted, what is not ours is
 * put aside, and after an unclean stop the active segment is written anew. May be tried again where it failed, as on a
 * full disk.
 */
import { type DiskFile, systemErrorCode, writeAll } from '../base/base.ts'
import { parseFileName, QUARANTINE } from './file-names.ts'
import { sealFrame } from './frame.ts'
import type { Manifest, ManifestEdit } from './manifest.ts'
import type { Inspection, LastSegment } from './recovery.ts'
import { SegmentEntry } from './segment-entry.ts'
import { createSegment, type FoundFrame, segmentName, segmentNumber, walkSegment } from './segment-file.ts'
import type { Surroundings } from './surroundings.ts'
import type { ActiveSegment } from './write-ahead-log.ts'

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
    this.#entry.addFrame(frame.header, this.#entry.bytes)
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
