/**
 * Bytes of a spill file, version 1. Pure encoding; spill-file.ts reads and writes files with it. All integers are
 * little-endian.
 *
 *   file header, 16 bytes              frame header, 16 bytes
 *    0 8  "LCSPILL" and a zero          0 u32 length of what follows the header: id and body
 *    8 u16 version = 1                  4 u32 CRC-32 of bytes 8-15 and what follows
 *   10 u16 header length = 16           8 u8 kind: 1 a batch, 2 a batch that was acknowledged
 *   12 u32 CRC-32 of bytes 0-11         9 u8 length of the id      10 u16 zero
 *                                      12 u32 records of the batch
 *
 * A batch frame goes on with its id (ASCII) and its body: JSON objects with commas between them. A frame that says
 * "acknowledged" has the id only; it may stand in a later file than its batch.
 */
import { crc32 } from 'node:zlib'
import { BODY_BYTES_MAX } from './client-options.ts'

export const SPILL_VERSION = 1
export const SPILL_HEADER_BYTES = 16
export const SPILL_FRAME_HEADER_BYTES = 16
const ID_BYTES_MAX = 200
/** What follows a frame's header is at most this. */
const SPILL_CONTENT_BYTES_MAX = BODY_BYTES_MAX + ID_BYTES_MAX

const MAGIC = Buffer.from('LCSPILL\0', 'latin1')
const BATCH = 1
const ACKNOWLEDGED = 2

export interface SpillFrameHeader {
  readonly kind: 'batch' | 'acknowledged'
  readonly contentBytes: number
  readonly idBytes: number
  readonly count: number
  readonly crc: number
}

export function encodeSpillHeader(): Uint8Array {
  const header = Buffer.alloc(SPILL_HEADER_BYTES)
  MAGIC.copy(header)
  header.writeUInt16LE(SPILL_VERSION, 8)
  header.writeUInt16LE(SPILL_HEADER_BYTES, 10)
  header.writeUInt32LE(crc32(header.subarray(0, 12)), 12)
  return header
}

/** The version, or null for bytes that are no header of a spill file. */
export function decodeSpillHeader(bytes: Uint8Array): number | null {
  const header = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)
  if (header.length < SPILL_HEADER_BYTES || !header.subarray(0, MAGIC.length).equals(MAGIC)) return null
  return crc32(header.subarray(0, 12)) === header.readUInt32LE(12) ? header.readUInt16LE(8) : null
}

export function encodeSpilledBatch(id: string, count: number, body: Uint8Array): Uint8Array {
  return encodeFrame(BATCH, id, count, body)
}

export function encodeSpillMark(id: string): Uint8Array {
  return encodeFrame(ACKNOWLEDGED, id, 0, new Uint8Array(0))
}

function encodeFrame(kind: number, id: string, count: number, body: Uint8Array): Uint8Array {
  const idBytes = Buffer.from(id, 'latin1')
  const frame = Buffer.alloc(SPILL_FRAME_HEADER_BYTES + idBytes.length + body.length)
  frame.writeUInt32LE(idBytes.length + body.length, 0)
  frame.writeUInt8(kind, 8)
  frame.writeUInt8(idBytes.length, 9)
  frame.writeUInt32LE(count, 12)
  frame.set(idBytes, SPILL_FRAME_HEADER_BYTES)
  frame.set(body, SPILL_FRAME_HEADER_BYTES + idBytes.length)
  frame.writeUInt32LE(crc32(frame.subarray(8)), 4)
  return frame
}

/** null for bytes that no frame begins with. */
export function decodeSpillFrameHeader(bytes: Uint8Array): SpillFrameHeader | null {
  if (bytes.length < SPILL_FRAME_HEADER_BYTES) return null
  const header = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)
  const contentBytes = header.readUInt32LE(0)
  const kind = header.readUInt8(8)
  const idBytes = header.readUInt8(9)
  const isKnown = kind === BATCH || kind === ACKNOWLEDGED
  if (!isKnown || contentBytes > SPILL_CONTENT_BYTES_MAX || idBytes > contentBytes) return null
  return {
    kind: kind === BATCH ? 'batch' : 'acknowledged',
    contentBytes,
    idBytes,
    count: header.readUInt32LE(12),
    crc: header.readUInt32LE(4),
  }
}

/** Whether a whole frame is as it was written. */
export function isSpillFrameIntact(frame: Uint8Array): boolean {
  const header = decodeSpillFrameHeader(frame)
  return header !== null && crc32(frame.subarray(8)) === header.crc
}

export function spillFrameId(frame: Uint8Array): string {
  const { idBytes } = decodeSpillFrameHeader(frame) ?? { idBytes: 0 }
  const start = SPILL_FRAME_HEADER_BYTES
  return Buffer.from(frame.buffer, frame.byteOffset + start, idBytes).toString('latin1')
}

export function spillFrameBody(frame: Uint8Array): Uint8Array {
  const { idBytes } = decodeSpillFrameHeader(frame) ?? { idBytes: 0 }
  return frame.subarray(SPILL_FRAME_HEADER_BYTES + idBytes)
}
