/**
 * What a command remembers between two runs: one small JSON file, replaced as a whole, so that a crash leaves the old
 * text or the new one. Writes gather: while one is on its way to the disk, all that ask meanwhile share the next.
 *
 * Not for what the text means (import-state.ts, follow-state.ts).
 */
import { dirname, join } from 'node:path'
import { CodedError, type Disk, readFull, systemErrorCode, writeAll } from '../base/base.ts'
import { fileProblem } from './file-problem.ts'

type Environment = Readonly<Record<string, string | undefined>>

export class StateFile {
  readonly path: string
  readonly #disk: Disk
  /** The content at the moment of writing. */
  readonly #content: () => unknown
  #writing: Promise<void> | null = null
  #next: Promise<void> | null = null

  constructor(disk: Disk, path: string, content: () => unknown) {
    this.#disk = disk
    this.path = path
    this.#content = content
  }

  /** Resolves once a content that is at least as new as this call is durable. Rejects with USAGE when it cannot be. */
  save(): Promise<void> {
    if (this.#writing === null) return (this.#writing = this.#writeOnce())
    this.#next ??= this.#writing
      .catch(() => {})
      .then(() => {
        this.#next = null
        return (this.#writing = this.#writeOnce())
      })
    return this.#next
  }

  async #writeOnce(): Promise<void> {
    try {
      await replaceFile(this.#disk, this.path, Buffer.from(`${JSON.stringify(this.#content(), null, 1)}\n`))
    } catch (error) {
      if (systemErrorCode(error) === undefined) throw error
      throw new CodedError(
        'USAGE',
        `the state file ${this.path} cannot be written: ${systemErrorCode(error)}`,
        {
          cause: error,
        },
      )
    } finally {
      this.#writing = null
    }
  }
}

/** The content of a state file, undefined when there is none. USAGE when it is no JSON. */
export async function readState(disk: Disk, path: string): Promise<unknown> {
  const found = await disk.stat(path)
  if (found === null) return undefined
  let text: string
  try {
    text = await readText(disk, path, found.bytes)
  } catch (error) {
    throw new CodedError('USAGE', fileProblem(path, error), { cause: error })
  }
  try {
    return JSON.parse(text)
  } catch (cause) {
    throw foreignState(path, cause)
  }
}

/** The file holds something else: it is not overwritten. */
export function foreignState(path: string, cause?: unknown): CodedError {
  const advice = 'name another with --state, or remove it to start anew'
  return new CodedError('USAGE', `${path} is not a state file of this command; ${advice}`, { cause })
}

/** For the help of commands that keep something there. */
export const STATE_DIRECTORY_NOTE =
  'The state directory is $XDG_STATE_HOME/logcaster, without that variable ~/.local/state/logcaster; a service gets ' +
  'the one that systemd gives it (StateDirectory=).'

/** Where state files are kept: the service manager's directory, that of the user, or none known. */
export function stateDirectory(env: Environment): string {
  const given = env['STATE_DIRECTORY']?.split(':')[0]
  if (given) return given
  const home =
    env['XDG_STATE_HOME'] || env['LOCALAPPDATA'] || (env['HOME'] && join(env['HOME'], '.local', 'state'))
  if (home) return join(home, 'logcaster')
  throw new CodedError(
    'USAGE',
    'no directory for the state is known: HOME is not set; name a file with --state',
  )
}

async function readText(disk: Disk, path: string, bytes: number): Promise<string> {
  const file = await disk.open(path, 'read')
  try {
    const target = Buffer.alloc(bytes)
    const done = await readFull(file, target, 0)
    return target.toString('utf8', 0, done)
  } finally {
    await file.close()
  }
}

async function replaceFile(disk: Disk, path: string, bytes: Uint8Array): Promise<void> {
  const fresh = `${path}.new`
  await disk.makeDirectory(dirname(path))
  if ((await disk.stat(fresh)) !== null) await disk.unlink(fresh)
  const file = await disk.open(fresh, 'create')
  try {
    await writeAll(file, bytes, 0)
    await file.datasync()
  } finally {
    await file.close()
  }
  await disk.rename(fresh, path)
  await disk.syncDirectory(dirname(path))
}
