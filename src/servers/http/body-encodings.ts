/** Compressions that a body may come in. Several at once are not taken. */
import { Transform } from 'node:stream'
import {
  constants,
  createBrotliDecompress,
  createGunzip,
  createInflate,
  createZstdDecompress,
} from 'node:zlib'
import { HttpProblem } from './problem-document.ts'
import { ZstdFrameCutter } from './zstd-frames.ts'

export interface BodyEncoding {
  readonly name: string
  /** Memory that expanding one may take, roughly. */
  readonly memoryBytes: number
  open(): Expander
  /** What the body goes through before it is expanded. */
  cutter?(): Transform
}

/** `bytesWritten` counts what was of use to it: less than it was given when something follows the compressed data. */
export type Expander = Transform & { readonly bytesWritten: number }

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
    cutter: cutZstd,
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

/** No chunk goes beyond the end of a frame. Objects keep their borders. */
function cutZstd(): Transform {
  const frames = new ZstdFrameCutter()
  return new Transform({
    readableObjectMode: true,
    transform(chunk: Buffer, _encoding, done) {
      for (const piece of frames.pieces(chunk)) this.push(piece)
      done()
    },
  })
}
