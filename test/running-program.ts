/**
 * The real program, started as a user starts it, for end-to-end tests: on free ports of this machine, with its data in
 * a temporary directory that goes away with it.
 *
 *   await using program = await startProgram()
 *   … program.logPort, program.queryPort …
 *
 * Nothing here sleeps: a start waits for the program to say that it is ready, a stop for the end of the process.
 */
import { ChildProgram, type Exit, PROGRAM, removeTemporary, temporaryDirectory } from './child-program.ts'

export interface ProgramOptions {
  /** Where its data is. Default: a temporary directory, removed afterwards. */
  readonly dataDir?: string
  /** Further options of `serve`. */
  readonly args?: readonly string[]
  /** Flags of Node.js. */
  readonly nodeFlags?: readonly string[]
  /** Through `npm start`: `pid` is npm's then. */
  readonly throughNpm?: boolean
}

const READY = /\bready in \d+/
const PORT_LINES = {
  log: /^ *logs +\S+:(\d+)(?:,.*)?\n/m,
  query: /^ *queries +\S+:(\d+)(?:,.*)?\n/m,
  http: /^ *http +\S+:(\d+)(?:,.*)?\n/m,
}
const READY_MS_MAX = 60_000
const END_MS_MAX = 30_000

export class RunningProgram implements AsyncDisposable {
  readonly dataDir: string
  readonly #options: ProgramOptions
  #process: ChildProgram
  #logPort = 0
  #queryPort = 0
  #httpPort = 0

  /** Use `startProgram`. */
  constructor(dataDir: string, options: ProgramOptions) {
    this.dataDir = dataDir
    this.#options = options
    this.#process = this.#spawn()
  }

  get pid(): number {
    return this.#process.pid
  }

  get logPort(): number {
    return this.#logPort
  }

  get queryPort(): number {
    return this.#queryPort
  }

  get httpPort(): number {
    return this.#httpPort
  }

  /** What it has said since it was last started. */
  stdout(): string {
    return this.#process.stdout()
  }

  stderr(): string {
    return this.#process.stderr()
  }

  /** Resolves when the process has ended. */
  get exited(): Promise<Exit> {
    return this.#process.exited
  }

  get isAlive(): boolean {
    return this.#process.isAlive
  }

  signal(name: NodeJS.Signals): void {
    this.#process.signal(name)
  }

  /** Ends it as a crash does, and waits until it is gone. */
  async kill9(): Promise<void> {
    this.#process.killNow()
    await this.#process.end(END_MS_MAX)
  }

  /** Asks it to stop; its exit code. */
  async terminate(name: NodeJS.Signals = 'SIGTERM'): Promise<number> {
    this.signal(name)
    const { code, signal } = await this.#process.end(END_MS_MAX)
    if (code === null) throw new Error(`it was ended by ${signal}${this.#process.story()}`)
    return code
  }

  /** Starts it again on the same data, after it ended; the ports are others. */
  async restart(): Promise<void> {
    this.spawnAgain()
    await this.ready()
  }

  /** The first half of `restart`: for a crash during the start. */
  spawnAgain(): void {
    if (this.#process.isAlive) throw new Error('it still runs')
    this.#process = this.#spawn()
  }

  /** The second half: resolves when it takes connections, rejects when it ends instead. */
  async ready(): Promise<void> {
    const wanted = [READY, PORT_LINES.log, PORT_LINES.query, PORT_LINES.http]
    const isReady = (stdout: string): boolean => wanted.every((line) => line.test(stdout))
    await this.#process.untilStdout(isReady, 'it was ready', READY_MS_MAX)
    this.#logPort = Number(PORT_LINES.log.exec(this.stdout())?.[1])
    this.#queryPort = Number(PORT_LINES.query.exec(this.stdout())?.[1])
    this.#httpPort = Number(PORT_LINES.http.exec(this.stdout())?.[1])
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#process[Symbol.asyncDispose]()
    if (this.#options.dataDir === undefined) removeTemporary(this.dataDir)
  }

  #spawn(): ChildProgram {
    const args = [...serveArguments(this.dataDir), ...(this.#options.args ?? [])]
    if (this.#options.throughNpm) return new ChildProgram('npm', ['start', '--', ...args])
    return new ChildProgram(process.execPath, [...(this.#options.nodeFlags ?? []), PROGRAM, 'serve', ...args])
  }
}

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
  const ports = ['log', 'query', 'http'].flatMap((name) => [`--${name}-listen`, '127.0.0.1:0'])
  return ['--data-dir', dataDir, ...ports, '--irc-listen', 'off']
}
