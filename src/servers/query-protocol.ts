/**
 * The text query protocol (PROTOCOLS.md §3): the hub that is asked, what its sessions share, and their sum.
 *
 * Not here: the forms of requests (ingest/query-text-decoder.ts), the types of queries (query-types.ts) and one
 * peer's state (query-session.ts).
 */
import type { Clock } from '../base/base.ts'
import type { Hub } from '../hub/hub.ts'
import { ByteBudget } from '../ingest/ingest.ts'
import type { Connection } from './connection.ts'
import type { Arrival, ConnectionProtocol, ConnectionRefused } from './protocol.ts'
import {
  type QueryCounters,
  QuerySession,
  type QuerySessionEnd,
  type QuerySurroundings,
} from './query-session.ts'

export interface QueryProtocolOptions {
  /** The newest rows of an answer, unless the query limits itself (`query.rowsMax`). */
  readonly rowsMax: number
  /** How long a query may run, tails aside. 0: no limit. */
  readonly queryMsMax: number
  /** Bytes of requests whose end has not come, of all sessions. Default 64 MiB. */
  readonly halfLineBytesMax?: number
  /** The store that is asked. Default `logs`. */
  readonly store?: string
  /** What `QUERY|STATS|` shows. Default: the hub's and this protocol's counters. */
  readonly serverStats?: () => unknown
  /** Told what our own log should say. */
  readonly problem?: (message: string, error: unknown) => void
}

export interface QueryProtocolStats extends QueryCounters {
  readonly sessions: number
  /** How sessions ended. */
  readonly ended: Readonly<Record<QuerySessionEnd, number>>
}

const HALF_LINE_BYTES_MAX = 64 * 1024 * 1024

export class QueryProtocol implements ConnectionProtocol {
  readonly name = 'query'
  readonly takesStream = false
  readonly #surroundings: QuerySurroundings
  readonly #past: QueryCounters = { bytes: 0, requests: 0, errors: 0, rows: 0 }
  readonly #ended: Record<QuerySessionEnd, number> = { finished: 0, broken: 0, idle: 0, stalled: 0, cut: 0 }
  readonly #sessions = new Set<QuerySession>()

  constructor(hub: Hub, clock: Clock, options: QueryProtocolOptions) {
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
  }

  open(connection: Connection, arrival: Arrival): QuerySession {
    const session = new QuerySession(connection, arrival, this.#surroundings)
    this.#sessions.add(session)
    return session
  }

  refusal({ reason }: ConnectionRefused): string {
    return `ERROR|${reason}\n`
  }

  stats(): QueryProtocolStats {
    const sum = { ...this.#past }
    for (const session of this.#sessions) addCounters(sum, session.counters)
    return { sessions: this.#sessions.size, ...sum, ended: { ...this.#ended } }
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
