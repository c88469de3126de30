/**
 * A power cut for the real program: its data lies on a file system of its own (ext4 on a file), which is shut down
 * under it at a random moment, so that everything that was not synced is gone for good. Then the program is killed,
 * the file system mounted again, and the program started on what is left.
 *
 * Needs root, loop devices, mkfs.ext4 and xfs_io; `missingForPowerCuts` says what is not there.
 */
import { execFileSync } from 'node:child_process'
import { mkdirSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { keepTemporary, removeTemporary, temporaryDirectory } from './child-program.ts'
import { CrashFailure, type CrashFigures, type CrashRoundsOptions, crashRounds } from './kill-rounds.ts'

/** Sparse: it takes what is written and no more. */
const IMAGE_BYTES = 2 ** 31

/** Why there can be no power cuts here, or null. */
export function missingForPowerCuts(): string | null {
  if (process.getuid?.() !== 0) return 'mounting a file system needs root'
  for (const [tool, from] of [
    ['mkfs.ext4', 'e2fsprogs'],
    ['xfs_io', 'xfsprogs'],
  ]) {
    if (!succeeds(tool, ['-V'])) return `there is no ${tool} (package ${from})`
  }
  return null
}

/** Cuts the power `rounds` times. The file system lies in a temporary directory, which stays after a failure. */
export async function powerCutRounds(options: Omit<CrashRoundsOptions, 'dataDir'>): Promise<CrashFigures> {
  using fileSystem = new CutFileSystem()
  try {
    return await crashRounds(
      { ...options, dataDir: join(fileSystem.mountPoint, 'data') },
      async (program, random) => {
        fileSystem.cut(random.chance(FLUSH_CHANCE))
        await program.kill9()
        fileSystem.remount()
      },
      { crashesStarts: true, allowsRefusals: true },
    )
  } catch (cause) {
    const message = cause instanceof Error ? cause.message : String(cause)
    throw new CrashFailure(`${message}\n  which is on the file system in ${fileSystem.keep()}`, { cause })
  }
}

/** A shutdown may flush the file system's own log first: another state that a cut can leave behind. */
const FLUSH_CHANCE = 0.3

class CutFileSystem implements Disposable {
  readonly mountPoint: string
  readonly #directory = temporaryDirectory()
  readonly #image: string
  readonly #onExit = (): void => this.#unmount()

  constructor() {
    this.mountPoint = join(this.#directory, 'mount')
    this.#image = join(this.#directory, 'image')
    mkdirSync(this.mountPoint)
    writeFileSync(this.#image, '')
    truncateSync(this.#image, IMAGE_BYTES)
    run('mkfs.ext4', ['-q', '-F', this.#image])
    this.#mount()
    // Before the directory is removed: what is mounted there is not to be emptied first.
    process.prependListener('exit', this.#onExit)
  }

  /** From now on nothing reaches the disk, and what had not yet is lost. */
  cut(isLogFlushed: boolean): void {
    run('xfs_io', ['-x', '-c', isLogFlushed ? 'shutdown -f' : 'shutdown', this.mountPoint])
  }

  /** As after the power came back. */
  remount(): void {
    run('umount', [this.mountPoint])
    this.#mount()
  }

  /** Leaves the file as it is when this is disposed of; its path. */
  keep(): string {
    keepTemporary(this.#directory)
    return this.#image
  }

  [Symbol.dispose](): void {
    this.#unmount()
    process.off('exit', this.#onExit)
    removeTemporary(this.#directory)
  }

  #mount(): void {
    run('mount', ['-o', 'loop', this.#image, this.mountPoint])
  }

  #unmount(): void {
    succeeds('umount', ['--lazy', this.mountPoint])
  }
}

function run(command: string, args: readonly string[]): void {
  execFileSync(command, args, { stdio: ['ignore', 'ignore', 'pipe'] })
}

function succeeds(command: string, args: readonly string[]): boolean {
  try {
    execFileSync(command, args, { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}
