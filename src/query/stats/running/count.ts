/** `count()`, row by row. */
import type { MemoryShare } from '../../batches/memory-share.ts'
import type { RowBatch } from '../../batches/row-batch.ts'
import { isEverything } from '../arguments.ts'
import { type CountCall, countFunction } from '../count.ts'
import { filledRows } from '../filled-rows.ts'
import { GroupNumbers } from '../group-array.ts'
import type { RunningFunction, RunningState } from './kind.ts'

export const runningCount: RunningFunction<CountCall> = {
  ...countFunction,
  bind: ({ fields }, { memory }) =>
    fields.some(isEverything) ? new RunningCount(null, memory) : new RunningCount(fields, memory),
}

class RunningCount implements RunningState {
  /** Null: every row counts. */
  readonly #fields: CountCall['fields'] | null
  readonly #counts: GroupNumbers
  #filled: Uint8Array | 0 | 1 = 1

  constructor(fields: CountCall['fields'] | null, memory: MemoryShare) {
    this.#fields = fields
    this.#counts = new GroupNumbers(memory)
  }

  read(batch: RowBatch): void {
    if (this.#fields !== null) this.#filled = filledRows(batch, this.#fields)
  }

  add(row: number, group: number): void {
    const filled = this.#filled
    this.#counts.grow(group + 1)[group] += typeof filled === 'number' ? filled : filled[row]
  }

  text(group: number): string {
    return String(this.#counts.grow(group + 1)[group])
  }
}
