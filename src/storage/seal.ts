/**
 * Sealing: the records of one closed segment become parts, one for each day that they lie on, and the idempotency keys
 * of its batches a file of their own. Runs in a worker thread; takes and gives plain data.
 *
 * A segment is read front to back, a piece at a time: a piece becomes one block for each day. Memory is that of a piece.
 * A record lies on the UTC day of its time, or of its receivedTime where it is filed by that or its time is more than a
 * day ahead. At most PARTS_MAX parts are open at once: days that come after them share one part, so that scattered times
 * cannot make a thousand files.
 *
 * Nothing is published here, and nothing is removed: the caller names the files in the manifest, or unlinks them. What
 * was written is read again and checked before it is answered. A segment with damage is refused (PART_CORRUPT names what
 * is missing): its records stay where they are.
 */
import { CodedError, type Disk } from '../base/base.ts'
import {
  batchCount,
  batchFirstId,
  batchKeyLength,
  batchLength,
  batchReceivedMs,
  batchRecordsStart,
  RECORD_FLAG_FILED_BY_RECEIVED,
  recordFlags,
  recordLength,
  recordTimeMs,
} from '../record/record.ts'
import type { BlockWriter } from './block/block-writer.ts'
import { BatchContent, ContentMemory } from './block/content-of-batches.ts'
import { type PartTotals, PartWriter } from './block/part-writer.ts'
import { FRAME_HEADER_BYTES, type Salt } from './frame.ts'
import { batchKeyText } from './idempotency.ts'
import { writeKeysFile } from './keys-file.ts'
import { SEAL_LEVEL } from './merge-plan.ts'
import { FrameCache } from './part/frame-cache.ts'
import { PartFileReader } from './part/part-file-reader.ts'
import { ResidentBytes, type ResidentSpan } from './resident-bytes.ts'
import { type FoundFrame, walkSegment } from './segment-file.ts'
import type { KernelRecords } from './template/kernel-records.ts'
import type { KnownTemplates } from './template/known-templates.ts'

const DAY_MS = 86_400_000
/** Parts that one segment may become, that of the overflow included. */
export const PARTS_MAX = 32
/** What is known of templates is kept for so many stores, and forgotten where it is more than this. */
const KNOWN_DIRECTORIES_MAX = 4
const KNOWN_TEMPLATES_MAX = 4096
const KNOWN_BYTES_MAX = 1024 * 1024
/** Of fewer records a block is read without the kernel. */
const LENT_RECORDS_MIN = 256

export interface SealJob {
  readonly path: string
  readonly number: number
  readonly salt: Salt
  readonly firstId: number
  readonly endId: number
  readonly records: number
  /** Bytes that count. */
  readonly bytes: number
  /** What the buffer held of it when the job was made. */
  readonly resident: readonly ResidentSpan[]
  /** Paths for the parts, PARTS_MAX of them; as many are used as are needed. */
  readonly partPaths: readonly string[]
  readonly keysPath: string
  /** The rows, and the bytes of batches, of a block. */
  readonly blockRowsMax: number
  readonly blockBytesMax: number
}

export interface SealedPart {
  /** Which of `partPaths`. */
  readonly index: number
  /** Days since 1970-01-01; null where it has records of several. */
  readonly day: number | null
  readonly totals: PartTotals
}

export interface SealResult {
  readonly parts: readonly SealedPart[]
  readonly compression: number
  /** Null where no batch had a key. */
  readonly keys: { readonly keys: number; readonly receivedMsMax: number; readonly bytes: number } | null
}

/**
 * Memory of a piece, where the writer lends none, and of the columns made of it, for one seal after the other: to ask for
 * as much with every segment makes the collector of garbage look through everything.
 */
export class SealMemory {
  readonly content = new ContentMemory()
  /** By directory: one segment of a store has mostly the templates of the one before. */
  readonly #known = new Map<string, KnownTemplates>()
  #piece = new Uint8Array(0)

  /** Of arbitrary content; the same memory each time, unless the size is another one. */
  piece(byteCount: number): Uint8Array {
    if (this.#piece.length !== byteCount) this.#piece = new Uint8Array(byteCount)
    return this.#piece
  }

  /** What segments in the same directory as `path` had. */
  knownTemplates(path: string, writer: BlockWriter): KnownTemplates {
    const directory = path.slice(0, path.lastIndexOf('/'))
    const known = this.#known.get(directory)
    if (known !== undefined && !isMuch(known)) return known
    const [oldest] = this.#known.keys()
    if (oldest !== undefined && this.#known.size === KNOWN_DIRECTORIES_MAX) this.#known.delete(oldest)
    const fresh = writer.newKnownTemplates()
    this.#known.set(directory, fresh)
    return fresh
  }
}

function isMuch(known: KnownTemplates): boolean {
  const bytes = known.list().reduce((sum, { text }) => sum + text.length, 0)
  return known.list().length > KNOWN_TEMPLATES_MAX || bytes > KNOWN_BYTES_MAX
}

export interface SealAround {
  /** Used by one seal at a time, as the writer is. */
  readonly memory: SealMemory
  readonly writer: BlockWriter
  readonly isCancelled: () => boolean
}

export async function sealSegment(disk: Disk, job: SealJob, around: SealAround): Promise<SealResult> {
  const sealing = new Sealing(disk, job, around)
  try {
    return await sealing.run()
  } catch (error) {
    await sealing.undo()
    throw error
  }
}

interface OpenPart {
  readonly writer: PartWriter
  isClosed: boolean
}

const NO_BYTES = new Uint8Array(0)
/** The number of the part that takes what has no part of its own. */
const OVERFLOW = PARTS_MAX - 1

class Sealing {
  readonly #disk: Disk
  readonly #job: SealJob
  readonly #around: SealAround
  /** By number: those that have records. */
  readonly #parts = new Map<number, OpenPart>()
  /** By day: the number of its part. */
  readonly #numbers = new Map<number, number>()
  readonly #keys: { key: string; firstId: number; receivedMs: number }[] = []
  readonly #memory: ContentMemory
  /** Of messages. */
  readonly #known: KnownTemplates
  /** `bytes` is all of its room. */
  #piece: Piece = { bytes: NO_BYTES, view: new DataView(NO_BYTES.buffer), kernel: null }
  #pieceBytes = 0
  /** The batches of the piece. */
  #batches: PlacedBatch[] = []
  #pieceRows = 0
  #hasKeysFile = false

  constructor(disk: Disk, job: SealJob, around: SealAround) {
    this.#disk = disk
    this.#job = job
    this.#around = around
    this.#memory = around.memory.content
    this.#known = around.memory.knownTemplates(job.path, around.writer)
  }

  async run(): Promise<SealResult> {
    const { bytes, endId, path, records, resident } = this.#job
    const file = await this.#disk.open(path, 'read')
    try {
      const memory = new ResidentBytes(resident)
      const walk = await walkSegment(file, this.#job, bytes, (frame) => this.#addFrame(frame), memory)
      if (
        walk.holes.length > 0 ||
        walk.endId !== endId ||
        walk.records !== records ||
        walk.headerProblem !== null
      )
        throw damaged(path, walk.endId)
    } finally {
      await file.close()
    }
    await this.#writePiece()
    const parts: SealedPart[] = []
    const days = new Map([...this.#numbers].map(([day, number]) => [number, day]))
    for (const [index, open] of this.#parts) {
      const totals = await open.writer.finish()
      open.isClosed = true
      await verifyWritten(this.#disk, this.#job.partPaths[index])
      parts.push({ index, day: days.get(index) ?? null, totals })
    }
    const sealed = parts.reduce((sum, { totals }) => sum + totals.records, 0)
    if (sealed !== records) throw damaged(path, endId)
    return { parts, compression: SEAL_LEVEL, keys: await this.#writeKeys() }
  }

  /** Unlinks what was written; what cannot be unlinked is unknown to the manifest, and goes with the next start. */
  async undo(): Promise<void> {
    for (const [index, open] of this.#parts) {
      if (!open.isClosed) await open.writer.abandon().catch(() => {})
      await this.#disk.unlink(this.#job.partPaths[index]).catch(() => {})
    }
    if (this.#hasKeysFile) await this.#disk.unlink(this.#job.keysPath).catch(() => {})
  }

  async #addFrame({ bytes }: FoundFrame): Promise<void> {
    if (this.#around.isCancelled()) throw new CodedError('STORE_CLOSED', 'Sealing was stopped.')
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    for (let at = FRAME_HEADER_BYTES; at < bytes.length; ) {
      const end = at + batchLength(view, at)
      const count = batchCount(view, at)
      const key = batchKeyText(bytes, at, batchKeyLength(view, at))
      if (key !== null)
        this.#keys.push({ key, firstId: batchFirstId(view, at), receivedMs: batchReceivedMs(view, at) })
      if (!this.#hasRoom(end - at, count)) await this.#writePiece()
      if (end - at > this.#job.blockBytesMax) await this.#writeAlone(bytes.subarray(at, end))
      else this.#addBatch(bytes.subarray(at, end), count)
      at = end
    }
  }

  #hasRoom(byteCount: number, rows: number): boolean {
    const { blockBytesMax, blockRowsMax } = this.#job
    const isFull = this.#pieceBytes + byteCount > blockBytesMax || this.#pieceRows + rows > blockRowsMax
    return !isFull || this.#pieceRows === 0
  }

  #addBatch(bytes: Uint8Array, count: number): void {
    if (this.#pieceRows === 0) this.#beginPiece()
    this.#piece.bytes.set(bytes, this.#pieceBytes)
    // Its bytes are at hand here: later each record would be fetched from memory.
    this.#batches.push(this.#placeRecords(this.#piece.view, this.#pieceBytes))
    this.#pieceBytes += bytes.length
    this.#pieceRows += count
  }

  #beginPiece(): void {
    const { records, blockBytesMax } = this.#job
    const { memory, writer } = this.#around
    const lent = records < LENT_RECORDS_MIN ? null : writer.lend(blockBytesMax)
    const bytes = lent?.bytes ?? memory.piece(blockBytesMax)
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
    this.#piece = { bytes, view, kernel: lent?.records ?? null }
  }

  async #writePiece(): Promise<void> {
    if (this.#pieceRows === 0) return
    const bytes = this.#piece.bytes.subarray(0, this.#pieceBytes)
    await this.#writeBatches({ ...this.#piece, bytes }, this.#batches)
    this.#around.writer.giveBack()
    this.#pieceBytes = 0
    this.#pieceRows = 0
    this.#batches = []
  }

  /** A batch that is larger than a piece. */
  async #writeAlone(bytes: Uint8Array): Promise<void> {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    await this.#writeBatches({ bytes, view, kernel: null }, [this.#placeRecords(view, 0)])
  }

  async #writeBatches(piece: Piece, batches: readonly PlacedBatch[]): Promise<void> {
    const numbers = new Set(batches.flatMap((batch) => batch.numbers))
    for (const number of numbers) await this.#writeRecords(piece, batches, number)
  }

  /** The records of a piece that belong to one part, as blocks of it. */
  async #writeRecords(piece: Piece, batches: readonly PlacedBatch[], number: number): Promise<void> {
    const { blockRowsMax } = this.#job
    let content = this.#contentOf(piece)
    for (const { at, numbers, ofRecord } of batches) {
      if (!numbers.includes(number)) continue
      const count = batchCount(piece.view, at)
      // A batch may have more records than a block.
      for (let from = 0, to = 0; from < count; from = to) {
        to = Math.min(count, from + blockRowsMax - content.rowCount)
        if (numbers.length === 1 || ofRecord === null) content.addRecords(at, from, to)
        else content.addRecords(at, from, to, ofRecord, number)
        if (content.rowCount < blockRowsMax) continue
        await this.#writeBlock(number, content)
        content = this.#contentOf(piece)
      }
    }
    if (content.rowCount > 0) await this.#writeBlock(number, content)
  }

  #contentOf({ bytes, kernel }: Piece): BatchContent {
    return new BatchContent(bytes, this.#memory, kernel)
  }

  async #writeBlock(number: number, content: BatchContent): Promise<void> {
    const part = this.#parts.get(number) ?? (await this.#createPart(number))
    await part.writer.addBlock(content.build(), this.#around.writer, this.#known)
  }

  async #createPart(number: number): Promise<OpenPart> {
    const writer = await PartWriter.create(this.#disk, this.#job.partPaths[number], { level: SEAL_LEVEL })
    const open = { writer, isClosed: false }
    this.#parts.set(number, open)
    return open
  }

  /** Which part each record of a batch belongs to. */
  #placeRecords(view: DataView, at: number): PlacedBatch {
    const count = batchCount(view, at)
    const receivedMs = batchReceivedMs(view, at)
    let ofRecord: Uint8Array | null = null
    const numbers: number[] = []
    let position = batchRecordsStart(view, at)
    let lastDay = Number.NaN
    let number = 0
    for (let index = 0; index < count; index++) {
      const timeMs = recordTimeMs(view, position)
      const isFiled =
        (recordFlags(view, position) & RECORD_FLAG_FILED_BY_RECEIVED) !== 0 || timeMs > receivedMs + DAY_MS
      const day = Math.floor((isFiled ? receivedMs : timeMs) / DAY_MS)
      if (day !== lastDay) {
        lastDay = day
        if (index > 0) ofRecord ??= new Uint8Array(count).fill(number, 0, index)
        number = this.#numberOf(day)
        if (!numbers.includes(number)) numbers.push(number)
      }
      if (ofRecord !== null) ofRecord[index] = number
      position += recordLength(view, position)
    }
    return { at, numbers, ofRecord }
  }

  #numberOf(day: number): number {
    const known = this.#numbers.get(day)
    if (known !== undefined) return known
    if (this.#numbers.size === OVERFLOW) return OVERFLOW
    const number = this.#numbers.size
    this.#numbers.set(day, number)
    return number
  }

  async #writeKeys(): Promise<SealResult['keys']> {
    if (this.#keys.length === 0) return null
    this.#hasKeysFile = true
    return await writeKeysFile(this.#disk, this.#job.keysPath, this.#keys)
  }
}

/** Batches side by side. */
interface Piece {
  readonly bytes: Uint8Array
  readonly view: DataView
  /** Of the kernel in whose memory they stand, if they stand in one. */
  readonly kernel: KernelRecords | null
}

interface PlacedBatch {
  readonly at: number
  /** Parts that its records belong to, each once. */
  readonly numbers: readonly number[]
  /** By record; null where all belong to one. */
  readonly ofRecord: Uint8Array | null
}

function damaged(path: string, endId: number): CodedError {
  return new CodedError('PART_CORRUPT', `${path} cannot be sealed: it is damaged before id ${endId}.`, {
    details: { file: path },
  })
}

/** Reads a part that was written, whole, before anything that it replaces is given up. */
async function verifyWritten(disk: Disk, path: string): Promise<void> {
  const reader = PartFileReader.open(disk, path, { cache: new FrameCache(0) })
  try {
    await reader.verifyStored()
  } finally {
    reader.close()
  }
}
