/** What a hub is to servers, to the command line and to programs that hold one inside them. */
import type { Query, Row } from '../query/query.ts'
import type { Store, StoreStats } from '../storage/storage.ts'

export interface Hub extends AsyncDisposable {
  /** A store by name, `logs` by default. STORE_UNKNOWN. */
  store(name?: string): Store
  /** Runs a query on what is visible now. QUERY_TOO_LARGE, QUERY_CANCELLED. */
  query(query: Query, options?: QueryOptions): Promise<Answer>
  /** How many records match the filter (and pipes) of the query. */
  count(query: Query, options?: QueryOptions): Promise<number>
  /** Everything that matches from now on, or after an id, as it is stored. Only live pipes: QUERY_SYNTAX. */
  tail(query: Query, options?: TailQueryOptions): AsyncIterable<TailItem>
  stats(): HubStats
  /** Waits for what is in flight, syncs, closes all stores. */
  close(): Promise<void>
}

export interface QueryOptions {
  readonly store?: string
  readonly signal?: AbortSignal
  /** The newest rows, at most this many, unless the query limits itself. Default: no limit. */
  readonly rowsMax?: number
  /** Who asks, for queries that have to wait: clients get their turns one after the other. */
  readonly client?: string
}

/** Must be disposed of: it holds a snapshot. */
export interface Answer extends AsyncDisposable {
  /** Rows of the answer, known before the first one. */
  readonly count: number
  /** Oldest first, by (time, id). To be read once. */
  readonly rows: AsyncIterable<Row>
}

export interface TailQueryOptions {
  readonly store?: string
  /** Resume after this id; default: from now. */
  readonly afterId?: number
  readonly signal?: AbortSignal
  /** Rows that may wait for a slow subscriber before it gets a gap. Default 10,000. */
  readonly queueRowsMax?: number
}

export type TailItem =
  | { readonly kind: 'row'; readonly id: number; readonly row: Row }
  /** `count` matching records from `fromId` to `toId`, both inclusive, were not delivered: the subscriber was too slow. */
  | { readonly kind: 'gap'; readonly fromId: number; readonly toId: number; readonly count: number }

export interface HubStats {
  readonly startedMs: number
  readonly stores: Readonly<Record<string, StoreStats>>
  readonly queriesRunning: number
  readonly queries: number
  readonly tails: number
  readonly tailRows: number
  readonly tailGapRows: number
  /** Bytes of rows that wait for slow tails. */
  readonly tailBytes: number
}
