/**
 * The real program, started as a user starts it, for end-to-end tests: on free ports of this machine, with its data in
 * a temporary directory that goes away with it.
 *
 *   await using program = await startProgram()
 *   … program.logPort, program.queryPort …
 *
 * Nothing here sleeps: a start waits for the line that says "ready", a stop for the end of the process. Whatever
 * happens to the test, no program outlives its process and no directory stays behind.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { within } from './deadline.ts'

export const ROOT = join(import.meta.dirname, '..')
export const PROGRAM = join(ROOT, 'src/bin.ts')

export interface ProgramOptions {
  /** Where its data is. Default: a temporary directory, removed afterwards. */
  readonly dataDir?: string
  /** Further options of `serve`. */
  readonly args?: readonly string[]
  /** Through `npm start`, in a process group of its own: `pid` is npm's then. */
  readonly throughNpm?: boolean
}

export interface Exit {
  /** null when a signal ended the process. */
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
}

/** One life of the program: from spawn to exit. */
interface Life {
  readonly child: ChildProcess
  readonly exited: Promise<Exit>
  stdout: string
  stderr: string
}

const PORT_LINES = { log: /^ *logs +\S+:(\d+)\n/m, query: /^ *queries +\S+:(\d+)\n/m }
const READY = /\bready in \d+/

export class RunningProgram implements AsyncDisposable {
  readonly dataDir: string
  readonly #options: ProgramOptions
  #life: Life
  #logPort = 0
  #queryPort = 0

  /** Use `startProgram`. */
  constructor(dataDir: string, options: ProgramOptions) {
    this.dataDir = dataDir
    this.#options = options
    this.#life = this.#spawn()
  }

  get pid(): number {
    return this.#life.child.pid ?? 0
  }

  get logPort(): number {
    return this.#logPort
  }

  get queryPort(): number {
    return this.#queryPort
  }

  /** What this life of the program has written so far. */
  stdout(): string {
    return this.#life.stdout
  }

  stderr(): string {
    return this.#life.stderr
  }

  /** Resolves when the process has ended. */
  get exited(): Promise<Exit> {
    return this.#life.exited
  }

  signal(name: NodeJS.Signals): void {
    this.#life.child.kill(name)
  }

  /** Ends it as a crash does, and waits until it is gone. */
  async kill9(): Promise<void> {
    killNow(this.#life.child)
    await this.#end('the killed program to be gone')
  }

  /** Asks it to stop; its exit code. */
  async terminate(name: NodeJS.Signals = 'SIGTERM'): Promise<number | null> {
    this.signal(name)
    const { code, signal } = await this.#end(`the program to stop after ${name}`)
    if (code === null && signal !== null) throw new Error(`ended by ${signal}${this.#heard()}`)
    return code
  }

  /** Starts it again on the same data, after it ended; the ports are others. */
  async restart(): Promise<void> {
    this.spawnAgain()
    await this.ready()
  }

  /** The first half of `restart`: for a crash during the start. */
  spawnAgain(): void {
    if (isAlive(this.#life.child)) throw new Error('it still runs')
    this.#life = this.#spawn()
  }

  /** The second half: resolves when it takes connections, rejects when it ends instead. */
  async ready(): Promise<void> {
    const life = this.#life
    await within(this.#untilReady(life), 'the program to be ready', READY_MS_MAX, () => this.#heard())
    this.#logPort = readPort(life.stdout, 'log')
    this.#queryPort = readPort(life.stdout, 'query')
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.kill9()
    if (this.#options.dataDir === undefined) removeTemporary(this.dataDir)
  }

  #spawn(): Life {
    const args = [...serveArguments(this.dataDir), ...(this.#options.args ?? [])]
    const child = this.#options.throughNpm
      ? spawn('npm', ['start', '--', ...args], { cwd: ROOT, env: environment(), detached: true })
      : spawn(process.execPath, [PROGRAM, 'serve', ...args], { cwd: ROOT, env: environment() })
    alive.add(child)
    child.stdin?.end()
    const exited = new Promise<Exit>((resolve, reject) => {
      child.once('error', reject)
      child.once('close', (code, signal) => resolve({ code, signal }))
    })
    exited.then(
      () => alive.delete(child),
      () => alive.delete(child),
    )
    const life = { child, exited, stdout: '', stderr: '' }
    child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      life.stdout += text
    })
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      life.stderr += text
    })
    return life
  }

  async #untilReady(life: Life): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    const look = (): void => {
      if ([READY, PORT_LINES.log, PORT_LINES.query].every((line) => line.test(life.stdout))) resolve()
    }
    life.child.stdout?.on('data', look)
    life.exited.then(() => reject(new Error(`the program ended before it was ready${this.#heard()}`)), reject)
    await promise
    life.child.stdout?.off('data', look)
  }

  #end(what: string): Promise<Exit> {
    return within(this.#life.exited, what, END_MS_MAX, () => this.#heard())
  }

  /** For messages: what the program said. */
  #heard(): string {
    return `\n--- stdout\n${this.stdout()}\n--- stderr\n${this.stderr()}`
  }
}

const READY_MS_MAX = 60_000
const END_MS_MAX = 30_000

/** Starts the program and waits until it is ready. Rejects, with what it said, when it ends instead. */
export async function startProgram(options: ProgramOptions = {}): Promise<RunningProgram> {
  const program = new RunningProgram(options.dataDir ?? temporaryDirectory(), options)
  try {
    await program.ready()
  } catch (error) {
    await program[Symbol.asyncDispose]()
    throw error
  }
  return program
}

/** Options that keep a server on this machine, on ports that are free. */
export function serveArguments(dataDir: string): string[] {
  const ports = ['--log-listen', '127.0.0.1:0', '--query-listen', '127.0.0.1:0']
  return ['--data-dir', dataDir, ...ports, '--irc-listen', 'off', '--http-listen', 'off']
}

function readPort(stdout: string, name: 'log' | 'query'): number {
  const port = PORT_LINES[name].exec(stdout)?.[1]
  if (port === undefined) throw new Error(`the program does not say where its ${name} port is:\n${stdout}`)
  return Number(port)
}

// ---- commands that end by themselves ------------------------------------------------------------------------------

export interface Outcome extends Exit {
  readonly stdout: Buffer
  readonly stderr: string
}

/** Runs `logcaster <args>` to its end. */
export function runCommand(args: readonly string[], input?: Uint8Array): Promise<Outcome> {
  return runToEnd(process.execPath, [PROGRAM, ...args], { input })
}

export interface RunOptions {
  readonly input?: Uint8Array
  readonly env?: NodeJS.ProcessEnv
}

/** Runs any program to its end. */
export async function runToEnd(
  command: string,
  args: readonly string[],
  { input, env }: RunOptions = {},
): Promise<Outcome> {
  const child = spawn(command, args, { cwd: ROOT, env: { ...environment(), ...env } })
  alive.add(child)
  const [stdout, stderr]: [Buffer[], Buffer[]] = [[], []]
  child.stdout.on('data', (chunk: Buffer) => stdout.push(chunk))
  child.stderr.on('data', (chunk: Buffer) => stderr.push(chunk))
  // A program that ends without reading its input is no failure of ours.
  child.stdin.on('error', () => {})
  child.stdin.end(input)
  const ended = new Promise<Exit>((resolve, reject) => {
    child.once('error', reject)
    child.once('close', (code, signal) => resolve({ code, signal }))
  })
  try {
    const exit = await within(ended, `${command} ${args.join(' ')} to end`, COMMAND_MS_MAX)
    return { ...exit, stdout: Buffer.concat(stdout), stderr: Buffer.concat(stderr).toString() }
  } finally {
    killNow(child)
    alive.delete(child)
  }
}

const COMMAND_MS_MAX = 120_000

/** That of this process without what belongs to a test runner, and without settings of the developer's own server. */
export function environment(): NodeJS.ProcessEnv {
  const entries = Object.entries(process.env).filter(
    ([name]) => !/^(LOGCASTER_|NODE_TEST_|NODE_OPTIONS|npm_|NO_COLOR|FORCE_COLOR)/.test(name),
  )
  return Object.fromEntries(entries)
}

// ---- nothing stays behind ---------------------------------------------------------------------------------------

const alive = new Set<ChildProcess>()
const temporary = new Set<string>()

/** A new directory that is removed when this process ends, or before with `removeTemporary`. */
export function temporaryDirectory(): string {
  const path = mkdtempSync(join(tmpdir(), 'logcaster-e2e-'))
  temporary.add(path)
  return path
}

export function removeTemporary(path: string): void {
  if (!temporary.delete(path)) return
  rmSync(path, { recursive: true, force: true })
}

/** For a look at it later. */
export function keepTemporary(path: string): void {
  temporary.delete(path)
}

function isAlive(child: ChildProcess): boolean {
  return child.pid !== undefined && child.exitCode === null && child.signalCode === null
}

/** The process, and with it the group that it leads. */
function killNow(child: ChildProcess): void {
  if (child.pid === undefined) return
  if (leadsGroup(child)) killGroup(child.pid)
  if (isAlive(child)) child.kill('SIGKILL')
}

const leadsGroup = (child: ChildProcess): boolean => child.spawnargs[0] === 'npm'

function killGroup(pid: number): void {
  try {
    process.kill(-pid, 'SIGKILL')
  } catch {
    // Nobody of the group is left.
  }
}

function cleanUp(): void {
  for (const child of alive) killNow(child)
  for (const path of temporary) removeTemporary(path)
}

process.on('exit', cleanUp)
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.once(signal, () => {
    cleanUp()
    process.kill(process.pid, signal)
  })
}
