/** Which HTTP port takes the logs, and how it is spoken to: the options of every command that sends over HTTP, beside
 * the shared ones --host and --token.
 */
import { CodedError } from '../base/base.ts'
import type { CommandContext, OptionRow } from './command.ts'
import { tokenOf } from './connection.ts'
import { fileProblem } from './file-problem.ts'
import type { HttpTarget } from './http-sender.ts'

const LOGS_PATH = 'api/v1/logs'

export const HTTP_OPTIONS: readonly OptionRow[] = [
  {
    name: 'http-port',
    kind: 'integer',
    value: 'PORT',
    min: 1,
    max: 65_535,
    default: '9997',
    env: 'LOGCASTER_HTTP_PORT',
    help: 'port that speaks HTTP',
  },
  {
    name: 'url',
    kind: 'text',
    value: 'URL',
    env: 'LOGCASTER_URL',
    help: 'the HTTP server, in place of --host and --http-port',
  },
  {
    name: 'tls-ca',
    kind: 'text',
    value: 'FILE',
    help: 'speak TLS, and trust the certificates that this PEM file vouches for',
  },
]

/** Reads the options. USAGE when they contradict each other or the file of --tls-ca cannot be read. */
export async function httpTargetOf({ args, io }: CommandContext): Promise<HttpTarget> {
  const file = args.text('tls-ca')
  const url = urlOf(args.text('url') ?? hostUrl(args, file === undefined ? 'http' : 'https'))
  if (file !== undefined && url.protocol !== 'https:') {
    throw new CodedError('USAGE', '--tls-ca is for TLS; give a --url that begins with https://')
  }
  return { url, token: tokenOf(args), ca: file === undefined ? undefined : await readCa(io, file) }
}

type Arguments = CommandContext['args']

function hostUrl(args: Arguments, scheme: string): string {
  const host = args.textOr('host', '127.0.0.1')
  return `${scheme}://${host.includes(':') ? `[${host}]` : host}:${args.integer('http-port')}`
}

/** The address of the logs below a server's: `https://logs.example/hub` may be one. */
function urlOf(text: string): URL {
  const url = URL.parse(text)
  if (url === null || (url.protocol !== 'http:' && url.protocol !== 'https:')) {
    throw new CodedError('USAGE', `--url must begin with http:// or https://, but got \`${text}\``)
  }
  if (url.username !== '' || url.password !== '') {
    throw new CodedError('USAGE', '--url cannot carry a name or a password; use --token')
  }
  url.pathname = `${url.pathname.replace(/\/*$/, '')}/${LOGS_PATH}`
  url.search = ''
  url.hash = ''
  return url
}

async function readCa(io: CommandContext['io'], file: string): Promise<string> {
  try {
    return Buffer.from(await io.readFile(file)).toString()
  } catch (cause) {
    throw new CodedError('USAGE', fileProblem(file, cause), { cause })
  }
}
