/**
 * The query port: a listener, the hub that is asked, and what its sessions share.
 *
 * Not here: the forms of requests (ingest/query-text-decoder.ts), the types of queries (query-types.ts) and one
 * peer's state (query-session.ts).
 */
import type { Socket } from 'node:net'
import type { Clock } from '../base/base.ts'
import type { Hub } from '../hub/hub.ts'
import { ByteBudget } from '../ingest/ingest.ts'
import type { AccessPolicy, PeerAddress } from './access.ts'
import type { ConnectionOptions } from './connection.ts'
import { type ListenAddress, Listener, type ListenerOptions, type ListenerStats } from './listener.ts'
import {
  type QueryCounters,
  QuerySession,
  type QuerySessionEnd,
  type QuerySurroundings,
} from './query-session.ts'

export interface QueryServerOptions {
  readonly listener: ListenerOptions
  readonly access: AccessPolicy
  readonly connection: ConnectionOptions
  /** The newest rows of an answer, unless the query limits itself (`query.rowsMax`). */
  readonly rowsMax: number
  /** How long a query may run, tails aside. 0: no limit. */
  readonly queryMsMax: number
  /** Bytes of requests whose end has not come, of all sessions. Default 64 MiB. */
  readonly halfLineBytesMax?: number
  /** The store that is asked. Default `logs`. */
  readonly store?: string
  /** What `QUERY|STATS|` shows. Default: the hub's and this server's counters. */
  readonly serverStats?: () => unknown
  /** Told what our own log should say. */
  readonly problem?: (message: string, error: unknown) => void
}

export interface QueryServerStats extends QueryCounters {
  readonly listener: ListenerStats
  /** How sessions ended. */
  readonly ended: Readonly<Record<QuerySessionEnd, number>>
}

const HALF_LINE_BYTES_MAX = 64 * 1024 * 1024

export class QueryServer {
  readonly #listener: Listener
  readonly #surroundings: QuerySurroundings
  readonly #past: QueryCounters = { bytes: 0, requests: 0, errors: 0, rows: 0 }
  readonly #ended: Record<QuerySessionEnd, number> = { finished: 0, broken: 0, idle: 0, stalled: 0, cut: 0 }
  readonly #sessions = new Set<QuerySession>()

  constructor(hub: Hub, clock: Clock, options: QueryServerOptions) {
    this.#surroundings = {
      ...options,
      hub,
      clock,
      store: options.store,
      halfLines: new ByteBudget(options.halfLineBytesMax ?? HALF_LINE_BYTES_MAX),
      serverStats: options.serverStats ?? (() => ({ ...hub.stats(), query: this.stats() })),
      problem: options.problem ?? (() => {}),
      ended: (session, how) => this.#forget(session, how),
    }
    this.#listener = new Listener(options.listener, clock, {
      open: (socket, peer) => this.#open(socket, peer),
      refusal: (reason) => `ERROR|${reason}\n`,
    })
  }

  /** Starts listening. PORT_TAKEN, ADDRESS_UNUSABLE. */
  open(): Promise<void> {
    return this.#listener.open()
  }

  /** Where it listens, with the ports that it has in fact. */
  get addresses(): readonly ListenAddress[] {
    return this.#listener.addresses
  }

  /** Stops accepting, answers what was read, ends all sessions; how many were cut off at the deadline. */
  drain(deadlineMs: number): Promise<number> {
    return this.#listener.drain(deadlineMs)
  }

  stats(): QueryServerStats {
    const sum = { ...this.#past }
    for (const session of this.#sessions) addCounters(sum, session.counters)
    return { listener: this.#listener.stats(), ...sum, ended: { ...this.#ended } }
  }

  #open(socket: Socket, peer: PeerAddress): QuerySession {
    const session = new QuerySession(socket, peer, this.#surroundings)
    this.#sessions.add(session)
    return session
  }

  #forget(session: QuerySession, how: QuerySessionEnd): void {
    this.#sessions.delete(session)
    this.#ended[how]++
    addCounters(this.#past, session.counters)
  }
}

function addCounters(sum: QueryCounters, part: QueryCounters): void {
  sum.bytes += part.bytes
  sum.requests += part.requests
  sum.errors += part.errors
  sum.rows += part.rows
}
