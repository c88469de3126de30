/** Options that more than one command takes. A command names the groups that mean something to it. */
import type { OptionGroup, OptionRow } from './command.ts'
import { TLS_OPTIONS } from './tls-options.ts'

const PORT = { kind: 'integer', value: 'PORT', min: 1, max: 65_535 } as const

export const GLOBAL_OPTIONS: Readonly<Record<OptionGroup, readonly OptionRow[]>> = {
  connection: [
    {
      name: 'host',
      kind: 'text',
      value: 'HOST',
      default: '127.0.0.1',
      env: 'LOGCASTER_HOST',
      help: 'where the server is',
    },
    { name: 'log-port', ...PORT, default: '9999', env: 'LOGCASTER_LOG_PORT', help: 'port that takes logs' },
    {
      name: 'query-port',
      ...PORT,
      default: '9998',
      env: 'LOGCASTER_QUERY_PORT',
      help: 'port that answers queries',
    },
    {
      name: 'token',
      kind: 'text',
      value: 'TOKEN',
      env: 'LOGCASTER_TOKEN',
      help: 'a token for ports that ask for one; in the variable nobody else sees it',
      isSecret: true,
    },
    ...TLS_OPTIONS,
  ],
  output: [
    {
      name: 'output',
      short: 'o',
      kind: 'choice',
      choices: ['auto', 'table', 'raw', 'json'],
      default: 'auto',
      help: 'auto is table on a terminal and json in a pipe',
    },
    { name: 'json', kind: 'flag', help: 'the same as -o json; errors come as JSON too' },
  ],
  general: [
    {
      name: 'color',
      kind: 'choice',
      choices: ['auto', 'always', 'never'],
      default: 'auto',
      help: 'colours; auto obeys NO_COLOR and FORCE_COLOR',
    },
    { name: 'quiet', short: 'q', kind: 'flag', help: 'say nothing on stderr but errors' },
    { name: 'help', short: 'h', kind: 'flag', help: 'show this help' },
    { name: 'version', short: 'V', kind: 'flag', help: 'show the version' },
  ],
}
