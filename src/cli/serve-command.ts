/** `logcaster serve`: from a command line to a running server. */
import { assert } from '../base/base.ts'
import type { ParsedArgs } from './arguments.ts'
import type { CliIo } from './cli-io.ts'
import { loadCliConfig } from './config-options.ts'

/** Resolves with the exit code after the server stopped. CONFIG_INVALID, PORT_TAKEN, DIRECTORY_LOCKED, …. */
export async function runServe(io: CliIo, args: ParsedArgs): Promise<number> {
  const { config } = await loadCliConfig(io, args)
  assert(false, `the servers for ${config.dataDir} start here`)
}
