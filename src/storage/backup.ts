/**
 * A copy of a store that can be opened as one: parts, their deleted rows and keys as they are, segments up to what was
 * durable at one moment, and a manifest that names exactly these.
 *
 * Invariants:
 *  - the directory of the copy is empty or missing before; nothing in it is ever replaced.
 *  - the manifest is written last, when all else is durable: a copy that was interrupted has none, so that nobody takes
 *    it for a store (MANIFEST_CORRUPT). What can be taken away of it is.
 *  - what is damaged is copied as it is, and named.
 *
 * Whoever calls keeps the files from being unlinked (graveyard.ts).
 */
import { createHash, type Hash } from 'node:crypto'
import {
  CodedError,
  type Disk,
  isCodedError,
  messageOf,
  readFull,
  systemErrorCode,
  writeAll,
} from '../base/base.ts'
import { deletesFileName, keysFileName, partFileName } from './file-names.ts'
import { manifestName } from './manifest.ts'
import { copyState, type ManifestState } from './manifest-edits.ts'
import { printEdits, printState } from './manifest-text.ts'
import { segmentName } from './segment-file.ts'

export interface CopyJob {
  readonly from: string
  readonly to: string
  /** How many of its bytes; null: all. */
  readonly bytes: number | null
  /** What its bytes must be; null: not known. */
  readonly sha256: string | null
}

export interface CopyResult {
  readonly bytes: number
  /** What is wrong with what was copied; null: nothing that a copy can see. */
  readonly problem: string | null
}

export interface BackupReport {
  readonly files: number
  readonly bytes: number
  /** Every record of the copy has an id below this. */
  readonly fenceId: number
  readonly records: number
  /** Files that were damaged or missing, and are so in the copy. */
  readonly damaged: readonly { readonly file: string; readonly reason: string }[]
}

/** A segment as it was at the moment of the copy. */
export interface BackupSegment {
  readonly number: number
  readonly bytes: number
}

export interface BackupAround {
  readonly disk: Disk
  /** Of the store. */
  readonly from: string
  readonly to: string
  /** At the moment of the copy, as the three below. */
  readonly state: ManifestState
  readonly segments: readonly BackupSegment[]
  readonly fenceId: number
  readonly records: number
  /** Copies one file, durably. */
  readonly copy: (job: CopyJob) => Promise<CopyResult>
}

const PIECE_BYTES = 1024 * 1024

/** BACKUP_REFUSED, STORE_CLOSED, errors of the disk. */
export async function backUp(around: BackupAround): Promise<BackupReport> {
  const { disk, to } = around
  await makeEmptyDirectory(disk, around.from, to, 'a backup')
  const jobs = jobsOf(around)
  const damaged: { file: string; reason: string }[] = []
  let bytes = 0
  try {
    for (const { name, ...job } of jobs) {
      const { bytes: copied, problem } = await around.copy(job)
      bytes += copied
      if (problem !== null) damaged.push({ file: name, reason: problem })
    }
    await disk.syncDirectory(to)
    bytes += await writeManifest(around)
  } catch (error) {
    await takeBack(disk, to, [...jobs.map(({ name }) => name), manifestName(1)])
    throw error
  }
  return { files: jobs.length + 1, bytes, fenceId: around.fenceId, records: around.records, damaged }
}

/** Makes `to`, for `what` (`a backup`) of the store in `from`. BACKUP_REFUSED. */
export async function makeEmptyDirectory(disk: Disk, from: string, to: string, what: string): Promise<void> {
  if (to.startsWith(`${from}/`)) {
    throw unfit(to, `${to} lies in the store itself.`)
  }
  try {
    await disk.makeDirectory(to)
    const names = await disk.list(to)
    if (names.length === 0) return
    throw unfit(to, `${to} is not empty: ${what} needs a directory of its own.`)
  } catch (error) {
    if (isCodedError(error) || systemErrorCode(error) === undefined) throw error
    throw unfit(to, `${to} cannot hold ${what}: ${messageOf(error)}.`, error)
  }
}

/**
 * For a backup of several stores, of which each goes to `stores/<name>` in `directory`. Directories without files are what
 * an interrupted backup leaves. BACKUP_REFUSED.
 */
export async function refuseOccupied(disk: Disk, directory: string): Promise<void> {
  try {
    const other = (await namesIn(disk, directory)).find((name) => name !== 'stores')
    if (other !== undefined) throw occupied(directory, other)
    for (const store of await namesIn(disk, `${directory}/stores`)) {
      const [file] = await namesIn(disk, `${directory}/stores/${store}`)
      if (file !== undefined) throw occupied(directory, `stores/${store}/${file}`)
    }
  } catch (error) {
    if (isCodedError(error) || systemErrorCode(error) === undefined) throw error
    throw unfit(directory, `${directory} cannot hold a backup: ${messageOf(error)}.`, error)
  }
}

/** None where there is no such directory. BACKUP_REFUSED, errors of the disk. */
async function namesIn(disk: Disk, path: string): Promise<readonly string[]> {
  const stat = await disk.stat(path)
  if (stat === null) return []
  if (!stat.isDirectory) throw unfit(path, `${path} is a file: a backup needs a directory of its own.`)
  return disk.list(path)
}

const occupied = (directory: string, name: string): CodedError =>
  unfit(
    directory,
    `${directory} is not empty: it has ${name}. Nothing is replaced; name a directory that is empty or not there.`,
  )

const unfit = (directory: string, message: string, cause?: unknown): CodedError =>
  new CodedError('BACKUP_REFUSED', message, { cause, details: { directory } })

function jobsOf({ from, to, state, segments }: BackupAround): (CopyJob & { readonly name: string })[] {
  const job = (name: string, bytes: number | null, sha256: string | null = null) => {
    return { name, from: `${from}/${name}`, to: `${to}/${name}`, bytes, sha256 }
  }
  return [
    ...state.parts.map(({ number, summary }) => job(partFileName(number), null, summary.sha256)),
    ...state.parts.flatMap(({ deletes }) =>
      deletes === null ? [] : [job(deletesFileName(deletes.number), null)],
    ),
    ...state.keys.map(({ number }) => job(keysFileName(number), null)),
    ...segments.map(({ number, bytes }) => job(segmentName(number), bytes)),
  ]
}

/** The last segment counts up to the moment of the copy, as after a stop: whoever opens the copy goes on with it. */
async function writeManifest({ disk, to, state, segments, fenceId }: BackupAround): Promise<number> {
  const copied = copyState(state)
  copied.stop = null
  copied.nextId = Math.max(state.nextId, fenceId)
  const active = state.segments.findLast(({ summary }) => summary === null)
  const bytes = segments.find(({ number }) => number === active?.number)?.bytes
  const stop =
    active === undefined || bytes === undefined
      ? ''
      : printEdits([{ kind: 'stop', segment: active.number, bytes }])
  const text = new TextEncoder().encode(
    printState(1, copied) + printEdits([{ kind: 'ids', nextId: copied.nextId }]) + stop,
  )
  const file = await disk.open(`${to}/${manifestName(1)}`, 'create')
  try {
    await writeAll(file, text, 0)
    await file.datasync()
  } finally {
    await file.close()
  }
  await disk.syncDirectory(to)
  return text.length
}

/** As far as the disk lets us: what stays has no manifest, or stands beside an error that was told. */
export async function takeBack(disk: Disk, directory: string, names: readonly string[]): Promise<void> {
  for (const name of [...names].reverse()) await disk.unlink(`${directory}/${name}`).catch(() => {})
  await disk.syncDirectory(directory).catch(() => {})
}

// ---- one file -----------------------------------------------------------------------------------------------

/** Copies a file, its bytes durable; a missing one is an answer. STORE_CLOSED when cancelled, errors of the disk. */
export async function copyFile(disk: Disk, job: CopyJob, isCancelled: () => boolean): Promise<CopyResult> {
  if ((await disk.stat(job.from)) === null) return { bytes: 0, problem: 'it is missing' }
  const from = await disk.open(job.from, 'read')
  try {
    const to = await disk.open(job.to, 'create')
    try {
      const hash = job.sha256 === null ? null : createHash('sha256')
      const size = Math.min(await from.size(), job.bytes ?? Number.POSITIVE_INFINITY)
      const piece = new Uint8Array(Math.min(size, PIECE_BYTES))
      let at = 0
      while (at < size) {
        if (isCancelled()) throw new CodedError('STORE_CLOSED', 'The backup was stopped.')
        const count = await readFull(from, piece.subarray(0, Math.min(piece.length, size - at)), at)
        if (count === 0) break
        await writeAll(to, piece.subarray(0, count), at)
        hash?.update(piece.subarray(0, count))
        at += count
      }
      await to.datasync()
      return { bytes: at, problem: problemOf(job, at, hash) }
    } finally {
      await to.close()
    }
  } finally {
    await from.close()
  }
}

function problemOf({ bytes, sha256 }: CopyJob, copied: number, hash: Hash | null): string | null {
  if (bytes !== null && copied < bytes) return `it has ${copied} of ${bytes} bytes`
  return hash !== null && hash.digest('hex') !== sha256
    ? 'its bytes are not those that the manifest knows'
    : null
}
