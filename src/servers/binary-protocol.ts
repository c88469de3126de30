/**
 * The binary protocol (PROTOCOLS.md §4) for all ports: where records go, who is asked, what its sessions share, and
 * their sum.
 *
 * Not here: the frames (wire/binary-frame.ts) and one peer's state (binary-session.ts).
 */
import type { Clock } from '../base/base.ts'
import type { Hub } from '../hub/hub.ts'
import { ByteBudget } from '../ingest/ingest.ts'
import { type BinaryRefusal, encodeBinaryRefusal } from '../wire/wire.ts'
import { BinaryLogBatch } from './binary-log-batch.ts'
import {
  type BinaryCounters,
  BinarySession,
  type BinarySessionEnd,
  type BinarySurroundings,
  newBinaryCounters,
} from './binary-session.ts'
import type { Connection } from './connection.ts'
import type { Arrival, ConnectionProtocol, ConnectionRefused } from './protocol.ts'
import type { StoreGate } from './store-gate.ts'

export interface BinaryProtocolOptions {
  /** Bytes of one message (`record.bytesMax`); a frame holds fewer than 64 KiB anyway. */
  readonly recordBytesMax: number
  /** Bytes of one batch (`storage.batchBytesMax`). */
  readonly batchBytesMax: number
  /** Bytes of one session that were read and are not stored. */
  readonly unackedBytesMax: number
  /** The newest rows of an answer, unless the query limits itself (`query.rowsMax`). */
  readonly rowsMax: number
  /** How long a query may run. 0: no limit. */
  readonly queryMsMax: number
  /** Bytes of frames whose end has not come, of all sessions. Default 64 MiB. */
  readonly halfFrameBytesMax?: number
  /** The store that is asked. Default `logs`. */
  readonly store?: string
  /** What STATS shows of the server, where `read` is granted. Default: `stats()`. */
  readonly serverStats?: () => unknown
  /** Told what our own log should say. */
  readonly problem?: (message: string, error: unknown) => void
}

export interface BinaryProtocolStats extends BinaryCounters {
  readonly sessions: number
  readonly halfFrameBytes: number
  /** How sessions ended. */
  readonly ended: Readonly<Record<BinarySessionEnd, number>>
}

const HALF_FRAME_BYTES_MAX = 64 * 1024 * 1024

export class BinaryProtocol implements ConnectionProtocol {
  readonly name = 'binary'
  readonly takesStream = false
  readonly #surroundings: BinarySurroundings
  readonly #past = newBinaryCounters()
  readonly #ended: Record<BinarySessionEnd, number> = { finished: 0, broken: 0, idle: 0, stalled: 0, cut: 0 }
  readonly #sessions = new Set<BinarySession>()

  constructor(hub: Hub, gate: StoreGate, clock: Clock, options: BinaryProtocolOptions) {
    this.#surroundings = {
      ...options,
      hub,
      gate,
      clock,
      store: options.store,
      batch: new BinaryLogBatch(options.batchBytesMax),
      halfFrames: new ByteBudget(options.halfFrameBytesMax ?? HALF_FRAME_BYTES_MAX),
      serverStats: options.serverStats ?? (() => this.stats()),
      problem: options.problem ?? (() => {}),
      ended: (session, how) => this.#forget(session, how),
    }
  }

  open(connection: Connection, arrival: Arrival): BinarySession {
    const session = new BinarySession(connection, arrival, this.#surroundings)
    this.#sessions.add(session)
    return session
  }

  refusal({ reason }: ConnectionRefused): Uint8Array {
    return encodeBinaryRefusal(0, 0, 'notAllowed', reason)
  }

  stats(): BinaryProtocolStats {
    const sum = { ...this.#past, refused: { ...this.#past.refused } }
    for (const session of this.#sessions) addCounters(sum, session.counters)
    return {
      sessions: this.#sessions.size,
      ...sum,
      halfFrameBytes: this.#surroundings.halfFrames.used,
      ended: { ...this.#ended },
    }
  }

  #forget(session: BinarySession, how: BinarySessionEnd): void {
    this.#sessions.delete(session)
    this.#ended[how]++
    addCounters(this.#past, session.counters)
    this.#past.pending = 0
  }
}

function addCounters(sum: BinaryCounters, part: Readonly<BinaryCounters>): void {
  sum.bytes += part.bytes
  sum.requests += part.requests
  sum.records += part.records
  sum.pending += part.pending
  sum.rows += part.rows
  for (const name of Object.keys(part.refused) as BinaryRefusal[]) {
    sum.refused[name] = (sum.refused[name] ?? 0) + (part.refused[name] ?? 0)
  }
}
