/** What a start prints: what listens where and asks for what, where the data is, and what to try next. */
import type { HubStats } from '../hub/hub.ts'
import type { PortState } from '../program/program.ts'
import { count } from './plural.ts'

export interface StartFacts {
  readonly version: string
  readonly readyMs: number
  readonly ports: readonly PortState[]
  readonly dataDir: string
  readonly stats: HubStats
  /** How commands are called: from a clone through npm, else by name. */
  readonly command: string
}

const PORT_LABELS: { readonly [name in PortState['name']]: string } = {
  log: 'logs',
  query: 'queries',
  irc: 'irc',
  http: 'http',
}

/** The last line of a stop that lost nothing. */
export function printStopLine(dataDir: string, stats: HubStats): string {
  return `Stopped: ${dataDir} (${storedText(stats)})\n`
}

export function printStartPage(facts: StartFacts): string {
  const lines = [`LogCaster ${facts.version}, ready in ${Math.round(facts.readyMs)} ms`]
  for (const port of facts.ports) lines.push(...portLines(port))
  lines.push(`  ${'data'.padEnd(8)} ${facts.dataDir} (${storedText(facts.stats)})`)
  return `${[...lines, ...tryLines(facts), 'Ctrl+C stops it.'].join('\n')}\n`
}

function portLines(port: PortState): string[] {
  const label = PORT_LABELS[port.name].padEnd(8)
  if (port.isMissing) return [`  ${label} not built yet, closed`]
  if (port.addresses.length === 0) return [`  ${label} off`]
  return port.addresses.map((address) => `  ${label} ${[address, ...demandsOf(port)].join(', ')}`)
}

const TLS_TEXTS: { readonly [tls in PortState['tls']]: readonly string[] } = {
  off: [],
  taken: ['TLS too'],
  only: ['TLS only'],
}

/** What a peer needs to know before it comes. */
function demandsOf({ tls, grant }: PortState): readonly string[] {
  return [...TLS_TEXTS[tls], ...(grant.length === 0 ? ['with a token'] : [])]
}

function storedText(stats: HubStats): string {
  const records = Object.values(stats.stores).reduce((sum, store) => sum + store.records, 0)
  return records === 0 ? 'empty' : count(records, 'record')
}

function tryLines({ ports, command }: StartFacts): string[] {
  const lines = [...sendAndFind(ports, command), ...statusPage(ports)]
  return lines.length === 0 ? [] : ['Try, in another terminal:', ...lines]
}

/** Nothing where a newcomer would be refused: there he needs a token, or TLS. */
function sendAndFind(ports: readonly PortState[], command: string): string[] {
  const log = addressOf(ports, 'log', 'write')
  const query = addressOf(ports, 'query', 'read')
  if (log === null || query === null || log.tls === 'only' || query.tls === 'only') return []
  const option = query.port === '9998' ? '' : ` --query-port ${query.port}`
  return [`  echo 'hello from me' | nc -q1 ${log.host} ${log.port}`, `  ${command} query hello${option}`]
}

function statusPage(ports: readonly PortState[]): string[] {
  const http = addressOf(ports, 'http', 'read')
  if (http === null) return []
  const host = http.host.includes(':') ? `[${http.host}]` : http.host
  return [`  ${http.tls === 'only' ? 'https' : 'http'}://${host}:${http.port}/ in a browser`]
}

function addressOf(
  ports: readonly PortState[],
  name: PortState['name'],
  granted: string,
): { host: string; port: string; tls: PortState['tls'] } | null {
  const found = ports.find((port) => port.name === name && port.grant.includes(granted))
  const address = found?.addresses[0]
  if (found === undefined || address === undefined) return null
  const cut = address.lastIndexOf(':')
  const host = address.slice(0, cut).replace(/^\[|\]$/g, '')
  return {
    host: host === '0.0.0.0' ? '127.0.0.1' : host === '::' ? '::1' : host,
    port: address.slice(cut + 1),
    tls: found.tls,
  }
}
