/** The machine that this process runs on. What only Linux tells is null elsewhere. */
import { createSocket } from 'node:dgram'
import { constants } from 'node:fs'
import { access, open, readFile, stat, statfs, unlink } from 'node:fs/promises'
import { createServer, isIPv6 } from 'node:net'
import { type Clock, isCodedError, machineMemory, realDisk, systemErrorCode } from '../../base/base.ts'
import type { Address } from '../../config/config.ts'
import { readOpenFilesMax } from '../../program/program.ts'
import type { DiskProbe, FileSystem, Machine, PathState } from './machine.ts'
import { listenerOf } from './port-listener.ts'

const PROBE_BYTES = 4096
const PERMISSION_BITS = 0o777

/** Numbers that the kernel gives to types of file systems (statfs(2)). */
const FILE_SYSTEMS: Readonly<Record<number, string>> = {
  61267: 'ext4',
  1481003842: 'xfs',
  2435016766: 'btrfs',
  801189825: 'zfs',
  4076150800: 'f2fs',
  2035054128: 'overlay',
  16914836: 'tmpfs',
  2240043254: 'ramfs',
  26985: 'nfs',
  4283649346: 'cifs',
  4266872130: 'smb',
  16914839: '9p',
  1702057286: 'fuse',
  19780: 'fat',
}

export function realMachine(clock: Clock): Machine {
  return {
    platform: process.platform,
    timeZone: Intl.DateTimeFormat().resolvedOptions().timeZone,
    stat: statOrNull,
    isWritable: (directory) => canAccess(directory, constants.W_OK | constants.X_OK),
    fileSystem,
    probeDisk: (directory, rounds) => probeDisk(directory, rounds, clock),
    userOfDirectory,
    tryListen: (address, transport) => (transport === 'tcp' ? tryListen(address) : tryBind(address)),
    listenerOf,
    openFilesMax: () => {
      const most = readOpenFilesMax()
      return most === Number.MAX_SAFE_INTEGER ? null : most
    },
    memory,
    isClockSynchronised,
    readText: (path) => readFile(path, 'utf8'),
  }
}

async function statOrNull(path: string): Promise<PathState | null> {
  try {
    const found = await stat(path)
    return { isDirectory: found.isDirectory(), mode: found.mode & PERMISSION_BITS }
  } catch (error) {
    const code = systemErrorCode(error)
    if (code === 'ENOENT' || code === 'ENOTDIR') return null
    throw error
  }
}

async function canAccess(path: string, mode: number): Promise<boolean> {
  try {
    await access(path, mode)
    return true
  } catch {
    return false
  }
}

async function fileSystem(path: string): Promise<FileSystem> {
  const found = await statfs(path)
  const isLinux = process.platform === 'linux'
  return {
    type: isLinux ? (FILE_SYSTEMS[found.type] ?? null) : null,
    freeBytes: found.bavail * found.bsize,
    totalBytes: found.blocks * found.bsize,
  }
}

async function probeDisk(directory: string, rounds: number, clock: Clock): Promise<DiskProbe> {
  const path = `${directory}/.logcaster-doctor-${process.pid}`
  const file = await open(path, 'wx', 0o600)
  const syncsMs: number[] = []
  try {
    for (let round = 0; round < rounds; round++) {
      const startMs = clock.monotonicMs()
      await file.write(new Uint8Array(PROBE_BYTES), 0, PROBE_BYTES, round * PROBE_BYTES)
      await file.datasync()
      syncsMs.push(clock.monotonicMs() - startMs)
    }
    const { mtimeMs } = await file.stat()
    return { syncsMs, fileMs: mtimeMs, wallMs: clock.wallMs() }
  } finally {
    await file.close()
    await unlink(path)
  }
}

/** Takes the lock for a moment, as a server does when it starts. */
async function userOfDirectory(directory: string): Promise<{ pid: number | null } | null> {
  try {
    const lock = await realDisk.lock(directory)
    await lock.release()
    return null
  } catch (error) {
    if (!isCodedError(error, 'DIRECTORY_LOCKED')) throw error
    const { pid } = error.details
    return { pid: typeof pid === 'number' ? pid : null }
  }
}

function tryListen({ host, port }: Address): Promise<string | null> {
  const server = createServer()
  return new Promise((resolve) => {
    server.once('error', (error) => resolve(systemErrorCode(error) ?? 'UNKNOWN'))
    server.listen({ host, port, exclusive: true }, () => server.close(() => resolve(null)))
  })
}

function tryBind({ host, port }: Address): Promise<string | null> {
  const socket = createSocket(isIPv6(host) ? 'udp6' : 'udp4')
  return new Promise((resolve) => {
    socket.once('error', (error) => {
      resolve(systemErrorCode(error) ?? 'UNKNOWN')
      socket.close()
    })
    socket.bind({ port, address: host, exclusive: true }, () => socket.close(() => resolve(null)))
  })
}

/** What the process may use: of a container with a limit, the limit. */
function memory(): { totalBytes: number; availableBytes: number } {
  const totalBytes = machineMemory()
  return { totalBytes, availableBytes: Math.min(process.availableMemory(), totalBytes) }
}

const TIMESYNC = '/run/systemd/timesync'

/** Known of systemd-timesyncd only; others would have to be asked over a protocol of their own. */
async function isClockSynchronised(): Promise<boolean | null> {
  if (await canAccess(`${TIMESYNC}/synchronized`, constants.F_OK)) return true
  return (await canAccess(TIMESYNC, constants.F_OK)) ? false : null
}
