/**
 * The queries of a hub that wait, run, or have ended not long ago: who asked what, how far it is, and a way to end it.
 * A query is remembered until `ENDED_MAX` others have ended after it; those that took long are kept in a list of their
 * own, so that quick ones do not push them out.
 */
import { type Clock, CodedError, messageOf, type Random } from '../base/base.ts'
import { printQuery, type Query, QueryProgress } from '../query/query.ts'
import type { QueryInfo } from './hub-api.ts'

const ENDED_MAX = 100
const SLOW_MAX = 100
const SLOW_MS = 1000
/** A query that had no turn for so long is told to come again: whoever asked may know better than to wait. */
export const TURN_WAIT_MS_MAX = 10_000
const TEXT_MAX = 4096
const ID = /^[\w.-]{1,64}$/

interface Entry {
  readonly id: string
  readonly query: string
  readonly store: string
  readonly client: string
  readonly startedMs: number
  readonly progress: QueryProgress
  readonly abort: AbortController
  /** Ends the watch over how long it waits for its turn. */
  stopWaiting: () => void
  state: QueryInfo['state']
  endedMs: number | null
  rows: number | null
  problem: string | null
}

export interface QueryStart {
  readonly query: Query
  readonly store: string
  readonly client?: string
  /** The name that whoever asks gave it; must not be in use. */
  readonly id?: string
  readonly signal?: AbortSignal
}

/** One query on its way. */
export interface RunningQuery {
  readonly id: string
  readonly progress: QueryProgress
  /** Of whoever asked, and of whoever cancels it here. */
  readonly signal: AbortSignal
  /** It has its turn. Until then it is given up with SERVER_BUSY after `TURN_WAIT_MS_MAX`. */
  runs(): void
  /** It was answered; `rows` as far as they are known. */
  ends(rows: number | null): void
  fails(error: unknown): void
}

export class RunningQueries {
  readonly #clock: Clock
  readonly #random: Random
  readonly #running = new Map<string, Entry>()
  #ended: Entry[] = []
  #slow: Entry[] = []

  constructor(clock: Clock, random: Random) {
    this.#clock = clock
    this.#random = random
  }

  /** QUERY_ID_INVALID where the id is no name, or that of a query that runs. */
  begin({ query, store, client = '', id = this.#newId(), signal }: QueryStart): RunningQuery {
    if (!ID.test(id) || this.#running.has(id)) {
      throw new CodedError(
        'QUERY_ID_INVALID',
        'The id of a query has up to 64 letters, digits, `.`, `_` and `-`, and is not that of one that runs.',
      )
    }
    const entry: Entry = {
      ...{ id, store, client, query: printQuery(query).slice(0, TEXT_MAX), startedMs: this.#clock.wallMs() },
      ...{ progress: new QueryProgress(), abort: new AbortController(), state: 'waiting' },
      ...{ endedMs: null, rows: null, problem: null, stopWaiting: () => {} },
    }
    this.#running.set(id, entry)
    entry.stopWaiting = this.#clock.after(TURN_WAIT_MS_MAX, () => entry.abort.abort(noTurn()))
    return {
      id,
      progress: entry.progress,
      signal: signal === undefined ? entry.abort.signal : AbortSignal.any([signal, entry.abort.signal]),
      runs: () => {
        entry.stopWaiting()
        entry.state = 'running'
      },
      ends: (rows) => this.#end(entry, 'done', rows, null),
      fails: (error) => {
        const state = stateAfter(error)
        this.#end(entry, state, null, messageOf(error))
      },
    }
  }

  #newId(): string {
    const half = (): string => this.#random.uint32().toString(16).padStart(8, '0')
    return half() + half()
  }

  #end(entry: Entry, state: Entry['state'], rows: number | null, problem: string | null): void {
    if (!this.#running.delete(entry.id)) return
    entry.stopWaiting()
    entry.state = state
    entry.rows = rows
    entry.problem = problem
    entry.endedMs = this.#clock.wallMs()
    this.#ended = [...this.#ended.slice(1 - ENDED_MAX), entry]
    if (entry.endedMs - entry.startedMs >= SLOW_MS) this.#slow = [...this.#slow.slice(1 - SLOW_MAX), entry]
  }

  /** Those that wait or run, oldest first. */
  list(): QueryInfo[] {
    return [...this.#running.values()].map((entry) => this.#infoOf(entry))
  }

  /** Those that took a second or longer, the last one first. */
  slow(): QueryInfo[] {
    return this.#slow.toReversed().map((entry) => this.#infoOf(entry))
  }

  /** QUERY_UNKNOWN. */
  find(id: string): QueryInfo {
    const entry = this.#running.get(id) ?? [...this.#slow, ...this.#ended].findLast((each) => each.id === id)
    if (entry === undefined) throw unknownQuery(id)
    return this.#infoOf(entry)
  }

  /** Ends it with QUERY_CANCELLED; one that has ended stays as it is: false. QUERY_UNKNOWN. */
  cancel(id: string): boolean {
    this.find(id)
    const entry = this.#running.get(id)
    entry?.abort.abort()
    return entry !== undefined
  }

  #infoOf(entry: Entry): QueryInfo {
    const { id, query, store, client, startedMs, endedMs, state, rows, problem, progress } = entry
    const tookMs = (endedMs ?? this.#clock.wallMs()) - startedMs
    return { id, query, store, client, startedMs, tookMs, state, rows, problem, ...progress.now() }
  }
}

function stateAfter(error: unknown): Entry['state'] {
  return error instanceof CodedError && error.code === 'QUERY_CANCELLED' ? 'cancelled' : 'failed'
}

function noTurn(): CodedError {
  const message = `Other queries run, and this one had no turn for ${TURN_WAIT_MS_MAX / 1000} s: ask again soon.`
  return new CodedError('SERVER_BUSY', message)
}

function unknownQuery(id: string): CodedError {
  return new CodedError(
    'QUERY_UNKNOWN',
    `There is no query ${JSON.stringify(id.slice(0, 64))} that runs or has just ended.`,
  )
}
