/**
 * Checks one file of a store, whole: what is compared, and what is said where it is not as it was written. Runs in a
 * worker thread; takes and gives plain data.
 *
 *   part      its length and SHA-256 against the manifest, the checksum of every frame, the file of its deleted rows
 *   blocks    every column of some blocks of a part decodes
 *   segment   every frame, in one chain, without holes
 *   keys      its checksums, and as many keys as the manifest says
 *
 * Damage is an answer and no error; so is a file that the disk does not give. Nothing is changed.
 */
import { CodedError, type Disk, isCodedError, messageOf, systemErrorCode } from '../base/base.ts'
import { COLUMN_MESSAGE, SLOT_FILTER } from './block/block-layout.ts'
import type { StoredPart } from './block/stored-part.ts'
import { partCorrupt } from './columns/byte-source.ts'
import { readDeletesFile } from './deletes-file.ts'
import { decodeWordFilter } from './filter/word-filter.ts'
import type { Salt } from './frame.ts'
import { hashFile } from './hash-file.ts'
import type { HeldPart } from './held-part.ts'
import { readKeysFile } from './keys-file.ts'
import { FrameCache } from './part/frame-cache.ts'
import { PartFileReader } from './part/part-file-reader.ts'
import { PartCache } from './part-cache.ts'
import { walkSegment } from './segment-file.ts'

export interface SegmentToVerify {
  readonly path: string
  readonly number: number
  readonly salt: Salt
  readonly firstId: number
  /** Bytes that count; null: all that are frames. */
  readonly bytes: number | null
  /** What it must hold; null: not known. */
  readonly endId: number | null
  readonly records: number | null
}

export type VerifyJob =
  | { readonly kind: 'part'; readonly held: HeldPart; readonly sha256: string }
  /** Blocks from this one on, until about so many bytes of the file were read. */
  | { readonly kind: 'blocks'; readonly held: HeldPart; readonly from: number; readonly bytesMax: number }
  | ({ readonly kind: 'segment' } & SegmentToVerify)
  | { readonly kind: 'keys'; readonly path: string; readonly keys: number }

/** Ids are inclusive, and null where nobody knows them. */
export interface FoundDamage {
  readonly path: string
  readonly reason: string
  readonly fromId: number | null
  readonly toId: number | null
}

export interface VerifyResult {
  /** Read of the file. For blocks 0: the part counted them. */
  readonly bytes: number
  /** Records that can be read. */
  readonly records: number
  /** The block to go on with; null: there are no more. */
  readonly next: number | null
  readonly damage: readonly FoundDamage[]
}

export interface VerifyAround {
  readonly isCancelled: () => boolean
}

const CACHE = { bytesMax: 4 * 1024 * 1024, filesMax: 0 }

/** STORE_CLOSED where it was cancelled; otherwise always an answer. */
export async function verifyFile(disk: Disk, job: VerifyJob, around: VerifyAround): Promise<VerifyResult> {
  switch (job.kind) {
    case 'part':
      return verifyPartFile(disk, job.held, job.sha256, around)
    case 'blocks':
      return verifyBlocks(disk, job, around)
    case 'segment':
      return verifySegment(disk, job, around)
    case 'keys':
      return verifyKeys(disk, job)
  }
}

// ---- parts --------------------------------------------------------------------------------------------------

async function verifyPartFile(
  disk: Disk,
  held: HeldPart,
  sha256: string,
  around: VerifyAround,
): Promise<VerifyResult> {
  const damage: FoundDamage[] = []
  const whole = { path: held.path, fromId: held.firstId, toId: held.endId - 1 }
  const note = (reason: string | null): void => {
    if (reason !== null && damage.length === 0) damage.push({ ...whole, reason })
  }
  // What the container says of itself tells where; the hash of the file misses nothing.
  note(await problemOf(() => verifyFrames(disk, held.path, around)))
  note(await problemOf(() => compareHash(disk, held, sha256, around)))
  if (held.deletesPath !== null) {
    const path = held.deletesPath
    const reason = await problemOf(() => void readDeletesFile(disk, path))
    if (reason !== null) damage.push({ ...whole, path, reason })
  }
  return { bytes: held.bytes, records: 0, next: 0, damage }
}

async function verifyFrames(disk: Disk, path: string, around: VerifyAround): Promise<void> {
  const reader = PartFileReader.open(disk, path, { cache: new FrameCache(0) })
  try {
    await reader.verify(async () => check(around))
  } finally {
    reader.close()
  }
}

function compareHash(disk: Disk, { path, bytes }: HeldPart, sha256: string, around: VerifyAround): void {
  const file = disk.openSync(path)
  try {
    if (file.bytes !== bytes) throw partCorrupt(`it has ${file.bytes} bytes, not ${bytes}`)
    if (hashFile(file, () => check(around)) !== sha256)
      throw partCorrupt('its bytes are not those that the manifest knows')
  } finally {
    file.closeSync()
  }
}

type BlocksJob = Extract<VerifyJob, { readonly kind: 'blocks' }>

async function verifyBlocks(disk: Disk, job: BlocksJob, around: VerifyAround): Promise<VerifyResult> {
  const { held } = job
  const whole = { path: held.path, fromId: held.firstId, toId: held.endId - 1 }
  const cache = new PartCache(disk, CACHE)
  let result: VerifyResult = { bytes: 0, records: 0, next: null, damage: [] }
  try {
    const reason = await problemOf(() =>
      cache.using(held, (part) => {
        result = readBlocks(part, job, around)
      }),
    )
    return reason === null ? result : { ...result, damage: [{ ...whole, reason }] }
  } finally {
    cache.close()
  }
}

function readBlocks(
  part: StoredPart,
  { held, from, bytesMax }: BlocksJob,
  around: VerifyAround,
): VerifyResult {
  const damage: FoundDamage[] = []
  let records = 0
  let bytes = 0
  let block = from
  for (; block < part.blockCount && bytes < bytesMax; block++) {
    check(around)
    bytes += part.file.storedBytes(block)
    const reason = problemOfSync(() => part.decode(() => readBlock(part, block)))
    if (reason === null) records += part.facts(block).rowCount
    else damage.push({ path: held.path, reason, ...idsOf(part, block, held) })
  }
  return { bytes: 0, records, next: block < part.blockCount ? block : null, damage }
}

/** Everything that a scan may ever ask of the block. */
function readBlock(part: StoredPart, number: number): void {
  const block = part.blockAlone(number)
  block.checkIds()
  block.timesNs.at(0)
  block.receivedNs.at(0)
  block.levelWords.starts.at(0)
  block.text(COLUMN_MESSAGE).materialize()
  block.layouts()
  block.overflow()
  for (let index = 0; index < block.facts.fields.length; index++) {
    block.rowsOf(index)
    block.kindsOf(index)
    block.materialized(index)
  }
  const filter = part.file.openBlock(number).read(SLOT_FILTER)
  if (filter !== null) decodeWordFilter(filter)
}

function idsOf(part: StoredPart, block: number, held: HeldPart): { fromId: number; toId: number } {
  try {
    const { firstId, lastId } = part.facts(block)
    return { fromId: firstId, toId: lastId }
  } catch {
    return { fromId: held.firstId, toId: held.endId - 1 }
  }
}

// ---- segments and keys --------------------------------------------------------------------------------------

async function verifySegment(
  disk: Disk,
  segment: SegmentToVerify,
  around: VerifyAround,
): Promise<VerifyResult> {
  const { path, endId } = segment
  const damage: FoundDamage[] = []
  let bytes = 0
  let records = 0
  const reason = await problemOf(async () => {
    const file = await disk.open(path, 'read')
    try {
      const bytesMax = segment.bytes ?? Number.POSITIVE_INFINITY
      const walk = await walkSegment(file, segment, bytesMax, () => check(around))
      bytes = walk.end
      records = walk.records
      if (walk.headerProblem !== null)
        damage.push({ path, reason: walk.headerProblem, fromId: null, toId: null })
      for (const { fromId, endId: end, offset } of walk.holes)
        damage.push({ path, reason: `there are no frames at byte ${offset}`, fromId, toId: end - 1 })
      const isShort = segment.bytes !== null && walk.end < segment.bytes
      const isOther = endId !== null && (walk.endId !== endId || (segment.records ?? records) !== records)
      if (damage.length > 0 || !(isShort || isOther)) return
      const toId = endId === null ? null : endId - 1
      damage.push({ path, reason: `its frames end at byte ${walk.end}`, fromId: walk.endId, toId })
    } finally {
      await file.close()
    }
  })
  if (reason !== null)
    damage.push({ path, reason, fromId: segment.firstId, toId: endId === null ? null : endId - 1 })
  return { bytes, records, next: null, damage }
}

async function verifyKeys(
  disk: Disk,
  { path, keys }: { readonly path: string; readonly keys: number },
): Promise<VerifyResult> {
  let bytes = 0
  const reason = await problemOf(async () => {
    bytes = (await disk.stat(path))?.bytes ?? 0
    const found = await readKeysFile(disk, path)
    if (found.length !== keys)
      throw new CodedError('KEYS_CORRUPT', `it has ${found.length} keys, not ${keys}`)
  })
  const damage = reason === null ? [] : [{ path, reason, fromId: null, toId: null }]
  return { bytes, records: 0, next: null, damage }
}

// ---- what is wrong ------------------------------------------------------------------------------------------

class Cancelled extends CodedError {
  constructor() {
    super('STORE_CLOSED', 'The check was stopped.')
  }
}

function check({ isCancelled }: VerifyAround): void {
  if (isCancelled()) throw new Cancelled()
}

async function problemOf(look: () => Promise<void> | void): Promise<string | null> {
  try {
    await look()
    return null
  } catch (error) {
    return reasonOf(error)
  }
}

function problemOfSync(look: () => void): string | null {
  try {
    look()
    return null
  } catch (error) {
    return reasonOf(error)
  }
}

/** The sentence of what files and disks may do wrong; anything else is a bug of ours. */
function reasonOf(error: unknown): string {
  if (error instanceof Cancelled || !(isCodedError(error) || systemErrorCode(error) !== undefined))
    throw error
  return messageOf(error)
}
