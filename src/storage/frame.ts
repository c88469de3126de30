/**
 * Bytes of the write-ahead log, format version 1 (docs/formats/segment.md): the header of a segment and of a frame.
 * Pure encoding; segment-file.ts reads files with it. All integers are little-endian.
 *
 *   segment header, 64 bytes                    frame header, 96 bytes
 *    0 8  "LCSEGMNT"                              0 u32 magic "LCFR"
 *    8 u16 version = 1                            4 u16 header length = 96
 *   10 u16 header length = 64                     6 u16 flags = 0
 *   12 u32 segment number                         8 u32 payload length
 *   16 u64 salt                                  12 u32 records
 *   24 u64 first id                              16 u64 first id
 *   32 u64 created, Unix ms                      24 u64 durable below: each id under it was durable before this write
 *   40 u32 segment that this is a copy of, or 0   32 u64 salt of the segment
 *   44 16 zero
 *   60 u32 CRC-32 of bytes 0-59                  40 u32 CRC of the frame before (of the segment header at first)
 *                                                44 u32 batches that carry an idempotency key
 *                                                48 i64 smallest time, ms        56 i64 largest time, ms
 *                                                64 i64 largest receivedTime, ms
 *                                                72 20 zero
 *                                                92 u32 CRC-32 of bytes 0-91 and the payload
 *
 * The payload is canonical batches (record/batch.ts), end to end. The salt is random per segment, so that neither
 * log text nor a stale frame of another file can pass for a frame.
 */
import { crc32 } from 'node:zlib'
import { BATCH_BYTES_MAX } from '../record/record.ts'
import { combineCrc32 } from './crc-combine.ts'

export const SEGMENT_VERSION = 1
export const SEGMENT_HEADER_BYTES = 64
export const FRAME_HEADER_BYTES = 96
/** A frame holds at least one batch, and a group of batches never grows beyond this. */
export const FRAME_PAYLOAD_BYTES_MAX = BATCH_BYTES_MAX

const SEGMENT_MAGIC = 'LCSEGMNT'
export const FRAME_MAGIC = 0x5246434c
const TWO_32 = 4_294_967_296

/** 64 random bits as two halves. */
export interface Salt {
  readonly low: number
  readonly high: number
}

export interface SegmentHeader {
  readonly version: number
  readonly number: number
  readonly salt: Salt
  readonly firstId: number
  readonly createdMs: number
  /** Number of the segment whose frames were rewritten here at a start; 0 for none. */
  readonly copyOf: number
  /** Starts the chain of frames. */
  readonly crc: number
}

export interface FrameHeader {
  readonly payloadLength: number
  readonly records: number
  readonly firstId: number
  readonly durableBelow: number
  readonly previousCrc: number
  readonly keys: number
  readonly timeMsMin: number
  readonly timeMsMax: number
  readonly receivedMsMax: number
  readonly crc: number
}

const viewOf = (bytes: Uint8Array): DataView => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)

function putUint64(view: DataView, at: number, value: number): void {
  view.setUint32(at, value >>> 0, true)
  view.setUint32(at + 4, Math.floor(value / TWO_32) >>> 0, true)
}

const getUint64 = (view: DataView, at: number): number =>
  view.getUint32(at + 4, true) * TWO_32 + view.getUint32(at, true)

const getInt64 = (view: DataView, at: number): number =>
  view.getInt32(at + 4, true) * TWO_32 + view.getUint32(at, true)

export interface SegmentHeaderFields {
  readonly number: number
  readonly salt: Salt
  readonly firstId: number
  readonly createdMs: number
  readonly copyOf?: number
}

export function encodeSegmentHeader(fields: SegmentHeaderFields): Uint8Array {
  const bytes = new Uint8Array(SEGMENT_HEADER_BYTES)
  const view = viewOf(bytes)
  for (let i = 0; i < SEGMENT_MAGIC.length; i++) bytes[i] = SEGMENT_MAGIC.charCodeAt(i)
  view.setUint16(8, SEGMENT_VERSION, true)
  view.setUint16(10, SEGMENT_HEADER_BYTES, true)
  view.setUint32(12, fields.number, true)
  view.setUint32(16, fields.salt.low, true)
  view.setUint32(20, fields.salt.high, true)
  putUint64(view, 24, fields.firstId)
  putUint64(view, 32, fields.createdMs)
  view.setUint32(40, fields.copyOf ?? 0, true)
  view.setUint32(60, crc32(bytes.subarray(0, 60)), true)
  return bytes
}

/** The header, or what is wrong with it. */
export function decodeSegmentHeader(bytes: Uint8Array): SegmentHeader | string {
  if (bytes.length < SEGMENT_HEADER_BYTES) return 'shorter than a segment header'
  const view = viewOf(bytes)
  for (let i = 0; i < SEGMENT_MAGIC.length; i++) {
    if (bytes[i] !== SEGMENT_MAGIC.charCodeAt(i)) return 'no segment magic'
  }
  if (crc32(bytes.subarray(0, 60)) !== view.getUint32(60, true)) return 'segment header checksum'
  const headerLength = view.getUint16(10, true)
  if (headerLength !== SEGMENT_HEADER_BYTES) return `segment header length ${headerLength}`
  return {
    version: view.getUint16(8, true),
    number: view.getUint32(12, true),
    salt: { low: view.getUint32(16, true), high: view.getUint32(20, true) },
    firstId: getUint64(view, 24),
    createdMs: getUint64(view, 32),
    copyOf: view.getUint32(40, true),
    crc: view.getUint32(60, true),
  }
}

export interface FrameFields {
  readonly records: number
  readonly firstId: number
  readonly durableBelow: number
  readonly salt: Salt
  readonly previousCrc: number
  readonly keys: number
  readonly timeMsMin: number
  readonly timeMsMax: number
  readonly receivedMsMax: number
}

/**
 * Fills the header of a frame whose payload already stands behind it in `frame`; returns the frame's CRC. Whoever knows the
 * CRC of the payload spares a walk over it.
 */
export function sealFrame(
  frame: Uint8Array,
  fields: FrameFields,
  payloadCrc: number = crc32(frame.subarray(FRAME_HEADER_BYTES)),
): number {
  const view = viewOf(frame)
  frame.fill(0, 0, FRAME_HEADER_BYTES)
  view.setUint32(0, FRAME_MAGIC, true)
  view.setUint16(4, FRAME_HEADER_BYTES, true)
  view.setUint32(8, frame.length - FRAME_HEADER_BYTES, true)
  view.setUint32(12, fields.records, true)
  putUint64(view, 16, fields.firstId)
  putUint64(view, 24, fields.durableBelow)
  view.setUint32(32, fields.salt.low, true)
  view.setUint32(36, fields.salt.high, true)
  view.setUint32(40, fields.previousCrc, true)
  view.setUint32(44, fields.keys, true)
  putUint64(view, 48, fields.timeMsMin)
  putUint64(view, 56, fields.timeMsMax)
  putUint64(view, 64, fields.receivedMsMax)
  const crc = combineCrc32(crc32(frame.subarray(0, 92)), payloadCrc, frame.length - FRAME_HEADER_BYTES)
  view.setUint32(92, crc, true)
  return crc
}

/**
 * The frame header at the start of `bytes`, or null when no frame of this segment can start here. The lengths are
 * checked before anybody allocates by them; the CRC is `checkFrame`'s.
 */
export function decodeFrameHeader(bytes: Uint8Array, salt: Salt): FrameHeader | null {
  if (bytes.length < FRAME_HEADER_BYTES) return null
  const view = viewOf(bytes)
  if (view.getUint32(0, true) !== FRAME_MAGIC) return null
  if (view.getUint16(4, true) !== FRAME_HEADER_BYTES || view.getUint16(6, true) !== 0) return null
  if (view.getUint32(32, true) !== salt.low || view.getUint32(36, true) !== salt.high) return null
  const payloadLength = view.getUint32(8, true)
  const records = view.getUint32(12, true)
  if (payloadLength === 0 || payloadLength > FRAME_PAYLOAD_BYTES_MAX || records === 0) return null
  return {
    payloadLength,
    records,
    firstId: getUint64(view, 16),
    durableBelow: getUint64(view, 24),
    previousCrc: view.getUint32(40, true),
    keys: view.getUint32(44, true),
    timeMsMin: getInt64(view, 48),
    timeMsMax: getInt64(view, 56),
    receivedMsMax: getInt64(view, 64),
    crc: view.getUint32(92, true),
  }
}

/** Whether the whole frame (header and payload) is what was written. */
export function checkFrame(frame: Uint8Array): boolean {
  const crc = crc32(frame.subarray(FRAME_HEADER_BYTES), crc32(frame.subarray(0, 92)))
  return crc === viewOf(frame).getUint32(92, true)
}

export const saltText = (salt: Salt): string =>
  salt.high.toString(16).padStart(8, '0') + salt.low.toString(16).padStart(8, '0')

/** The salt that `saltText` printed, or null. */
export function parseSalt(text: string): Salt | null {
  if (!/^[0-9a-f]{16}$/.test(text)) return null
  return { high: Number.parseInt(text.slice(0, 8), 16), low: Number.parseInt(text.slice(8), 16) }
}

/** The salt that a sealed frame carries. */
export function frameSalt(frame: Uint8Array): Salt {
  const view = viewOf(frame)
  return { low: view.getUint32(32, true), high: view.getUint32(36, true) }
}
