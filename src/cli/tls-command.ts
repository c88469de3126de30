/** `logcaster tls`: certificates for this server. What the actions do is in tls-init.ts, tls-client.ts and tls-show.ts. */
import { CodedError } from '../base/base.ts'
import type { Command, CommandContext } from './command.ts'
import { DIRECTORY_OPTIONS } from './tls-directory.ts'

interface Action {
  /** Whether a word may follow the action. */
  readonly takesWord: boolean
  /** Loaded only here: the other commands start faster without what makes certificates. */
  readonly load: () => Promise<(context: CommandContext) => Promise<number>>
}

const ACTIONS: Readonly<Record<string, Action>> = {
  init: { takesWord: false, load: async () => (await import('./tls-init.ts')).runTlsInit },
  client: { takesWord: true, load: async () => (await import('./tls-client.ts')).runTlsClient },
  show: { takesWord: true, load: async () => (await import('./tls-show.ts')).runTlsShow },
}

export const tlsCommand: Command = {
  name: 'tls',
  summary: 'make and show certificates',
  examples: [
    { line: 'logcaster tls init', what: 'authority and certificate' },
    { line: 'logcaster tls init --name logs.example.com', what: 'with this name' },
    { line: 'logcaster tls init --force', what: 'renew the certificate' },
    { line: 'logcaster tls client web-1', what: 'certificate of a client' },
    { line: 'logcaster tls show cert.pem', what: 'names, end, fingerprint' },
  ],
  uses: ['output'],
  options: [
    {
      name: 'name',
      kind: 'list',
      value: 'HOST',
      help: 'a host name or address of this server',
    },
    {
      name: 'days',
      kind: 'integer',
      value: 'N',
      min: 1,
      max: 3650,
      default: '397',
      help: 'how long the certificate is valid',
    },
    { name: 'force', kind: 'flag', help: 'replace the certificate that is there' },
    ...DIRECTORY_OPTIONS,
  ],
  positionals: [
    {
      name: 'ACTION',
      help: 'init, client or show',
      required: true,
      many: false,
      choices: Object.keys(ACTIONS),
    },
    {
      name: 'WORD',
      help: "after client the client's name; after show a PEM file (default cert.pem in DIR)",
      required: false,
      many: false,
    },
  ],
  notes: [
    'The authority is made once and lives for ten years; init never replaces it. The certificate is always valid for ' +
      'localhost, 127.0.0.1, ::1, the name of this host, and the names of the one that it replaces.',
  ],
  run: runTls,
}

async function runTls(context: CommandContext): Promise<number> {
  const [name, word] = context.args.positionals
  const { takesWord, load } = ACTIONS[name]
  if (word !== undefined && !takesWord) {
    const message = `\`${word}\` is one word too many; host names are given as --name ${word}`
    throw new CodedError('USAGE', message)
  }
  const run = await load()
  return run(context)
}
