/** The work in the background of all stores of a hub: deletions that were asked for, and rules of retention. */
import { type Clock, CodedError, type Disk } from '../base/base.ts'
import type { Store, StoreOptions } from '../storage/storage.ts'
import { DeleteTasks } from './delete-tasks.ts'
import type { TaskInfo } from './hub-api.ts'
import { type RetentionRule, RuleRetention } from './rule-retention.ts'

export interface StoreTasksOptions {
  readonly disk: Disk
  readonly clock: Clock
  readonly store?: Partial<StoreOptions>
  readonly retentionRules?: readonly RetentionRule[]
  readonly taskChanged?: (task: TaskInfo) => void
}

export class StoreTasks {
  readonly #deletions = new Map<string, DeleteTasks>()
  readonly #rules: RuleRetention[] = []

  /** MANIFEST_CORRUPT where what is stored is no task. */
  constructor(stores: ReadonlyMap<string, Store>, options: StoreTasksOptions) {
    const { disk, clock, retentionRules: rules = [], taskChanged: changed = () => {} } = options
    const retentionMs = options.store?.retentionMs ?? 0
    for (const [name, store] of stores) {
      this.#deletions.set(name, new DeleteTasks({ disk, clock, name, store, changed }))
      this.#rules.push(new RuleRetention({ disk, clock, store, rules, retentionMs }))
    }
  }

  get expiredRecords(): number {
    return this.#rules.reduce((sum, { deletedRecords }) => sum + deletedRecords, 0)
  }

  async deleteWhere(store: string, filter: string): Promise<TaskInfo> {
    const tasks = this.#deletions.get(store)
    if (tasks === undefined) throw new CodedError('STORE_UNKNOWN', `There is no store \`${store}\`.`)
    return tasks.add(filter)
  }

  list(): TaskInfo[] {
    return [...this.#deletions.values()].flatMap((tasks) => tasks.list())
  }

  /** TASK_UNKNOWN. */
  async cancel(id: string): Promise<void> {
    const [, store = '', number = ''] = /^(.+)-(\d{1,15})$/.exec(id) ?? []
    const isThere = await this.#deletions.get(store)?.cancel(Number(number))
    if (isThere !== true) throw new CodedError('TASK_UNKNOWN', 'No work in the background has this id.')
  }

  /** Tasks go on at the next start. */
  async close(): Promise<void> {
    const all = [...this.#deletions.values(), ...this.#rules]
    await Promise.all(all.map((each) => each.close()))
  }
}
