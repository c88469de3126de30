/**
 * A small immutable file of entries under one checksum: files of keys and of deleted rows. All integers are
 * little-endian.
 *
 *   header, 32 bytes                      then the entries, end to end, and nothing behind them
 *    0 8  magic                           16 u64 bytes of all entries
 *    8 u16 version                        24 u32 CRC-32 of all entries
 *   10 u16 header length = 32             28 u32 CRC-32 of bytes 0-27
 *   12 u32 entries
 *
 * Nothing of a file is believed before its checksums were compared. What an entry is, its format knows.
 */
import { crc32 } from 'node:zlib'
import {
  assert,
  CodedError,
  type Disk,
  type DiskFile,
  type ErrorCode,
  type ReadableFile,
  readFull,
  readFullSync,
  writeAll,
} from '../base/base.ts'

const HEADER_BYTES = 32
const PIECE_BYTES = 512 * 1024
const TWO_32 = 0x1_0000_0000

export interface CheckedFormat {
  /** Eight characters of ASCII. */
  readonly magic: string
  readonly version: number
  /** What damage is called. */
  readonly corruptCode: ErrorCode
}

export interface CheckedContent {
  readonly entries: number
  readonly bytes: Uint8Array
}

/**
 * Makes the file and its bytes durable; its name is once the caller synced the directory. An entry may be reused when
 * the next one is asked for, and has at most 512 KiB - 32. Resolves with the length of the file. On failure it is
 * taken away again, as far as the disk lets us.
 */
export async function writeCheckedFile(
  disk: Disk,
  path: string,
  format: CheckedFormat,
  entries: Iterable<Uint8Array>,
): Promise<number> {
  const file = await disk.open(path, 'create')
  try {
    const bytes = await writeEntries(file, format, entries)
    await file.datasync()
    await file.close()
    return bytes
  } catch (error) {
    await file.close().catch(() => {})
    await disk.unlink(path).catch(() => {})
    throw error
  }
}

/** The header comes last, because it counts: until then its place is all zero. */
async function writeEntries(
  file: DiskFile,
  format: CheckedFormat,
  entries: Iterable<Uint8Array>,
): Promise<number> {
  const piece = new Uint8Array(PIECE_BYTES)
  let used = HEADER_BYTES
  let position = 0
  let count = 0
  let crc = 0
  for (const entry of entries) {
    assert(entry.length <= PIECE_BYTES - HEADER_BYTES, `an entry of ${entry.length} bytes`)
    if (used + entry.length > PIECE_BYTES) {
      await writeAll(file, piece.subarray(0, used), position)
      position += used
      used = 0
    }
    piece.set(entry, used)
    used += entry.length
    crc = crc32(entry, crc)
    count++
  }
  await writeAll(file, piece.subarray(0, used), position)
  const length = position + used
  await writeAll(file, encodeHeader(format, count, length - HEADER_BYTES, crc), 0)
  return length
}

function encodeHeader(format: CheckedFormat, entries: number, bytes: number, crc: number): Uint8Array {
  const header = new Uint8Array(HEADER_BYTES)
  const view = new DataView(header.buffer)
  new TextEncoder().encodeInto(format.magic, header)
  view.setUint16(8, format.version, true)
  view.setUint16(10, HEADER_BYTES, true)
  view.setUint32(12, entries, true)
  view.setUint32(16, bytes >>> 0, true)
  view.setUint32(20, Math.floor(bytes / TWO_32), true)
  view.setUint32(24, crc, true)
  view.setUint32(28, crc32(header.subarray(0, 28)), true)
  return header
}

/** The entries, whose checksum is right. The code of the format, FORMAT_VERSION, errors of the disk. */
export async function readCheckedFile(
  disk: Disk,
  path: string,
  format: CheckedFormat,
): Promise<CheckedContent> {
  const file = await disk.open(path, 'read')
  try {
    const bytes = new Uint8Array(await file.size())
    const length = await readFull(file, bytes, 0)
    return decodeCheckedFile(bytes.subarray(0, length), path, format)
  } finally {
    await file.close()
  }
}

/** The same for a worker thread: it blocks. */
export function readCheckedFileSync(disk: Disk, path: string, format: CheckedFormat): CheckedContent {
  const file: ReadableFile = disk.openSync(path)
  try {
    const bytes = new Uint8Array(file.bytes)
    const length = readFullSync(file, bytes, 0)
    return decodeCheckedFile(bytes.subarray(0, length), path, format)
  } finally {
    file.closeSync()
  }
}

function decodeCheckedFile(file: Uint8Array, path: string, format: CheckedFormat): CheckedContent {
  if (file.length < HEADER_BYTES) throw checkedFileCorrupt(path, format, 'shorter than its header')
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength)
  if (new TextDecoder('latin1').decode(file.subarray(0, 8)) !== format.magic)
    throw checkedFileCorrupt(path, format, 'not a file of its kind')
  if (crc32(file.subarray(0, 28)) !== view.getUint32(28, true))
    throw checkedFileCorrupt(path, format, 'the checksum of its header is wrong')
  const version = view.getUint16(8, true)
  if (version > format.version) {
    const known = `this LogCaster knows version ${format.version}`
    throw new CodedError('FORMAT_VERSION', `${path} has format version ${version}; ${known}.`)
  }
  const bytes = file.subarray(HEADER_BYTES)
  const length = view.getUint32(16, true) + view.getUint32(20, true) * TWO_32
  if (version === 0 || view.getUint16(10, true) !== HEADER_BYTES || length !== bytes.length)
    throw checkedFileCorrupt(path, format, `it has ${bytes.length} bytes of entries, not ${length}`)
  if (crc32(bytes) !== view.getUint32(24, true))
    throw checkedFileCorrupt(path, format, 'the checksum of its entries is wrong')
  return { entries: view.getUint32(12, true), bytes }
}

export function checkedFileCorrupt(path: string, format: CheckedFormat, reason: string): CodedError {
  return new CodedError(format.corruptCode, `${path} is damaged: ${reason}.`, { details: { file: path } })
}
