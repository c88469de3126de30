/**
 * The disk of this machine. Whatever writes or syncs goes through FileHandle: fs.fsync and fs.fdatasync fail under
 * Node's permission model, FileHandle.sync and FileHandle.datasync do not.
 *
 * Keeps to the contract of disk.ts and adds nothing: it does not retry, does not loop on short counts, does not
 * look at what it moves. Files are made for the owner and the group, directories too.
 */
import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs'
import {
  type FileHandle,
  mkdir,
  open as openHandle,
  readdir,
  rename,
  stat,
  statfs,
  unlink,
} from 'node:fs/promises'
import { dirname } from 'node:path'
import { lockDirectory } from './directory-lock.ts'
import type { Disk, DiskFile, DiskLock, DiskStat, ReadableFile } from './disk.ts'
import { systemError, systemErrorCode } from './errors.ts'

const FLAGS = { read: 'r', create: 'wx+', write: 'r+' } as const
const FILE_MODE = 0o640
const DIRECTORY_MODE = 0o750

export class RealDisk implements Disk {
  async open(path: string, mode: 'read' | 'create' | 'write'): Promise<DiskFile> {
    return new RealFile(await openHandle(path, FLAGS[mode], FILE_MODE))
  }

  openSync(path: string): ReadableFile {
    const descriptor = openSync(path, FLAGS.read)
    try {
      return new RealReadableFile(path, descriptor, fstatSync(descriptor).size)
    } catch (error) {
      closeSync(descriptor)
      throw error
    }
  }

  makeDirectory(path: string): Promise<boolean> {
    return makeWithParents(path)
  }

  async list(path: string): Promise<string[]> {
    return (await readdir(path)).sort()
  }

  async stat(path: string): Promise<DiskStat | null> {
    try {
      const found = await stat(path)
      const isDirectory = found.isDirectory()
      return { bytes: isDirectory ? 0 : found.size, isDirectory }
    } catch (error) {
      const code = systemErrorCode(error)
      if (code === 'ENOENT' || code === 'ENOTDIR') return null
      throw error
    }
  }

  rename(from: string, to: string): Promise<void> {
    return rename(from, to)
  }

  unlink(path: string): Promise<void> {
    return unlink(path)
  }

  async syncDirectory(path: string): Promise<void> {
    // Windows cannot open a directory; its names are journaled without being asked.
    if (process.platform === 'win32') return
    const handle = await openHandle(path, constants.O_RDONLY | constants.O_DIRECTORY)
    try {
      await handle.sync()
    } finally {
      await handle.close()
    }
  }

  async space(path: string): Promise<{ freeBytes: number; totalBytes: number }> {
    const found = await statfs(path)
    return { freeBytes: found.bavail * found.bsize, totalBytes: found.blocks * found.bsize }
  }

  lock(path: string): Promise<DiskLock> {
    return lockDirectory(path)
  }
}

export const realDisk: Disk = new RealDisk()

/**
 * Not mkdir's own `recursive`, which tries forever where the system answers ENOENT although the parent is there, as it
 * does in /proc. Whether the directory was made.
 */
async function makeWithParents(path: string): Promise<boolean> {
  try {
    return await makeOne(path)
  } catch (error) {
    const parent = dirname(path)
    if (systemErrorCode(error) !== 'ENOENT' || parent === path) throw error
    await makeWithParents(parent)
    return await makeOne(path)
  }
}

async function makeOne(path: string): Promise<boolean> {
  try {
    await mkdir(path, { mode: DIRECTORY_MODE })
    return true
  } catch (error) {
    const isThere = systemErrorCode(error) === 'EEXIST' && (await stat(path)).isDirectory()
    if (isThere) return false
    throw error
  }
}

class RealFile implements DiskFile {
  readonly #handle: FileHandle

  constructor(handle: FileHandle) {
    this.#handle = handle
  }

  async write(bytes: Uint8Array, position: number): Promise<number> {
    return (await this.#handle.write(bytes, 0, bytes.length, position)).bytesWritten
  }

  async read(target: Uint8Array, position: number): Promise<number> {
    return (await this.#handle.read(target, 0, target.length, position)).bytesRead
  }

  truncate(length: number): Promise<void> {
    return this.#handle.truncate(length)
  }

  datasync(): Promise<void> {
    return this.#handle.datasync()
  }

  async size(): Promise<number> {
    return (await this.#handle.stat()).size
  }

  close(): Promise<void> {
    return this.#handle.close()
  }
}

class RealReadableFile implements ReadableFile {
  readonly bytes: number
  readonly #path: string
  /** Null when closed: the system gives the number of a closed file to another one. */
  #descriptor: number | null

  constructor(path: string, descriptor: number, bytes: number) {
    this.#path = path
    this.#descriptor = descriptor
    this.bytes = bytes
  }

  readSync(target: Uint8Array, position: number): number {
    if (this.#descriptor === null) throw systemError('EBADF', `bad file descriptor, read '${this.#path}'`)
    return readSync(this.#descriptor, target, 0, target.length, position)
  }

  closeSync(): void {
    const descriptor = this.#descriptor
    if (descriptor === null) return
    this.#descriptor = null
    closeSync(descriptor)
  }
}
