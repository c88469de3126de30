/**
 * Deletion by filter, as work in the background that survives a restart: a task of the manifest with the filter, the id
 * below which records are meant (those that were there when it was asked for), and how far it is.
 *
 *   seal all -> each part, lowest number first: look, write bitmaps -> note how far -> forget the task
 *
 * Invariants: parts get ascending numbers when they are published, so that everything up to the number that is noted
 * was looked at, and what was merged meanwhile has a higher one and is looked at again. Looking twice deletes nothing
 * twice. One task of a store runs at a time. What fails is tried again later, and says why.
 */
import { type Bitset, type Clock, CodedError, type Disk, isCodedError, messageOf } from '../base/base.ts'
import { hasSubquery, parseQuery, type Query, RowMatcher } from '../query/query.ts'
import type { Block } from '../record/record.ts'
import type { ManifestTask, Store } from '../storage/storage.ts'
import type { TaskInfo } from './hub-api.ts'
import { deleteFromPart } from './part-deletion.ts'

const KIND = 'delete'
const RETRY_MS_MIN = 5000
const RETRY_MS_MAX = 60_000
/** Progress without a deletion is noted so often: a restart looks again at what was not. */
const NOTE_PARTS = 64
/** Tasks that may wait, each a text in the manifest. */
const TASKS_MAX = 100
const QUERY_CHARACTERS_MAX = 16_384
const FINISHED_KEPT = 100

export interface DeleteTasksAround {
  readonly disk: Disk
  readonly clock: Clock
  /** The name of the store, which stands in the ids of its tasks. */
  readonly name: string
  readonly store: Store
  /** Told when a task begins, ends, or meets a problem. */
  readonly changed: (task: TaskInfo) => void
}

interface Progress {
  /** Parts up to this number were looked at. */
  readonly through: number
  readonly records: number
}

interface DeleteTask {
  readonly number: number
  readonly text: string
  /** When it was asked for, ms; null where the manifest has something that is no deletion: then nothing is deleted. */
  readonly nowMs: number | null
  readonly endId: number
  readonly cancelled: AbortController
  progress: Progress
  state: TaskInfo['state']
  problem: string | null
  /** Its run, while there is one. */
  run: Promise<void> | null
}

export class DeleteTasks {
  readonly #around: DeleteTasksAround
  readonly #closing = new AbortController()
  readonly #tasks = new Map<number, DeleteTask>()
  /** Newest last. */
  readonly #finished: TaskInfo[] = []
  #running: Promise<void> | null = null
  #retryMs = RETRY_MS_MIN
  #cancelRetry: () => void = () => {}

  constructor(around: DeleteTasksAround) {
    this.#around = around
    for (const task of around.store.maintenance.tasks()) {
      if (task.kind === KIND) this.#tasks.set(task.number, readTask(task))
    }
    this.#start()
  }

  /** Newest last; those that ended since the start are among them. */
  list(): TaskInfo[] {
    return [...this.#finished, ...[...this.#tasks.values()].map((task) => this.#infoOf(task))]
  }

  /**
   * Orders a deletion of everything that is there now and matches. QUERY_SYNTAX, QUERY_TOO_LARGE, SERVER_BUSY, and the
   * errors of a store that cannot write.
   */
  async add(text: string): Promise<TaskInfo> {
    if (text.length > QUERY_CHARACTERS_MAX)
      throw new CodedError('QUERY_TOO_LARGE', 'The filter of a deletion is too long.')
    if (this.#tasks.size >= TASKS_MAX)
      throw new CodedError('SERVER_BUSY', 'Too many deletions wait: ask again when one is done.')
    const nowMs = this.#around.clock.wallMs()
    deletionOf(text, nowMs)
    const { store } = this.#around
    using snapshot = store.snapshot()
    const endId = snapshot.fenceId
    const progress = { through: 0, records: 0 }
    const number = await store.maintenance.putTask({
      kind: KIND,
      text: JSON.stringify({ query: text, nowMs }),
      endId,
      progress: JSON.stringify(progress),
    })
    const task = newTask({ number, text, nowMs, endId, progress })
    this.#tasks.set(number, task)
    this.#start()
    return this.#infoOf(task)
  }

  /** Ends a task; what it deleted stays deleted. Whether there was such a task. */
  async cancel(number: number): Promise<boolean> {
    const task = this.#tasks.get(number)
    if (task === undefined) return false
    task.cancelled.abort(new CodedError('QUERY_CANCELLED', 'The deletion was cancelled.'))
    await task.run
    if (this.#tasks.has(number)) await this.#finish(task, 'cancelled')
    return true
  }

  /** Stops; tasks go on at the next start. */
  async close(): Promise<void> {
    this.#closing.abort(new CodedError('STORE_CLOSED', 'The store was closed.'))
    this.#cancelRetry()
    await this.#running
  }

  #start(): void {
    if (this.#running !== null || this.#closing.signal.aborted || this.#tasks.size === 0) return
    this.#cancelRetry()
    this.#running = this.#runAll().finally(() => {
      this.#running = null
      // One that came when the last one had just ended.
      const isFresh = [...this.#tasks.values()].some(
        ({ state, problem }) => state === 'waiting' && problem === null,
      )
      if (isFresh) this.#start()
    })
  }

  /** Never rejects. */
  async #runAll(): Promise<void> {
    for (const task of this.#tasks.values()) {
      if (this.#closing.signal.aborted) return
      if (task.cancelled.signal.aborted) continue
      task.run = this.#runNoting(task)
      await task.run
      task.run = null
    }
    if (this.#tasks.size === 0 || this.#closing.signal.aborted) return
    this.#cancelRetry = this.#around.clock.after(this.#retryMs, () => this.#start())
    this.#retryMs = Math.min(this.#retryMs * 2, RETRY_MS_MAX)
  }

  async #runNoting(task: DeleteTask): Promise<void> {
    const signal = AbortSignal.any([this.#closing.signal, task.cancelled.signal])
    try {
      task.state = 'running'
      this.#around.changed(this.#infoOf(task))
      await this.#run(task, signal)
      await this.#finish(task, 'done')
      this.#retryMs = RETRY_MS_MIN
    } catch (error) {
      if (signal.aborted) return
      task.state = 'waiting'
      task.problem = messageOf(error)
      this.#around.changed(this.#infoOf(task))
    }
  }

  async #run(task: DeleteTask, signal: AbortSignal): Promise<void> {
    const { disk, store } = this.#around
    const query = queryOf(task)
    task.problem = await this.#seal()
    const matcher = new RowMatcher(query.filter)
    const select = async (block: Block, pause: () => Promise<void>): Promise<Bitset> =>
      below(task.endId, block, await matcher.match(block, pause))
    let unnoted = 0
    for (let number = this.#nextPart(task); number !== null; number = this.#nextPart(task)) {
      signal.throwIfAborted()
      const deleted = await deleteFromPart({ disk, store, number, request: matcher.request, select, signal })
      if (deleted === null) continue
      task.problem = deleted.damage ?? task.problem
      task.progress = { through: number, records: task.progress.records + deleted.records }
      unnoted++
      if (deleted.records === 0 && unnoted < NOTE_PARTS) continue
      await this.#note(task)
      unnoted = 0
    }
  }

  /** Everything into parts; what is damaged stays outside, and is named. */
  async #seal(): Promise<string | null> {
    try {
      await this.#around.store.flush()
      return null
    } catch (error) {
      if (!isCodedError(error, 'PART_CORRUPT')) throw error
      return error.message
    }
  }

  #nextPart({ endId, progress }: DeleteTask): number | null {
    let next: number | null = null
    for (const { number, summary } of this.#around.store.maintenance.parts()) {
      const isMeant = number > progress.through && summary.firstId < endId
      if (isMeant && (next === null || number < next)) next = number
    }
    return next
  }

  async #note({ number, text, nowMs, endId, progress }: DeleteTask): Promise<void> {
    await this.#around.store.maintenance.putTask({
      number,
      kind: KIND,
      text: JSON.stringify({ query: text, nowMs }),
      endId,
      progress: JSON.stringify(progress),
    })
  }

  async #finish(task: DeleteTask, state: TaskInfo['state']): Promise<void> {
    await this.#around.store.maintenance.removeTask(task.number)
    this.#tasks.delete(task.number)
    task.state = state
    const info = this.#infoOf(task)
    this.#finished.push(info)
    if (this.#finished.length > FINISHED_KEPT) this.#finished.shift()
    this.#around.changed(info)
  }

  #infoOf({ number, text, state, progress, problem }: DeleteTask): TaskInfo {
    const { name: store } = this.#around
    return {
      id: `${store}-${number}`,
      kind: KIND,
      store,
      query: text,
      state,
      deletedRecords: progress.records,
      problem,
    }
  }
}

/** A query that is nothing but a filter. QUERY_SYNTAX. */
function deletionOf(text: string, nowMs: number): Query {
  const query = parseQuery(text, { nowMs })
  if (query.pipes.length === 0 && !hasSubquery(query)) return query
  throw new CodedError(
    'QUERY_SYNTAX',
    'What is to be deleted is said by a filter alone, without pipes and without a query within it.',
  )
}

/** MANIFEST_CORRUPT, QUERY_SYNTAX. */
function queryOf({ number, text, nowMs }: DeleteTask): Query {
  if (nowMs !== null) return deletionOf(text, nowMs)
  throw new CodedError('MANIFEST_CORRUPT', `Task ${number} of the manifest is no deletion that can be read.`)
}

type TaskFacts = Pick<DeleteTask, 'number' | 'text' | 'nowMs' | 'endId' | 'progress'>

const newTask = (facts: TaskFacts): DeleteTask => ({
  ...facts,
  cancelled: new AbortController(),
  state: 'waiting',
  problem: null,
  run: null,
})

/** What cannot be read stays a task that deletes nothing, and that can be seen and cancelled. */
function readTask({ number, text, endId, progress }: ManifestTask): DeleteTask {
  const { query, nowMs } = readObject(text)
  const { through, records } = readObject(progress)
  const isRead =
    typeof query === 'string' &&
    typeof nowMs === 'number' &&
    typeof through === 'number' &&
    typeof records === 'number'
  if (!isRead) return newTask({ number, text, nowMs: null, endId, progress: { through: 0, records: 0 } })
  return newTask({ number, text: query, nowMs, endId, progress: { through, records } })
}

function readObject(text: string): Readonly<Record<string, unknown>> {
  try {
    return { ...JSON.parse(text) }
  } catch {
    return {}
  }
}

/** Only rows with ids below `endId`: ids of a block ascend. */
function below(endId: number, { ids, rowCount }: Block, rows: Bitset): Bitset {
  for (let row = rowCount - 1; row >= 0 && ids[row] >= endId; row--) rows.unset(row)
  return rows
}
