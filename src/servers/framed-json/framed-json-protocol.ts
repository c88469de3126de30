/**
 * The framed JSON protocol (PROTOCOLS.md §5) for all ports and for datagrams: what it answers (the registry), what
 * its sessions share, and their sum.
 *
 * Not here: the frames (wire/json-frame.ts), one peer's state (json-session.ts), and who answers a datagram
 * (datagram.ts).
 */
import type { Clock } from '../../base/base.ts'
import type { Hub } from '../../hub/hub.ts'
import { ByteBudget } from '../../ingest/ingest.ts'
import type { PeerAddress, SessionAccess } from '../access.ts'
import type { Connection } from '../connection.ts'
import type { Arrival, ConnectionProtocol, ConnectionRefused } from '../protocol.ts'
import type { StoreGate } from '../store-gate.ts'
import { Broadcasts } from './broadcasts.ts'
import { type BuiltInOptions, builtInRegistry } from './built-in.ts'
import { type ComputeOptions, ComputePool, type ComputeStats } from './compute-pool.ts'
import type { JsonServices } from './context.ts'
import { type DatagramCounters, DatagramServer } from './datagram.ts'
import {
  JsonSession,
  type JsonSessionCounters,
  type JsonSessionEnd,
  type JsonSurroundings,
} from './json-session.ts'
import { JsonLogWriter, type LogWriterOptions } from './log-writer.ts'
import { MessageCounters, type MessageStats } from './message-counters.ts'
import type { JsonRegistry } from './registry.ts'
import { encodeReply } from './reply-frame.ts'

export interface FramedJsonOptions extends LogWriterOptions, BuiltInOptions {
  /** Bytes of frames of one session whose requests are not answered. */
  readonly unackedBytesMax: number
  /** The newest rows of an answer, unless the query limits itself (`query.rowsMax`). */
  readonly rowsMax: number
  /** How long a query may run, tails aside. 0: no limit. */
  readonly queryMsMax: number
  /** `sender_id` of replies, at most 256 characters. Default `logcaster`. */
  readonly serverName?: string
  /** Requests of one session that run at once. Default 64. */
  readonly requestsMax?: number
  /** Queries and tails of one session that run at once. Default 32. */
  readonly lastingMax?: number
  /** Bytes of frames whose end has not come, of all sessions. Default 64 MiB. */
  readonly halfFrameBytesMax?: number
  /** The store that is asked. Default `logs`. */
  readonly store?: string
  readonly compute?: ComputeOptions
  /** What `stats` shows of the server, where `read` is granted. Default: `stats()`. */
  readonly serverStats?: () => unknown
  /** Told what our own log should say. */
  readonly problem?: (message: string, error: unknown) => void
}

export interface FramedJsonStats extends JsonSessionCounters, MessageStats {
  readonly sessions: number
  /** Records that are durable. */
  readonly records: number
  readonly refusedRecords: number
  readonly halfFrameBytes: number
  readonly broadcasts: ReturnType<Broadcasts['stats']>
  readonly compute: ComputeStats
  readonly datagrams: DatagramCounters
  /** How sessions ended. */
  readonly ended: Readonly<Record<JsonSessionEnd, number>>
}

const REQUESTS_MAX = 64
const LASTING_MAX = 32
const HALF_FRAME_BYTES_MAX = 64 * 1024 * 1024
const SECOND_MS = 1000

export class FramedJsonProtocol implements ConnectionProtocol {
  readonly name = 'framedJson'
  readonly takesStream = false
  /** Handlers and middleware; a program adds its own. */
  readonly registry: JsonRegistry
  readonly #surroundings: JsonSurroundings
  readonly #counters = new MessageCounters()
  readonly #datagrams: DatagramServer
  readonly #past: JsonSessionCounters = { bytes: 0, messages: 0, errors: 0, badFrames: 0 }
  readonly #ended: Record<JsonSessionEnd, number> = { finished: 0, broken: 0, idle: 0, stalled: 0, cut: 0 }
  readonly #sessions = new Set<JsonSession>()

  constructor(hub: Hub, gate: StoreGate, clock: Clock, options: FramedJsonOptions) {
    this.registry = builtInRegistry(clock, this.#counters, options)
    this.#surroundings = {
      services: this.#servicesOf(hub, gate, clock, options),
      registry: this.registry,
      gate,
      unackedBytesMax: options.unackedBytesMax,
      requestsMax: options.requestsMax ?? REQUESTS_MAX,
      lastingMax: options.lastingMax ?? LASTING_MAX,
      halfFrames: new ByteBudget(options.halfFrameBytesMax ?? HALF_FRAME_BYTES_MAX),
      ended: (session, how) => this.#forget(session, how),
    }
    this.#datagrams = new DatagramServer(this.#surroundings)
  }

  open(connection: Connection, arrival: Arrival): JsonSession {
    const session = new JsonSession(connection, arrival, this.#surroundings)
    this.#sessions.add(session)
    return session
  }

  refusal({ reason, isLasting }: ConnectionRefused): Uint8Array {
    const { clock, serverName } = this.#surroundings.services
    const code = isLasting ? 'NOT_ALLOWED' : 'SERVER_BUSY'
    const payload = JSON.stringify({ error: reason, code })
    const timestamp = clock.wallMs() / SECOND_MS
    return encodeReply('error', payload, { timestamp, senderId: serverName, correlationId: null })
  }

  /** The answer to a datagram, at most three times as long; null where there is none. */
  answerDatagram(bytes: Uint8Array, peer: PeerAddress, access: SessionAccess): Promise<Uint8Array | null> {
    return this.#datagrams.answer(bytes, peer, access)
  }

  stats(): FramedJsonStats {
    const { services, halfFrames } = this.#surroundings
    const sum = { ...this.#past }
    for (const session of this.#sessions) addCounters(sum, session.counters)
    return {
      sessions: this.#sessions.size,
      ...sum,
      ...services.logs.stats(),
      halfFrameBytes: halfFrames.used,
      ...this.#counters.stats(),
      broadcasts: services.broadcasts.stats(),
      compute: services.compute.stats(),
      datagrams: this.#datagrams.stats(),
      ended: { ...this.#ended },
    }
  }

  /** Ends the worker thread. Sessions are ended by their listeners. */
  close(): Promise<void> {
    return this.#surroundings.services.compute.close()
  }

  #servicesOf(hub: Hub, gate: StoreGate, clock: Clock, options: FramedJsonOptions): JsonServices {
    return {
      hub,
      clock,
      store: options.store,
      serverName: options.serverName ?? 'logcaster',
      rowsMax: options.rowsMax,
      queryMsMax: options.queryMsMax,
      logs: new JsonLogWriter(gate, clock, options),
      broadcasts: new Broadcasts(),
      compute: new ComputePool(clock, options.compute),
      serverStats: options.serverStats ?? (() => this.stats()),
      problem: options.problem ?? (() => {}),
    }
  }

  #forget(session: JsonSession, how: JsonSessionEnd): void {
    this.#sessions.delete(session)
    this.#ended[how]++
    addCounters(this.#past, session.counters)
  }
}

function addCounters(sum: JsonSessionCounters, part: Readonly<JsonSessionCounters>): void {
  sum.bytes += part.bytes
  sum.messages += part.messages
  sum.errors += part.errors
  sum.badFrames += part.badFrames
}
