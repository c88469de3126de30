/**
 * A hub in memory for the tests of servers: appends wait, fail or succeed as the test says, queries answer with rows
 * that the test gives. It stores what it is given, checked, so that a test can look at it.
 */
import assert from 'node:assert/strict'
import { CodedError } from '../base/base.ts'
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
} from '../hub/hub.ts'
import { printQuery, type Query, type RecordRow, type Row, type ValuesWanted } from '../query/query.ts'
import {
  batchCount,
  batchRecordsStart,
  checkBatch,
  recordLength,
  recordMessageLength,
  recordMessageStart,
} from '../record/record.ts'
import type { Snapshot, Store, StoreMaintenance, StoreStats } from '../storage/storage.ts'

interface WaitingAppend {
  readonly messages: string[]
  readonly resolve: (firstId: number) => void
  readonly reject: (error: unknown) => void
}

type Refusal = 'STORE_FULL' | 'STORE_READ_ONLY' | 'STORE_CLOSED'

export class FakeStore implements Store {
  /** Messages of stored records, in the order of their ids. */
  readonly messages: string[] = []
  readonly batches: Uint8Array[] = []
  appends = 0
  /** Appends wait for `release`. */
  isHeld = false
  refusal: Refusal | null = null
  /** Whether `writable` waits although nothing is refused. */
  isBusy = false
  /** `writable` promises room that is not there. */
  isLying = false
  writableCalls = 0
  #waiting: WaitingAppend[] = []
  #writableWaiters: (() => void)[] = []

  hurry(): void {}

  flush(): Promise<void> {
    return Promise.resolve()
  }

  /** Every check finds nothing, everything is done at once. */
  readonly maintenance: StoreMaintenance = {
    merge: async () => {},
    deleteRows: async () => [],
    dropParts: async () => 0,
    parts: () => [],
    retentionNowMs: () => 0,
    tasks: () => [],
    putTask: async () => 1,
    removeTask: async () => {},
    verify: async () => ({ files: 0, bytes: 0, records: 0, damaged: [] }),
    storage: () => Promise.reject(new CodedError('STORE_CLOSED', 'this store has no report')),
    exportParts: () => Promise.reject(new CodedError('STORE_CLOSED', 'this store has no parts')),
    importParts: () => Promise.reject(new CodedError('IMPORT_REFUSED', 'this store takes no parts')),
    backup: () => Promise.reject(new CodedError('STORE_CLOSED', 'this store has no backup')),
  }

  append(batch: Uint8Array): Promise<number> {
    this.appends++
    if (this.refusal !== null) return Promise.reject(new CodedError(this.refusal, 'refused by the test'))
    const copy = batch.slice()
    const messages = messagesOf(copy)
    this.batches.push(copy)
    return new Promise((resolve, reject) => {
      this.#waiting.push({ messages, resolve, reject })
      if (!this.isHeld) this.release()
    })
  }

  /** Makes the appends that wait durable, the first `count` of them. */
  release(count: number = this.#waiting.length): void {
    for (const { messages, resolve } of this.#waiting.splice(0, count)) {
      resolve(this.messages.length)
      this.messages.push(...messages)
    }
  }

  /** Fails the appends that wait. */
  fail(error: unknown): void {
    for (const { reject } of this.#waiting.splice(0)) reject(error)
  }

  get waiting(): number {
    return this.#waiting.length
  }

  writable(): Promise<void> {
    this.writableCalls++
    if (this.isLying || (this.refusal === null && !this.isBusy)) return Promise.resolve()
    return new Promise((resolve) => this.#writableWaiters.push(resolve))
  }

  /** There is room again. */
  accept(): void {
    this.refusal = null
    this.isBusy = false
    for (const resolve of this.#writableWaiters.splice(0)) resolve()
  }

  snapshot(): Snapshot {
    throw new Error('not in this test')
  }

  tail(): never {
    throw new Error('not in this test')
  }

  stats(): StoreStats {
    throw new Error('not in this test')
  }

  async close(): Promise<void> {}
}

function messagesOf(batch: Uint8Array): string[] {
  const view = new DataView(batch.buffer, batch.byteOffset, batch.length)
  assert.equal(checkBatch(view, 0, batch.length), null)
  const messages: string[] = []
  let at = batchRecordsStart(view, 0)
  for (let index = 0; index < batchCount(view, 0); index++) {
    const start = recordMessageStart(at)
    messages.push(
      Buffer.from(batch.subarray(start, start + recordMessageLength(view, at))).toString('latin1'),
    )
    at += recordLength(view, at)
  }
  return messages
}

export class FakeHub implements Hub {
  readonly logs = new FakeStore()
  /** What was asked, as LogsQL. */
  readonly asked: string[] = []
  /** What every query answers. */
  rows: Iterable<Row> | AsyncIterable<Row> = []
  count_ = 0
  /** Thrown by the next query. */
  error: unknown = null
  /** Answers not disposed of. */
  openAnswers = 0
  readonly signals: AbortSignal[] = []
  readonly tails: FakeTail[] = []

  store(): Store {
    return this.logs
  }

  async query(query: Query, options: QueryOptions = {}): Promise<Answer> {
    this.#ask(query, options)
    this.openAnswers++
    const rows = this.rows
    const dispose = async (): Promise<void> => {
      this.openAnswers--
    }
    return {
      id: 'fake-1',
      missing: [],
      count: this.count_,
      rows: toAsync(rows),
      [Symbol.asyncDispose]: dispose,
    }
  }

  async count(query: Query, options: QueryOptions = {}): Promise<number> {
    this.#ask(query, options)
    return this.count_
  }

  /** What every question for values answers, and what was asked for. */
  valuesFound: ValuesAnswer = { values: [], distinct: 0, isCut: false, missing: [] }
  readonly wanted: (ValuesWanted & { readonly limit?: number })[] = []

  async values(
    query: Query,
    wanted: ValuesWanted,
    { limit, ...options }: ValuesQueryOptions = {},
  ): Promise<ValuesAnswer> {
    this.wanted.push({ ...wanted, ...(limit !== undefined && { limit }) })
    this.#ask(query, options)
    return this.valuesFound
  }

  tail(query: Query, options: TailQueryOptions = {}): AsyncIterable<TailItem> {
    this.#ask(query, options)
    const tail = new FakeTail(options.signal)
    this.tails.push(tail)
    return tail
  }

  /** What queries run. */
  readonly queryList: QueryInfo[] = []

  queries(): readonly QueryInfo[] {
    return this.queryList
  }

  slowQueries(): readonly QueryInfo[] {
    return this.queryList.filter(({ tookMs }) => tookMs >= 1000)
  }

  queryInfo(id: string): QueryInfo {
    const info = this.queryList.find((each) => each.id === id)
    if (info === undefined) throw new CodedError('QUERY_UNKNOWN', 'There is no such query.')
    return info
  }

  cancelQuery(id: string): boolean {
    const at = this.queryList.indexOf(this.queryInfo(id))
    if (!['waiting', 'running'].includes(this.queryList[at].state)) return false
    this.queryList[at] = { ...this.queryList[at], state: 'cancelled' }
    return true
  }

  async backup(): Promise<never> {
    throw new CodedError('STORE_CLOSED', 'this hub has no backup')
  }

  /** What tasks there are. */
  readonly taskList: TaskInfo[] = []

  async deleteWhere(query: string): Promise<TaskInfo> {
    if (this.error !== null) throw this.error
    const id = `logs-${this.taskList.length + 1}`
    const task: TaskInfo = {
      id,
      kind: 'delete',
      store: 'logs',
      query,
      state: 'running',
      deletedRecords: 0,
      problem: null,
    }
    this.taskList.push(task)
    return task
  }

  tasks(): readonly TaskInfo[] {
    return this.taskList
  }

  async cancelTask(id: string): Promise<void> {
    const index = this.taskList.findIndex((task) => task.id === id)
    if (index < 0) throw new CodedError('TASK_UNKNOWN', 'There is no such task.')
    this.taskList.splice(index, 1)
  }

  stats(): HubStats {
    return {
      startedMs: 0,
      stores: {},
      filedByReceived: 0,
      expiredRecords: 0,
      queriesRunning: 0,
      queryBytes: 0,
      answerBytes: 0,
      workers: {
        store: { threads: 0, running: 0, waiting: 0, replaced: 0 },
        search: { threads: 0, running: 0, waiting: 0, replaced: 0 },
      },
      queries: 0,
      tails: 0,
      tailRows: 0,
      tailGapRows: 0,
      tailBytes: 0,
    }
  }

  async close(): Promise<void> {}

  async [Symbol.asyncDispose](): Promise<void> {}

  #ask(query: Query, { signal }: QueryOptions): void {
    this.asked.push(printQuery(query))
    if (signal !== undefined) this.signals.push(signal)
    if (this.error !== null) throw this.error
  }
}

/** A tail that the test feeds; it ends when its signal aborts. */
class FakeTail implements AsyncIterable<TailItem> {
  isEnded = false
  isSubscribed = false
  #items: TailItem[] = []
  #wake: () => void = () => {}

  constructor(signal: AbortSignal | undefined) {
    const end = (): void => {
      this.isEnded = true
      this.#wake()
    }
    signal?.addEventListener('abort', end)
    if (signal?.aborted) end()
  }

  push(item: TailItem): void {
    this.#items.push(item)
    this.#wake()
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<TailItem, void> {
    this.isSubscribed = true
    while (!this.isEnded) {
      const item = this.#items.shift()
      if (item !== undefined) yield item
      else {
        await new Promise<void>((resolve) => {
          this.#wake = resolve
        })
      }
    }
  }
}

async function* toAsync(rows: Iterable<Row> | AsyncIterable<Row>): AsyncGenerator<Row, void> {
  yield* rows
}

/** A record row with only what the text protocol shows. */
export function rowOf(id: number, severity: number, timeMs: number, message: string | Uint8Array): RecordRow {
  return {
    kind: 'record',
    id,
    timeMs,
    timeNs: 0,
    receivedMs: timeMs,
    receivedNs: 0,
    severity,
    level: '',
    message: typeof message === 'string' ? Buffer.from(message) : message,
    fields: [],
    stream: [],
  }
}
