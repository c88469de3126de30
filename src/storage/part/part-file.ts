/**
 * The container of a part, format version 1 (docs/formats/part.md): frames of bytes, and a footer that says what they
 * are. Pure encoding of everything that has a fixed place; it knows nothing of blocks, columns or records.
 * part-file-writer.ts and part-file-reader.ts use it. All integers are little-endian.
 *
 *   | header | frame 0 | frame 1 | … | frame n | footer | trailer |      nothing between them, nothing behind
 *
 *   header, 16 bytes               trailer, 32 bytes                      footer, 32 bytes, then two tables
 *     0 8  "LCPARTFL"                0 u64 offset of the footer             0 u32 "LCPF"
 *     8 u16 version = 1              8 u32 length of the footer             4 u16 header length = 32
 *    10 u16 header length = 16      12 u32 CRC-32 of the footer             6 u16 0
 *    12 u32 CRC-32 of bytes 0-11    16 u16 version = 1                      8 u32 features to understand
 *                                   18 u16 trailer length = 32             12 u32 features to ignore
 *   section, 24 bytes               20 u32 CRC-32 of bytes 0-19            16 u32 blocks
 *     0 u32 kind                    24 8  "LCPARTND"                       20 u32 frames
 *     4 u32 first frame                                                    24 u32 sections
 *     8 u32 frames                 frame, 16 bytes                         28 u32 0
 *    12 u32 0                        0 u32 bytes in the file               32 … sections, by kind, then frames
 *    16 u64 bytes                    4 u32 bytes when unpacked
 *                                    8 u32 CRC-32 of the bytes in the file
 *                                   12 u8  packing: 0 raw, 1 zstd, 2 zstd with the dictionary of the part
 *                                   13 3   0
 *
 * Frames have no offset of their own: each begins where the one before ends, the first behind the header, and the last
 * ends where the footer begins.
 */
import { crc32 } from 'node:zlib'

export const PART_VERSION = 1
export const PART_HEADER_BYTES = 16
export const PART_TRAILER_BYTES = 32
const FOOTER_HEADER_BYTES = 32
const SECTION_BYTES = 24
const FRAME_ENTRY_BYTES = 16
export const PART_BYTES_MIN = PART_HEADER_BYTES + FOOTER_HEADER_BYTES + PART_TRAILER_BYTES
/** Bytes of an unpacked frame. What is longer lies in several. */
export const FRAME_BYTES_MAX = 4 * 1024 * 1024

/** Kinds of sections that belong to the container. Those from `SECTION_KIND_FREE` on belong to whoever uses it. */
export const SECTION_BLOCKS = 1
export const SECTION_DICTIONARY = 2
export const SECTION_KIND_FREE = 16

/** Features from 0 to 7 belong to the container, which has none yet. */
export const FEATURES_OF_CONTAINER = 0

export const PACKING_RAW = 0
export const PACKING_ZSTD = 1
export const PACKING_ZSTD_DICTIONARY = 2

const HEADER_MAGIC = 'LCPARTFL'
const TRAILER_MAGIC = 'LCPARTND'
const FOOTER_MAGIC = 0x4650434c
const TWO_32 = 0x1_0000_0000

export interface FrameEntry {
  readonly offset: number
  /** Bytes in the file. */
  readonly storedBytes: number
  /** Bytes when unpacked. */
  readonly bytes: number
  readonly crc: number
  readonly packing: number
}

export interface SectionEntry {
  readonly kind: number
  readonly firstFrame: number
  readonly frames: number
  readonly bytes: number
}

export interface PartFooter {
  readonly featuresToUnderstand: number
  readonly featuresToIgnore: number
  readonly blocks: number
  /** Ascending by kind. */
  readonly sections: readonly SectionEntry[]
  readonly frames: readonly FrameEntry[]
}

export interface PartTrailer {
  readonly version: number
  readonly footerOffset: number
  readonly footerBytes: number
  readonly footerCrc: number
}

/** What is wrong with bytes, and how far behind their beginning. */
export interface Damage {
  readonly reason: string
  readonly at: number
}

const damage = (reason: string, at = 0): Damage => ({ reason, at })

export const isDamage = (value: object): value is Damage => 'reason' in value

const viewOf = (bytes: Uint8Array): DataView => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)

function putText(bytes: Uint8Array, at: number, text: string): void {
  for (let i = 0; i < text.length; i++) bytes[at + i] = text.charCodeAt(i)
}

function hasText(bytes: Uint8Array, at: number, text: string): boolean {
  for (let i = 0; i < text.length; i++) if (bytes[at + i] !== text.charCodeAt(i)) return false
  return true
}

function putUint64(view: DataView, at: number, value: number): void {
  view.setUint32(at, value >>> 0, true)
  view.setUint32(at + 4, Math.floor(value / TWO_32), true)
}

/** Numbers above 2^53 lose bits, and are larger than any file: no check lets them through. */
const getUint64 = (view: DataView, at: number): number =>
  view.getUint32(at + 4, true) * TWO_32 + view.getUint32(at, true)

export function encodePartHeader(): Uint8Array {
  const bytes = new Uint8Array(PART_HEADER_BYTES)
  const view = viewOf(bytes)
  putText(bytes, 0, HEADER_MAGIC)
  view.setUint16(8, PART_VERSION, true)
  view.setUint16(10, PART_HEADER_BYTES, true)
  view.setUint32(12, crc32(bytes.subarray(0, 12)), true)
  return bytes
}

/** What is wrong with the header, or null. A reader does not need it: it says what the file is when its end is lost. */
export function checkPartHeader(bytes: Uint8Array): Damage | null {
  const good = encodePartHeader()
  const isGood = bytes.length === good.length && good.every((byte, at) => bytes[at] === byte)
  return isGood ? null : damage('the header is not that of a part')
}

export function encodePartTrailer(footerOffset: number, footer: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(PART_TRAILER_BYTES)
  const view = viewOf(bytes)
  putUint64(view, 0, footerOffset)
  view.setUint32(8, footer.length, true)
  view.setUint32(12, crc32(footer), true)
  view.setUint16(16, PART_VERSION, true)
  view.setUint16(18, PART_TRAILER_BYTES, true)
  view.setUint32(20, crc32(bytes.subarray(0, 20)), true)
  putText(bytes, 24, TRAILER_MAGIC)
  return bytes
}

/** The trailer of a file of `fileBytes`. Of another version only `version` means anything. */
export function decodePartTrailer(bytes: Uint8Array, fileBytes: number): PartTrailer | Damage {
  const view = viewOf(bytes)
  if (!hasText(bytes, 24, TRAILER_MAGIC)) return damage('it does not end with the trailer of a part')
  if (view.getUint32(20, true) !== crc32(bytes.subarray(0, 20))) return damage('the checksum of its trailer')
  const trailer: PartTrailer = {
    version: view.getUint16(16, true),
    footerOffset: getUint64(view, 0),
    footerBytes: view.getUint32(8, true),
    footerCrc: view.getUint32(12, true),
  }
  if (trailer.version !== PART_VERSION) return trailer
  const end = trailer.footerOffset + trailer.footerBytes + PART_TRAILER_BYTES
  if (view.getUint16(18, true) !== PART_TRAILER_BYTES || end !== fileBytes) {
    return damage('the trailer does not fit the length of the file')
  }
  return trailer
}

export function encodePartFooter(footer: PartFooter): Uint8Array {
  const { sections, frames } = footer
  const framesAt = FOOTER_HEADER_BYTES + sections.length * SECTION_BYTES
  const bytes = new Uint8Array(framesAt + frames.length * FRAME_ENTRY_BYTES)
  const view = viewOf(bytes)
  view.setUint32(0, FOOTER_MAGIC, true)
  view.setUint16(4, FOOTER_HEADER_BYTES, true)
  view.setUint32(8, footer.featuresToUnderstand, true)
  view.setUint32(12, footer.featuresToIgnore, true)
  view.setUint32(16, footer.blocks, true)
  view.setUint32(20, frames.length, true)
  view.setUint32(24, sections.length, true)
  for (let n = 0; n < sections.length; n++) {
    putSection(view, FOOTER_HEADER_BYTES + n * SECTION_BYTES, sections[n])
  }
  for (let n = 0; n < frames.length; n++) putFrame(view, framesAt + n * FRAME_ENTRY_BYTES, frames[n])
  return bytes
}

function putSection(view: DataView, at: number, section: SectionEntry): void {
  view.setUint32(at, section.kind, true)
  view.setUint32(at + 4, section.firstFrame, true)
  view.setUint32(at + 8, section.frames, true)
  putUint64(view, at + 16, section.bytes)
}

function putFrame(view: DataView, at: number, frame: FrameEntry): void {
  view.setUint32(at, frame.storedBytes, true)
  view.setUint32(at + 4, frame.bytes, true)
  view.setUint32(at + 8, frame.crc, true)
  view.setUint8(at + 12, frame.packing)
}

/** The footer, whose checksum was compared. What the tables say is checked against each other and the file's length. */
export function decodePartFooter(bytes: Uint8Array, footerOffset: number): PartFooter | Damage {
  if (bytes.length < FOOTER_HEADER_BYTES) return damage('the footer is shorter than its header')
  const view = viewOf(bytes)
  const frameCount = view.getUint32(20, true)
  const sectionCount = view.getUint32(24, true)
  const framesAt = FOOTER_HEADER_BYTES + sectionCount * SECTION_BYTES
  const isFooter = view.getUint32(0, true) === FOOTER_MAGIC && view.getUint16(4, true) === FOOTER_HEADER_BYTES
  if (!isFooter) return damage('there is no footer where the trailer says')
  // From here on both counts are bounded by the bytes that are there.
  if (framesAt + frameCount * FRAME_ENTRY_BYTES !== bytes.length) {
    return damage(
      `a footer of ${bytes.length} bytes has no ${sectionCount} sections and ${frameCount} frames`,
    )
  }
  const frames = decodeFrames(view, framesAt, frameCount, footerOffset)
  if (!Array.isArray(frames)) return frames
  const sections = decodeSections(view, sectionCount, frames)
  if (!Array.isArray(sections)) return sections
  return {
    featuresToUnderstand: view.getUint32(8, true),
    featuresToIgnore: view.getUint32(12, true),
    blocks: view.getUint32(16, true),
    sections,
    frames,
  }
}

function decodeFrames(view: DataView, start: number, count: number, end: number): FrameEntry[] | Damage {
  const frames: FrameEntry[] = []
  let offset = PART_HEADER_BYTES
  for (let n = 0; n < count; n++) {
    const at = start + n * FRAME_ENTRY_BYTES
    const frame: FrameEntry = {
      offset,
      storedBytes: view.getUint32(at, true),
      bytes: view.getUint32(at + 4, true),
      crc: view.getUint32(at + 8, true),
      packing: view.getUint8(at + 12),
    }
    if (!isPossible(frame)) return damage(`the entry of frame ${n} cannot be`, at)
    offset += frame.storedBytes
    frames.push(frame)
  }
  return offset === end ? frames : damage('the frames do not end where the footer begins', start)
}

function isPossible({ storedBytes, bytes, packing }: FrameEntry): boolean {
  if (bytes > FRAME_BYTES_MAX || packing > PACKING_ZSTD_DICTIONARY) return false
  return packing === PACKING_RAW ? storedBytes === bytes : storedBytes < bytes
}

function decodeSections(
  view: DataView,
  count: number,
  frames: readonly FrameEntry[],
): SectionEntry[] | Damage {
  const sections: SectionEntry[] = []
  for (let n = 0; n < count; n++) {
    const at = FOOTER_HEADER_BYTES + n * SECTION_BYTES
    const section: SectionEntry = {
      kind: view.getUint32(at, true),
      firstFrame: view.getUint32(at + 4, true),
      frames: view.getUint32(at + 8, true),
      bytes: getUint64(view, at + 16),
    }
    const isAscending = n === 0 || sections[n - 1].kind < section.kind
    if (!isAscending || !hasItsBytes(section, frames)) {
      return damage(`the entry of section ${section.kind} cannot be`, at)
    }
    sections.push(section)
  }
  return sections
}

function hasItsBytes(section: SectionEntry, frames: readonly FrameEntry[]): boolean {
  const end = section.firstFrame + section.frames
  if (end > frames.length) return false
  let bytes = 0
  for (let n = section.firstFrame; n < end; n++) bytes += frames[n].bytes
  return bytes === section.bytes
}
