/** The text of docs/cli.md. */
import { COMMANDS } from './commands.ts'
import { printCommandReference } from './help.ts'

/** All commands, options and exit codes in Markdown, from the rows. */
export function printCliReference(): string {
  return printCommandReference(COMMANDS)
}
