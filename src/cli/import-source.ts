/**
 * One file to import, as the bytes of its lines. What a file is, its first bytes say, not its name: gzip, zstd, or
 * plain. Streams, so that a file of any size needs little memory.
 */
import { type FileHandle, open } from 'node:fs/promises'
import { Readable } from 'node:stream'
import { createGunzip } from 'node:zlib'
import { systemErrorCode } from '../base/base.ts'
import { decompressZstd } from './import-zstd.ts'

/** The beginning of a file's content: by it the file is known again. */
export const HEAD_BYTES = 64 * 1024
const READ_BYTES = 256 * 1024

export type Compression = 'none' | 'gzip' | 'zstd'

export class ImportSource {
  readonly path: string
  /** On the disk. */
  readonly size: number
  readonly compression: Compression
  /** The first bytes of the content, at most HEAD_BYTES. */
  readonly head: Buffer
  /** Of the file on the disk; what was passed over counts. */
  bytesRead = 0

  /** Reads the beginning. Rejects with the system's error, or zlib's. */
  static async open(path: string): Promise<ImportSource> {
    await using file = await open(path, 'r')
    const { size } = await file.stat()
    const { buffer, bytesRead } = await file.read(Buffer.alloc(4), 0, 4, 0)
    const compression = compressionOf(buffer.subarray(0, bytesRead))
    const head = await beginningOf(
      decompress(
        rawBytes(file, 0, () => {}),
        compression,
      ),
    )
    return new ImportSource(path, size, compression, head)
  }

  private constructor(path: string, size: number, compression: Compression, head: Buffer) {
    this.path = path
    this.size = size
    this.compression = compression
    this.head = head
  }

  /** The content from a byte of it on. */
  async *read(from: number): AsyncGenerator<Uint8Array> {
    await using file = await open(this.path, 'r')
    const isPlain = this.compression === 'none'
    this.bytesRead = isPlain ? from : 0
    const raw = rawBytes(file, this.bytesRead, (count) => {
      this.bytesRead += count
    })
    let passOver = isPlain ? 0 : from
    for await (const piece of decompress(raw, this.compression)) {
      const taken = Math.min(passOver, piece.length)
      passOver -= taken
      if (taken < piece.length) yield piece.subarray(taken)
    }
  }
}

function compressionOf(firstBytes: Uint8Array): Compression {
  const magic = Buffer.from(firstBytes).toString('hex')
  if (magic.startsWith('1f8b')) return 'gzip'
  if (magic === '28b52ffd' || /^5.2a4d18$/.test(magic)) return 'zstd'
  return 'none'
}

/** What zlib says of bytes that are cut short or altered. */
export function isDamage(error: unknown): boolean {
  return /^(Z_|ZSTD_)/.test(systemErrorCode(error) ?? '')
}

async function* rawBytes(
  file: FileHandle,
  from: number,
  onRead: (count: number) => void,
): AsyncGenerator<Uint8Array> {
  for (let position = from; ; ) {
    const { buffer, bytesRead } = await file.read(Buffer.allocUnsafe(READ_BYTES), 0, READ_BYTES, position)
    if (bytesRead === 0) return
    position += bytesRead
    onRead(bytesRead)
    yield buffer.subarray(0, bytesRead)
  }
}

function decompress(raw: AsyncIterable<Uint8Array>, compression: Compression): AsyncIterable<Uint8Array> {
  if (compression === 'zstd') return decompressZstd(raw)
  return compression === 'gzip' ? gunzip(raw) : raw
}

async function* gunzip(raw: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  const source = Readable.from(raw, { objectMode: false })
  const output = createGunzip()
  source.once('error', (error) => output.destroy(error))
  try {
    yield* source.pipe(output)
  } finally {
    source.destroy()
    output.destroy()
  }
}

/** As much as can be read: damage is told by `read`, after what comes before it. */
async function beginningOf(content: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const pieces: Uint8Array[] = []
  let bytes = 0
  try {
    for await (const piece of content) {
      pieces.push(piece)
      bytes += piece.length
      if (bytes >= HEAD_BYTES) break
    }
  } catch (error) {
    if (!isDamage(error)) throw error
  }
  return Buffer.concat(pieces).subarray(0, HEAD_BYTES)
}
