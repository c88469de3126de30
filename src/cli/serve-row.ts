/** The row of `logcaster serve`; what it does is in serve-command.ts. Its options are those of the configuration. */
import type { Command } from './command.ts'
import { CONFIG_OPTIONS } from './config-options.ts'

export const serveCommand: Command = {
  name: 'serve',
  summary: 'start the server; the same as no command',
  examples: [
    { line: 'logcaster serve', what: 'on this machine only, with data in ./data' },
    { line: 'logcaster serve --config lan.yaml', what: 'as the file says' },
    {
      line: 'logcaster serve --data-dir /var/lib/logcaster --log-listen 127.0.0.1:5140',
      what: 'with options',
    },
  ],
  notes: [
    'Further options are those of the configuration: see logcaster config reference.',
    'SIGTERM or Ctrl+C: answers what was read, stores it and exits with 0; a second one ends at once and loses ' +
      'nothing that was acknowledged.',
  ],
  uses: [],
  options: CONFIG_OPTIONS,
  positionals: [],
  ownsSignals: true,
  async run({ io, args }) {
    // Loaded only here: the other commands start faster without the servers and the engine.
    const { runServe } = await import('./serve-command.ts')
    return runServe(io, args)
  },
}
