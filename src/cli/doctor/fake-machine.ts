/** For tests: a machine on which all is well, but for what the test says. */
import { systemError } from '../../base/base.ts'
import { loadConfig } from '../../config/config.ts'
import { FakeIo } from '../fake-io.ts'
import type { Check, Finding } from './check.ts'
import type { Machine, PathState } from './machine.ts'

const GIB = 1024 ** 3
export const NOW_MS = Date.parse('2026-11-20T12:00:00Z')

export interface FakeMachineOptions extends Partial<Omit<Machine, 'stat' | 'readText'>> {
  /** By path; `/` and `/data` are directories unless they are named here. */
  readonly paths?: Readonly<Record<string, PathState | null>>
  readonly files?: Readonly<Record<string, string>>
}

const DIRECTORY: PathState = { isDirectory: true, mode: 0o750 }

export function fakeMachine({ paths = {}, files = {}, ...over }: FakeMachineOptions = {}): Machine {
  const known: Readonly<Record<string, PathState | null>> = { '/': DIRECTORY, '/data': DIRECTORY, ...paths }
  return {
    platform: 'linux',
    timeZone: 'Asia/Seoul',
    stat: async (path) => known[path] ?? null,
    isWritable: async () => true,
    fileSystem: async () => ({ type: 'ext4', freeBytes: 50 * GIB, totalBytes: 100 * GIB }),
    probeDisk: async (_directory, rounds) => ({
      syncsMs: new Array(rounds).fill(0.5),
      fileMs: NOW_MS,
      wallMs: NOW_MS,
    }),
    userOfDirectory: async () => null,
    tryListen: async () => null,
    listenerOf: async () => null,
    openFilesMax: () => 1_000_000,
    memory: () => ({ totalBytes: 16 * GIB, availableBytes: 8 * GIB }),
    isClockSynchronised: async () => true,
    async readText(path) {
      const text = files[path]
      if (text === undefined) throw systemError('ENOENT', `no such file, open '${path}'`)
      return text
    },
    ...over,
  }
}

/** What a check finds on this machine with these options, as `status: seen > remedy`. */
export async function findings(
  check: Check,
  machine: Machine,
  flags: Readonly<Record<string, string>> = {},
): Promise<string[]> {
  const io = new FakeIo()
  const clock = { ...io.clock, wallMs: () => NOW_MS }
  const { config } = loadConfig({ env: {}, flags, readFile: () => 'KEY' })
  const found = await check.look({ config, dataDir: '/data', machine, io: Object.assign(io, { clock }) })
  return found.map(printFinding)
}

function printFinding({ status, seen, remedy }: Finding): string {
  return remedy === null ? `${status}: ${seen}` : `${status}: ${seen} > ${remedy}`
}
