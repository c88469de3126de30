/**
 * The text log protocol (PROTOCOLS.md §2) for all ports: where records go, what its sessions share, and their sum.
 *
 * Not here: the protocol (ingest/text-log-decoder.ts) and one peer's state (log-session.ts).
 */
import type { Clock } from '../base/base.ts'
import {
  type LogRefusal,
  LogReplyEncoder,
  newTextLogCounters,
  type TextLogCounters,
  type TextLogOptions,
  TextLogWorkspace,
} from '../ingest/ingest.ts'
import type { Connection } from './connection.ts'
import { LogSession, type LogSessionEnd, type LogSurroundings } from './log-session.ts'
import type { Arrival, ConnectionProtocol, ConnectionRefused } from './protocol.ts'
import type { StoreGate } from './store-gate.ts'

export interface LogProtocolOptions {
  readonly text: TextLogOptions
  /** Whether records keep their sender as `client.address` and `client.port`. */
  readonly clientFields: boolean
  /** Bytes of one session that were read and are not stored. */
  readonly unackedBytesMax: number
  /** Bytes of lines whose end has not come, of all sessions. Default 64 MiB. */
  readonly halfLineBytesMax?: number
  /** What STATS shows of the server, where `read` is granted. Default: `stats()`. */
  readonly serverStats?: () => unknown
  /** Told what our own log should say. */
  readonly problem?: (message: string, error: unknown) => void
}

export interface LogProtocolStats extends TextLogCounters {
  readonly sessions: number
  readonly bytes: number
  /** Records that are durable. */
  readonly records: number
  /** Records on their way to the disk. */
  readonly pending: number
  readonly halfLineBytes: number
  /** Bytes of replies that peers have not taken. */
  readonly unsentBytes: number
  /** How sessions ended. */
  readonly ended: Readonly<Record<LogSessionEnd, number>>
}

const HALF_LINE_BYTES_MAX = 64 * 1024 * 1024

export class LogProtocol implements ConnectionProtocol {
  readonly name = 'log'
  readonly takesStream = false
  readonly #surroundings: LogSurroundings
  readonly #past = newTextLogCounters()
  readonly #pastProgress = { bytes: 0, records: 0, pending: 0, unsentBytes: 0 }
  readonly #ended: Record<LogSessionEnd, number> = { finished: 0, broken: 0, idle: 0, stalled: 0, cut: 0 }
  readonly #sessions = new Set<LogSession>()

  constructor(gate: StoreGate, clock: Clock, options: LogProtocolOptions) {
    this.#surroundings = {
      ...options,
      clock,
      gate,
      workspace: new TextLogWorkspace(options.halfLineBytesMax ?? HALF_LINE_BYTES_MAX),
      replies: new LogReplyEncoder(options.text.recordBytesMax),
      serverStats: options.serverStats ?? (() => this.stats()),
      problem: options.problem ?? (() => {}),
      ended: (session, how) => this.#forget(session, how),
    }
  }

  open(connection: Connection, arrival: Arrival): LogSession {
    const session = new LogSession(connection, arrival, this.#surroundings)
    this.#sessions.add(session)
    return session
  }

  refusal({ reason }: ConnectionRefused): string {
    return `ERROR|${reason}\n`
  }

  stats(): LogProtocolStats {
    const lines = copyOf(this.#past)
    const progress = { ...this.#pastProgress }
    for (const session of this.#sessions) {
      addCounters(lines, session.counters)
      addRefused(lines.refused, session.progress.refused)
      addProgress(progress, session)
    }
    return {
      sessions: this.#sessions.size,
      ...lines,
      ...progress,
      halfLineBytes: this.#surroundings.workspace.halfLines.used,
      ended: { ...this.#ended },
    }
  }

  #forget(session: LogSession, how: LogSessionEnd): void {
    this.#sessions.delete(session)
    this.#ended[how]++
    addCounters(this.#past, session.counters)
    addRefused(this.#past.refused, session.progress.refused)
    addProgress(this.#pastProgress, session)
    this.#pastProgress.pending = 0
    this.#pastProgress.unsentBytes = 0
  }
}

function copyOf(counters: TextLogCounters): TextLogCounters {
  return { ...counters, refused: { ...counters.refused } }
}

function addCounters(sum: TextLogCounters, part: TextLogCounters): void {
  sum.lines += part.lines
  sum.emptyLines += part.emptyLines
  sum.commands += part.commands
  sum.plainLines += part.plainLines
  sum.truncated += part.truncated
  sum.unfinishedCommands += part.unfinishedCommands
  addRefused(sum.refused, part.refused)
}

function addRefused(
  sum: Partial<Record<LogRefusal, number>>,
  part: Readonly<Partial<Record<LogRefusal, number>>>,
): void {
  for (const reason of Object.keys(part) as LogRefusal[]) {
    sum[reason] = (sum[reason] ?? 0) + (part[reason] ?? 0)
  }
}

function addProgress(
  sum: Record<'bytes' | 'records' | 'pending' | 'unsentBytes', number>,
  session: LogSession,
): void {
  const { bytes, records, pending, unsentBytes } = session.progress
  sum.bytes += bytes
  sum.records += records
  sum.pending += pending
  sum.unsentBytes += unsentBytes
}
