/**
 * The whole program put together: a hub, its protocols, and a server for each open port, from one configuration.
 */
import { resolve } from 'node:path'
import { type Config, PORT_NAMES, type PortName, printAddress } from '../config/config.ts'
import { type Hub, openHub } from '../hub/hub.ts'
import { BATCH_BYTES_MAX } from '../record/record.ts'
import {
  authenticateBy,
  type ListenAddress,
  type PortProtocols,
  PortServer,
  type PortServerOptions,
  StoreGate,
} from '../servers/servers.ts'
import { ConnectionRoom } from './connection-room.ts'
import type { ServerParts, ServerSurroundings } from './server-parts.ts'
import { ServerProtocols } from './server-protocols.ts'

/** What a running server of a port can do, whatever it listens with. */
interface ListeningServer {
  readonly addresses: readonly ListenAddress[]
  open(): Promise<void>
  drain(deadlineMs: number): Promise<number>
  stats(): object
}

/** A configured port, as the start page shows it. */
export interface PortState {
  readonly name: PortName
  /** What it listens on; empty when it is closed. */
  readonly addresses: readonly string[]
  /** What everybody who may connect may do there. */
  readonly grant: readonly string[]
  /** It should be open, but its server does not exist yet. */
  readonly isMissing: boolean
}

export class RunningServer {
  readonly hub: Hub
  readonly dataDir: string
  readonly ports: readonly PortState[]
  readonly #servers: ReadonlyMap<PortName, ListeningServer>

  private constructor(
    hub: Hub,
    dataDir: string,
    servers: ReadonlyMap<PortName, ListeningServer>,
    config: Config,
  ) {
    this.hub = hub
    this.dataDir = dataDir
    this.#servers = servers
    this.ports = PORT_NAMES.map((name) => ({
      name,
      addresses: (servers.get(name)?.addresses ?? []).map((address) => printAddress(address)),
      grant: config.ports[name].grant,
      isMissing: !servers.has(name) && config.ports[name].listen.length > 0,
    }))
  }

  /** DIRECTORY_LOCKED, DIRECTORY_UNUSABLE, MANIFEST_CORRUPT, FORMAT_VERSION, PORT_TAKEN, ADDRESS_UNUSABLE. */
  static async open(config: Config, around: ServerSurroundings): Promise<RunningServer> {
    const dataDir = resolve(around.cwd, config.dataDir)
    const hub = await openHub(hubOptions(config, dataDir, around))
    const servers = new Map<PortName, ListeningServer>()
    try {
      await openPorts(config, around, hub, servers)
    } catch (error) {
      await Promise.all([...servers.values()].map((server) => server.drain(0)))
      await hub.close()
      throw error
    }
    return new RunningServer(hub, dataDir, servers, config)
  }

  /** Stops accepting, answers what was read, syncs, closes; how many connections were cut off at the deadline. */
  async close(drainMsMax: number): Promise<number> {
    const cut = await Promise.all([...this.#servers.values()].map((server) => server.drain(drainMsMax)))
    await this.hub.close()
    return cut.reduce((sum, count) => sum + count, 0)
  }
}

async function openPorts(
  config: Config,
  around: ServerSurroundings,
  hub: Hub,
  servers: Map<PortName, ListeningServer>,
): Promise<void> {
  const gate = new StoreGate(hub.store(), UNSTORED_BYTES_MAX)
  const stats = (): object => statsOf(hub, gate, servers, protocols)
  const parts: ServerParts = { ...around, hub, gate, room: new ConnectionRoom(), stats }
  const protocols = await ServerProtocols.build(parts, config)
  for (const name of PORT_NAMES) {
    if (config.ports[name].listen.length === 0) continue
    const spoken = protocols.of(name, config)
    if (spoken === null) continue
    const server = portServer(parts, config, name, spoken)
    servers.set(name, server)
    await server.open()
  }
}

/** Bytes of all sessions that were read and are not stored. */
const UNSTORED_BYTES_MAX = 64 * 1024 * 1024

function statsOf(
  hub: Hub,
  gate: StoreGate,
  servers: ReadonlyMap<PortName, ListeningServer>,
  protocols: ServerProtocols,
): object {
  const ports = Object.fromEntries([...servers].map(([name, server]) => [name, server.stats()]))
  const memory = process.memoryUsage()
  return {
    hub: hub.stats(),
    ports,
    protocols: protocols.stats(),
    unstoredBytes: gate.unstoredBytes,
    memory: { rss: memory.rss, heapUsed: memory.heapUsed },
  }
}

function hubOptions(
  config: Config,
  dataDir: string,
  around: ServerSurroundings,
): Parameters<typeof openHub>[0] {
  const { storage, query } = config
  return {
    dataDir,
    disk: around.disk,
    clock: around.clock,
    random: around.random,
    stores: config.stores,
    queryMemoryBytesMax: query.memoryBytesMax,
    queriesMax: query.concurrentMax,
    store: {
      segmentBytesMax: storage.segmentBytesMax,
      bufferBytesMax: storage.bufferBytesMax,
      // Decoders keep to the option; one record of the largest size and what stands around it must still fit.
      batchBytesMax: Math.min(BATCH_BYTES_MAX, storage.batchBytesMax + RECORD_ROOM_BYTES),
      groupBytesMax: storage.groupBytesMax,
      gatherBytesMax: storage.gatherBytesMax,
      freeBytesMin: storage.freeBytesMin,
      keyWindowMs: storage.idempotencyWindowMs,
      keysMax: storage.idempotencyKeysMax,
      acceptLoss: storage.acceptLoss,
    },
    storeStateChanged: (store, state, reason) => stateChanged(config, around, store, state, reason),
  }
}

function stateChanged(
  config: Config,
  around: ServerSurroundings,
  store: string,
  state: string,
  reason: string | null,
): void {
  if (state === 'closed') return
  if (state === 'writable') {
    around.log.info({ store }, 'takes records again')
    return
  }
  around.log.error({ store, state }, reason ?? state)
  const { failureExitMs } = config.storage
  // Missing records are for an operator to look at; a disk that fails may be well after a restart elsewhere.
  if (state !== 'readOnly' || !reason?.startsWith('The disk failed') || failureExitMs === 0) return
  around.clock.after(failureExitMs, () => around.failed(`store \`${store}\`: ${reason}`))
}

const LINGER_MS = 1000
/** Headers, level word and the fields that the server adds to a record. */
const RECORD_ROOM_BYTES = 4096

function portServer(
  parts: ServerParts,
  config: Config,
  name: PortName,
  protocols: PortProtocols,
): PortServer {
  return new PortServer(parts.clock, portOptions(parts, config, name), protocols)
}

function portOptions(parts: ServerParts, config: Config, name: PortName): PortServerOptions {
  const port = config.ports[name]
  return {
    listener: { listen: port.listen, option: `ports.${name}.listen` },
    admission: {
      allow: port.allow,
      connectionsMax: parts.room.limit(port.connectionsMax),
      connectionsPerAddressMax: port.connectionsPerAddressMax,
      connectionsPerSecondMax: port.connectionsPerSecondMax,
      connectionsPerWindowMax: port.connectionsPerWindowMax,
      windowMs: port.windowMs,
      bytesPerSecondMax: port.bytesPerSecondMax,
    },
    access: {
      grant: port.grant,
      authenticate: authenticateBy(config.tokens),
      unknownMsMax: port.authMsMax,
      unknownBytesMax: port.authBytesMax,
    },
    connection: {
      idleMsMax: port.idleMsMax,
      unsentBytesMax: config.connection.unsentReplyBytesMax,
      lingerMsMax: LINGER_MS,
    },
    handshakeMsMax: port.handshakeMsMax,
    proxies: port.proxies,
    syslogFrameBytesMax: config.record.bytesMax,
  }
}
