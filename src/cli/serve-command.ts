/** `logcaster serve`: from a command line to a running server, and to its end. */
import { packageVersion, realDisk, systemRandom } from '../base/base.ts'
import { type OwnLog, RunningServer } from '../program/program.ts'
import type { CliIo } from './cli-io.ts'
import { loadCliConfig } from './config-options.ts'
import { EXIT_DONE, EXIT_FALSE, EXIT_INTERRUPTED } from './exit-codes.ts'
import { openOwnLog } from './own-log.ts'
import type { ParsedArgs } from './parsed-args.ts'
import { printStartPage, printStopLine } from './start-page.ts'

/** Resolves with the exit code after the server stopped. CONFIG_INVALID, PORT_TAKEN, DIRECTORY_LOCKED, …. */
export async function runServe(io: CliIo, args: ParsedArgs): Promise<number> {
  // Whoever read what the start printed may go away; the server stays.
  for (const stream of [io.stdout, io.stderr]) stream.on('error', () => {})
  const { config, warnings } = await loadCliConfig(io, args)
  const log = openOwnLog(io.stderr, config.ownLog)
  for (const { text } of warnings) log.warn(text)
  const stop = new StopSignals(io)
  let failure: string | null = null
  const failed = (reason: string): void => {
    failure = reason
    stop.request()
  }
  const around = { disk: realDisk, clock: io.clock, random: systemRandom, cwd: io.cwd, log, failed }
  const server = await RunningServer.open(config, around)
  io.stdout.write(startPage(server))
  warnOfState(server, log)
  if (config.tokens.length === 0) warnOfClosedDoors(server, log)
  await stop.requested
  const cut = await Promise.race([server.close(config.drainMsMax), stop.insisted])
  if (cut === 'now') return EXIT_INTERRUPTED
  if (cut > 0) log.warn({ connections: cut }, 'connections were cut off at the end of the drain time')
  if (failure === null) {
    io.stdout.write(printStopLine(server.dataDir, server.hub.stats()))
    return EXIT_DONE
  }
  log.fatal(failure)
  return EXIT_FALSE
}

function startPage(server: RunningServer): string {
  return printStartPage({
    version: packageVersion(),
    // From the start of the process, so that it is what a user waited for.
    readyMs: performance.now(),
    ports: server.ports,
    dataDir: server.dataDir,
    stats: server.hub.stats(),
    command: import.meta.filename.endsWith('.ts') ? 'npm run -s logcaster --' : 'npx logcaster',
  })
}

function warnOfState(server: RunningServer, log: OwnLog): void {
  for (const [store, { lost, quarantinedFiles }] of Object.entries(server.hub.stats().stores)) {
    for (const range of lost) log.error({ store, ...range }, 'acknowledged records are lost')
    if (quarantinedFiles.length > 0)
      log.warn({ store, files: quarantinedFiles }, 'unknown files were put aside')
  }
}

/** Without tokens, a port that asks for credentials lets nobody do anything. */
function warnOfClosedDoors(server: RunningServer, log: OwnLog): void {
  for (const { name, addresses, grant } of server.ports) {
    if (addresses.length === 0 || grant.length > 0) continue
    log.warn(
      `port \`${name}\` asks for credentials, and there are none: nobody can use it until \`tokens\` has an entry (logcaster token new makes one)`,
    )
  }
}

/** npm passes a Ctrl+C on that the terminal has sent already: two within this time are one. */
const SAME_SIGNAL_MS = 500

/**
 * The first SIGTERM or SIGINT asks for a stop, the second one insists. They are caught until the process is gone: one
 * more on the last millimetre must not change how it ends.
 */
class StopSignals {
  readonly requested: Promise<void>
  readonly insisted: Promise<'now'>
  #request: () => void = () => {}
  #insist: () => void = () => {}
  readonly #clock: CliIo['clock']
  #requestedMs: number | null = null

  constructor(io: CliIo) {
    this.#clock = io.clock
    this.requested = new Promise((resolve) => {
      this.#request = resolve
    })
    this.insisted = new Promise((resolve) => {
      this.#insist = () => resolve('now')
    })
    for (const signal of ['SIGTERM', 'SIGINT'] as const) io.onSignal(signal, () => this.request())
  }

  request(): void {
    const nowMs = this.#clock.monotonicMs()
    if (this.#requestedMs !== null && nowMs - this.#requestedMs >= SAME_SIGNAL_MS) this.#insist()
    this.#requestedMs ??= nowMs
    this.#request()
  }
}
