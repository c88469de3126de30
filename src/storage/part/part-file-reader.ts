/**
 * Reads a part file, and of it only what is asked for: opening costs one read of the end of the file (a second one where
 * footer and block table are larger than that), a string costs the frame that holds it.
 *
 * Nothing of the file is believed before its checksum was compared, and no length before the bytes that it counts are
 * there: a file with any byte changed gives PART_CORRUPT, with `file` and `offset` in the details, or the same answer.
 * A newer version, or a feature that must be understood and is not, gives FORMAT_VERSION. Errors of the disk pass
 * through as they are.
 */
import { crc32 } from 'node:zlib'
import { CodedError, type Disk, type DiskFile, isCodedError, messageOf, readFull } from '../../base/base.ts'
import { type BlockEntry, decodeBlockTable, decodeDirectory, type FrameSpan } from './block-table.ts'
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

export class PartFileReader {
  readonly path: string
  readonly bytes: number
  readonly #file: DiskFile
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

  private constructor(path: string, file: DiskFile, bytes: number, cache: FrameCache) {
    this.path = path
    this.bytes = bytes
    this.#file = file
    this.#cache = cache
    this.#cacheNumber = cache.addFile()
  }

  /** PART_CORRUPT, FORMAT_VERSION, errors of the disk. */
  static async open(disk: Disk, path: string, options: PartFileReaderOptions): Promise<PartFileReader> {
    const file = await disk.open(path, 'read')
    try {
      const reader = new PartFileReader(path, file, await file.size(), options.cache)
      await reader.#open(options.featuresUnderstood ?? 0)
      return reader
    } catch (error) {
      await file.close().catch(() => {})
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
    const { firstFrame, frames } = this.#blocks[block]
    let bytes = 0
    for (let n = firstFrame; n < firstFrame + frames; n++) bytes += this.#footer.frames[n].storedBytes
    return bytes
  }

  /** Bytes of a section, or null where the part has none of that kind. */
  sectionBytes(kind: number): number | null {
    return this.#section(kind)?.bytes ?? null
  }

  /** A section, or null where the part has none of that kind. It may be cached: it must not be changed. */
  async section(kind: number): Promise<Uint8Array | null> {
    const section = this.#section(kind)
    return section === undefined ? null : await this.#readSection(section)
  }

  /** The directory of a block: what strings it has, and a way to read them. */
  async openBlock(block: number): Promise<PartBlock> {
    const entry = this.#blocks[block]
    const bytes = await this.#read(entry.directory)
    const spans = this.#decode(entry.directory.frame, () =>
      decodeDirectory(bytes, entry, this.#footer.frames),
    )
    return new PartBlock(spans, (span) => this.#read(span))
  }

  /**
   * Reads all of the file and compares every checksum; throws what is wrong first. `pace` is awaited after each frame
   * with its bytes in the file, so that a check in the background goes as slowly as it should.
   */
  async verify(pace?: (bytes: number) => Promise<void>): Promise<void> {
    const problem = checkPartHeader(await this.#readStored(0, PART_HEADER_BYTES))
    if (problem !== null) throw this.#corrupt(problem, 0)
    for (let n = 0; n < this.#footer.frames.length; n++) {
      await this.#load(n)
      await pace?.(this.#footer.frames[n].storedBytes)
    }
    for (let n = 0; n < this.#blocks.length; n++) await this.openBlock(n)
  }

  async close(): Promise<void> {
    this.#cache.removeFile(this.#cacheNumber)
    await this.#file.close()
  }

  // Opening.

  async #open(featuresUnderstood: number): Promise<void> {
    if (this.bytes < PART_BYTES_MIN) throw this.#corrupt({ reason: 'it is too short', at: 0 }, 0)
    const tailBytes = Math.min(this.bytes, TAIL_BYTES)
    this.#tail = await this.#readStored(this.bytes - tailBytes, tailBytes)
    const trailer = this.#readTrailer()
    this.#footer = await this.#readFooter(trailer)
    this.#checkFeatures(featuresUnderstood)
    this.#blocks = await this.#readBlocks()
    this.#tail = null
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

  async #readFooter({ footerOffset, footerBytes, footerCrc }: PartTrailer): Promise<PartFooter> {
    const bytes = await this.#readStored(footerOffset, footerBytes)
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

  async #readBlocks(): Promise<readonly BlockEntry[]> {
    const { blocks, frames } = this.#footer
    const section = this.#section(SECTION_BLOCKS)
    if (section === undefined) {
      throw this.#corrupt({ reason: 'it has no block table', at: 0 }, this.bytes - PART_TRAILER_BYTES)
    }
    const bytes = await this.#readSection(section)
    // The facts outlive the cached frame: they are no views of it.
    return this.#decode(section.firstFrame, () => decodeBlockTable(bytes.slice(), blocks, frames))
  }

  // Reading.

  #section(kind: number): SectionEntry | undefined {
    return this.#footer.sections.find((section) => section.kind === kind)
  }

  #readSection({ firstFrame, bytes }: SectionEntry): Promise<Uint8Array> {
    return this.#read({ frame: firstFrame, offset: 0, bytes })
  }

  /** A view of a frame where the span lies in one, else a copy. */
  async #read(span: FrameSpan): Promise<Uint8Array> {
    if (span.bytes === 0) return new Uint8Array(0)
    this.#checkSpan(span)
    const { frames } = this.#footer
    const end = span.offset + span.bytes
    if (end <= frames[span.frame].bytes) return (await this.#frame(span.frame)).subarray(span.offset, end)
    const whole = new Uint8Array(span.bytes)
    let { offset } = span
    for (let n = span.frame, done = 0; done < whole.length; n++, offset = 0) {
      const piece = (await this.#frame(n)).subarray(offset, offset + whole.length - done)
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

  #frame(n: number): Promise<Uint8Array> {
    return this.#cache.frame(this.#cacheNumber, n, () => this.#load(n))
  }

  async #load(n: number): Promise<Uint8Array> {
    const frame = this.#footer.frames[n]
    const stored = await this.#readStored(frame.offset, frame.storedBytes)
    if (crc32(stored) !== frame.crc) throw this.#frameDamage(n, frame, 'the checksum')
    if (frame.packing === PACKING_RAW) return stored
    const dictionary = frame.packing === PACKING_ZSTD_DICTIONARY ? await this.#dictionary(n) : null
    const bytes = unpackFrame(stored, frame.bytes, dictionary)
    if (bytes === null) throw this.#frameDamage(n, frame, 'the compression')
    return bytes
  }

  async #dictionary(forFrame: number): Promise<Uint8Array> {
    const section = this.#section(SECTION_DICTIONARY)
    // A dictionary that itself needs one would never end.
    const isEarlier = section !== undefined && section.firstFrame + section.frames <= forFrame
    if (isEarlier) return await this.#readSection(section)
    throw this.#frameDamage(forFrame, this.#footer.frames[forFrame], 'the dictionary')
  }

  /** Bytes of the file. Callers know that the file is long enough. */
  async #readStored(offset: number, byteCount: number): Promise<Uint8Array> {
    const tail = this.#tail
    const inTail = offset - (this.bytes - (tail?.length ?? 0))
    if (tail !== null && inTail >= 0) return tail.slice(inTail, inTail + byteCount)
    const bytes = new Uint8Array(byteCount)
    const found = await readFull(this.#file, bytes, offset)
    if (found === byteCount) return bytes
    throw this.#corrupt({ reason: `it ends ${byteCount - found} bytes too early`, at: found }, offset)
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

/** The byte strings of one block. */
export class PartBlock {
  readonly #spans: ReadonlyMap<number, FrameSpan>
  readonly #read: (span: FrameSpan) => Promise<Uint8Array>

  constructor(spans: ReadonlyMap<number, FrameSpan>, read: (span: FrameSpan) => Promise<Uint8Array>) {
    this.#spans = spans
    this.#read = read
  }

  /** Slots that have a string, in the order in which they lie. */
  get slots(): number[] {
    return [...this.#spans.keys()]
  }

  /** Bytes of the string, or null where the slot has none. */
  bytesOf(slot: number): number | null {
    return this.#spans.get(slot)?.bytes ?? null
  }

  /** The string, or null where the slot has none. It may be a view of a cached frame: it must not be changed. */
  async read(slot: number): Promise<Uint8Array | null> {
    const span = this.#spans.get(slot)
    return span === undefined ? null : await this.#read(span)
  }
}
