/**
 * Programs that a test starts: what they said, how they ended, and that none of them outlives the test. Each leads a
 * process group of its own, so that what it starts in turn ends with it, and so that Ctrl+C can be meant for it.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { within } from './deadline.ts'

export const ROOT = join(import.meta.dirname, '..')

export interface Exit {
  /** null when a signal ended it. */
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
}

export interface Outcome extends Exit {
  readonly stdout: Buffer
  readonly stderr: string
}

export interface SpawnOptions {
  /** All of its stdin. Default: nothing. */
  readonly input?: Uint8Array
  /** On top of `environment()`. */
  readonly env?: NodeJS.ProcessEnv
}

export class ChildProgram implements AsyncDisposable {
  readonly name: string
  /** Resolves when it has ended and said all it had to say; rejects when it cannot be started. */
  readonly exited: Promise<Exit>
  readonly #child: ChildProcess
  readonly #stdout: Buffer[] = []
  readonly #stderr: Buffer[] = []
  #heard: () => void = () => {}

  constructor(command: string, args: readonly string[], { input, env }: SpawnOptions = {}) {
    this.name = [command, ...args].join(' ')
    const child = spawn(command, args, { cwd: ROOT, env: { ...environment(), ...env }, detached: true })
    this.#child = child
    this.exited = new Promise((resolve, reject) => {
      child.once('error', reject)
      child.once('close', (code, signal) => resolve({ code, signal }))
    })
    alive.add(this)
    this.#forgetAtEnd()
    child.stdout.on('data', (chunk) => this.#hear(this.#stdout, chunk))
    child.stderr.on('data', (chunk) => this.#hear(this.#stderr, chunk))
    // A program that ends without reading its input is no failure of ours.
    child.stdin.on('error', () => {})
    child.stdin.end(input)
  }

  get pid(): number {
    return this.#child.pid ?? 0
  }

  get isAlive(): boolean {
    return this.pid !== 0 && this.#child.exitCode === null && this.#child.signalCode === null
  }

  stdout(): string {
    return Buffer.concat(this.#stdout).toString()
  }

  stderr(): string {
    return Buffer.concat(this.#stderr).toString()
  }

  /** To this process alone. */
  signal(name: NodeJS.Signals): void {
    this.#child.kill(name)
  }

  /** To the whole group, as Ctrl+C does in a terminal. */
  interrupt(): void {
    signalGroup(this.pid, 'SIGINT')
  }

  /** Ends it and what it started, now. */
  killNow(): void {
    if (this.pid !== 0) signalGroup(this.pid, 'SIGKILL')
  }

  /** Resolves when its stdout is as wanted; rejects when it ends before. */
  async untilStdout(isWanted: (stdout: string) => boolean, what: string, ms?: number): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    this.#heard = () => {
      if (isWanted(this.stdout())) resolve()
    }
    this.exited.then(() => reject(new Error(`it ended before ${what}${this.story()}`)), reject)
    this.#heard()
    await within(promise, what, ms, () => this.story())
    this.#heard = () => {}
  }

  /** Waits for its end. */
  async end(ms?: number): Promise<Outcome> {
    const exit = await within(this.exited, `the end of ${this.name}`, ms, () => this.story())
    return { ...exit, stdout: Buffer.concat(this.#stdout), stderr: this.stderr() }
  }

  /** For messages: how it ended, and what it said. */
  story(): string {
    const { exitCode, signalCode } = this.#child
    const state = this.isAlive ? 'it runs' : `exit code ${exitCode}, signal ${signalCode}`
    return ` (${state})\n--- stdout\n${this.stdout()}\n--- stderr\n${this.stderr()}`
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.killNow()
    await within(this.exited, `the end of ${this.name}`).catch(() => {})
  }

  #hear(pieces: Buffer[], chunk: Buffer): void {
    pieces.push(chunk)
    this.#heard()
  }

  #forgetAtEnd(): void {
    const forget = (): void => void alive.delete(this)
    this.exited.then(forget, forget)
  }
}

/** Runs a program to its end. */
export async function runToEnd(
  command: string,
  args: readonly string[],
  options?: SpawnOptions,
): Promise<Outcome> {
  await using program = new ChildProgram(command, args, options)
  return await program.end()
}

/** Runs `logcaster <args>` to its end. */
export function runCommand(args: readonly string[], options?: SpawnOptions): Promise<Outcome> {
  return runToEnd(process.execPath, [PROGRAM, ...args], options)
}

export const PROGRAM = join(ROOT, 'src/bin.ts')

/** That of this process without what belongs to a test runner, and without settings of the developer's own server. */
export function environment(): NodeJS.ProcessEnv {
  const notOurs = /^(LOGCASTER_|NODE_TEST_|NODE_OPTIONS$|npm_|NO_COLOR$|FORCE_COLOR$)/
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !notOurs.test(name)))
}

function signalGroup(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(-pid, signal)
  } catch {
    // Nobody of the group is left.
  }
}

// ---- nothing stays behind ---------------------------------------------------------------------------------------

const alive = new Set<ChildProgram>()
const temporary = new Set<string>()

/** A new directory that is removed when this process ends, or before with `removeTemporary`. */
export function temporaryDirectory(): string {
  const path = mkdtempSync(join(tmpdir(), 'logcaster-e2e-'))
  temporary.add(path)
  return path
}

export function removeTemporary(path: string): void {
  if (temporary.delete(path)) rmSync(path, { recursive: true, force: true })
}

/** Lends a temporary directory. It stays when the work fails, for a look at what is in it. */
export async function inTemporaryDirectory<T>(work: (path: string) => Promise<T>): Promise<T> {
  const path = temporaryDirectory()
  try {
    const result = await work(path)
    removeTemporary(path)
    return result
  } finally {
    keepTemporary(path)
  }
}

/** It is not removed any more, neither now nor later. */
export function keepTemporary(path: string): void {
  temporary.delete(path)
}

function cleanUp(): void {
  for (const program of alive) program.killNow()
  for (const path of temporary) removeTemporary(path)
}

process.on('exit', cleanUp)
// A process that a signal ends does not come to its `exit` listeners by itself.
for (const [signal, number] of [
  ['SIGHUP', 1],
  ['SIGINT', 2],
  ['SIGTERM', 15],
] as const) {
  process.once(signal, () => process.exit(128 + number))
}
