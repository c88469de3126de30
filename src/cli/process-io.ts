/** The real CliIo: this process, its terminal, its files and the network. Everything else in cli/ takes it as an argument. */
import { readFileSync } from 'node:fs'
import { type FileHandle, mkdir, open, readFile, rename } from 'node:fs/promises'
import { connect } from 'node:net'
import { availableParallelism } from 'node:os'
import { dirname, resolve } from 'node:path'
import type { Duplex } from 'node:stream'
import { machineMemory, systemClock, systemError, systemRandom } from '../base/base.ts'
import type { CliIo } from './cli-io.ts'

const CONNECT_MS_MAX = 10_000
const FILE_CHUNK_BYTES = 256 * 1024

export function processIo(): CliIo {
  const cwd = process.cwd()
  return {
    stdin: process.stdin,
    stdout: process.stdout,
    stderr: process.stderr,
    env: process.env,
    clock: systemClock,
    random: systemRandom,
    machine: { memoryBytes: machineMemory(), processors: availableParallelism() },
    cwd,
    readFile: (path) => readFile(resolve(cwd, path)),
    readTextSync: (path) => readFileSync(resolve(cwd, path), 'utf8'),
    async openFile(path) {
      const file = await openForReading(resolve(cwd, path))
      return file.createReadStream({ highWaterMark: FILE_CHUNK_BYTES })
    },
    writePrivateFile: (path, text, how) => writePrivateFile(resolve(cwd, path), text, how),
    connect: connectSocket,
    onSignal(signal, handler) {
      process.on(signal, handler)
      return () => process.off(signal, handler)
    },
  }
}

/** A directory can be opened, but not read: said here, before anything was sent. */
async function openForReading(path: string): Promise<FileHandle> {
  const file = await open(path, 'r')
  try {
    if ((await file.stat()).isDirectory()) throw systemError('EISDIR', `${path} is a directory`)
    return file
  } catch (error) {
    await file.close()
    throw error
  }
}

async function writePrivateFile(path: string, text: string, how: 'replace' | 'append'): Promise<void> {
  await mkdir(dirname(path), { recursive: true, mode: 0o700 })
  const target = how === 'append' ? path : `${path}.new`
  const file = await open(target, how === 'append' ? 'a' : 'w', 0o600)
  try {
    // A file that was there keeps its mode otherwise.
    await file.chmod(0o600)
    await file.writeFile(text)
  } finally {
    await file.close()
  }
  if (how === 'replace') await rename(target, path)
}

function connectSocket(host: string, port: number): Promise<Duplex> {
  return new Promise((resolveSocket, reject) => {
    const socket = connect({ host, port, noDelay: true })
    const timer = setTimeout(() => {
      socket.destroy(
        Object.assign(new Error('ETIMEDOUT: no answer to the connection'), { code: 'ETIMEDOUT' }),
      )
    }, CONNECT_MS_MAX)
    socket.once('error', reject)
    socket.once('close', () => clearTimeout(timer))
    socket.once('connect', () => {
      clearTimeout(timer)
      socket.off('error', reject)
      resolveSocket(socket)
    })
  })
}
