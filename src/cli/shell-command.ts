/** The row of `logcaster shell`; what it does is in shell/. */
import type { Command } from './command.ts'
import { STATE_DIRECTORY_NOTE } from './state-file.ts'

export const shellCommand: Command = {
  name: 'shell',
  summary: 'ask one query after the other',
  examples: [
    { line: 'logcaster shell', what: 'with history and completion; the same as query without a text' },
    { line: 'logcaster shell --host logs.example -n 20', what: 'another server, 20 rows an answer' },
    { line: 'logcaster shell -o raw < queries.txt', what: 'the queries of a file' },
  ],
  notes: [
    'A line is a LogsQL query, or a command of the shell: .help lists them. Tab completes pipes, functions and the ' +
      'fields that were seen. Earlier lines are kept in the file history of the state directory, for their owner only.',
    STATE_DIRECTORY_NOTE,
  ],
  uses: ['connection', 'output'],
  options: [
    {
      name: 'limit',
      short: 'n',
      kind: 'integer',
      value: 'N',
      min: 1,
      max: 1_000_000,
      default: '100',
      help: 'the newest N rows of each answer',
    },
  ],
  positionals: [],
  async run(context) {
    const { runShell } = await import('./shell/shell.ts')
    return runShell(context, context.args.integer('limit'))
  },
}
