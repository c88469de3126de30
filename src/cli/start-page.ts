/** What a start prints: what listens where, where the data is, and the two lines to try next. */
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

function portLines({ name, addresses, isMissing }: PortState): string[] {
  const label = PORT_LABELS[name].padEnd(8)
  if (isMissing) return [`  ${label} not built yet, closed`]
  if (addresses.length === 0) return [`  ${label} off`]
  return addresses.map((address) => `  ${label} ${address}`)
}

function storedText(stats: HubStats): string {
  const records = Object.values(stats.stores).reduce((sum, store) => sum + store.records, 0)
  return records === 0 ? 'empty' : count(records, 'record')
}

function tryLines({ ports, command }: StartFacts): string[] {
  const log = addressOf(ports, 'log')
  const query = addressOf(ports, 'query')
  const isReadable = ports.some(({ name, grant }) => name === 'query' && grant.includes('read'))
  if (log === null || query === null || !isReadable) return []
  const option = query.port === '9998' ? '' : ` --query-port ${query.port}`
  return [
    'Try, in another terminal:',
    `  echo 'hello from me' | nc -q1 ${log.host} ${log.port}`,
    `  ${command} query hello${option}`,
  ]
}

function addressOf(
  ports: readonly PortState[],
  name: PortState['name'],
): { host: string; port: string } | null {
  const address = ports.find((port) => port.name === name)?.addresses[0]
  if (address === undefined) return null
  const cut = address.lastIndexOf(':')
  const host = address.slice(0, cut).replace(/^\[|\]$/g, '')
  return {
    host: host === '0.0.0.0' ? '127.0.0.1' : host === '::' ? '::1' : host,
    port: address.slice(cut + 1),
  }
}
