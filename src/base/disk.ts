/**
 * The disk as an argument: what the engine may ask of a file system, and no more.
 *
 * Contract (testing/disk-contract.ts runs on every implementation):
 *  - paths are strings joined with `/`; nothing is relative to a working directory on the simulated disk.
 *  - `write` may write fewer bytes than asked, and says how many: callers loop (`writeAll`).
 *  - `read` may return fewer bytes; 0 means end of file.
 *  - bytes are durable only after `datasync` of their file resolved, names only after `syncDirectory` of their
 *    directory did. A `datasync` that failed proves nothing about the bytes, ever again.
 *  - `openSync` gives the same bytes as `open` for reading, in calls that block the thread: for worker threads only.
 *  - errors are Node.js system errors: `code` is `ENOENT`, `EEXIST`, `ENOSPC`, `EIO`, ….
 */
export interface Disk {
  /** `read`: must exist. `create`: must not exist, opened for reading and writing. `write`: must exist, reading and writing. */
  open(path: string, mode: 'read' | 'create' | 'write'): Promise<DiskFile>
  /** For reading in a thread that may wait for the disk. The file must exist. Throws system errors. */
  openSync(path: string): ReadableFile
  /** Makes the directory and its missing parents; true when it made one. Not durable until the parents are synced. */
  makeDirectory(path: string): Promise<boolean>
  /** Names in the directory, sorted. */
  list(path: string): Promise<string[]>
  /** Size in bytes (0 for a directory) and kind, or null when nothing has that name. */
  stat(path: string): Promise<DiskStat | null>
  rename(from: string, to: string): Promise<void>
  unlink(path: string): Promise<void>
  /** Makes the names in the directory durable. */
  syncDirectory(path: string): Promise<void>
  /** Bytes that this process may still write, and bytes in all, of the file system that holds the path. */
  space(path: string): Promise<{ freeBytes: number; totalBytes: number }>
  /**
   * Holds the directory for this process alone until released or until the process dies. DIRECTORY_LOCKED otherwise.
   * While it is held, and after a crash, the directory may have a file named `lock`: whoever lists it leaves it alone.
   */
  lock(path: string): Promise<DiskLock>
}

export interface DiskStat {
  readonly bytes: number
  readonly isDirectory: boolean
}

export interface DiskLock {
  release(): Promise<void>
}

export interface DiskFile {
  /** Writes some of `bytes` at `position`; returns how many. The bytes must not change until it resolves. */
  write(bytes: Uint8Array, position: number): Promise<number>
  /** Reads into `target` from `position`; returns how many bytes, 0 at the end. */
  read(target: Uint8Array, position: number): Promise<number>
  truncate(length: number): Promise<void>
  datasync(): Promise<void>
  size(): Promise<number>
  close(): Promise<void>
}

export interface ReadableFile {
  /** The size of the file when it was opened. */
  readonly bytes: number
  /** Reads into `target` from `position`; returns how many bytes, maybe fewer than it could, 0 at the end. */
  readSync(target: Uint8Array, position: number): number
  /** Closing again does nothing. */
  closeSync(): void
}

const INTERRUPTED_TRIES_MAX = 100

/** Runs a disk call again when a signal interrupted it (EINTR), a bounded number of times. */
export async function retryInterrupted<T>(call: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await call()
    } catch (error) {
      if (!isInterruption(error) || attempt >= INTERRUPTED_TRIES_MAX) throw error
    }
  }
}

/** The same for a call that blocks. */
function retryInterruptedSync<T>(call: () => T): T {
  for (let attempt = 1; ; attempt++) {
    try {
      return call()
    } catch (error) {
      if (!isInterruption(error) || attempt >= INTERRUPTED_TRIES_MAX) throw error
    }
  }
}

const isInterruption = (error: unknown): boolean =>
  error instanceof Error && 'code' in error && error.code === 'EINTR'

/** Writes all of `bytes` at `position`, in as many calls as the disk needs. */
export async function writeAll(file: DiskFile, bytes: Uint8Array, position: number): Promise<void> {
  let done = 0
  while (done < bytes.length) {
    const rest = done === 0 ? bytes : bytes.subarray(done)
    const written = await retryInterrupted(() => file.write(rest, position + done))
    if (written <= 0) throw Object.assign(new Error('EIO: the disk wrote nothing'), { code: 'EIO' })
    done += written
  }
}

/** Fills `target` from `position`; returns how many bytes there were, fewer than asked only at the end of the file. */
export async function readFull(file: DiskFile, target: Uint8Array, position: number): Promise<number> {
  let done = 0
  while (done < target.length) {
    const rest = done === 0 ? target : target.subarray(done)
    const count = await retryInterrupted(() => file.read(rest, position + done))
    if (count === 0) break
    done += count
  }
  return done
}

/** `readFull` for a file that was opened with `openSync`. */
export function readFullSync(file: ReadableFile, target: Uint8Array, position: number): number {
  let done = 0
  while (done < target.length) {
    const rest = done === 0 ? target : target.subarray(done)
    const count = retryInterruptedSync(() => file.readSync(rest, position + done))
    if (count === 0) break
    done += count
  }
  return done
}
