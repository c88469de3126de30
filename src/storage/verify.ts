/**
 * Checks all files of a store, one after the other, and says what is damaged. What is looked at in each is
 * verify-file.ts's; here it is decided which, in what pieces, and at what pace.
 *
 * A piece is about 32 MiB, so that sealing gets its turn in between; after each there is a pause, so that whoever sends
 * records does not notice. Nothing is changed.
 */
import { type Clock, CodedError, type Disk, isCodedError, messageOf, systemErrorCode } from '../base/base.ts'
import { keysFileName, parseFileName } from './file-names.ts'
import type { HeldPart } from './held-part.ts'
import { LiveParts } from './live-parts.ts'
import { isManifestName, Manifest, type ManifestState } from './manifest.ts'
import { printState } from './manifest-text.ts'
import { segmentName } from './segment-file.ts'
import {
  type FoundDamage,
  type SegmentToVerify,
  type VerifyJob,
  type VerifyResult,
  verifyFile,
} from './verify-file.ts'

/** Ids are inclusive; null: no records are concerned, or nobody knows which. */
export interface DamagedFile {
  /** Its name in the directory of the store. */
  readonly file: string
  readonly reason: string
  readonly fromId: number | null
  readonly toId: number | null
}

export interface VerifyReport {
  readonly files: number
  readonly bytes: number
  /** Records that can be read. */
  readonly records: number
  /** One row for each range of ids; at most 1,000 rows. Empty: all is well. */
  readonly damaged: readonly DamagedFile[]
}

export interface VerifyProgress {
  readonly files: number
  readonly filesTotal: number
  readonly bytes: number
}

export interface VerifyOptions {
  readonly signal?: AbortSignal
  /** Compares checksums, and decodes nothing. */
  readonly checksumsOnly?: boolean
  /** Called after each file. */
  readonly progress?: (done: VerifyProgress) => void
}

export interface FilesToVerify {
  readonly directory: string
  readonly parts: readonly { readonly held: HeldPart; readonly sha256: string }[]
  readonly segments: readonly SegmentToVerify[]
  readonly keys: readonly { readonly path: string; readonly keys: number }[]
}

export interface VerifyAround extends VerifyOptions {
  /** How long it pauses after each piece, of the time that the piece took. Default 0.5. */
  readonly pauseShare?: number
  /** The longest pause. Default 500 ms. */
  readonly pauseMsMax?: number
  readonly clock: Clock
  readonly run: (job: VerifyJob) => Promise<VerifyResult>
}

const PIECE_BYTES = 32 * 1024 * 1024
const DAMAGED_MAX = 1000
const PAUSE_SHARE = 0.5
const PAUSE_MS_MAX = 500

/** Rejects with what `run` rejects with. */
export async function verifyFiles(files: FilesToVerify, around: VerifyAround): Promise<VerifyReport> {
  const filesTotal =
    files.segments.length +
    files.keys.length +
    files.parts.reduce((sum, { held }) => sum + (held.deletesPath === null ? 1 : 2), 0)
  const done = { files: 0, bytes: 0, records: 0 }
  const damaged: DamagedFile[] = []
  const add = (count: number, { bytes, records, damage }: VerifyResult): void => {
    done.files += count
    done.bytes += bytes
    done.records += records
    for (const each of damage) if (damaged.length < DAMAGED_MAX) damaged.push(named(each, files.directory))
    around.progress?.({ files: done.files, filesTotal, bytes: done.bytes })
  }
  for (const { held, sha256 } of files.parts)
    add(held.deletesPath === null ? 1 : 2, await verifyPart(held, sha256, around))
  for (const segment of files.segments) add(1, await paced(around, { kind: 'segment', ...segment }))
  for (const keys of files.keys) add(1, await paced(around, { kind: 'keys', ...keys }))
  return { ...done, damaged }
}

/** One part, in pieces. Where blocks are found that are damaged, they are what is told, and not the whole part. */
export async function verifyPart(
  held: HeldPart,
  sha256: string,
  around: VerifyAround,
): Promise<VerifyResult> {
  const whole = await paced(around, { kind: 'part', held, sha256 })
  if (around.checksumsOnly === true) {
    const isWell = whole.damage.length === 0
    return { ...whole, records: isWell ? held.records - held.deletedRecords : 0, next: null }
  }
  const damage: FoundDamage[] = []
  let records = 0
  for (let from: number | null = 0; from !== null; ) {
    const piece = await paced(around, { kind: 'blocks', held, from, bytesMax: PIECE_BYTES })
    records += piece.records
    if (damage.length < DAMAGED_MAX) damage.push(...piece.damage)
    from = piece.next
  }
  if (damage.length === 0 && records !== held.records) damage.push(wrongCount(held, records))
  const ofOthers = whole.damage.filter(({ path }) => path !== held.path)
  return {
    bytes: whole.bytes,
    records: Math.max(0, records - held.deletedRecords),
    next: null,
    damage: damage.length > 0 ? [...damage, ...ofOthers] : whole.damage,
  }
}

function wrongCount({ path, records, firstId, endId }: HeldPart, found: number): FoundDamage {
  return { path, reason: `it has ${found} records, not ${records}`, fromId: firstId, toId: endId - 1 }
}

async function paced(
  { clock, run, signal, pauseShare = PAUSE_SHARE, pauseMsMax = PAUSE_MS_MAX }: VerifyAround,
  job: VerifyJob,
): Promise<VerifyResult> {
  const startedMs = clock.monotonicMs()
  const result = await run(job)
  const tookMs = clock.monotonicMs() - startedMs
  const pauseMs = Math.min(tookMs * pauseShare, pauseMsMax)
  if (tookMs >= 1) await pauseFor(clock, pauseMs, signal)
  return result
}

/** Ends at once when the signal aborts; what comes next says so. */
async function pauseFor(clock: Clock, pauseMs: number, signal: AbortSignal | undefined): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>()
  const go = (): void => resolve()
  const cancel = clock.after(pauseMs, go)
  signal?.addEventListener('abort', go, { once: true })
  if (signal?.aborted === true) go()
  await promise
  cancel()
  signal?.removeEventListener('abort', go)
}

function named({ path, reason, fromId, toId }: FoundDamage, directory: string): DamagedFile {
  const start = `${directory}/`
  return { file: path.replace(start, ''), reason: reason.replaceAll(start, ''), fromId, toId }
}

// ---- the manifest -------------------------------------------------------------------------------------------

/**
 * Reads the newest manifest again and compares what it says with what is in use; null: it is well. The store may change
 * it meanwhile: what differs because of that is no damage.
 */
export async function verifyManifest(
  disk: Disk,
  directory: string,
  inUse: () => ManifestState,
): Promise<DamagedFile | null> {
  const before = printState(0, inUse())
  try {
    const { state } = await Manifest.read(disk, directory)
    const after = printState(0, inUse())
    if (printState(0, state) === before || before !== after) return null
    return damagedManifest(disk, directory, 'it does not say what is in use')
  } catch (error) {
    return damagedManifest(disk, directory, reasonOf(error))
  }
}

async function damagedManifest(disk: Disk, directory: string, reason: string): Promise<DamagedFile> {
  const file = (await disk.list(directory)).filter(isManifestName).at(-1) ?? 'manifest'
  return { file, reason: reason.replaceAll(`${directory}/`, ''), fromId: null, toId: null }
}

function reasonOf(error: unknown): string {
  if (!isCodedError(error) && systemErrorCode(error) === undefined) throw error
  return messageOf(error)
}

// ---- without a store ----------------------------------------------------------------------------------------

/** What a manifest names, for a directory that no store has open. */
function filesOf(directory: string, state: ManifestState): FilesToVerify {
  const held = new LiveParts(directory, state.parts).held
  const hashes = new Map(state.parts.map(({ number, summary }) => [number, summary.sha256]))
  return {
    directory,
    parts: held.map((part) => ({ held: part, sha256: hashes.get(part.number) ?? '' })),
    segments: state.segments.map(({ number, salt, firstId, summary }) => ({
      path: `${directory}/${segmentName(number)}`,
      number,
      salt,
      firstId,
      // What was written to last has a torn end after a crash, which is no damage.
      bytes: summary?.bytes ?? (state.stop?.segment === number ? state.stop.bytes : null),
      endId: summary?.endId ?? null,
      records: summary?.records ?? null,
    })),
    keys: state.keys.map(({ number, keys }) => ({ path: `${directory}/${keysFileName(number)}`, keys })),
  }
}

/**
 * Files lie there that only a manifest makes a store, and it knows nothing: there is none, as in a copy that was
 * interrupted, or none is whole.
 */
async function isUnlisted(disk: Disk, directory: string, state: ManifestState): Promise<boolean> {
  if (state.highestSegment > 0) return false
  return (await disk.list(directory)).some((name) => !isManifestName(name) && parseFileName(name) !== null)
}

/**
 * Checks the directory of a store that nobody has open; the caller holds the lock. Reads in this thread. DIRECTORY_UNUSABLE
 * is the caller's: a directory without a manifest is an empty store.
 */
export async function verifyDirectory(
  { disk, clock, directory }: { readonly disk: Disk; readonly clock: Clock; readonly directory: string },
  options: VerifyOptions = {},
): Promise<VerifyReport> {
  let state: ManifestState
  try {
    state = (await Manifest.read(disk, directory)).state
    if (await isUnlisted(disk, directory, state))
      throw new CodedError('MANIFEST_CORRUPT', 'there is no whole manifest: what it named cannot be known')
  } catch (error) {
    const damaged = await damagedManifest(disk, directory, reasonOf(error))
    return { files: 1, bytes: 0, records: 0, damaged: [damaged] }
  }
  const around = { isCancelled: () => options.signal?.aborted === true }
  const run = (job: VerifyJob): Promise<VerifyResult> => verifyFile(disk, job, around)
  const report = await verifyFiles(filesOf(directory, state), { ...options, clock, run, pauseShare: 0 })
  return { ...report, files: report.files + 1 }
}
