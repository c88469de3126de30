/**
 * The protocols of the running server: one row each, with what detection calls it. The only place that maps options
 * onto what protocols take. Each is built once and serves every port: what a session may do is its port's affair.
 */
import { assert, messageOf, packageVersion } from '../base/base.ts'
import type { Config, PortName } from '../config/config.ts'
import { DEFAULT_STORE } from '../hub/hub.ts'
import type { StreamProtocol } from '../ingest/ingest.ts'
import { timeZoneOf } from '../record/record.ts'
import {
  BinaryProtocol,
  FramedJsonProtocol,
  HttpProtocol,
  LogProtocol,
  type PortProtocols,
  type Protocol,
  QueryProtocol,
  type RefusedProtocol,
  refusedProtocols,
} from '../servers/servers.ts'
import { LINGER_MS } from './port-options.ts'
import type { ServerParts } from './server-parts.ts'
import { sessionMemory } from './session-memory.ts'

interface ProtocolRow {
  /** As in `ports.<name>.protocol`. */
  readonly name: string
  /** What detection calls it, where it can be told from other protocols by its first bytes. */
  readonly detectedAs: readonly StreamProtocol[]
  readonly build: (parts: ServerParts, config: Config) => Protocol | Promise<Protocol>
}

const PROTOCOL_ROWS: readonly ProtocolRow[] = [
  // Syslog and JSON lines are kept as the lines that they are until their own decoders come.
  { name: 'log', detectedAs: ['syslog', 'json'], build: logProtocol },
  { name: 'query', detectedAs: [], build: queryProtocol },
  { name: 'binary', detectedAs: ['binary'], build: binaryProtocol },
  { name: 'framedJson', detectedAs: ['framedJson'], build: framedJsonProtocol },
  { name: 'http', detectedAs: ['http'], build: httpProtocol },
]

/** Names that a port can be pinned to. */
export const PROTOCOL_NAMES: readonly string[] = PROTOCOL_ROWS.map(({ name }) => name)

/** What a port speaks when its first bytes are no other protocol. Ports without a row are not built yet. */
const OWN_PROTOCOLS: { readonly [name in PortName]?: string } = {
  log: 'log',
  query: 'query',
  http: 'http',
}

/** Ports that speak nothing but their own protocol. */
const CLOSED_PORTS: ReadonlySet<PortName> = new Set(['irc', 'http'])

export class ServerProtocols {
  readonly framedJson: FramedJsonProtocol
  readonly #byName: ReadonlyMap<string, Protocol>
  readonly #refused: readonly RefusedProtocol[]
  readonly #byDetection: ReadonlyMap<StreamProtocol, Protocol>

  private constructor(byName: ReadonlyMap<string, Protocol>, refused: readonly RefusedProtocol[]) {
    this.#byName = byName
    const framedJson = protocolOf(byName, 'framedJson')
    assert(framedJson instanceof FramedJsonProtocol, 'the row builds it')
    this.framedJson = framedJson
    const built = PROTOCOL_ROWS.flatMap(({ name, detectedAs }) =>
      detectedAs.map((detected) => [detected, protocolOf(byName, name)] as const),
    )
    this.#byDetection = new Map([...built, ...refused.map((protocol) => [protocol.name, protocol] as const)])
    this.#refused = refused
  }

  static async build(parts: ServerParts, config: Config): Promise<ServerProtocols> {
    const byName = new Map<string, Protocol>()
    for (const { name, build } of PROTOCOL_ROWS) byName.set(name, await build(parts, config))
    return new ServerProtocols(byName, refusedProtocols())
  }

  /** What a port speaks; null while its server does not exist. */
  of(port: PortName, config: Config): PortProtocols | null {
    const pinned = config.ports[port].protocol
    if (pinned !== 'auto') return { own: protocolOf(this.#byName, pinned), others: null }
    const own = OWN_PROTOCOLS[port]
    if (own === undefined) return null
    return { own: protocolOf(this.#byName, own), others: CLOSED_PORTS.has(port) ? null : this.#byDetection }
  }

  /** Ends what protocols run besides sessions. */
  async close(): Promise<void> {
    await this.framedJson.close()
  }

  stats(): Record<string, object> {
    const all: (readonly [string, Protocol])[] = [...this.#byName]
    for (const protocol of this.#refused) all.push([protocol.name, protocol])
    return Object.fromEntries(all.map(([name, protocol]) => [name, protocol.stats()]))
  }
}

function protocolOf(byName: ReadonlyMap<string, Protocol>, name: string): Protocol {
  const protocol = byName.get(name)
  if (protocol === undefined) throw new Error(`BUG: no protocol ${name}`)
  return protocol
}

// ---- the rows -----------------------------------------------------------------------------------------------

function commonOptions(parts: ServerParts, config: Config) {
  return {
    ...sessionMemory(config),
    serverStats: parts.stats,
    problem: (message: string, error: unknown) => parts.log.error({ error: messageOf(error) }, message),
  }
}

export function textLogOptions(config: Config) {
  return {
    recordBytesMax: config.record.bytesMax,
    batchBytesMax: config.storage.batchBytesMax,
    plainLinesReply: config.plainLines.reply,
    timeZone: timeZoneOf(config.record.timeZone),
  }
}

function logProtocol(parts: ServerParts, config: Config): Protocol {
  return new LogProtocol(parts.gate, parts.clock, {
    ...commonOptions(parts, config),
    text: textLogOptions(config),
    clientFields: config.clientAddressFields,
    unackedBytesMax: config.connection.unackedBytesMax,
  })
}

function recordOptions(config: Config) {
  return {
    recordBytesMax: config.record.bytesMax,
    batchBytesMax: config.storage.batchBytesMax,
    unackedBytesMax: config.connection.unackedBytesMax,
    streamFields: config.ingest.streamFields,
  }
}

function answerOptions(config: Config) {
  return { store: DEFAULT_STORE, rowsMax: config.query.rowsMax, queryMsMax: config.query.deadlineMs }
}

function queryProtocol(parts: ServerParts, config: Config): Protocol {
  return new QueryProtocol(parts.hub, parts.clock, {
    ...commonOptions(parts, config),
    ...answerOptions(config),
  })
}

function binaryProtocol(parts: ServerParts, config: Config): Protocol {
  const options = { ...commonOptions(parts, config), ...recordOptions(config), ...answerOptions(config) }
  return new BinaryProtocol(parts.hub, parts.gate, parts.clock, options)
}

function framedJsonProtocol(parts: ServerParts, config: Config): Protocol {
  const options = { ...commonOptions(parts, config), ...recordOptions(config), ...answerOptions(config) }
  return new FramedJsonProtocol(parts.hub, parts.gate, parts.clock, options)
}

function httpProtocol(parts: ServerParts, config: Config): Protocol {
  const { idleMsMax, handshakeMsMax } = config.ports.http
  return new HttpProtocol(parts.hub, parts.gate, parts.clock, {
    ...commonOptions(parts, config),
    ...recordOptions(config),
    ...config.http,
    version: packageVersion(),
    store: DEFAULT_STORE,
    timeZone: timeZoneOf(config.record.timeZone),
    queryMsMax: config.query.deadlineMs,
    idleMsMax,
    headersMsMax: handshakeMsMax,
    lingerMsMax: LINGER_MS,
  })
}
