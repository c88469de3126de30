/**
 * Segment files: how they are made, and how their frames are found again after whatever happened to them.
 * Frame bytes are frame.ts's; which segments exist is the manifest's; who writes is write-ahead-log.ts.
 */
import { CodedError, type Disk, type DiskFile, type Random, readFull, writeAll } from '../base/base.ts'
import {
  checkFrame,
  decodeFrameHeader,
  decodeSegmentHeader,
  encodeSegmentHeader,
  FRAME_HEADER_BYTES,
  FRAME_MAGIC,
  type FrameHeader,
  type Salt,
  SEGMENT_HEADER_BYTES,
  SEGMENT_VERSION,
} from './frame.ts'
import { ResidentBytes } from './resident-bytes.ts'

const NAME = /^segment-(\d{8,})$/
const WINDOW_BYTES = 1024 * 1024

export function segmentName(number: number): string {
  return `segment-${String(number).padStart(8, '0')}`
}

/** The number of a segment file's name, or null when it is not one. */
export function segmentNumber(name: string): number | null {
  const match = NAME.exec(name)
  return match === null ? null : Number(match[1])
}

export interface NewSegment {
  readonly file: DiskFile
  readonly number: number
  readonly salt: Salt
  readonly firstId: number
  readonly crc: number
}

/** Makes a segment with its header; file and name are durable when it resolves. */
export async function createSegment(
  disk: Disk,
  directory: string,
  fields: { number: number; firstId: number; createdMs: number; copyOf?: number; random: Random },
): Promise<NewSegment> {
  const salt: Salt = { low: fields.random.uint32(), high: fields.random.uint32() }
  const header = encodeSegmentHeader({ ...fields, salt })
  const file = await disk.open(`${directory}/${segmentName(fields.number)}`, 'create')
  try {
    await writeAll(file, header, 0)
    await file.datasync()
    await disk.syncDirectory(directory)
  } catch (error) {
    await file.close().catch(() => {})
    await disk.unlink(`${directory}/${segmentName(fields.number)}`).catch(() => {})
    throw error
  }
  const decoded = decodeSegmentHeader(header)
  return {
    file,
    number: fields.number,
    salt,
    firstId: fields.firstId,
    crc: typeof decoded === 'string' ? 0 : decoded.crc,
  }
}

/**
 * Reads a file through a window, so that walking over small frames does not cost a call each. What the buffer holds of it
 * is taken from there.
 */
class WindowReader {
  readonly size: number
  readonly #file: DiskFile
  readonly #resident: ResidentBytes
  /** The window lies in it, and the next one too: what was read is gone then. */
  #memory = new Uint8Array(0)
  #window = this.#memory
  #start = 0
  /** What `at` returned last came from this process, not from a disk. */
  isResident = false

  constructor(file: DiskFile, size: number, resident = new ResidentBytes([])) {
    this.#file = file
    this.size = size
    this.#resident = resident
  }

  /** The bytes at `offset`, fewer than `length` only at the end of the file. Valid until the next call. */
  async at(offset: number, length: number): Promise<Uint8Array> {
    const wanted = Math.min(length, this.size - offset)
    if (wanted <= 0) return new Uint8Array(0)
    if (offset < this.#start || offset + wanted > this.#start + this.#window.length) {
      this.#window = this.#window.subarray(0, 0)
      const count = this.#copyResident(offset, wanted) || (await this.#read(offset, wanted))
      this.#window = this.#memory.subarray(0, count)
      this.#start = offset
    }
    return this.#window.subarray(offset - this.#start, offset - this.#start + wanted)
  }

  /** How many bytes; 0 when the buffer does not have as many as are wanted. */
  #copyResident(offset: number, wanted: number): number {
    const count = this.#resident.sizeAt(offset)
    if (count < wanted) return 0
    this.isResident = this.#resident.copyAt(offset, this.#memoryOf(count))
    return this.isResident ? count : 0
  }

  #read(offset: number, wanted: number): Promise<number> {
    this.isResident = false
    const gap = this.#resident.gapAt(offset)
    const length = Math.max(wanted, Math.min(WINDOW_BYTES, gap, this.size - offset))
    return readFull(this.#file, this.#memoryOf(length), offset)
  }

  #memoryOf(byteCount: number): Uint8Array {
    if (byteCount > this.#memory.length) this.#memory = new Uint8Array(Math.max(byteCount, WINDOW_BYTES))
    return this.#memory.subarray(0, byteCount)
  }

  /** At least `least` bytes at `offset`, and whatever was read with them; fewer only at the end of the file. */
  async from(offset: number, least: number): Promise<Uint8Array> {
    const found = await this.at(offset, least)
    return found.length < least ? found : this.#window.subarray(offset - this.#start)
  }
}

/** A frame that was found: `bytes` is header and payload, valid until the walk goes on. */
export interface FoundFrame {
  readonly offset: number
  readonly header: FrameHeader
  readonly bytes: Uint8Array
}

/** Bytes between two good frames that are not frames: acknowledged records were there. */
export interface Hole {
  readonly offset: number
  readonly bytes: number
  /** The id that was expected, and the first id of the frame after the hole. */
  readonly fromId: number
  readonly endId: number
}

export interface WalkResult {
  /** Where the last good frame ends. */
  readonly end: number
  readonly endId: number
  readonly records: number
  readonly lastCrc: number
  readonly holes: readonly Hole[]
  /** What is wrong with the segment header, if anything. The salt that the manifest keeps finds frames without it. */
  readonly headerProblem: string | null
}

/**
 * Visits every good frame of a segment in order and tells what lies between and behind them. Bad bytes with no good
 * frame behind them are a torn tail; with one, a hole (rule R12). FORMAT_VERSION.
 */
export async function walkSegment(
  file: DiskFile,
  segment: { number: number; salt: Salt; firstId: number },
  bytesMax: number,
  visit: (frame: FoundFrame) => void | Promise<void>,
  resident?: ResidentBytes,
): Promise<WalkResult> {
  const reader = new WindowReader(file, Math.min(await file.size(), bytesMax), resident)
  const header = decodeSegmentHeader(await reader.at(0, SEGMENT_HEADER_BYTES))
  const headerProblem = problemOfHeader(header, segment.number)
  let previousCrc = typeof header === 'string' ? null : header.crc
  let offset = SEGMENT_HEADER_BYTES
  let endId = segment.firstId
  let records = 0
  const holes: Hole[] = []
  while (offset < reader.size) {
    let frame = await frameAt(reader, offset, segment.salt)
    if (frame === null || (previousCrc !== null && frame.header.previousCrc !== previousCrc)) {
      const next = frame ?? (await findFrame(reader, offset + 1, segment.salt, endId))
      if (next === null) break
      holes.push({ offset, bytes: next.offset - offset, fromId: endId, endId: next.header.firstId })
      frame = next
    }
    await visit(frame)
    records += frame.header.records
    endId = frame.header.firstId + frame.header.records
    previousCrc = frame.header.crc
    offset = frame.offset + frame.bytes.length
  }
  return {
    end: Math.min(offset, reader.size),
    endId,
    records,
    lastCrc: previousCrc ?? 0,
    holes,
    headerProblem,
  }
}

function problemOfHeader(header: ReturnType<typeof decodeSegmentHeader>, number: number): string | null {
  if (typeof header === 'string') return header
  if (header.version > SEGMENT_VERSION) {
    const known = `this LogCaster knows version ${SEGMENT_VERSION}`
    throw new CodedError(
      'FORMAT_VERSION',
      `${segmentName(number)} has format version ${header.version}; ${known}.`,
    )
  }
  return header.number === number ? null : `the header says segment ${header.number}`
}

async function frameAt(reader: WindowReader, offset: number, salt: Salt): Promise<FoundFrame | null> {
  const header = decodeFrameHeader(await reader.at(offset, FRAME_HEADER_BYTES), salt)
  if (header === null) return null
  const length = FRAME_HEADER_BYTES + header.payloadLength
  if (offset + length > reader.size) return null
  const bytes = await reader.at(offset, length)
  const isGood = bytes.length === length && (reader.isResident || checkFrame(bytes))
  return isGood ? { offset, header, bytes } : null
}

/**
 * The first good frame at or after `offset` whose ids are not below `idMin`. What has smaller ids is an older frame of
 * this segment that somebody sent as a message: his own log directory, say.
 */
async function findFrame(
  reader: WindowReader,
  offset: number,
  salt: Salt,
  idMin: number,
): Promise<FoundFrame | null> {
  let position = offset
  while (position + FRAME_HEADER_BYTES <= reader.size) {
    const bytes = await reader.from(position, FRAME_HEADER_BYTES)
    if (bytes.length < FRAME_HEADER_BYTES) return null
    const index = findFrameHeader(bytes, salt, idMin)
    const frame = index < 0 ? null : await frameAt(reader, position + index, salt)
    if (frame !== null) return frame
    position += index < 0 ? bytes.length - FRAME_HEADER_BYTES + 1 : index + 1
  }
  return null
}

const MAGIC = Uint8Array.of(
  FRAME_MAGIC & 255,
  (FRAME_MAGIC >> 8) & 255,
  (FRAME_MAGIC >> 16) & 255,
  FRAME_MAGIC >>> 24,
)

/** Where the first header of such a frame stands in `bytes`, or -1. Text that is full of magics costs one pass. */
function findFrameHeader(bytes: Uint8Array, salt: Salt, idMin: number): number {
  const haystack = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  for (let index = haystack.indexOf(MAGIC); index >= 0; index = haystack.indexOf(MAGIC, index + 1)) {
    const header = decodeFrameHeader(bytes.subarray(index, index + FRAME_HEADER_BYTES), salt)
    if (header !== null && header.firstId >= idMin) return index
  }
  return -1
}
