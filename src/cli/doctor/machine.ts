/** What the doctor may ask of the machine, as an argument. real-machine.ts asks this one, tests invent theirs. */
import type { Address } from '../../config/config.ts'

export type Transport = 'tcp' | 'udp'

export interface Machine {
  /** `linux`, `darwin`, …, as Node.js names it. */
  readonly platform: string
  /** Name of the time zone of this machine. */
  readonly timeZone: string
  /** What stands at the path, or null when nothing does. */
  stat(path: string): Promise<PathState | null>
  /** Whether this user may make files in the directory. */
  isWritable(directory: string): Promise<boolean>
  /** Rejects with the system's error. */
  fileSystem(path: string): Promise<FileSystem>
  /** Writes and syncs a small file `rounds` times, and removes it. Rejects with the system's error. */
  probeDisk(directory: string, rounds: number): Promise<DiskProbe>
  /** The process that uses the data directory, or null when none does. */
  userOfDirectory(directory: string): Promise<{ readonly pid: number | null } | null>
  /** Listens for a moment: null when that works, else the system's code (`EADDRINUSE`, …). */
  tryListen(address: Address, transport: Transport): Promise<string | null>
  /** The process that listens there, or null when the system does not tell. */
  listenerOf(address: Address, transport: Transport): Promise<RunningProcess | null>
  /** How many files a process may have open, or null when the system does not tell. */
  openFilesMax(): number | null
  memory(): { readonly totalBytes: number; readonly availableBytes: number }
  /** Whether something keeps the clock right, or null when that cannot be known cheaply. */
  isClockSynchronised(): Promise<boolean | null>
  /** Rejects with the system's error. */
  readText(path: string): Promise<string>
}

export interface PathState {
  readonly isDirectory: boolean
  /** Permission bits, such as 0o750. */
  readonly mode: number
}

export interface FileSystem {
  /** `ext4`, `nfs`, …, or null when the number of its type is not known here. */
  readonly type: string | null
  readonly freeBytes: number
  readonly totalBytes: number
}

export interface DiskProbe {
  /** One time for each write and sync. */
  readonly syncsMs: readonly number[]
  /** The time of the file after the last write, and of the clock. */
  readonly fileMs: number
  readonly wallMs: number
}

export interface RunningProcess {
  readonly pid: number
  readonly name: string
}
