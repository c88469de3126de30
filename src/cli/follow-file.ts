/**
 * One file that is followed, from the moment it was opened until it is read to its end, whatever its name is by then.
 * Knows what was acknowledged, and which range is on its way to the server.
 *
 *   0 ......... offset ......... pendingEnd ......... seenEnd
 *   acknowledged  |  one chunk, sent  |  not read yet   |  its fingerprint is known
 *
 * The range on its way is remembered before it is sent: after a crash exactly this range goes again, under the same
 * key, and the server stores it once. Every file has a random id: a key never stands for the lines of two files, even
 * where one took the inode, the name and the first lines of the other.
 */
import { createHash } from 'node:crypto'
import { type FileHandle, open } from 'node:fs/promises'
import type { Random } from '../base/base.ts'
import { fingerprintAt } from './follow-fingerprint.ts'
import type { FollowPlace } from './follow-state.ts'
import { CHUNK_BYTES, chunkLength, LINE_BYTES_MAX, TOO_LONG } from './line-chunks.ts'

/** So long nothing may come any more from a writer that still has a rotated file open. */
export const QUIET_MS = 3000
const LINE_FEED = 10

export interface FollowChunk {
  readonly file: FollowedFile
  readonly key: string
  readonly start: number
  readonly end: number
  /** Empty when it is one line that is too long. */
  readonly bytes: Uint8Array
  readonly isTooLong: boolean
}

/** What the system calls a file, whatever its name is. */
export interface FileIdentity {
  readonly device: string
  readonly inode: string
}

export function isSameFile(left: FileIdentity, right: FileIdentity): boolean {
  return left.device === right.device && left.inode === right.inode
}

export async function identityOf(handle: FileHandle): Promise<FileIdentity> {
  const { dev, ino } = await handle.stat({ bigint: true })
  return { device: String(dev), inode: String(ino) }
}

export class FollowedFile implements FileIdentity {
  readonly id: string
  #handle: FileHandle
  #identity: FileIdentity
  #offset: number
  #pendingEnd: number | null
  #seenEnd: number
  #fingerprint: string
  #mtimeNs = -1n
  #grewMs: number
  /** Since when another file has its place: it may be ended when nothing more comes. */
  #retiredMs: number | null = null
  /** Of a line that is too long, so much was looked through for its end. */
  #scannedTo = 0

  /** A file that was not followed before, from its start. */
  static async begin(path: string, random: Random, nowMs: number): Promise<FollowedFile> {
    const handle = await open(path, 'r')
    const place = { id: randomId(random), offset: 0, pendingEnd: null, seenEnd: 0, isDone: false }
    const fingerprint = await fingerprintAt(handle, 0)
    const file = new FollowedFile(handle, { ...place, ...(await identityOf(handle)), fingerprint }, nowMs)
    await file.look(nowMs)
    return file
  }

  /** A file in which `place` was found: goes on there. */
  static async resume(path: string, place: FollowPlace, nowMs: number): Promise<FollowedFile> {
    const handle = await open(path, 'r')
    return new FollowedFile(handle, { ...place, ...(await identityOf(handle)) }, nowMs)
  }

  private constructor(handle: FileHandle, place: FollowPlace, nowMs: number) {
    this.id = place.id
    this.#handle = handle
    this.#identity = place
    this.#offset = place.offset
    this.#pendingEnd = place.pendingEnd
    this.#seenEnd = place.seenEnd
    this.#fingerprint = place.fingerprint
    this.#grewMs = nowMs
  }

  get device(): string {
    return this.#identity.device
  }

  get inode(): string {
    return this.#identity.inode
  }

  /** Bytes that were seen and are not on their way. */
  get unsentBytes(): number {
    return this.#seenEnd - (this.#pendingEnd ?? this.#offset)
  }

  get place(): FollowPlace {
    const { id, device, inode } = this
    const offsets = { offset: this.#offset, pendingEnd: this.#pendingEnd, seenEnd: this.#seenEnd }
    return { id, device, inode, ...offsets, fingerprint: this.#fingerprint, isDone: false }
  }

  /** Looks whether it grew. False when it was cut or written anew: what was seen is not in it any more. */
  async look(nowMs: number): Promise<boolean> {
    const { size, mtimeNs } = await this.#handle.stat({ bigint: true })
    if (Number(size) < this.#seenEnd) return false
    if (Number(size) === this.#seenEnd && mtimeNs === this.#mtimeNs) return true
    if ((await fingerprintAt(this.#handle, this.#seenEnd)) !== this.#fingerprint) return false
    this.#mtimeNs = mtimeNs
    await this.#see(Number(size), nowMs)
    return true
  }

  retire(nowMs: number): void {
    this.#retiredMs ??= nowMs
  }

  /** Retired for so long that nobody writes to it any more. */
  isQuiet(nowMs: number): boolean {
    return this.#retiredMs !== null && nowMs - Math.max(this.#retiredMs, this.#grewMs) >= QUIET_MS
  }

  /** Goes on in a copy that was made before the file was cut. */
  async moveTo(path: string): Promise<void> {
    const handle = await open(path, 'r')
    this.#identity = await identityOf(handle)
    await this.#handle.close()
    this.#handle = handle
    this.#mtimeNs = -1n
  }

  /** The next whole lines; null when there are none. With `isFinal` the end of the file ends its last line. */
  async read(isFinal: boolean, nowMs: number): Promise<FollowChunk | null> {
    const end = this.#pendingEnd ?? (await this.#endOfLines(CHUNK_BYTES, isFinal))
    if (end === this.#offset) return null
    if (end === TOO_LONG) return this.#tooLong(isFinal)
    const bytes = await this.#window(end - this.#offset)
    if (bytes.length < end - this.#offset) return null
    if (end > this.#seenEnd) await this.#see(end, nowMs)
    this.#pendingEnd = end
    return { file: this, key: this.#keyOf(end, bytes), start: this.#offset, end, bytes, isTooLong: false }
  }

  /** Everything up to the end of the chunk is stored or refused. */
  acknowledge({ end }: FollowChunk): void {
    this.#offset = end
    this.#pendingEnd = null
  }

  close(): Promise<void> {
    return this.#handle.close()
  }

  async #see(end: number, nowMs: number): Promise<void> {
    if (end === this.#seenEnd) return
    this.#grewMs = nowMs
    this.#fingerprint = await fingerprintAt(this.#handle, end)
    this.#seenEnd = end
  }

  /** Where the next chunk ends: at the place itself when no line is whole yet, or TOO_LONG. */
  async #endOfLines(windowBytes: number, isFinal: boolean): Promise<number> {
    const bytes = await this.#window(windowBytes)
    const isAll = bytes.length < windowBytes
    const length = chunkLength(bytes, isFinal && isAll)
    if (length === TOO_LONG) return TOO_LONG
    if (length > 0 || isAll) return this.#offset + length
    return this.#endOfLines(LINE_BYTES_MAX + 1, isFinal)
  }

  async #tooLong(isFinal: boolean): Promise<FollowChunk | null> {
    const end = await this.#endOfLongLine(isFinal)
    if (end === null) return null
    return { file: this, key: '', start: this.#offset, end, bytes: new Uint8Array(0), isTooLong: true }
  }

  /** Looks for the end of a line without holding it. */
  async #endOfLongLine(isFinal: boolean): Promise<number | null> {
    const buffer = Buffer.allocUnsafe(CHUNK_BYTES)
    let position = Math.max(this.#offset, this.#scannedTo)
    for (;;) {
      const { bytesRead } = await this.#handle.read(buffer, 0, CHUNK_BYTES, position)
      const at = buffer.subarray(0, bytesRead).indexOf(LINE_FEED)
      if (at !== -1) return position + at + 1
      if (bytesRead === 0) return isFinal ? position : null
      position += bytesRead
      this.#scannedTo = position
    }
  }

  #keyOf(end: number, bytes: Uint8Array): string {
    const content = createHash('sha256').update(bytes).digest('hex').slice(0, 32)
    return `follow-${this.id}-${this.#offset}-${end}-${content}`
  }

  /** At most so many bytes from the place on; fewer only at the end of the file. */
  async #window(length: number): Promise<Buffer> {
    const buffer = Buffer.allocUnsafe(length)
    let done = 0
    while (done < length) {
      const { bytesRead } = await this.#handle.read(buffer, done, length - done, this.#offset + done)
      if (bytesRead === 0) break
      done += bytesRead
    }
    return buffer.subarray(0, done)
  }
}

function randomId(random: Random): string {
  return Array.from({ length: 4 }, () => random.uint32().toString(16).padStart(8, '0')).join('')
}
