/** Names that go into a certificate: checked and in one spelling, since a client compares them with what it called. */
import { isIP } from 'node:net'
import { CodedError } from '../base/base.ts'

/** What a server is always called on its own machine. */
const LOCAL_NAMES = ['localhost', '127.0.0.1', '::1']

const HOST_NAME = /^(\*\.)?[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?(\.[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?)*$/
const HOST_NAME_LENGTH_MAX = 253

/**
 * The names of a server, each once: those that were asked for first, so that the first names the certificate, then
 * those of the certificate that it replaces, this host's, and the local ones. USAGE when one is no name.
 */
export function serverNames(wanted: readonly string[], old: readonly string[], hostName: string): string[] {
  const known = [...old, hostName].map(spelled).filter(isName)
  return [...new Set([...wanted.map(checkedName), ...known, ...LOCAL_NAMES])]
}

function checkedName(text: string): string {
  const name = spelled(text)
  if (isName(name)) return name
  const right = 'write a host name such as logs.example.com, or an IP address'
  throw new CodedError('USAGE', `\`${text}\` cannot stand in a certificate: ${right}`)
}

/** Lower case, without the brackets of an address or the dot of the root. */
function spelled(text: string): string {
  return text
    .trim()
    .toLowerCase()
    .replace(/^\[(.+)\]$/, '$1')
    .replace(/\.$/, '')
}

function isName(name: string): boolean {
  return isIP(name) !== 0 || (name.length <= HOST_NAME_LENGTH_MAX && HOST_NAME.test(name))
}

/** The name of a client, which is also part of file names. USAGE. */
export function clientName(text: string | undefined): string {
  if (text !== undefined && /^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$/.test(text)) return text
  const right = 'write letters, digits, dots, dashes and underscores, at most 63, such as web-1'
  throw new CodedError('USAGE', `the client needs a name: ${right}`)
}
