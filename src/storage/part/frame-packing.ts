/**
 * Bytes of a frame to bytes of the file and back. zstd of node:zlib, called synchronously: whoever packs or unpacks a
 * lot does it in a worker thread.
 *
 * One call costs 15 to 50 µs however little it gets, and output buffers of the right size save a fifth of the rest
 * (both measured on Node 24.21): hence frames that hold many byte strings, and a chunk size with every call.
 */
import { constants, zstdCompressSync, zstdDecompressSync } from 'node:zlib'
import { PACKING_RAW, PACKING_ZSTD, PACKING_ZSTD_DICTIONARY } from './part-file.ts'

/** Fewer bytes than this are not worth a call. */
const PACKED_BYTES_MIN = 128
/** What packing must save, as a share of the bytes: raw bytes are read at no cost. */
const SAVING_SHARE = 1 / 32
const CHUNK_BYTES_MIN = 64

export interface PackedFrame {
  readonly packing: number
  /** Where packing does not pay, the very bytes that were given. */
  readonly stored: Uint8Array
}

/** `dictionary`: of the part, or null. */
export function packFrame(bytes: Uint8Array, level: number, dictionary: Uint8Array | null): PackedFrame {
  if (bytes.length < PACKED_BYTES_MIN) return { packing: PACKING_RAW, stored: bytes }
  const stored = zstdCompressSync(bytes, {
    chunkSize: Math.max(CHUNK_BYTES_MIN, bytes.length),
    params: { [constants.ZSTD_c_compressionLevel]: level },
    ...(dictionary === null ? {} : { dictionary }),
  })
  if (stored.length > bytes.length * (1 - SAVING_SHARE)) return { packing: PACKING_RAW, stored: bytes }
  return { packing: dictionary === null ? PACKING_ZSTD : PACKING_ZSTD_DICTIONARY, stored }
}

/** The bytes, exactly `byteCount` of them, or null where `stored` is no such frame. Takes no more memory than that. */
export function unpackFrame(
  stored: Uint8Array,
  byteCount: number,
  dictionary: Uint8Array | null,
): Uint8Array | null {
  try {
    const bytes = zstdDecompressSync(stored, {
      maxOutputLength: byteCount,
      // One more than it takes: a full chunk makes the call ask for another one.
      chunkSize: Math.max(CHUNK_BYTES_MIN, byteCount + 1),
      ...(dictionary === null ? {} : { dictionary }),
    })
    // No Buffer: its `slice` is no copy.
    return bytes.length === byteCount ? new Uint8Array(bytes.buffer, bytes.byteOffset, byteCount) : null
  } catch {
    return null
  }
}
