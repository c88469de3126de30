/**
 * Reads a part file, and of it only what is asked for: opening costs one read of the end of the file (a second one where
 * footer and block table are larger than that), a string costs the frame that holds it, or one read for all frames of
 * its block where they were asked for together (`prefetch`).
 *
 * Reading is synchronous: it blocks its thread, which should be a worker. A reader belongs to one thread.
 *
 * Nothing of the file is believed before its checksum was compared, and no length before the bytes that it counts are
 * there: a file with any byte changed gives PART_CORRUPT, with `file` and `offset` in the details, or the same answer.
 * A newer version, or a feature that must be understood and is not, gives FORMAT_VERSION. Errors of the disk pass
 * through as they are.
 */
import { crc32 } from 'node:zlib'
import {
  CodedError,
  type Disk,
  isCodedError,
  messageOf,
  type ReadableFile,
  readFullSync,
} from '../../base/base.ts'
import { type BlockEntry, Directory, decodeBlockTable, type FrameSpan } from './block-table.ts'
import type { FrameCache } from './frame-cache.ts'
import { unpackFrame } from './frame-packing.ts'
import {
  checkPartHeader,
  type Damage,
  decodePartFooter,
  decodePartTrailer,
  type FrameEntry,
  isDamage,
  PACKING_RAW,
  PACKING_ZSTD_DICTIONARY,
  PART_BYTES_MIN,
  PART_HEADER_BYTES,
  PART_TRAILER_BYTES,
  PART_VERSION,
  type PartFooter,
  type PartTrailer,
  SECTION_BLOCKS,
  SECTION_DICTIONARY,
  type SectionEntry,
} from './part-file.ts'

/** What is read of the end of the file first. Small parts are read whole by it. */
const TAIL_BYTES = 64 * 1024

export interface PartFileReaderOptions {
  readonly cache: FrameCache
  /** Bits of features that whoever reads the sections and strings knows. Default 0. */
  readonly featuresUnderstood?: number
}

/** A frame as it lies in the file. */
export interface StoredFrame {
  /** Its number in the file. */
  readonly n: number
  /** Bytes in the file. */
  readonly storedBytes: number
  /** Bytes when unpacked. */
  readonly bytes: number
  /** `PACKING_RAW`, `PACKING_ZSTD` or `PACKING_ZSTD_DICTIONARY`. */
  readonly packing: number
}

export class PartFileReader {
  readonly path: string
  readonly bytes: number
  readonly #file: ReadableFile
  readonly #cache: FrameCache
  readonly #cacheNumber: number
  #footer: PartFooter = {
    featuresToUnderstand: 0,
    featuresToIgnore: 0,
    blocks: 0,
    sections: [],
    frames: [],
  }
  #blocks: readonly BlockEntry[] = []
  /** The end of the file while it is being opened. */
  #tail: Uint8Array | null = null

  private constructor(path: string, file: ReadableFile, cache: FrameCache) {
    this.path = path
    this.bytes = file.bytes
    this.#file = file
    this.#cache = cache
    this.#cacheNumber = cache.addFile()
  }

  /** PART_CORRUPT, FORMAT_VERSION, errors of the disk. */
  static open(disk: Disk, path: string, options: PartFileReaderOptions): PartFileReader {
    const reader = new PartFileReader(path, disk.openSync(path), options.cache)
    try {
      reader.#open(options.featuresUnderstood ?? 0)
      return reader
    } catch (error) {
      reader.#closeAfterFailure()
      throw error
    }
  }

  get blockCount(): number {
    return this.#blocks.length
  }

  get featuresToIgnore(): number {
    return this.#footer.featuresToIgnore
  }

  /** Kinds of all sections that the container does not keep for itself, ascending. */
  get sectionKinds(): number[] {
    const own = [SECTION_BLOCKS, SECTION_DICTIONARY]
    return this.#footer.sections.map(({ kind }) => kind).filter((kind) => !own.includes(kind))
  }

  /** What the writer said of the block. Must not be changed. */
  facts(block: number): Uint8Array {
    return this.#blocks[block].facts
  }

  /** Bytes that the strings of the block take in the file. */
  storedBytes(block: number): number {
    return sum(this.#framesOf(block), 'storedBytes')
  }

  /** Frames that hold the strings of the block; they lie in the file in this order, with nothing between them. */
  storedFrames(block: number): StoredFrame[] {
    const first = this.#blocks[block].firstFrame
    return this.#framesOf(block).map(({ storedBytes, bytes, packing }, at) => {
      return { n: first + at, storedBytes, bytes, packing }
    })
  }

  /** Bytes of a section, or null where the part has none of that kind. */
  sectionBytes(kind: number): number | null {
    return this.#section(kind)?.bytes ?? null
  }

  /** Bytes that the frames of a section take in the file, or null where the part has none of that kind. */
  sectionStoredBytes(kind: number): number | null {
    const section = this.#section(kind)
    if (section === undefined) return null
    const { firstFrame, frames } = section
    return sum(this.#footer.frames.slice(firstFrame, firstFrame + frames), 'storedBytes')
  }

  /** A section, or null where the part has none of that kind. It may be cached: it must not be changed. */
  section(kind: number): Uint8Array | null {
    const section = this.#section(kind)
    return section === undefined ? null : this.#readSection(section)
  }

  /** The directory of a block: what strings it has, and a way to read them. */
  openBlock(block: number): PartBlock {
    const kept = this.#cache.decoded(this.#cacheNumber, block, () => {
      return this.#decodeDirectory(block, this.#read(this.#blocks[block].directory)).kept
    })
    const frameOf = (n: number): Uint8Array => this.#frame(n)
    const { strings } = this.#cache
    const keptStrings = strings.block(this.#cacheNumber, block)
    return new PartBlock(Directory.of(kept), {
      frameOf,
      read: (span) => this.#read(span),
      kept: keptStrings?.bySlot ?? null,
      keep: (slot, string) => {
        if (keptStrings !== null) strings.keep(keptStrings, slot, string)
      },
    })
  }

  /** The directory of a block as bytes: they say what its frames hold, not where it lies. They must not be changed. */
  directory(block: number): Uint8Array {
    const directory = this.#read(this.#blocks[block].directory)
    this.#decodeDirectory(block, directory)
    return directory
  }

  /**
   * Brings the frames of the block into the cache with one read (and the dictionary of the part where they need it and
   * it is not there). Does nothing where all are there, or where they have
   * more bytes than the cache may: then each is read when it is needed.
   */
  prefetch(block: number): void {
    const { firstFrame, frames } = this.#blocks[block]
    if (sum(this.#framesOf(block), 'bytes') > this.#cache.bytesMax) return
    const missing: number[] = []
    for (let n = firstFrame; n < firstFrame + frames; n++) {
      if (this.#cache.peek(this.#cacheNumber, n) === null) missing.push(n)
    }
    if (missing.length > 0) this.#loadTogether(missing)
  }

  /** The bytes of a frame as they lie in the file, still packed; their checksum was compared. They are the caller's. */
  readStoredFrame(n: number): Uint8Array {
    const { offset, storedBytes } = this.#footer.frames[n]
    const stored = this.#readStored(offset, storedBytes)
    this.#checkFrame(n, stored)
    return stored
  }

  /** The bytes of a frame. They may be cached, and must not be changed; what is not cached does not get there. */
  unpacked(n: number): Uint8Array {
    return this.#cache.peek(this.#cacheNumber, n) ?? this.#load(n)
  }

  /**
   * Reads all of the file, compares every checksum and unpacks every frame; throws what is wrong first. `pace` is awaited
   * after each frame with its bytes in the file, so that a check in the background goes as slowly as it should.
   */
  async verify(pace?: (bytes: number) => Promise<void>): Promise<void> {
    await this.#verifyFrames((n) => this.#load(n), pace)
  }

  /** For whoever just wrote the file: as `verify`, without unpacking what is no directory. */
  async verifyStored(pace?: (bytes: number) => Promise<void>): Promise<void> {
    const { frames } = this.#footer
    const memory = new Uint8Array(frames.reduce((most, { storedBytes }) => Math.max(most, storedBytes), 0))
    const check = (n: number): void => {
      const { offset, storedBytes } = frames[n]
      this.#checkFrame(n, this.#readInto(memory.subarray(0, storedBytes), offset))
    }
    await this.#verifyFrames(check, pace)
  }

  async #verifyFrames(check: (n: number) => void, pace?: (bytes: number) => Promise<void>): Promise<void> {
    const problem = checkPartHeader(this.#readStored(0, PART_HEADER_BYTES))
    if (problem !== null) throw this.#corrupt(problem, 0)
    for (let n = 0; n < this.#footer.frames.length; n++) {
      check(n)
      await pace?.(this.#footer.frames[n].storedBytes)
    }
    for (let n = 0; n < this.#blocks.length; n++) this.openBlock(n)
  }

  close(): void {
    this.#cache.removeFile(this.#cacheNumber)
    this.#file.closeSync()
  }

  // Opening.

  #open(featuresUnderstood: number): void {
    if (this.bytes < PART_BYTES_MIN) throw this.#corrupt({ reason: 'it is too short', at: 0 }, 0)
    const tailBytes = Math.min(this.bytes, TAIL_BYTES)
    this.#tail = this.#readStored(this.bytes - tailBytes, tailBytes)
    const trailer = this.#readTrailer()
    this.#footer = this.#readFooter(trailer)
    this.#checkFeatures(featuresUnderstood)
    this.#blocks = this.#readBlocks()
    this.#tail = null
  }

  #closeAfterFailure(): void {
    try {
      this.close()
    } catch {
      // What went wrong first is what the caller learns.
    }
  }

  #readTrailer(): PartTrailer {
    const start = this.bytes - PART_TRAILER_BYTES
    const trailer = decodePartTrailer(this.#tail!.subarray(-PART_TRAILER_BYTES), this.bytes)
    if (isDamage(trailer)) throw this.#corrupt(trailer, start)
    if (trailer.version === PART_VERSION) return trailer
    if (trailer.version < PART_VERSION) {
      throw this.#corrupt({ reason: `there is no version ${trailer.version}`, at: 16 }, start)
    }
    throw this.#unknown(`has format version ${trailer.version}; this LogCaster knows ${PART_VERSION}`)
  }

  #readFooter({ footerOffset, footerBytes, footerCrc }: PartTrailer): PartFooter {
    const bytes = this.#readStored(footerOffset, footerBytes)
    const footer =
      crc32(bytes) === footerCrc
        ? decodePartFooter(bytes, footerOffset)
        : { reason: 'the checksum of its footer', at: 0 }
    if (isDamage(footer)) throw this.#corrupt(footer, footerOffset)
    return footer
  }

  #checkFeatures(understood: number): void {
    const unknown = (this.#footer.featuresToUnderstand & ~understood) >>> 0
    if (unknown === 0) return
    throw this.#unknown(`needs features that this LogCaster does not know: 0x${unknown.toString(16)}`)
  }

  #readBlocks(): readonly BlockEntry[] {
    const { blocks, frames } = this.#footer
    const section = this.#section(SECTION_BLOCKS)
    if (section === undefined) {
      throw this.#corrupt({ reason: 'it has no block table', at: 0 }, this.bytes - PART_TRAILER_BYTES)
    }
    const bytes = this.#readSection(section)
    // The facts outlive the cached frame: they are no views of it.
    return this.#decode(section.firstFrame, () => decodeBlockTable(bytes.slice(), blocks, frames))
  }

  // Reading.

  #section(kind: number): SectionEntry | undefined {
    return this.#footer.sections.find((section) => section.kind === kind)
  }

  #framesOf(block: number): readonly FrameEntry[] {
    const { firstFrame, frames } = this.#blocks[block]
    return this.#footer.frames.slice(firstFrame, firstFrame + frames)
  }

  #decodeDirectory(block: number, directory: Uint8Array): Directory {
    const entry = this.#blocks[block]
    return this.#decode(entry.directory.frame, () => Directory.decode(directory, entry, this.#footer.frames))
  }

  #readSection({ firstFrame, bytes }: SectionEntry): Uint8Array {
    return this.#read({ frame: firstFrame, offset: 0, bytes })
  }

  /** A view of a frame where the span lies in one, else a copy. */
  #read(span: FrameSpan): Uint8Array {
    if (span.bytes === 0) return new Uint8Array(0)
    this.#checkSpan(span)
    const { frames } = this.#footer
    const end = span.offset + span.bytes
    if (end <= frames[span.frame].bytes) return this.#frame(span.frame).subarray(span.offset, end)
    const whole = new Uint8Array(span.bytes)
    let { offset } = span
    for (let n = span.frame, done = 0; done < whole.length; n++, offset = 0) {
      const piece = this.#frame(n).subarray(offset, offset + whole.length - done)
      whole.set(piece, done)
      done += piece.length
    }
    return whole
  }

  /** The frames from the first on have so many bytes. */
  #checkSpan({ frame, offset, bytes }: FrameSpan): void {
    const { frames } = this.#footer
    let missing = offset + bytes
    for (let n = frame; n < frames.length && missing > 0; n++) missing -= frames[n].bytes
    const begins = frame < frames.length && offset <= frames[frame].bytes
    if (begins && missing <= 0) return
    throw this.#corrupt({ reason: `there are no ${bytes} bytes at ${offset} of frame ${frame}`, at: 0 }, 0)
  }

  #frame(n: number): Uint8Array {
    return this.#cache.frame(this.#cacheNumber, n, () => this.#load(n))
  }

  #load(n: number): Uint8Array {
    return this.#unpack(n, this.readStoredFrame(n))
  }

  /** One read from the first to the last of the frames, whose numbers ascend. */
  #loadTogether(missing: readonly number[]): void {
    const { frames } = this.#footer
    const start = frames[missing[0]].offset
    const last = frames[missing[missing.length - 1]]
    const bytes = this.#readStored(start, last.offset + last.storedBytes - start)
    for (const n of missing) {
      const at = frames[n].offset - start
      const stored = bytes.subarray(at, at + frames[n].storedBytes)
      this.#checkFrame(n, stored)
      // A raw frame is copied: a view of it would keep its neighbours in memory.
      const load = () => (frames[n].packing === PACKING_RAW ? stored.slice() : this.#unpack(n, stored))
      this.#cache.frame(this.#cacheNumber, n, load)
    }
  }

  #checkFrame(n: number, stored: Uint8Array): void {
    const frame = this.#footer.frames[n]
    if (crc32(stored) !== frame.crc) throw this.#frameDamage(n, frame, 'the checksum')
  }

  /** Where the frame is raw, the very bytes that were given. */
  #unpack(n: number, stored: Uint8Array): Uint8Array {
    const frame = this.#footer.frames[n]
    if (frame.packing === PACKING_RAW) return stored
    const dictionary = frame.packing === PACKING_ZSTD_DICTIONARY ? this.#dictionary(n) : null
    const bytes = unpackFrame(stored, frame.bytes, dictionary)
    if (bytes === null) throw this.#frameDamage(n, frame, 'the compression')
    return bytes
  }

  #dictionary(forFrame: number): Uint8Array {
    const section = this.#section(SECTION_DICTIONARY)
    // A dictionary that itself needs one would never end.
    const isEarlier = section !== undefined && section.firstFrame + section.frames <= forFrame
    if (isEarlier) return this.#readSection(section)
    throw this.#frameDamage(forFrame, this.#footer.frames[forFrame], 'the dictionary')
  }

  /** Bytes of the file. Callers know that the file is long enough. */
  #readStored(offset: number, byteCount: number): Uint8Array {
    const tail = this.#tail
    const inTail = offset - (this.bytes - (tail?.length ?? 0))
    if (tail !== null && inTail >= 0) return tail.slice(inTail, inTail + byteCount)
    return this.#readInto(new Uint8Array(byteCount), offset)
  }

  #readInto(bytes: Uint8Array, offset: number): Uint8Array {
    const found = readFullSync(this.#file, bytes, offset)
    if (found === bytes.length) return bytes
    throw this.#corrupt({ reason: `it ends ${bytes.length - found} bytes too early`, at: found }, offset)
  }

  // Saying what is wrong.

  #decode<T>(frame: number, decode: () => T): T {
    try {
      return decode()
    } catch (error) {
      if (!isCodedError(error, 'PART_CORRUPT')) throw error
      throw this.#corrupt({ reason: messageOf(error), at: 0 }, this.#footer.frames[frame]?.offset ?? 0)
    }
  }

  #frameDamage(n: number, { offset }: FrameEntry, what: string): CodedError {
    return this.#corrupt({ reason: `${what} of frame ${n} is wrong`, at: 0 }, offset)
  }

  #corrupt({ reason, at }: Damage, start: number): CodedError {
    const offset = start + at
    const text = `The part file ${this.path} is damaged at byte ${offset}: ${reason}.`
    return new CodedError('PART_CORRUPT', text, { details: { file: this.path, offset } })
  }

  #unknown(what: string): CodedError {
    return new CodedError('FORMAT_VERSION', `The part file ${this.path} ${what}.`, {
      details: { file: this.path },
    })
  }
}

/** Where a block reads. */
interface FrameSource {
  frameOf(n: number): Uint8Array
  read(span: FrameSpan): Uint8Array
  /** Strings that need no frame, by slot; null where none are kept. */
  readonly kept: ReadonlyMap<number, Uint8Array> | null
  keep(slot: number, string: Uint8Array): void
}

/** Strings are kept apart from their frame where they are small, and much smaller than it. */
const KEPT_STRING_BYTES_MAX = 64 * 1024
const KEPT_STRING_SHARE = 4

/** The byte strings of one block. */
export class PartBlock {
  readonly #directory: Directory
  readonly #source: FrameSource
  /** The frame of the last string that was read: the next one mostly lies in it too. */
  #frame: Uint8Array | null = null
  #frameNumber = -1

  constructor(directory: Directory, source: FrameSource) {
    this.#directory = directory
    this.#source = source
  }

  /** Slots that have a string, in the order in which they lie. */
  get slots(): number[] {
    return this.#directory.slots
  }

  /** Bytes of the string, or null where the slot has none. */
  bytesOf(slot: number): number | null {
    return this.#directory.spanOf(slot)?.bytes ?? null
  }

  /** The string, or null where the slot has none. It may be a view of a cached frame: it must not be changed. */
  read(slot: number): Uint8Array | null {
    const kept = this.#source.kept?.get(slot)
    if (kept !== undefined) return kept
    const span = this.#directory.spanOf(slot)
    if (span === null) return null
    const { frame, offset, bytes } = span
    if (bytes === 0) return new Uint8Array(0)
    if (this.#frame === null || this.#frameNumber !== frame) {
      this.#frame = this.#source.frameOf(frame)
      this.#frameNumber = frame
    }
    const end = offset + bytes
    if (end > this.#frame.length) return this.#source.read(span)
    const string = this.#frame.subarray(offset, end)
    if (bytes <= KEPT_STRING_BYTES_MAX && bytes * KEPT_STRING_SHARE <= this.#frame.length)
      this.#source.keep(slot, string)
    return string
  }
}

function sum(frames: readonly FrameEntry[], what: 'storedBytes' | 'bytes'): number {
  let bytes = 0
  for (const frame of frames) bytes += frame[what]
  return bytes
}
