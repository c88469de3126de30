/** What the parts of a running server are made from. */
import type { Logger } from 'pino'
import type { Clock, Disk, Random } from '../base/base.ts'
import type { Hub } from '../hub/hub.ts'
import type { ServerStats, StoreGate, UdpServerStats } from '../servers/servers.ts'
import type { ConnectionRoom } from './connection-room.ts'

/** LogCaster's own log: what it says of itself, not what it stores. */
export type OwnLog = Logger

export interface ServerSurroundings {
  readonly disk: Disk
  readonly clock: Clock
  readonly random: Random
  readonly cwd: string
  readonly log: OwnLog
  /** Called when a store could not write for `storage.failureExitMs`. */
  readonly failed: (reason: string) => void
}

export interface MemoryStats {
  /** Bytes, as the system counts them. */
  readonly rss: number
  /** Of objects of the main thread. */
  readonly heapUsed: number
  /** Of typed arrays of the main thread; shared memory is not in it. */
  readonly arrayBuffers: number
  /** `memory.bytesMax`, and how it is divided, by option. */
  readonly bytesMax: number
  readonly shares: Readonly<Record<string, number>>
}

/** Counters of everything, as STATS shows them. */
export interface WholeStats extends ServerStats {
  /** null where the log port takes no datagrams. */
  readonly udp: UdpServerStats | null
  readonly unstoredBytes: number
  readonly memory: MemoryStats
}

export interface ServerParts extends ServerSurroundings {
  readonly hub: Hub
  /** Where all protocols put their records. */
  readonly gate: StoreGate
  readonly room: ConnectionRoom
  /** Counters of the whole server. */
  readonly stats: () => WholeStats
}
