/**
 * The whole server inside a program: its ports, its protocols, its hub, and handlers of the program's own.
 *
 *   await using server = await startServer({ config: { dataDir: './logs', ports: { log: { listen: '127.0.0.1:0' } } } })
 *   server.handle('greet', (context, { payload }) => ({ hello: payload }))
 */
import { readFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { pino } from 'pino'
import { machineMemory, realDisk, systemClock, systemRandom } from '../base/base.ts'
import { loadConfig, type PortName } from '../config/config.ts'
import { ProgramHub } from '../hub/hub.ts'
import type { JsonFunction, JsonHandler, JsonMiddleware } from '../servers/servers.ts'
import { RunningServer } from './running-server.ts'
import type { OwnLog, WholeStats } from './server-parts.ts'
import { PROTOCOL_NAMES } from './server-protocols.ts'

export interface StartServerOptions {
  /** Options as in a configuration file (docs/configuration.md). Paths are the working directory's. */
  readonly config?: Readonly<Record<string, unknown>>
  /** Where the server says what happens to it. Default: nowhere. */
  readonly log?: OwnLog
  /** Called when a store could not write for `storage.failureExitMs`. Default: nothing is done. */
  readonly failed?: (reason: string) => void
}

export class EmbeddedServer implements AsyncDisposable {
  /** The store inside it. The server closes it. */
  readonly hub: ProgramHub
  readonly #server: RunningServer

  constructor(server: RunningServer, streamFields: readonly string[]) {
    this.#server = server
    this.hub = new ProgramHub(server.hub, systemClock, streamFields)
  }

  /** What a port listens on, as `host:port`; empty where it is closed. */
  addresses(port: PortName): readonly string[] {
    return this.#server.ports.find(({ name }) => name === port)?.addresses ?? []
  }

  /**
   * Answers framed JSON messages of a type, instead of whoever did before. What a function returns is the payload of
   * a reply of type `<type>_response`; a handler says itself what it replies, and what a session needs for it.
   */
  handle(type: string, handler: JsonHandler | JsonFunction): this {
    this.#server.jsonRegistry.handle(type, handler)
    return this
  }

  /** Puts a function around all framed JSON handlers, inside of those that were put there before. */
  use(middleware: JsonMiddleware): this {
    this.#server.jsonRegistry.use(middleware)
    return this
  }

  /** Counters of everything, as STATS shows them. */
  stats(): WholeStats {
    return this.#server.stats()
  }

  /** Stops accepting, answers and stores what was read, closes; how many connections were cut off at the deadline. */
  close(drainMsMax = 10_000): Promise<number> {
    return this.#server.close(drainMsMax)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }
}

/** CONFIG_INVALID, and all that a start can fail with: DIRECTORY_LOCKED, PORT_TAKEN, CERTIFICATE_UNUSABLE, …. */
export async function startServer(options: StartServerOptions = {}): Promise<EmbeddedServer> {
  const text = JSON.stringify(options.config ?? {})
  const { config } = loadConfig({
    file: { path: 'config', text },
    env: {},
    flags: {},
    readFile: (path) => readFileSync(path, 'utf8'),
    protocols: PROTOCOL_NAMES,
    machine: { memoryBytes: machineMemory(), processors: availableParallelism() },
  })
  const server = await RunningServer.open(config, {
    disk: realDisk,
    clock: systemClock,
    random: systemRandom,
    cwd: process.cwd(),
    log: options.log ?? pino({ level: 'silent' }),
    failed: options.failed ?? (() => {}),
  })
  return new EmbeddedServer(server, config.ingest.streamFields)
}
