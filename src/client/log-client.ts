/**
 * A client of a LogCaster server:
 *
 *   await using client = await openClient({ host: '127.0.0.1', port: 9999 })
 *   const [id] = await client.send({ message: 'disk is full', level: 'error' })
 *   for await (const row of client.query('level:error')) console.log(row._msg)
 *
 * It puts the pieces together and has no behaviour of its own: lane.ts keeps the connection for sending, sender.ts
 * sends, spill.ts keeps what does not fit, pool.ts has the connections of queries.ts. docs/client.md says what all
 * of it promises.
 */
import { CodedError, type Random } from '../base/base.ts'
import type { NewRecord } from '../record/record.ts'
import type { RowObject } from './answers.ts'
import { Backoff } from './backoff.ts'
import { BatchNumbers } from './batch-cutter.ts'
import { type ClientEvents, type ClientListener, EventTable } from './client-events.ts'
import { type ClientOptions, type ClientSettings, checkOptions } from './client-options.ts'
import { type Connection, invalidAnswer } from './connection.ts'
import { dial } from './dial.ts'
import { type ClientState, Lane } from './lane.ts'
import { Pool } from './pool.ts'
import { Queries, type QueryOptions, type TailItem, type TailOptions } from './queries.ts'
import type { SentIds } from './send-ticket.ts'
import { Sender, type SenderCounters } from './sender.ts'
import { Spill } from './spill.ts'
import { pause } from './waiting.ts'

/** Counters of this client since it was opened; sizes as they are now. */
export interface ClientStats extends Readonly<SenderCounters> {
  readonly state: ClientState['state']
  /** Records in memory without an outcome. */
  readonly unacknowledged: number
  readonly heldBytes: number
  readonly batchesInFlight: number
  /** Records in spill files that are not acknowledged, and the bytes of those files. */
  readonly spilledRecords: number
  readonly spilledBytes: number
  /** Connections that were made, and those that broke or could not be made, by the code of the reason. */
  readonly connections: number
  readonly connectionsLost: Readonly<Record<string, number>>
  /** Connections of queries and tails. */
  readonly connectionsUsed: number
  readonly connectionsIdle: number
}

export interface CloseOptions {
  /** How long to wait for acknowledgements. Default: the option `closeMsMax`. */
  readonly flushMsMax?: number
}

export interface CloseReport {
  /** Records whose `send` rejected with CLIENT_CLOSED: whether they are stored is not known. */
  readonly unacknowledged: number
  /** Records that are in the spill files, for the next client of that directory. */
  readonly spilled: number
}

/**
 * Opens a client. It does not wait for the server: it connects, and goes on trying, by itself. CONFIG_INVALID; with
 * spill files DIRECTORY_LOCKED, SPILL_UNUSABLE, FORMAT_VERSION.
 */
export async function openClient(options: ClientOptions = {}): Promise<LogClient> {
  const settings = checkOptions(options)
  const events = new EventTable()
  const numbers = new BatchNumbers(clientId(settings.random))
  // The spill tells the sender of what it wrote, and the sender needs the spill: a first write is later than both.
  let sender: Sender | null = null
  const spillEvents = {
    onSpilled: (records: number) => events.emit('spilled', { records }),
    onWritten: () => sender?.spilled(),
    onProblem: (error: CodedError) => events.emit('problem', error),
  }
  const { spillDirectory } = settings
  const spill =
    spillDirectory === null ? null : await Spill.open(settings, spillDirectory, numbers, spillEvents)
  sender = new Sender(settings, spill, numbers, {
    onRefused: (refused) => events.emit('refused', refused),
    onProblem: (error) => events.emit('problem', error),
  })
  return new LogClient(settings, events, sender, spill)
}

/** 128 random bits: no two clients ever give a batch the same id. */
function clientId(random: Random): string {
  return Array.from({ length: 4 }, () => random.uint32().toString(16).padStart(8, '0')).join('')
}

export class LogClient implements AsyncDisposable {
  readonly #settings: ClientSettings
  readonly #events: EventTable
  readonly #sender: Sender
  readonly #spill: Spill | null
  readonly #lane: Lane
  readonly #pool: Pool
  readonly #queries: Queries
  readonly #connectionsLost: Record<string, number> = {}
  #connections = 0
  #closing: Promise<CloseReport> | null = null

  /** Use `openClient`. */
  constructor(settings: ClientSettings, events: EventTable, sender: Sender, spill: Spill | null) {
    this.#settings = settings
    this.#events = events
    this.#sender = sender
    this.#spill = spill
    this.#lane = this.#openLane()
    this.#pool = new Pool((signal) => this.#dial(signal), this.#newBackoff(), settings)
    this.#queries = new Queries(this.#pool, settings)
    this.#lane.open()
  }

  #openLane(): Lane {
    return new Lane((signal) => this.#dial(signal), this.#newBackoff(), this.#settings, {
      onState: (state) => this.#events.emit('state', state),
      onUp: (connection) => this.#sender.up(connection),
      onDown: (error) => this.#sender.down(error),
    })
  }

  #newBackoff(): Backoff {
    const { random, retryMsMin, retryMsMax } = this.#settings
    return new Backoff(random, retryMsMin, retryMsMax)
  }

  /** Counts, and tells of every connection that failed or broke. */
  async #dial(signal: AbortSignal): Promise<Connection> {
    try {
      const connection = await dial(this.#settings, signal)
      this.#connections++
      connection.lost.then((error) => this.#countLost(error))
      return connection
    } catch (error) {
      if (error instanceof CodedError) this.#countLost(error)
      throw error
    }
  }

  #countLost(error: CodedError): void {
    if (error.code === 'CLIENT_CLOSED') return
    this.#connectionsLost[error.code] = (this.#connectionsLost[error.code] ?? 0) + 1
    this.#events.emit('problem', error)
  }

  // ---- sending ----------------------------------------------------------------------------------------------

  /**
   * Resolves with the ids when the records are on the server's disk and visible to queries, or, with `overflow:
   * 'spill'`, with null for those that went to the spill file. Rejects when a record was refused: `code` is that of
   * the first, `details.refused` has all, `details.ids` the ids of the others.
   *
   * Before anything is sent: RECORD_INVALID, RECORD_TOO_LARGE, SEND_BUFFER_FULL, CLIENT_CLOSED, SPILL_UNUSABLE. Later:
   * the server's codes, TIMED_OUT, CLIENT_CLOSED.
   */
  async send(records: NewRecord | readonly NewRecord[]): Promise<SentIds> {
    if (this.#closing !== null) throw closed()
    return this.#sender.send(isList(records) ? records : [records])
  }

  /** Resolves when there is room for more: for those who do not wait for each `send`. */
  room(): Promise<void> {
    return this.#sender.room()
  }

  // ---- asking -----------------------------------------------------------------------------------------------

  /**
   * The rows of a LogsQL query, oldest first. QUERY_SYNTAX, QUERY_TOO_LARGE, QUERY_CANCELLED, NOT_ALLOWED;
   * SERVER_UNREACHABLE when the connection breaks (rows that came are right, and not all), TIMED_OUT.
   */
  query(text: string, options: QueryOptions = {}): AsyncGenerator<RowObject, void> {
    return this.#queries.query(text, options)
  }

  /**
   * Records as they are stored, until the loop is left or `signal` aborts. Goes on after a lost connection where it
   * was. A `gap` says what was missed. QUERY_SYNTAX, NOT_ALLOWED, CLIENT_CLOSED.
   */
  tail(text: string, options: TailOptions = {}): AsyncGenerator<TailItem, void> {
    return this.#queries.tail(text, options)
  }

  /** How long the server takes to answer, in milliseconds. Rejects with what is wrong with the connection. */
  async ping(): Promise<number> {
    const { clock } = this.#settings
    const connection = await this.#lane.connection()
    const startMs = clock.monotonicMs()
    await connection.check()
    return clock.monotonicMs() - startMs
  }

  /** The server's own counters, as far as this client may see them. */
  async serverStats(): Promise<Readonly<Record<string, unknown>>> {
    const connection = await this.#lane.connection()
    const { type, payload } = await connection.request('stats', {})
    if (type === 'stats' && isPlainObject(payload)) return payload
    const error = invalidAnswer('no statistics')
    connection.lose(error)
    throw error
  }

  // ---- watching ---------------------------------------------------------------------------------------------

  /** Calls the listener for every event of this name; returns what ends that. */
  on<Name extends keyof ClientEvents>(name: Name, listener: ClientListener<Name>): () => void {
    return this.#events.on(name, listener)
  }

  get state(): ClientState {
    return this.#lane.state
  }

  stats(): ClientStats {
    return {
      ...this.#sender.counters,
      state: this.#lane.state.state,
      unacknowledged: this.#sender.unacknowledged,
      heldBytes: this.#sender.heldBytes,
      batchesInFlight: this.#sender.batchesInFlight,
      spilledRecords: this.#spill?.records ?? 0,
      spilledBytes: this.#spill?.bytes ?? 0,
      connections: this.#connections,
      connectionsLost: { ...this.#connectionsLost },
      connectionsUsed: this.#pool.used,
      connectionsIdle: this.#pool.idle,
    }
  }

  // ---- the end ----------------------------------------------------------------------------------------------

  /** Takes no more records, waits for acknowledgements, closes everything, and says what is left. */
  close(options: CloseOptions = {}): Promise<CloseReport> {
    this.#closing ??= this.#close(options.flushMsMax ?? this.#settings.closeMsMax)
    return this.#closing
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }

  async #close(flushMsMax: number): Promise<CloseReport> {
    if (flushMsMax > 0) await this.#flush(flushMsMax)
    this.#pool.close()
    await this.#lane.close()
    const unacknowledged = await this.#sender.end()
    await this.#spill?.close()
    return { unacknowledged, spilled: this.#spill?.records ?? 0 }
  }

  async #flush(msMax: number): Promise<void> {
    const acknowledged = new AbortController()
    const over = pause(this.#settings.clock, msMax, acknowledged.signal)
    await Promise.race([this.#sender.idle(), over])
    acknowledged.abort()
  }
}

function isList(records: NewRecord | readonly NewRecord[]): records is readonly NewRecord[] {
  return Array.isArray(records)
}

function isPlainObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function closed(): CodedError {
  return new CodedError('CLIENT_CLOSED', 'The client was closed.')
}
