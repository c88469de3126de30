/** The commands. A new one is one file and one line here; help, suggestions and docs/cli.md follow. */
import type { Command } from './command.ts'
import { configCommand } from './config-command.ts'
import { helpCommand } from './help-command.ts'
import { queryCommand } from './query-command.ts'
import { sendCommand } from './send-command.ts'
import { serveCommand } from './serve-row.ts'
import { statsCommand } from './stats-command.ts'
import { tailCommand } from './tail-command.ts'
import { versionCommand } from './version-command.ts'

export const COMMANDS: readonly Command[] = [
  serveCommand,
  sendCommand,
  queryCommand,
  tailCommand,
  statsCommand,
  configCommand,
  versionCommand,
  helpCommand(() => COMMANDS),
]

/** What `logcaster` without a command does. */
export const DEFAULT_COMMAND: Command = serveCommand
