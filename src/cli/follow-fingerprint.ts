/**
 * By what a file is known again where names and inode numbers may deceive: the hash of its first bytes and of the last
 * ones before a place in it. As long as a file only grows, the fingerprint at a place stays the same.
 *
 *   |head ≤ 1 KiB|  …  |tail ≤ 1 KiB|      head and tail overlap while there are fewer bytes
 *   0                               offset
 */
import { createHash } from 'node:crypto'
import type { FileHandle } from 'node:fs/promises'

const PART_BYTES = 1024

/** Of a file at `offset`; of one that is shorter, something that matches no longer one. */
export async function fingerprintAt(file: FileHandle, offset: number): Promise<string> {
  const partBytes = Math.min(PART_BYTES, offset)
  const head = await readAt(file, 0, partBytes)
  const tail = await readAt(file, offset - partBytes, partBytes)
  return createHash('sha256').update(`${head.length} ${tail.length} `).update(head).update(tail).digest('hex')
}

async function readAt(file: FileHandle, position: number, length: number): Promise<Buffer> {
  const { buffer, bytesRead } = await file.read(Buffer.alloc(length), 0, length, position)
  return buffer.subarray(0, bytesRead)
}
