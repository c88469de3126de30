/** The commands. A new one is one file and one line here; help, suggestions and docs/cli.md follow. */
import type { Command } from './command.ts'
import { completionCommand } from './completion-command.ts'
import { configCommand } from './config-command.ts'
import { deleteCommand } from './delete-command.ts'
import { doctorCommand } from './doctor-command.ts'
import { helpCommand } from './help-command.ts'
import { importCommand } from './import-command.ts'
import { partsCommand } from './parts-command.ts'
import { pingCommand } from './ping-command.ts'
import { queriesCommand } from './queries-command.ts'
import { queryCommand } from './query-command.ts'
import { restoreCommand } from './restore-command.ts'
import { sendCommand } from './send-command.ts'
import { serveCommand } from './serve-row.ts'
import { shellCommand } from './shell-command.ts'
import { statsCommand } from './stats-command.ts'
import { backupCommand, flushCommand, mergeCommand } from './storage-commands.ts'
import { tailCommand } from './tail-command.ts'
import { tasksCommand } from './tasks-command.ts'
import { tlsCommand } from './tls-command.ts'
import { tokenCommand } from './token-command.ts'
import { fieldsCommand, streamsCommand, valuesCommand } from './values-commands.ts'
import { verifyCommand } from './verify-command.ts'
import { versionCommand } from './version-command.ts'

export const COMMANDS: readonly Command[] = [
  serveCommand,
  sendCommand,
  importCommand,
  queryCommand,
  tailCommand,
  fieldsCommand,
  valuesCommand,
  streamsCommand,
  shellCommand,
  statsCommand,
  flushCommand,
  mergeCommand,
  verifyCommand,
  backupCommand,
  restoreCommand,
  partsCommand,
  deleteCommand,
  tasksCommand,
  queriesCommand,
  pingCommand,
  configCommand,
  doctorCommand,
  tokenCommand,
  completionCommand(() => COMMANDS, serveCommand),
  tlsCommand,
  versionCommand,
  helpCommand(() => COMMANDS),
]

/** What `logcaster` without a command does. */
export const DEFAULT_COMMAND: Command = serveCommand
