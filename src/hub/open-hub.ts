/**
 * Opens a hub: the lock on the data directory, the named stores in it, queries and live tails over them. Everything
 * that talks to a store goes through here; nothing here knows a protocol.
 */
import { availableParallelism } from 'node:os'
import {
  type Clock,
  CodedError,
  type Disk,
  type DiskLock,
  messageOf,
  type Random,
  type TaskRunner,
} from '../base/base.ts'
import {
  AggregateCache,
  ChunkBudget,
  countRows,
  findValues,
  isLive,
  isRowByRow,
  keyBytesFor,
  liveCost,
  openScanRunner,
  type Query,
  queryLimit,
  type Row,
  type RunOptions,
  type ScanThreads,
  selectRows,
  type ValuesWanted,
} from '../query/query.ts'
import {
  type BackupReport,
  type LogState,
  openStore,
  openStoreRunner,
  refuseOccupied,
  type Snapshot,
  type SpaceLevel,
  type Store,
  type StoreOptions,
} from '../storage/storage.ts'
import { FilingStore } from './filing-store.ts'
import { HeldRows } from './held-rows.ts'
import type {
  Answer,
  Hub,
  HubStats,
  QueryInfo,
  QueryOptions,
  TailItem,
  TailQueryOptions,
  TaskInfo,
  ValuesAnswer,
  ValuesQueryOptions,
} from './hub-api.ts'
import { LiveTails } from './live-tail.ts'
import type { TailCounters } from './live-tail-subscriber.ts'
import { QueryGate } from './query-gate.ts'
import type { RetentionRule } from './rule-retention.ts'
import { RunningQueries, type RunningQuery } from './running-queries.ts'
import { StoreTasks } from './store-tasks.ts'

export const DEFAULT_STORE = 'logs'
/** A search of a message costs 8: a tail may have some 250 of them. */
const LIVE_COST_MAX = 2000
const THREADS_DEFAULT = 2
const VALUES_MAX_DEFAULT = 10_000
const MIB = 1024 * 1024
const CACHE_BYTES_DEFAULT = 64 * MIB
const AGGREGATE_BYTES_DEFAULT = 32 * MIB
const AGGREGATE_SHARE = 8
const QUERY_BYTES_DEFAULT = 64 * MIB
const QUERIES_BYTES_DEFAULT = 144 * MIB
const ANSWERS_BYTES_DEFAULT = 40 * MIB
/** Ids of rows that a reader has not taken: so few are free. */
const HELD_BYTES_FREE = 64 * 1024
const ID_BYTES = 8
const STORE_NAME = /^[a-z][a-z0-9_-]{0,62}$/

export interface HubOptions {
  readonly dataDir: string
  readonly disk: Disk
  readonly clock: Clock
  readonly random: Random
  /** Stores beside `logs`. */
  readonly stores?: readonly string[]
  readonly store?: Partial<StoreOptions>
  /** Bytes that one query may keep. */
  readonly queryMemoryBytesMax?: number
  /** Bytes of all queries together: one that may need more than is left waits. Default 144 MiB. */
  readonly queriesBytesMax?: number
  /** Bytes of rows that were found and not taken, of all answers. Default 40 MiB. */
  readonly answersBytesMax?: number
  /** Queries that run at once; the others wait for their turn. */
  readonly queriesMax?: number
  /** Threads that search what is sealed, of all queries together. 0: none. Default 2, or 1 where there is one processor. */
  readonly queryThreads?: number
  /** Bytes of decoded data that these threads keep for the next query. Default 64 MiB. */
  readonly queryCacheBytesMax?: number
  /** Bytes of what pipes made of sealed parts, for the next time. 0: nothing is kept. Default 8 MiB. */
  readonly queryAggregateBytesMax?: number
  /** How long records are kept, beside `store.retentionMs`, which is the longest of it. */
  readonly retentionRules?: readonly RetentionRule[]
  /** Told when the room on the disk of a store reaches another level. */
  readonly spaceChanged?: (store: string, level: SpaceLevel, freeBytes: number) => void
  /** Told when the check in the background finds a damaged file of a store. */
  readonly damageFound?: (store: string, file: string, reason: string) => void
  /** Told when work in the background begins, ends, or meets a problem. */
  readonly taskChanged?: (task: TaskInfo) => void
  /** Told when a store stops or starts to take records. */
  readonly storeStateChanged?: (store: string, state: LogState, reason: string | null) => void
}

/** DIRECTORY_LOCKED, DIRECTORY_UNUSABLE, MANIFEST_CORRUPT, FORMAT_VERSION. */
export async function openHub(options: HubOptions): Promise<Hub> {
  const lock = await lockDataDirectory(options.disk, options.dataDir)
  const stores = new Map<string, Store>()
  const runner = openStoreRunner(options)
  try {
    for (const name of new Set([DEFAULT_STORE, ...(options.stores ?? [])])) {
      stores.set(name, await openNamedStore(options, name, runner))
    }
  } catch (error) {
    for (const store of stores.values()) await store.close().catch(() => {})
    await runner.close()
    await lock.release()
    throw error
  }
  return new OpenHub(options, lock, stores, runner)
}

async function lockDataDirectory(disk: Disk, dataDir: string): Promise<DiskLock> {
  try {
    await disk.makeDirectory(dataDir)
    return await disk.lock(dataDir)
  } catch (error) {
    if (error instanceof CodedError) throw error
    throw new CodedError('DIRECTORY_UNUSABLE', `${dataDir} cannot be used: ${messageOf(error)}.`, {
      cause: error,
    })
  }
}

async function openNamedStore(options: HubOptions, name: string, runner: TaskRunner): Promise<Store> {
  if (!STORE_NAME.test(name)) {
    throw new CodedError(
      'CONFIG_INVALID',
      `\`${name}\` is not a store name: small letters, digits, _ and -, at most 63.`,
    )
  }
  const store = await openStore({
    disk: options.disk,
    clock: options.clock,
    random: options.random,
    directory: `${options.dataDir}/stores/${name}`,
    options: options.store,
    runner,
    stateChanged: (state, reason) => options.storeStateChanged?.(name, state, reason),
    spaceChanged: (level, freeBytes) => options.spaceChanged?.(name, level, freeBytes),
    damageFound: (file, reason) => options.damageFound?.(name, file, reason),
  })
  return new FilingStore(store, options.store?.retentionMs ?? 0)
}

/** What one query may keep. */
function queryBytesOf({ queryMemoryBytesMax }: Pick<HubOptions, 'queryMemoryBytesMax'>): number {
  return queryMemoryBytesMax ?? QUERY_BYTES_DEFAULT
}

/** Of what one query may keep, a part; where that is little, nothing. */
function aggregateBytesOf(
  options: Pick<HubOptions, 'queryAggregateBytesMax' | 'queryMemoryBytesMax'>,
): number {
  const asked = options.queryAggregateBytesMax ?? AGGREGATE_BYTES_DEFAULT
  const share = queryBytesOf(options) / AGGREGATE_SHARE
  return share < MIB ? 0 : Math.min(asked, share)
}

function scanThreads({ disk, clock, ...options }: HubOptions): ScanThreads {
  const aggregateBytes = aggregateBytesOf(options)
  const threads = Math.min(options.queryThreads ?? THREADS_DEFAULT, availableParallelism())
  const cacheBytesMax = options.queryCacheBytesMax ?? CACHE_BYTES_DEFAULT
  const keptBytesMax = cacheBytesMax / Math.max(1, threads) + queryBytesOf(options)
  const heap = aggregateBytes > 0 ? 'usual' : 'small'
  return {
    runner: openScanRunner({ disk, clock, threads, keptBytesMax, heap }),
    threads: Math.max(1, threads),
    cacheBytesMax,
    ...(aggregateBytes > 0 && { aggregates: new AggregateCache(aggregateBytes) }),
  }
}

class OpenHub implements Hub {
  readonly #options: HubOptions
  readonly #lock: DiskLock
  readonly #stores: ReadonlyMap<string, Store>
  readonly #tails = new Map<string, LiveTails>()
  readonly #counters: TailCounters = { tails: 0, tailRows: 0, tailGapRows: 0, tailBytes: 0 }
  readonly #tasks: StoreTasks
  readonly #gate: QueryGate
  readonly #queries: RunningQueries
  readonly #chunks: ChunkBudget
  readonly #storeRunner: TaskRunner
  readonly #threads: ScanThreads
  readonly #startedMs: number
  #closing: Promise<void> | null = null

  constructor(
    options: HubOptions,
    lock: DiskLock,
    stores: ReadonlyMap<string, Store>,
    storeRunner: TaskRunner,
  ) {
    this.#options = options
    this.#lock = lock
    this.#stores = stores
    this.#storeRunner = storeRunner
    this.#queries = new RunningQueries(options.clock, options.random)
    this.#gate = new QueryGate(options.queriesMax ?? 8, options.queriesBytesMax ?? QUERIES_BYTES_DEFAULT)
    this.#chunks = new ChunkBudget(options.answersBytesMax ?? ANSWERS_BYTES_DEFAULT)
    this.#threads = scanThreads(options)
    this.#startedMs = options.clock.wallMs()
    for (const [name, store] of stores) this.#tails.set(name, new LiveTails(store, this.#counters))
    this.#tasks = new StoreTasks(stores, options)
  }

  store(name: string = DEFAULT_STORE): Store {
    const store = this.#stores.get(name)
    if (store === undefined) {
      const known = [...this.#stores.keys()].map((each) => `\`${each}\``).join(', ')
      throw new CodedError('STORE_UNKNOWN', `There is no store \`${name}\`; there is ${known}.`)
    }
    return store
  }

  async query(query: Query, options: QueryOptions = {}): Promise<Answer> {
    const store = this.store(options.store)
    const { rowsMax, rateSeconds } = options
    const bytes = this.#bytesOf(store, query, rowsMax)
    return this.#asked(query, options, bytes, async ({ id, ...running }) => {
      const snapshot = store.snapshot()
      try {
        const run = {
          ...this.#runOptions(options),
          ...running,
          rowsMax,
          rateSeconds,
          chunks: this.#chunks,
        }
        const { count, rows } = await selectRows(snapshot, query, run)
        return { result: this.#answer(id, snapshot, count, rows), rows: count }
      } catch (error) {
        snapshot.release()
        throw error
      }
    })
  }

  /**
   * Runs it when it is its turn. Rows are fetched as fast as their reader takes them: who reads slowly must not keep
   * others from searching, so the turn ends before.
   */
  async #asked<T>(
    query: Query,
    options: QueryOptions,
    bytes: number,
    run: (running: RunningQuery) => Promise<{ readonly result: T; readonly rows: number | null }>,
  ): Promise<T> {
    const { store = DEFAULT_STORE, client, id, signal } = options
    const running = this.#queries.begin({ query, store, client, id, signal })
    try {
      const leave = await this.#gate.enter(running.signal, client, bytes)
      try {
        running.runs()
        const { result, rows } = await run(running)
        running.ends(rows)
        return result
      } finally {
        leave()
      }
    } catch (error) {
      running.fails(error)
      throw error
    }
  }

  #runOptions({ client, scope }: Pick<QueryOptions, 'client' | 'scope'>): RunOptions {
    const { clock, random, queryMemoryBytesMax } = this.#options
    return {
      ...{ random, keyBytesMax: queryMemoryBytesMax, threads: this.#threads, share: client },
      nowMs: clock.wallMs(),
      ...(scope !== undefined && { scope }),
    }
  }

  /** What the keys of the rows may take; all that a query may have where pipes need it. */
  #bytesOf(store: Store, query: Query, rowsMax: number = Number.POSITIVE_INFINITY): number {
    const bytesMax = queryBytesOf(this.#options)
    if (!isRowByRow(query)) return bytesMax
    const limit = queryLimit(query) ?? rowsMax
    return Math.min(bytesMax, keyBytesFor(Math.min(limit, store.stats().records)))
  }

  #answer(id: string, snapshot: Snapshot, count: number, rows: AsyncIterable<Row>): Answer {
    const bytes = count * ID_BYTES
    const said = { id, missing: snapshot.damage, count }
    if (bytes <= HELD_BYTES_FREE)
      return { ...said, rows, [Symbol.asyncDispose]: async () => snapshot.release() }
    const held = new HeldRows(rows)
    const giveBack = this.#gate.hold(bytes, () => {
      void held.end().then(() => snapshot.release())
    })
    const dispose = async (): Promise<void> => {
      giveBack()
      snapshot.release()
    }
    return { ...said, rows: held, [Symbol.asyncDispose]: dispose }
  }

  async count(query: Query, options: QueryOptions = {}): Promise<number> {
    const store = this.store(options.store)
    const bytes = isRowByRow(query) ? 0 : this.#bytesOf(store, query)
    return this.#asked(query, options, bytes, async ({ signal, progress }) => {
      using snapshot = store.snapshot()
      const run = { ...this.#runOptions(options), signal, progress }
      return { result: await countRows(snapshot, query, run), rows: 1 }
    })
  }

  async values(query: Query, wanted: ValuesWanted, options: ValuesQueryOptions = {}): Promise<ValuesAnswer> {
    const store = this.store(options.store)
    const bytes = queryBytesOf(this.#options)
    return this.#asked(query, options, bytes, async ({ signal }) => {
      using snapshot = store.snapshot()
      const { client, limit = VALUES_MAX_DEFAULT } = options
      const found = await findValues(snapshot, query, wanted, {
        ...{ signal, limit, threads: this.#threads, share: client },
        ...(options.scope !== undefined && { scope: options.scope }),
        valueBytesMax: this.#options.queryMemoryBytesMax,
      })
      return { result: { ...found, missing: [...snapshot.damage] }, rows: found.values.length }
    })
  }

  queries(): readonly QueryInfo[] {
    return this.#queries.list()
  }

  slowQueries(): readonly QueryInfo[] {
    return this.#queries.slow()
  }

  queryInfo(id: string): QueryInfo {
    return this.#queries.find(id)
  }

  cancelQuery(id: string): boolean {
    return this.#queries.cancel(id)
  }

  async backup(
    directory: string,
    options: { readonly signal?: AbortSignal } = {},
  ): Promise<Readonly<Record<string, BackupReport>>> {
    await refuseOccupied(this.#options.disk, directory)
    const reports: Record<string, BackupReport> = {}
    for (const [name, { maintenance }] of this.#stores)
      reports[name] = await maintenance.backup(`${directory}/stores/${name}`, options)
    return reports
  }

  tail(query: Query, options: TailQueryOptions = {}): AsyncIterable<TailItem> {
    if (!isLive(query)) {
      throw new CodedError(
        'QUERY_SYNTAX',
        'This query has a pipe that needs all rows; a live tail never has them all.',
      )
    }
    if (liveCost(query) > LIVE_COST_MAX) {
      throw new CodedError(
        'QUERY_TOO_LARGE',
        'This filter is too large to be evaluated on all that comes in.',
      )
    }
    const store = this.store(options.store)
    const tails = this.#tails.get(options.store ?? DEFAULT_STORE) ?? new LiveTails(store, this.#counters)
    return tails.subscribe(query, options)
  }

  async deleteWhere(
    filter: string,
    { store = DEFAULT_STORE }: { readonly store?: string } = {},
  ): Promise<TaskInfo> {
    this.store(store)
    return this.#tasks.deleteWhere(store, filter)
  }

  tasks(): readonly TaskInfo[] {
    return this.#tasks.list()
  }

  cancelTask(id: string): Promise<void> {
    return this.#tasks.cancel(id)
  }

  stats(): HubStats {
    const stores = Object.fromEntries([...this.#stores].map(([name, store]) => [name, store.stats()]))
    const { running, total } = this.#gate
    return {
      startedMs: this.#startedMs,
      stores,
      filedByReceived: [...this.#stores.values()].reduce((sum, each) => sum + (each.filedByReceived ?? 0), 0),
      expiredRecords: this.#tasks.expiredRecords,
      queriesRunning: running,
      queries: total,
      queryBytes: this.#gate.bytes,
      answerBytes: this.#chunks.usedBytes,
      workers: { store: this.#storeRunner.stats, search: this.#threads.runner.stats },
      ...this.#counters,
    }
  }

  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  /** All stores, whatever becomes of one of them. */
  async #close(): Promise<void> {
    const closed = await Promise.allSettled([
      this.#tasks.close(),
      this.#threads.runner.close(),
      ...[...this.#stores.values()].map((store) => store.close()),
    ])
    await this.#storeRunner.close()
    // The lock goes with the process at the latest.
    await this.#lock.release().catch(() => {})
    for (const outcome of closed) if (outcome.status === 'rejected') throw outcome.reason
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }
}
