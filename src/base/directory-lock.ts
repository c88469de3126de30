/**
 * One process per directory.
 *
 * On Linux the lock is an abstract Unix socket named after the directory's device and inode: the kernel lets go of it
 * when the process dies, however it dies, and nothing stale can stay behind. A file `lock` in the directory says who
 * holds it; it is for the message only. Abstract sockets belong to a network namespace, so two containers that share
 * a volume do not see each other's lock: give each its own directory.
 *
 * Elsewhere the file is the lock: it holds as long as a process with its pid lives. That is weaker (a pid may come
 * again), but there is nothing better that Node.js offers.
 */
import { readFile, stat, unlink, writeFile } from 'node:fs/promises'
import { createServer, type Server } from 'node:net'
import type { DiskLock } from './disk.ts'
import { CodedError, systemError, systemErrorCode } from './errors.ts'

export const LOCK_FILE_NAME = 'lock'

/** Locks `path`, which must be a directory that exists. DIRECTORY_LOCKED when it is held, by this process too. */
export function lockDirectory(path: string, platform: string = process.platform): Promise<DiskLock> {
  return platform === 'linux' ? lockBySocket(path) : lockByFile(path)
}

async function lockBySocket(path: string): Promise<DiskLock> {
  const server = await listen(path, await socketName(path))
  const file = `${path}/${LOCK_FILE_NAME}`
  // A full or read-only disk must not keep the server from starting: the socket is the lock.
  await writeFile(file, await holderText(), { mode: 0o640 }).catch(() => {})
  return releasing(async () => {
    await unlink(file).catch(() => {})
    await new Promise((resolve) => server.close(resolve))
  })
}

async function socketName(path: string): Promise<string> {
  const found = await stat(path, { bigint: true })
  if (!found.isDirectory()) throw systemError('ENOTDIR', `not a directory, lock '${path}'`)
  return `\0logcaster-${found.dev}-${found.ino}`
}

async function listen(path: string, name: string): Promise<Server> {
  const server = createServer((socket) => {
    socket.on('error', () => {})
    socket.destroy()
  })
  try {
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject)
      server.listen({ path: name, exclusive: true }, resolve)
    })
  } catch (error) {
    if (systemErrorCode(error) === 'EADDRINUSE') throw await lockedError(path)
    throw error
  }
  server.on('error', () => {})
  server.unref()
  return server
}

/** Locks that this thread holds by file: a file with our own pid that is not among them is a leftover. */
const heldFiles = new Set<string>()

async function lockByFile(path: string): Promise<DiskLock> {
  const file = `${path}/${LOCK_FILE_NAME}`
  const text = await holderText()
  try {
    await writeFile(file, text, { flag: 'wx', mode: 0o640 })
  } catch (error) {
    if (systemErrorCode(error) !== 'EEXIST') throw error
    if (await isFileHeld(file)) throw await lockedError(path)
    await unlink(file)
    return lockByFile(path)
  }
  heldFiles.add(file)
  return releasing(async () => {
    heldFiles.delete(file)
    await unlink(file).catch(() => {})
  })
}

async function isFileHeld(file: string): Promise<boolean> {
  if (heldFiles.has(file)) return true
  const pid = await holderPid(file)
  return pid !== null && pid !== process.pid && isProcessAlive(pid)
}

function isProcessAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return systemErrorCode(error) === 'EPERM'
  }
}

async function lockedError(path: string): Promise<CodedError> {
  const pid = await holderPid(`${path}/${LOCK_FILE_NAME}`)
  const holder = pid === null ? 'another process' : `process ${pid}`
  return new CodedError('DIRECTORY_LOCKED', `The directory ${path} is in use by ${holder}.`, {
    details: { path, pid },
  })
}

/** The pid and, where the system tells it, the boot that the pid belongs to. */
async function holderText(): Promise<string> {
  const bootId = await readFile('/proc/sys/kernel/random/boot_id', 'latin1').catch(() => '')
  return `${process.pid}\n${bootId.trim()}\n`
}

async function holderPid(file: string): Promise<number | null> {
  const text = await readFile(file, 'latin1').catch(() => '')
  const digits = /^([1-9][0-9]{0,9})\n/.exec(text)
  return digits === null ? null : Number(digits[1])
}

function releasing(release: () => Promise<void>): DiskLock {
  let released: Promise<void> | undefined
  return {
    release() {
      released ??= release()
      return released
    },
  }
}
