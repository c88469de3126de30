/** `sum(a, b*)`, row by row. */
import type { MemoryShare } from '../../batches/memory-share.ts'
import type { RowBatch } from '../../batches/row-batch.ts'
import { numberText } from '../../values/number-text.ts'
import { GroupNumbers } from '../group-array.ts'
import { readNumbers } from '../numbers.ts'
import { type SumCall, sumFunction } from '../sum.ts'
import { restOfSum } from '../sum-state.ts'
import type { RunningFunction, RunningState } from './kind.ts'

export const runningSum: RunningFunction<SumCall> = {
  ...sumFunction,
  bind: ({ fields }, { memory }) => new RunningSum(fields, memory),
}

class RunningSum implements RunningState {
  readonly #fields: SumCall['fields']
  /** NaN until there is a number. */
  readonly #sums: GroupNumbers
  readonly #rests: GroupNumbers
  #columns: readonly Float64Array[] = []

  constructor(fields: SumCall['fields'], memory: MemoryShare) {
    this.#fields = fields
    this.#sums = new GroupNumbers(memory, Number.NaN)
    this.#rests = new GroupNumbers(memory)
  }

  read(batch: RowBatch): void {
    this.#columns = readNumbers(batch, this.#fields)
  }

  add(row: number, group: number): void {
    const sums = this.#sums.grow(group + 1)
    const rests = this.#rests.grow(group + 1)
    for (const numbers of this.#columns) {
      const number = numbers[row]
      if (Number.isNaN(number)) continue
      const before = Number.isNaN(sums[group]) ? 0 : sums[group]
      sums[group] = before + number
      rests[group] += restOfSum(before, number, sums[group])
    }
  }

  text(group: number): string {
    const sum = this.#sums.grow(group + 1)[group]
    return numberText(Number.isFinite(sum) ? sum + this.#rests.grow(group + 1)[group] : sum)
  }
}
