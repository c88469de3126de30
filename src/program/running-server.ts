/**
 * The whole program put together: a hub, its protocols, and a server for each open port, from one configuration.
 */
import { resolve } from 'node:path'
import { assert, isCodedError } from '../base/base.ts'
import { type Config, PORT_NAMES, type PortName, printAddress } from '../config/config.ts'
import { type Hub, openHub } from '../hub/hub.ts'
import {
  type JsonRegistry,
  type ListenAddress,
  PortServer,
  StoreGate,
  type UdpServer,
} from '../servers/servers.ts'
import { ConnectionRoom } from './connection-room.ts'
import { hubOptions } from './hub-options.ts'
import { PortCertificates } from './port-certificates.ts'
import { portOptions } from './port-options.ts'
import type { MemoryStats, ServerParts, ServerSurroundings, WholeStats } from './server-parts.ts'
import { ServerProtocols } from './server-protocols.ts'
import { udpPort } from './udp-port.ts'

/** A configured port, as the start page shows it. */
export interface PortState {
  readonly name: PortName
  /** What it listens on; empty when it is closed. */
  readonly addresses: readonly string[]
  /** What everybody who may connect may do there. */
  readonly grant: readonly string[]
  readonly tls: 'off' | 'taken' | 'only'
  /** It should be open, but its server does not exist yet. */
  readonly isMissing: boolean
}

const UDP_TRIES_MAX = 10

export class RunningServer {
  readonly hub: Hub
  readonly dataDir: string
  readonly #config: Config
  readonly #gate: StoreGate
  readonly #servers = new Map<PortName, PortServer>()
  #udp: UdpServer | null = null
  #protocols: ServerProtocols | null = null
  #certificates: PortCertificates | null = null

  private constructor(hub: Hub, dataDir: string, config: Config) {
    this.hub = hub
    this.dataDir = dataDir
    this.#config = config
    this.#gate = new StoreGate(hub.store(), config.memory.inputBytesMax)
  }

  /**
   * DIRECTORY_LOCKED, DIRECTORY_UNUSABLE, MANIFEST_CORRUPT, FORMAT_VERSION, CERTIFICATE_UNUSABLE, PORT_TAKEN,
   * ADDRESS_UNUSABLE.
   */
  static async open(config: Config, around: ServerSurroundings): Promise<RunningServer> {
    const dataDir = resolve(around.cwd, config.dataDir)
    const server = new RunningServer(await openHub(hubOptions(config, dataDir, around)), dataDir, config)
    try {
      await server.#openPorts(around)
    } catch (error) {
      await server.close(0)
      throw error
    }
    return server
  }

  get ports(): readonly PortState[] {
    return PORT_NAMES.map((name) => ({
      name,
      addresses: (this.#servers.get(name)?.addresses ?? []).map((address) => printAddress(address)),
      grant: this.#config.ports[name].grant,
      tls: tlsOf(this.#config.ports[name].tls),
      isMissing: !this.#servers.has(name) && this.#config.ports[name].listen.length > 0,
    }))
  }

  /** What the framed JSON protocol answers. */
  get jsonRegistry(): JsonRegistry {
    assert(this.#protocols !== null, 'the server is open')
    return this.#protocols.framedJson.registry
  }

  /** Counters of everything, as STATS shows them. */
  stats(): WholeStats {
    return {
      hub: this.hub.stats(),
      ports: Object.fromEntries([...this.#servers].map(([name, server]) => [name, server.stats()])),
      udp: this.#udp?.stats() ?? null,
      protocols: this.#protocols?.stats() ?? {},
      certificates: this.#certificates?.stats() ?? {},
      unstoredBytes: this.#gate.unstoredBytes,
      memory: memoryStats(this.#config),
    }
  }

  /** Stops accepting, answers what was read, syncs, closes; how many connections were cut off at the deadline. */
  async close(drainMsMax: number): Promise<number> {
    const [cut] = await Promise.all([this.#drainPorts(drainMsMax), this.#udp?.drain(drainMsMax)])
    this.#certificates?.close()
    await this.#protocols?.close()
    await this.hub.close()
    return cut
  }

  async #drainPorts(drainMsMax: number): Promise<number> {
    const cut = await Promise.all([...this.#servers.values()].map((server) => server.drain(drainMsMax)))
    return cut.reduce((sum, count) => sum + count, 0)
  }

  async #openPorts(around: ServerSurroundings): Promise<void> {
    const { hub } = this
    const stats = (): WholeStats => this.stats()
    const parts: ServerParts = { ...around, hub, gate: this.#gate, room: new ConnectionRoom(), stats }
    const certificates = await PortCertificates.open(parts, this.#config)
    this.#certificates = certificates
    const protocols = await ServerProtocols.build(parts, this.#config)
    this.#protocols = protocols
    for (const name of PORT_NAMES) {
      const spoken = this.#config.ports[name].listen.length === 0 ? null : protocols.of(name, this.#config)
      if (spoken === null) continue
      const options = portOptions(parts, certificates, this.#config, name)
      const make = (): PortServer => new PortServer(parts.clock, options, spoken)
      if (name !== 'log') await this.#openPort(name, make())
      else
        await this.#openLogPort(make, (addresses) =>
          udpPort(parts, this.#config, protocols, options, addresses),
        )
    }
  }

  async #openPort(name: PortName, server: PortServer): Promise<void> {
    this.#servers.set(name, server)
    await server.open()
  }

  /** Over TCP and UDP on the same numbers. One that the system chose for TCP may be taken over UDP: then another. */
  async #openLogPort(
    make: () => PortServer,
    makeUdp: (addresses: readonly ListenAddress[]) => UdpServer | null,
  ): Promise<void> {
    const isChosen = this.#config.ports.log.listen.some(({ port }) => port === 0)
    for (let tries = 1; ; tries++) {
      const server = make()
      await this.#openPort('log', server)
      this.#udp = makeUdp(server.addresses)
      try {
        return await this.#udp?.open()
      } catch (error) {
        if (!isCodedError(error, 'PORT_TAKEN') || !isChosen || tries === UDP_TRIES_MAX) throw error
        await server.drain(0)
      }
    }
  }
}

function memoryStats({ memory, storage, query }: Config): MemoryStats {
  const { rss, heapUsed, arrayBuffers } = process.memoryUsage()
  const shares = {
    'storage.bufferBytesMax': storage.bufferBytesMax,
    'storage.gatherBytesMax': storage.gatherBytesMax,
    'storage.blockBytesMax': storage.blockBytesMax,
    'storage.cacheBytesMax': storage.cacheBytesMax,
    'query.cacheBytesMax': query.cacheBytesMax,
    'query.answersBytesMax': query.answersBytesMax,
    'memory.inputBytesMax': memory.inputBytesMax,
    'memory.queriesBytesMax': memory.queriesBytesMax,
  }
  return { rss, heapUsed, arrayBuffers, bytesMax: memory.bytesMax, shares }
}

function tlsOf({ cert, only }: Config['ports'][PortName]['tls']): PortState['tls'] {
  if (cert === undefined) return 'off'
  return only ? 'only' : 'taken'
}
