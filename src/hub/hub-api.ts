/** What a hub is to servers, to the command line and to programs that hold one inside them. */
import type { TaskRunnerStats } from '../base/base.ts'
import type { FoundValues, Progress, Query, QueryScope, Row, ValuesWanted } from '../query/query.ts'
import type { BackupReport, LostRange, Store, StoreStats } from '../storage/storage.ts'

export interface Hub extends AsyncDisposable {
  /** A store by name, `logs` by default. STORE_UNKNOWN. */
  store(name?: string): Store
  /** Runs a query on what is visible now. QUERY_TOO_LARGE, QUERY_CANCELLED. */
  query(query: Query, options?: QueryOptions): Promise<Answer>
  /** How many records match the filter (and pipes) of the query. */
  count(query: Query, options?: QueryOptions): Promise<number>
  /**
   * What values the matching records hold, with hits: names of fields, values of a field, streams. QUERY_SYNTAX where
   * the query has pipes, QUERY_CANCELLED.
   */
  values(query: Query, wanted: ValuesWanted, options?: ValuesQueryOptions): Promise<ValuesAnswer>
  /** Everything that matches from now on, or after an id, as it is stored. Only live pipes: QUERY_SYNTAX. */
  tail(query: Query, options?: TailQueryOptions): AsyncIterable<TailItem>
  /**
   * Deletes, in the background, all that is there now and matches a filter; goes on after a restart. QUERY_SYNTAX where
   * the text is more than a filter; QUERY_TOO_LARGE, SERVER_BUSY, STORE_UNKNOWN.
   */
  deleteWhere(filter: string, options?: { readonly store?: string }): Promise<TaskInfo>
  /** Work in the background, oldest first, with what ended since the start. */
  tasks(): readonly TaskInfo[]
  /** Ends it where it stands. TASK_UNKNOWN. */
  cancelTask(id: string): Promise<void>
  /** Queries that wait or run, oldest first. */
  queries(): readonly QueryInfo[]
  /** Queries that took a second or longer, the last one first. */
  slowQueries(): readonly QueryInfo[]
  /** A query that runs or has just ended. QUERY_UNKNOWN. */
  queryInfo(id: string): QueryInfo
  /** Ends it with QUERY_CANCELLED; false where it had ended before. QUERY_UNKNOWN. */
  cancelQuery(id: string): boolean
  /**
   * Copies all stores, each as it is at one moment, into a directory that is empty or missing; the reports by name.
   * BACKUP_REFUSED, SERVER_BUSY, STORE_CLOSED, errors of the disk.
   */
  backup(
    directory: string,
    options?: { readonly signal?: AbortSignal },
  ): Promise<Readonly<Record<string, BackupReport>>>
  stats(): HubStats
  /** Waits for what is in flight, syncs, closes all stores. */
  close(): Promise<void>
}

export interface QueryOptions {
  readonly store?: string
  readonly signal?: AbortSignal
  /** What it is called in lists, and to cancel it. Default: a random one. */
  readonly id?: string
  /** The newest rows, at most this many, unless the query limits itself. Default: no limit. */
  readonly rowsMax?: number
  /** What the function `rate` divides by, where it is not the time range of the query: a step. */
  readonly rateSeconds?: number
  /** What queries within the query may see, beside what they ask for: the query itself is narrowed by whoever asks. */
  readonly scope?: QueryScope
  /** Who asks, for queries that have to wait: clients get their turns one after the other. */
  readonly client?: string
}

export interface ValuesQueryOptions extends Omit<QueryOptions, 'rowsMax'> {
  /** The values with most hits, at most so many. Default 10,000. */
  readonly limit?: number
}

export interface ValuesAnswer extends FoundValues {
  /** Ids that could not be read: nothing of them is counted. */
  readonly missing: readonly LostRange[]
}

export interface QueryInfo extends Progress {
  readonly id: string
  /** As it was read, printed again; cut where it is long. */
  readonly query: string
  readonly store: string
  /** Who asked; empty where that is not known. */
  readonly client: string
  readonly startedMs: number
  /** Until now, or until it was answered. */
  readonly tookMs: number
  readonly state: 'waiting' | 'running' | 'done' | 'cancelled' | 'failed'
  /** Of the answer; null while that is not known. */
  readonly rows: number | null
  readonly problem: string | null
}

/** Must be disposed of: it holds a snapshot. */
export interface Answer extends AsyncDisposable {
  /** Of the query. */
  readonly id: string
  /** Ids that could not be read: the answer lacks what was there. */
  readonly missing: readonly LostRange[]
  /** Rows of the answer, known before the first one. */
  readonly count: number
  /** Oldest first, by (time, id), or in the order that the query's pipes give them. To be read once. */
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

export interface TaskInfo {
  /** The store's name and a number, `logs-12`. */
  readonly id: string
  readonly kind: 'delete'
  readonly store: string
  readonly query: string
  /** `waiting`: for its turn, or to be tried again after a `problem`. */
  readonly state: 'waiting' | 'running' | 'done' | 'cancelled'
  readonly deletedRecords: number
  /** What went wrong, or could not be looked at; null when nothing did. */
  readonly problem: string | null
}

export interface HubStats {
  readonly startedMs: number
  readonly stores: Readonly<Record<string, StoreStats>>
  /** Records that were filed by receivedTime, because their own was too far ahead or too old. */
  readonly filedByReceived: number
  /** Records that rules of retention deleted one by one, since the start. */
  readonly expiredRecords: number
  readonly queriesRunning: number
  readonly queries: number
  /** Bytes of memory that queries hold or may need, and rows that were found and not taken. */
  readonly queryBytes: number
  readonly answerBytes: number
  /** What seals and merges, and what searches. */
  readonly workers: { readonly store: TaskRunnerStats; readonly search: TaskRunnerStats }
  readonly tails: number
  readonly tailRows: number
  readonly tailGapRows: number
  /** Bytes of rows that wait for slow tails. */
  readonly tailBytes: number
}
