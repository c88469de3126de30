/** The SHA-256 of a whole file, read in pieces: what tells a part from every other one. */
import { createHash } from 'node:crypto'
import { type ReadableFile, readFullSync } from '../base/base.ts'

const PIECE_BYTES = 1024 * 1024

/** In hexadecimal. `check` is called before each piece, and may throw. Errors of the disk. */
export function hashFile(file: ReadableFile, check: () => void): string {
  const hash = createHash('sha256')
  const piece = new Uint8Array(Math.min(file.bytes, PIECE_BYTES))
  for (let at = 0; at < file.bytes; at += piece.length) {
    check()
    hash.update(piece.subarray(0, readFullSync(file, piece, at)))
  }
  return hash.digest('hex')
}
