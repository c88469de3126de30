/**
 * The log port: a listener, the store that records go to, and what its sessions share.
 *
 * Not here: the protocol (ingest/text-log-decoder.ts) and one peer's state (log-session.ts).
 */
import type { Socket } from 'node:net'
import type { Clock } from '../base/base.ts'
import type { Hub } from '../hub/hub.ts'
import {
  type LogRefusal,
  LogReplyEncoder,
  newTextLogCounters,
  type TextLogCounters,
  type TextLogOptions,
  TextLogWorkspace,
} from '../ingest/ingest.ts'
import type { AccessPolicy, PeerAddress } from './access.ts'
import type { ConnectionOptions } from './connection.ts'
import { type ListenAddress, Listener, type ListenerOptions, type ListenerStats } from './listener.ts'
import { LogSession, type LogSessionEnd, type LogSurroundings } from './log-session.ts'
import { StoreGate } from './store-gate.ts'

export interface LogServerOptions {
  readonly listener: ListenerOptions
  readonly access: AccessPolicy
  readonly connection: ConnectionOptions
  readonly text: TextLogOptions
  /** Whether records keep their sender as `client.address` and `client.port`. */
  readonly clientFields: boolean
  /** Bytes of one session that were read and are not stored. */
  readonly unackedBytesMax: number
  /** The same of all sessions. Default 64 MiB. */
  readonly unackedBytesOfAllMax?: number
  /** Bytes of lines whose end has not come, of all sessions. Default 64 MiB. */
  readonly halfLineBytesMax?: number
  /** The store that records go to. Default `logs`. */
  readonly store?: string
  /** What STATS shows of the server, where `read` is granted. Default: `stats()`. */
  readonly serverStats?: () => unknown
  /** Told what our own log should say. */
  readonly problem?: (message: string, error: unknown) => void
}

export interface LogServerStats extends TextLogCounters {
  readonly listener: ListenerStats
  readonly bytes: number
  /** Records that are durable. */
  readonly records: number
  /** Records on their way to the disk, and bytes of them. */
  readonly pending: number
  readonly unstoredBytes: number
  readonly halfLineBytes: number
  /** Bytes of replies that peers have not taken. */
  readonly unsentBytes: number
  /** How sessions ended. */
  readonly ended: Readonly<Record<LogSessionEnd, number>>
}

const MIB = 1024 * 1024
const ALL_BYTES_MAX = 64 * MIB

export class LogServer {
  readonly #listener: Listener
  readonly #surroundings: LogSurroundings
  readonly #past = newTextLogCounters()
  readonly #pastProgress = { bytes: 0, records: 0, pending: 0, unsentBytes: 0 }
  readonly #ended: Record<LogSessionEnd, number> = { finished: 0, broken: 0, idle: 0, stalled: 0, cut: 0 }
  readonly #sessions = new Set<LogSession>()

  /** STORE_UNKNOWN. */
  constructor(hub: Hub, clock: Clock, options: LogServerOptions) {
    this.#surroundings = {
      ...options,
      clock,
      gate: new StoreGate(hub.store(options.store), options.unackedBytesOfAllMax ?? ALL_BYTES_MAX),
      workspace: new TextLogWorkspace(options.halfLineBytesMax ?? ALL_BYTES_MAX),
      replies: new LogReplyEncoder(options.text.recordBytesMax),
      serverStats: options.serverStats ?? (() => this.stats()),
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

  stats(): LogServerStats {
    const lines = copyOf(this.#past)
    const progress = { ...this.#pastProgress }
    for (const session of this.#sessions) {
      addCounters(lines, session.counters)
      addRefused(lines.refused, session.progress.refused)
      addProgress(progress, session)
    }
    return {
      listener: this.#listener.stats(),
      ...lines,
      ...progress,
      unstoredBytes: this.#surroundings.gate.unstoredBytes,
      halfLineBytes: this.#surroundings.workspace.halfLines.used,
      ended: { ...this.#ended },
    }
  }

  #open(socket: Socket, peer: PeerAddress): LogSession {
    const session = new LogSession(socket, peer, this.#surroundings)
    this.#sessions.add(session)
    return session
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
