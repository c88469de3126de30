/** The door of cli/: one command line. */

export type { CliIo } from './cli-io.ts'
export type { Command, CommandContext } from './command.ts'
export { COMMANDS } from './commands.ts'
export { EXIT_CODES } from './exit-codes.ts'
export type { ParsedArgs } from './parsed-args.ts'
export { processIo } from './process-io.ts'
export { printCliReference } from './reference.ts'
export { runCli } from './run.ts'
