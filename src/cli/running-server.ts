/**
 * The whole program put together: a hub and a server for each open port, from one configuration. The only place that
 * maps options onto what the layers take.
 */
import { resolve } from 'node:path'
import { type Clock, type Disk, messageOf, type Random } from '../base/base.ts'
import { type Config, PORT_NAMES, type PortName, printAddress } from '../config/config.ts'
import { DEFAULT_STORE, type Hub, openHub } from '../hub/hub.ts'
import { BATCH_BYTES_MAX, timeZoneOf } from '../record/record.ts'
import {
  type ListenAddress,
  type ListenerOptions,
  LogServer,
  type LogServerOptions,
  QueryServer,
  type QueryServerOptions,
} from '../servers/servers.ts'
import { ConnectionRoom } from './connection-room.ts'
import type { OwnLog } from './own-log.ts'

/** What a running server of a port can do; every protocol's server has the same shape. */
interface PortServer {
  readonly addresses: readonly ListenAddress[]
  open(): Promise<void>
  drain(deadlineMs: number): Promise<number>
  stats(): object
}

type OpenPort = (parts: ServerParts, config: Config) => PortServer

/** One row a port. A port without a row can be configured, and is named at the start as not built yet. */
const PORT_SERVERS: { readonly [name in PortName]?: OpenPort } = {
  log: (parts, config) => new LogServer(parts.hub, parts.clock, logOptions(parts, config)),
  query: (parts, config) => new QueryServer(parts.hub, parts.clock, queryOptions(parts, config)),
}

export interface ServerSurroundings {
  readonly disk: Disk
  readonly clock: Clock
  readonly random: Random
  readonly cwd: string
  readonly log: OwnLog
  /** Called when a store could not write for `storage.failureExitMs`. */
  readonly failed: (reason: string) => void
}

interface ServerParts extends ServerSurroundings {
  readonly hub: Hub
  readonly room: ConnectionRoom
  readonly stats: () => object
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
  readonly #servers: ReadonlyMap<PortName, PortServer>

  private constructor(hub: Hub, dataDir: string, servers: ReadonlyMap<PortName, PortServer>, config: Config) {
    this.hub = hub
    this.dataDir = dataDir
    this.#servers = servers
    this.ports = PORT_NAMES.map((name) => ({
      name,
      addresses: (servers.get(name)?.addresses ?? []).map((address) => printAddress(address)),
      grant: config.ports[name].grant,
      isMissing: PORT_SERVERS[name] === undefined && config.ports[name].listen.length > 0,
    }))
  }

  /** DIRECTORY_LOCKED, DIRECTORY_UNUSABLE, MANIFEST_CORRUPT, FORMAT_VERSION, PORT_TAKEN, ADDRESS_UNUSABLE. */
  static async open(config: Config, around: ServerSurroundings): Promise<RunningServer> {
    const dataDir = resolve(around.cwd, config.dataDir)
    const hub = await openHub(hubOptions(config, dataDir, around))
    const servers = new Map<PortName, PortServer>()
    const stats = (): object => statsOf(hub, servers)
    const parts: ServerParts = { ...around, hub, room: new ConnectionRoom(), stats }
    try {
      for (const name of PORT_NAMES) {
        const open = PORT_SERVERS[name]
        if (open === undefined || config.ports[name].listen.length === 0) continue
        const server = open(parts, config)
        servers.set(name, server)
        await server.open()
      }
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

function statsOf(hub: Hub, servers: ReadonlyMap<PortName, PortServer>): object {
  const ports = Object.fromEntries([...servers].map(([name, server]) => [name, server.stats()]))
  const memory = process.memoryUsage()
  return { hub: hub.stats(), ports, memory: { rss: memory.rss, heapUsed: memory.heapUsed } }
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

function listenerOptions(parts: ServerParts, config: Config, name: PortName): ListenerOptions {
  const port = config.ports[name]
  return {
    listen: port.listen,
    allow: port.allow,
    connectionsMax: parts.room.limit(port.connectionsMax),
    connectionsPerAddressMax: port.connectionsPerAddressMax,
    connectionsPerSecondMax: port.connectionsPerSecondMax,
    connectionsPerWindowMax: port.connectionsPerWindowMax,
    windowMs: port.windowMs,
    option: `ports.${name}.listen`,
  }
}

const LINGER_MS = 1000
/** Headers, level word and the fields that the server adds to a record. */
const RECORD_ROOM_BYTES = 4096

function commonOptions(parts: ServerParts, config: Config, name: PortName) {
  return {
    listener: listenerOptions(parts, config, name),
    access: { grant: config.ports[name].grant },
    connection: {
      idleMsMax: config.ports[name].idleMsMax,
      unsentBytesMax: config.connection.unsentReplyBytesMax,
      lingerMsMax: LINGER_MS,
    },
    store: DEFAULT_STORE,
    serverStats: parts.stats,
    problem: (message: string, error: unknown) => parts.log.error({ error: messageOf(error) }, message),
  }
}

function logOptions(parts: ServerParts, config: Config): LogServerOptions {
  return {
    ...commonOptions(parts, config, 'log'),
    text: {
      recordBytesMax: config.record.bytesMax,
      batchBytesMax: config.storage.batchBytesMax,
      plainLinesReply: config.plainLines.reply,
      timeZone: timeZoneOf(config.record.timeZone),
    },
    clientFields: config.clientAddressFields,
    unackedBytesMax: config.connection.unackedBytesMax,
  }
}

function queryOptions(parts: ServerParts, config: Config): QueryServerOptions {
  return {
    ...commonOptions(parts, config, 'query'),
    rowsMax: config.query.rowsMax,
    queryMsMax: config.query.deadlineMs,
  }
}
