/** Which HTTP port takes the logs, and how it is spoken to: the options of every command that sends over HTTP, beside
 * the shared ones of GLOBAL_OPTIONS.connection.
 */
import { CodedError } from '../base/base.ts'
import type { CommandContext, OptionRow } from './command.ts'
import { tokenOf } from './connection.ts'
import { GLOBAL_OPTIONS } from './global-options.ts'
import type { HttpTarget } from './http-sender.ts'
import { tlsSettingsOf } from './tls-options.ts'

const LOGS_PATH = 'api/v1/logs'

/** For `send`, which has the shared ones. */
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
]

/** For a command that speaks nothing but HTTP. */
export const HTTP_CONNECTION_OPTIONS: readonly OptionRow[] = [
  ...GLOBAL_OPTIONS.connection.filter(({ name }) => name !== 'log-port' && name !== 'query-port'),
  ...HTTP_OPTIONS,
]

/** Reads the options. USAGE when they contradict each other or a file of theirs cannot be used. */
export async function httpTargetOf(context: CommandContext): Promise<HttpTarget> {
  const { args } = context
  const tls = await tlsSettingsOf(context)
  const url = urlOf(args.text('url') ?? hostUrl(args, tls === null ? 'http' : 'https'))
  if (tls !== null && url.protocol !== 'https:') {
    throw new CodedError('USAGE', 'the --tls options are for TLS; give a --url that begins with https://')
  }
  return { url, token: tokenOf(args), tls: tls ?? {} }
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
