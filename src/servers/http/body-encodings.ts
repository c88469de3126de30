/** Compressions that a body may come in. Several at once are not taken. */
import type { Transform } from 'node:stream'
import {
  constants,
  createBrotliDecompress,
  createGunzip,
  createInflate,
  createZstdDecompress,
} from 'node:zlib'
import { HttpProblem } from './problem-document.ts'

export interface BodyEncoding {
  readonly name: string
  /** Memory that expanding one may take, roughly. */
  readonly memoryBytes: number
  open(): Transform
}

const KIB = 1024
const MIB = 1024 * KIB
const CHUNK_BYTES = 64 * KIB
/** 8 MiB: what every zstd content may ask of its reader (RFC 9659). */
const ZSTD_WINDOW_LOG_MAX = 23

const ENCODINGS: readonly BodyEncoding[] = [
  { name: 'gzip', memoryBytes: 128 * KIB, open: () => createGunzip({ chunkSize: CHUNK_BYTES }) },
  { name: 'deflate', memoryBytes: 128 * KIB, open: () => createInflate({ chunkSize: CHUNK_BYTES }) },
  {
    name: 'zstd',
    memoryBytes: 2 ** ZSTD_WINDOW_LOG_MAX,
    open: () =>
      createZstdDecompress({
        chunkSize: CHUNK_BYTES,
        params: { [constants.ZSTD_d_windowLogMax]: ZSTD_WINDOW_LOG_MAX },
      }),
  },
  { name: 'br', memoryBytes: 16 * MIB, open: () => createBrotliDecompress({ chunkSize: CHUNK_BYTES }) },
]

const NAMES = ENCODINGS.map(({ name }) => name).join(', ')

/** Of a header `Content-Encoding`; null when the body is as it is. MEDIA_UNSUPPORTED. */
export function bodyEncodingOf(header: string | undefined): BodyEncoding | null {
  const name = (header ?? '').trim().toLowerCase()
  if (name === '' || name === 'identity') return null
  const encoding = ENCODINGS.find((known) => known.name === name)
  if (encoding !== undefined) return encoding
  throw new HttpProblem('MEDIA_UNSUPPORTED', `A body may be compressed with one of these: ${NAMES}.`, {
    headers: { 'Accept-Encoding': NAMES },
  })
}
