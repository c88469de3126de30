/**
 * One spill file: made, appended to, read back. Which files there are and when they go is spill.ts's business; the
 * bytes are spill-frame.ts's.
 *
 * Invariant: `length` is the end of the last frame that is whole, and durable where that was asked for. What a failed
 * write left behind it is cut off, or, if that fails too, found and told by the next process.
 */
import { CodedError, type Disk, type DiskFile, readFull, writeAll } from '../base/base.ts'
import {
  decodeSpillFrameHeader,
  decodeSpillHeader,
  encodeSpillHeader,
  isSpillFrameIntact,
  SPILL_FRAME_HEADER_BYTES,
  SPILL_HEADER_BYTES,
  SPILL_VERSION,
  spillFrameId,
} from './spill-frame.ts'

const NAME = /^spill-(\d{8,})$/

function spillFileName(number: number): string {
  return `spill-${String(number).padStart(8, '0')}`
}

/** The number of a spill file's name, or null when it is not one. */
export function spillFileNumber(name: string): number | null {
  const match = NAME.exec(name)
  return match === null ? null : Number(match[1])
}

/** A batch in a file. */
export interface SpilledBatch {
  readonly id: string
  readonly count: number
  readonly file: SpillFile
  readonly offset: number
  readonly bytes: number
  /** Records of it that have no answer yet. */
  open: number
}

export interface FrameFound {
  readonly kind: 'batch' | 'acknowledged'
  readonly id: string
  readonly count: number
  readonly offset: number
  readonly bytes: number
}

export class SpillFile {
  readonly path: string
  readonly number: number
  length: number
  /** Batches in it that are not acknowledged. */
  batches = 0
  /** It has bytes that are no frame. */
  isDamaged = false
  readonly #disk: Disk
  /** Open while it is written to. */
  #file: DiskFile | null = null

  private constructor(disk: Disk, path: string, number: number, length: number) {
    this.#disk = disk
    this.path = path
    this.number = number
    this.length = length
  }

  /** A new one; its name and header are durable. */
  static async create(disk: Disk, directory: string, number: number): Promise<SpillFile> {
    const path = `${directory}/${spillFileName(number)}`
    const spill = new SpillFile(disk, path, number, 0)
    spill.#file = await disk.open(path, 'create')
    try {
      await spill.append(encodeSpillHeader(), true)
      await disk.syncDirectory(directory)
      return spill
    } catch (error) {
      await spill.remove().catch(() => {})
      throw error
    }
  }

  /** One that an earlier process left behind, with all its frames. FORMAT_VERSION. */
  static async load(
    disk: Disk,
    directory: string,
    number: number,
  ): Promise<{ readonly file: SpillFile; readonly frames: readonly FrameFound[] }> {
    const path = `${directory}/${spillFileName(number)}`
    await using reader = await FileReader.open(disk, path)
    const file = new SpillFile(disk, path, number, reader.size)
    const frames: FrameFound[] = []
    let at = await readHeader(reader)
    for (let frame = await readFrame(reader, at); frame !== null; frame = await readFrame(reader, at)) {
      frames.push(frame)
      at += frame.bytes
    }
    file.isDamaged = at < reader.size
    return { file, frames }
  }

  async append(bytes: Uint8Array, isSynced: boolean): Promise<void> {
    const file = this.#file
    if (file === null) throw new Error('EBADF: the spill file is not open for writing')
    try {
      await writeAll(file, bytes, this.length)
      if (isSynced) await file.datasync()
      this.length += bytes.length
    } catch (error) {
      await file.truncate(this.length).catch(() => {
        this.isDamaged = true
      })
      throw error
    }
  }

  /** The whole frame at `offset`. SPILL_CORRUPT. */
  async read(offset: number, bytes: number): Promise<Uint8Array> {
    await using reader = await FileReader.open(this.#disk, this.path)
    const frame = await reader.read(offset, bytes)
    if (frame.length === bytes && isSpillFrameIntact(frame)) return frame
    this.isDamaged = true
    throw corrupt(this.path, offset)
  }

  /** Ends the writing. */
  async close(): Promise<void> {
    const file = this.#file
    this.#file = null
    await file?.close()
  }

  /** Away with it; one with bytes that are no frame is kept under another name. */
  async remove(): Promise<void> {
    await this.close()
    if (this.isDamaged) await this.#disk.rename(this.path, `${this.path}.damaged`)
    else await this.#disk.unlink(this.path)
  }
}

export function corrupt(path: string, offset: number): CodedError {
  return new CodedError(
    'SPILL_CORRUPT',
    `The spill file ${path} is damaged, or was never finished, at ${offset}.`,
    {
      details: { path, offset },
    },
  )
}

// ---- reading ------------------------------------------------------------------------------------------------

class FileReader implements AsyncDisposable {
  readonly size: number
  readonly path: string
  readonly #file: DiskFile

  private constructor(file: DiskFile, path: string, size: number) {
    this.#file = file
    this.path = path
    this.size = size
  }

  static async open(disk: Disk, path: string): Promise<FileReader> {
    const file = await disk.open(path, 'read')
    return new FileReader(file, path, await file.size())
  }

  /** Fewer bytes than asked at the end of the file. */
  async read(offset: number, bytes: number): Promise<Uint8Array> {
    const target = new Uint8Array(Math.max(0, Math.min(bytes, this.size - offset)))
    const count = await readFull(this.#file, target, offset)
    return target.subarray(0, count)
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#file.close()
  }
}

/** Where the frames begin: behind the header, or, where that was never finished, nowhere. */
async function readHeader(reader: FileReader): Promise<number> {
  const version = decodeSpillHeader(await reader.read(0, SPILL_HEADER_BYTES))
  if (version === null) return 0
  if (version === SPILL_VERSION) return SPILL_HEADER_BYTES
  throw new CodedError(
    'FORMAT_VERSION',
    `The spill file ${reader.path} has version ${version}; this client knows ${SPILL_VERSION}.`,
  )
}

/** The frame at `offset`, or null where there is none that is whole. */
async function readFrame(reader: FileReader, offset: number): Promise<FrameFound | null> {
  if (offset === 0) return null
  const header = decodeSpillFrameHeader(await reader.read(offset, SPILL_FRAME_HEADER_BYTES))
  if (header === null) return null
  const bytes = SPILL_FRAME_HEADER_BYTES + header.contentBytes
  const frame = await reader.read(offset, bytes)
  if (frame.length < bytes || !isSpillFrameIntact(frame)) return null
  return { kind: header.kind, id: spillFrameId(frame), count: header.count, offset, bytes }
}
