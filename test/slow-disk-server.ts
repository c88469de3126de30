/**
 * A server on this machine's disk, which is made as slow as asked: the child process of e2e/memory.test.ts.
 *
 *   node slow-disk-server.ts DIRECTORY MEMORY_BYTES WRITE_BYTES_PER_SECOND SYNC_MS
 *
 * Says `ready LOGPORT QUERYPORT`, and ends with SIGTERM.
 */
import { setTimeout as wait } from 'node:timers/promises'
import { pino } from 'pino'
import { type DiskFile, setServerHeap } from '../src/base/base.ts'

setServerHeap()
// As `bin.ts` does: loading fills the heap.
const { machineMemory, RealDisk, systemClock, systemRandom } = await import('../src/base/base.ts')
const { loadConfig } = await import('../src/config/config.ts')
const { RunningServer } = await import('../src/program/program.ts')

const [dataDir, memoryBytesMax, bytesPerSecond, syncMs] = process.argv.slice(2)

class SlowDisk extends RealDisk {
  override async open(path: string, mode: 'read' | 'create' | 'write'): Promise<DiskFile> {
    return slowed(await super.open(path, mode))
  }
}

function slowed(file: DiskFile): DiskFile {
  return {
    async write(bytes, position) {
      await wait((1000 * bytes.length) / Number(bytesPerSecond))
      return file.write(bytes, position)
    },
    async datasync() {
      await wait(Number(syncMs))
      await file.datasync()
    },
    read: (target, position) => file.read(target, position),
    truncate: (length) => file.truncate(length),
    size: () => file.size(),
    close: () => file.close(),
  }
}

const { config } = loadConfig({
  env: {},
  flags: {
    'data-dir': dataDir,
    'memory-bytes-max': memoryBytesMax,
    'log-listen': '127.0.0.1:0',
    'query-listen': '127.0.0.1:0',
    'http-listen': 'off',
    'irc-listen': 'off',
    'udp-enabled': 'false',
  },
  machine: { memoryBytes: machineMemory(), processors: 2 },
})
const server = await RunningServer.open(config, {
  disk: new SlowDisk(),
  clock: systemClock,
  random: systemRandom,
  cwd: process.cwd(),
  log: pino(process.stderr),
  failed: (reason) => {
    throw new Error(reason)
  },
})
const portOf = (name: string): string =>
  server.ports
    .find((port) => port.name === name)
    ?.addresses[0]?.split(':')
    .at(-1) ?? ''
process.once('SIGTERM', () => {
  void server.close(10_000).then(() => process.exit())
})
console.log(`ready ${portOf('log')} ${portOf('query')}`)
