/** `logcaster help`: the same pages as --help. */
import { findCommand } from './arguments.ts'
import type { Command } from './command.ts'
import { EXIT_DONE } from './exit-codes.ts'
import { printCommandHelp, printHelp } from './help.ts'
import { painterOf } from './row-output.ts'

/** Takes the registry as an argument, because it is a row of it. */
export function helpCommand(commands: () => readonly Command[]): Command {
  return {
    name: 'help',
    summary: 'show how to use LogCaster or one of its commands',
    examples: [{ line: 'logcaster help query', what: 'the page of one command' }],
    uses: [],
    options: [],
    positionals: [{ name: 'COMMAND', help: 'the command to explain', required: false, many: false }],
    async run(context) {
      const name = context.args.positionals[0]
      const paint = painterOf(context)
      const all = commands()
      await context.out.write(
        name === undefined ? printHelp(all, paint) : printCommandHelp(findCommand(name, all), paint),
      )
      return EXIT_DONE
    },
  }
}
