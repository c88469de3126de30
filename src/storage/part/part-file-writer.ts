/**
 * Writes a part file, front to back, in memory that does not grow with the data: two open frames, one gathered write,
 * and a few bytes for each frame and block.
 *
 *   const writer = await PartFileWriter.create(disk, path, { level: 1 })
 *   await writer.put(slot, bytes)            … for every byte string of the block
 *   await writer.endBlock(facts)             … for every block
 *   await writer.copyBlock(reader, block, facts, { repackLevel: null })   … or a block of another part
 *   await writer.addSection(kind, bytes)     … before, between or after blocks
 *   const { bytes, sha256 } = await writer.finish()
 *   await writer.datasync()
 *   await writer.close()
 *
 * Small strings of a block share frames in the order in which they come; `endFrame` parts what should not be read
 * together. A string is `text` (to be packed) or `dense` (nothing to gain, kept raw): each kind has frames of its own.
 *
 * One call at a time: await each. After an error the file is worthless: close the writer, unlink the file. Making the
 * name durable, and removing what a crash left, is the caller's.
 */
import { createHash, type Hash } from 'node:crypto'
import { crc32 } from 'node:zlib'
import { assert, type Disk, type DiskFile, writeAll } from '../../base/base.ts'
import { ByteSink } from '../columns/byte-sink.ts'
import {
  type BlockEntry,
  encodeBlockEntry,
  encodeDirectory,
  type FrameStrings,
  SLOT_MAX,
} from './block-table.ts'
import { type PackedFrame, packFrame } from './frame-packing.ts'
import {
  encodePartFooter,
  encodePartHeader,
  encodePartTrailer,
  FEATURES_OF_CONTAINER,
  FRAME_BYTES_MAX,
  type FrameEntry,
  PACKING_RAW,
  PACKING_ZSTD_DICTIONARY,
  SECTION_BLOCKS,
  SECTION_DICTIONARY,
  SECTION_KIND_FREE,
  type SectionEntry,
} from './part-file.ts'
import type { PartFileReader, StoredFrame } from './part-file-reader.ts'

/** Unpacked bytes of a frame that many strings share. */
export const FRAME_BYTES_TARGET = 256 * 1024
/** Directories of blocks are gathered into frames of about this many bytes. */
const DIRECTORY_BYTES_TARGET = 64 * 1024
const WRITE_BYTES_TARGET = 512 * 1024

export type StringKind = 'text' | 'dense'

export interface PartFileWriterOptions {
  /** Of zstd. */
  readonly level: number
  /** Bits of features without which a reader must not read the part. Bits 0 to 7 belong to the container. Default 0. */
  readonly featuresToUnderstand?: number
  /** Bits of features that a reader may ignore. Default 0. */
  readonly featuresToIgnore?: number
}

export interface CopyBlockOptions {
  /**
   * Level of zstd at which every frame is packed again, kept raw where that does not pay. Null: frames are copied as
   * they are; only those that are packed with the dictionary of their part are packed again, at the writer's own level.
   */
  readonly repackLevel: number | null
}

export interface PartFileSummary {
  readonly bytes: number
  /** Of the whole file, 64 hexadecimal digits. */
  readonly sha256: string
  readonly blocks: number
  readonly frames: number
}

export class PartFileWriter {
  readonly #file: DiskFile
  readonly #options: PartFileWriterOptions
  readonly #hash: Hash = createHash('sha256')
  readonly #written = new ByteSink(WRITE_BYTES_TARGET)
  #writtenAt = 0
  /** A write that failed: nothing is written after it. */
  #failure: { readonly error: unknown } | null = null
  readonly #frames: FrameEntry[] = []
  readonly #sections: SectionEntry[] = []
  #dictionary: Uint8Array | null = null

  /** What the block that is being written has so far. */
  readonly #open: Readonly<Record<StringKind, OpenFrame>> = { text: new OpenFrame(), dense: new OpenFrame() }
  #blockFirstFrame = 0
  #blockStrings: FrameStrings[] = []
  readonly #blockSlots = new Set<number>()

  /** Blocks that are done: those whose directories wait for their frame, and the table of all before. */
  readonly #directories = new ByteSink()
  #waiting: BlockEntry[] = []
  readonly #table = new ByteSink()
  #blocks = 0

  private constructor(file: DiskFile, options: PartFileWriterOptions) {
    this.#file = file
    this.#options = options
  }

  /** The file must not exist. */
  static async create(disk: Disk, path: string, options: PartFileWriterOptions): Promise<PartFileWriter> {
    assert(
      ((options.featuresToUnderstand ?? 0) & 0xff) === FEATURES_OF_CONTAINER,
      'a feature of the container',
    )
    const writer = new PartFileWriter(await disk.open(path, 'create'), options)
    writer.#written.append(encodePartHeader())
    return writer
  }

  /** Every frame from here on is packed with this zstd dictionary, which becomes a section of the part. Once. */
  async setDictionary(dictionary: Uint8Array): Promise<void> {
    assert(this.#dictionary === null, 'a part has one dictionary')
    await this.#addSection(SECTION_DICTIONARY, dictionary)
    this.#dictionary = dictionary.slice()
  }

  /** Adds a byte string to the block. A slot has one string in a block. The bytes are copied or written at once. */
  async put(slot: number, bytes: Uint8Array, kind: StringKind = 'text'): Promise<void> {
    assert(Number.isInteger(slot) && slot >= 0 && slot <= SLOT_MAX, `${slot} is no slot`)
    assert(!this.#blockSlots.has(slot), `slot ${slot} of the block has a string`)
    this.#blockSlots.add(slot)
    if (bytes.length > FRAME_BYTES_TARGET) return await this.#putLong(slot, bytes, kind)
    const open = this.#open[kind]
    if (open.length + bytes.length > FRAME_BYTES_TARGET) await this.#endFrame(kind)
    open.add(slot, bytes)
  }

  /** What comes next lies in other frames than what came before. */
  async endFrame(): Promise<void> {
    await this.#endFrame('text')
    await this.#endFrame('dense')
  }

  /** Ends the block. The facts are handed to readers of the part before they read anything of the block. */
  async endBlock(facts: Uint8Array): Promise<void> {
    await this.endFrame()
    const offset = this.#directories.length
    encodeDirectory(this.#directories, this.#blockStrings)
    await this.#endBlock(offset, facts)
  }

  /**
   * A whole block of another part, between blocks: the same strings under the same slots, in frames that end where they
   * did there. PART_CORRUPT and errors of the disk from the reader too.
   */
  async copyBlock(
    reader: PartFileReader,
    block: number,
    facts: Uint8Array,
    { repackLevel }: CopyBlockOptions,
  ): Promise<void> {
    this.#assertBetweenBlocks()
    const directory = reader.directory(block)
    for (const frame of reader.storedFrames(block)) {
      await this.#appendFrame(this.#copied(reader, frame, repackLevel), frame.bytes)
    }
    const offset = this.#directories.length
    this.#directories.append(directory)
    await this.#endBlock(offset, facts)
  }

  /** Adds bytes that belong to the part as a whole. Kinds below 16 belong to the container; each kind is there once. */
  async addSection(kind: number, bytes: Uint8Array): Promise<void> {
    assert(kind >= SECTION_KIND_FREE && kind <= 0xffff_ffff, `${kind} is no kind for a section`)
    await this.#addSection(kind, bytes)
  }

  /** Writes the rest. The bytes are in the file, and not yet durable. */
  async finish(): Promise<PartFileSummary> {
    this.#assertBetweenBlocks()
    this.#throwFailure()
    await this.#endDirectories()
    await this.#addSection(SECTION_BLOCKS, this.#table.written())
    await this.#writeOut()
    const footer = encodePartFooter({
      featuresToUnderstand: this.#options.featuresToUnderstand ?? 0,
      featuresToIgnore: this.#options.featuresToIgnore ?? 0,
      blocks: this.#blocks,
      sections: this.#sections.sort((one, other) => one.kind - other.kind),
      frames: this.#frames,
    })
    const trailer = encodePartTrailer(this.#writtenAt, footer)
    this.#written.append(footer)
    this.#written.append(trailer)
    await this.#writeOut()
    return {
      bytes: this.#writtenAt,
      sha256: this.#hash.digest('hex'),
      blocks: this.#blocks,
      frames: this.#frames.length,
    }
  }

  datasync(): Promise<void> {
    return this.#file.datasync()
  }

  close(): Promise<void> {
    return this.#file.close()
  }

  #throwFailure(): void {
    if (this.#failure !== null) throw this.#failure.error
  }

  #assertBetweenBlocks(): void {
    assert(this.#blockSlots.size === 0, 'a block is open')
  }

  #beginBlock(): void {
    this.#blockFirstFrame = this.#frames.length
    this.#blockStrings = []
    this.#blockSlots.clear()
  }

  /** The directory of the block is what was written to `#directories` from `offset` on. */
  async #endBlock(offset: number, facts: Uint8Array): Promise<void> {
    this.#waiting.push({
      firstFrame: this.#blockFirstFrame,
      frames: this.#frames.length - this.#blockFirstFrame,
      directory: { frame: 0, offset, bytes: this.#directories.length - offset },
      facts: facts.slice(),
    })
    this.#blocks++
    if (this.#directories.length >= DIRECTORY_BYTES_TARGET) await this.#endDirectories()
    this.#beginBlock()
  }

  #copied(reader: PartFileReader, { n, packing }: StoredFrame, repackLevel: number | null): PackedFrame {
    if (repackLevel === null && packing !== PACKING_ZSTD_DICTIONARY) {
      return { packing, stored: reader.readStoredFrame(n) }
    }
    return packFrame(reader.unpacked(n), repackLevel ?? this.#options.level, this.#dictionary)
  }

  async #putLong(slot: number, bytes: Uint8Array, kind: StringKind): Promise<void> {
    this.#blockStrings.push({ slots: [slot], lengths: [bytes.length] })
    const frames = await this.#writeFrames(bytes, kind)
    for (let n = 1; n < frames; n++) this.#blockStrings.push({ slots: [], lengths: [] })
  }

  async #endFrame(kind: StringKind): Promise<void> {
    const open = this.#open[kind]
    if (open.isEmpty) return
    this.#blockStrings.push(open.strings())
    await this.#writeFrame(open.bytes(), kind)
    open.clear()
  }

  async #addSection(kind: number, bytes: Uint8Array): Promise<void> {
    this.#assertBetweenBlocks()
    assert(
      this.#sections.every((section) => section.kind !== kind),
      `section ${kind} is there`,
    )
    const firstFrame = this.#frames.length
    const frames = await this.#writeFrames(bytes, 'text')
    this.#sections.push({ kind, firstFrame, frames, bytes: bytes.length })
    this.#beginBlock()
  }

  async #endDirectories(): Promise<void> {
    if (this.#waiting.length === 0) return
    const frame = this.#frames.length
    await this.#writeFrames(this.#directories.written(), 'text')
    for (const entry of this.#waiting) {
      encodeBlockEntry(this.#table, { ...entry, directory: { ...entry.directory, frame } })
    }
    this.#waiting = []
    this.#directories.clear()
  }

  /** Bytes in as many frames as they need, and how many those are. */
  async #writeFrames(bytes: Uint8Array, kind: StringKind): Promise<number> {
    let frames = 0
    for (let at = 0; at < bytes.length; at += FRAME_BYTES_MAX, frames++) {
      await this.#writeFrame(bytes.subarray(at, at + FRAME_BYTES_MAX), kind)
    }
    return frames
  }

  async #writeFrame(bytes: Uint8Array, kind: StringKind): Promise<void> {
    const packed =
      kind === 'dense'
        ? { packing: PACKING_RAW, stored: bytes }
        : packFrame(bytes, this.#options.level, this.#dictionary)
    await this.#appendFrame(packed, bytes.length)
  }

  /** `byteCount`: of the frame when it is unpacked. */
  async #appendFrame({ packing, stored }: PackedFrame, byteCount: number): Promise<void> {
    this.#frames.push({
      offset: this.#writtenAt + this.#written.length,
      storedBytes: stored.length,
      bytes: byteCount,
      crc: crc32(stored),
      packing,
    })
    this.#written.append(stored)
    if (this.#written.length >= WRITE_BYTES_TARGET) await this.#writeOut()
  }

  async #writeOut(): Promise<void> {
    this.#throwFailure()
    const bytes = this.#written.written()
    try {
      await writeAll(this.#file, bytes, this.#writtenAt)
    } catch (error) {
      this.#failure = { error }
      throw error
    }
    this.#hash.update(bytes)
    this.#writtenAt += bytes.length
    this.#written.clear()
  }
}

/** A frame that is being filled, in memory that the next one uses again. */
class OpenFrame {
  readonly #sink = new ByteSink()
  #slots: number[] = []
  #lengths: number[] = []

  get length(): number {
    return this.#sink.length
  }

  get isEmpty(): boolean {
    return this.#slots.length === 0
  }

  add(slot: number, bytes: Uint8Array): void {
    this.#slots.push(slot)
    this.#lengths.push(bytes.length)
    this.#sink.append(bytes)
  }

  bytes(): Uint8Array {
    return this.#sink.written()
  }

  strings(): FrameStrings {
    return { slots: this.#slots, lengths: this.#lengths }
  }

  clear(): void {
    this.#sink.clear()
    this.#slots = []
    this.#lengths = []
  }
}
